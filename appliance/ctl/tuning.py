"""What steps of power, made by hand, tell of inverter and meter, and the settings that follow from it. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

MOVED_SHARE, MOVED_W = 0.1, 30.0
"""It has begun to answer a step when it has moved by so much of it, and by more than it jitters."""
LAST_S: Final = 1.0
"""The end of a step, where it has come to rest."""
LATEST_S: Final = 3.0
GRID_S: Final = 0.05
FLAT: Final = 1.05
"""Of two shifts that explain the meter nearly as well the smaller one is taken."""
FASTEST_PER_S: Final = 2.0
SETTLE_S, PER_METER = 0.4, 0.5
"""The time constant that is proposed: some cycles, and half of the meter's period more."""
KP: Final = 0.2


HOLD_S: Final = 6.0
"""Longer than any inverter needs to answer and to come to rest."""
SLOPE_S, STAIR_S = 4.0, 0.25
"""Time in which the slopes cross the power of a step, in stairs: something new for every value of a meter."""
SLOPES: Final = ((1.0, 0.0), (0.0, -1.0), (-1.0, 0.0), (0.0, 1.0), (1.0, 0.0))


def excitation(power_w: float) -> list[tuple[float, float]]:
    """Powers in W with the seconds that each is held: steps over zero, then slopes over zero, then rest."""
    steps = [(share * power_w, HOLD_S) for share in (0.0, 1.0, -1.0, 1.0)]
    stairs = round(SLOPE_S / STAIR_S)
    slopes = [
        (power_w * (start + (end - start) * stair / stairs), STAIR_S)
        for start, end in SLOPES
        for stair in range(1, stairs + 1)
    ]
    return [*steps, *slopes, (0.0, HOLD_S)]


class Sample(NamedTuple):
    """One status. Powers: battery discharge +, grid import +."""

    at_s: float
    commanded_w: float
    battery_w: float
    grid_w: float


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured."""

    dead_s: float
    """From a command until the inverter begins to follow; the median of all steps."""
    gain: float
    """Change of what the inverter says, for a change of 1 W of the command."""
    meter_gain: float
    """Change of what the meter says, for a change of 1 W of the battery; 1: both measure alike."""
    meter_s: float
    """Between two new values of the meter while the battery moves."""
    meter_late_s: float
    """So much older than the inverter's the meter's values are."""

    @property
    def ki_per_s(self) -> float:
        """Proposed: as fast as the meter is; the inverter's dead time is not in the loop."""
        return min(FASTEST_PER_S, 1.0 / (SETTLE_S + PER_METER * self.meter_s))

    def complaint(self) -> str:
        """Why nothing is proposed; "" when all is as it should be."""
        if self.gain < 0.5:
            return f"the inverter follows with {100 * self.gain:.0f} % only: look at it first"
        if self.meter_gain < 0.0:
            return "the grid meter counts the other way round: set its mounting to reversed"
        if not 0.7 <= self.meter_gain <= 1.3:
            return f"the grid meter sees {100 * self.meter_gain:.0f} % of what the inverter says: is it at the connection?"
        return ""

    def lines(self, modes: Sequence[str]) -> list[str]:
        """For site.toml, for each of these modes."""
        return [
            line
            for mode in modes
            for line in (
                f"[modes.{mode}]",
                f"meter_late_s = {self.meter_late_s:.1f}",
                f"[modes.{mode}.pid]",
                f"kp = {KP}",
                f"ki_per_s = {self.ki_per_s:.2f}",
            )
        ]


def measure(samples: Sequence[Sample]) -> Found:
    """Raises ValueError when there was no step, or the inverter has followed none."""
    steps = _steps(samples)
    if not steps:
        msg = "no steps were made"
        raise ValueError(msg)
    ends = [*(step.at_s for step in steps[1:]), samples[-1].at_s + GRID_S]
    starts = [samples[0].at_s, *(step.at_s for step in steps[:-1])]
    dead, gains, meter_gains = [], [], []
    for began_s, step, end_s in zip(starts, steps, ends, strict=True):
        before, after = _rest(samples, began_s, step.at_s), _rest(samples, step.at_s, end_s)
        asked_w = after.commanded_w - before.commanded_w
        if abs(asked_w) < 2.0 * MOVED_W:
            continue
        moved_w = after.battery_w - before.battery_w
        gains.append(moved_w / asked_w)
        if abs(moved_w) > 2.0 * MOVED_W:
            meter_gains.append(-(after.grid_w - before.grid_w) / moved_w)
        if abs(step.commanded_w - before.commanded_w) < 0.5 * abs(asked_w):
            continue  # a slope has no edge
        least_w = max(MOVED_W, MOVED_SHARE * abs(asked_w))
        dead += [
            one.at_s - step.at_s
            for one in samples
            if step.at_s <= one.at_s < end_s and abs(one.battery_w - before.battery_w) > least_w
        ][:1]
    if not dead or not meter_gains:
        msg = "the inverter has followed no step"
        raise ValueError(msg)
    late_s = _late_s(samples)
    return Found(
        statistics.median(dead), statistics.median(gains), statistics.median(meter_gains),
        _meter_s(samples), late_s,
    )  # fmt: skip


def _steps(samples: Sequence[Sample]) -> list[Sample]:
    """Where the command began to change, after it had not for a while; a ramp is one step."""
    steps: list[Sample] = []
    changed_s = samples[0].at_s - LATEST_S if samples else 0.0
    for former, later in pairwise(samples):
        if later.commanded_w != former.commanded_w:
            if later.at_s - changed_s >= LATEST_S:
                steps.append(later)
            changed_s = later.at_s
    return steps


def _rest(samples: Sequence[Sample], since_s: float, until_s: float) -> Sample:
    """The median of the last second before `until_s`."""
    last = [one for one in samples if max(since_s, until_s - LAST_S) <= one.at_s < until_s]
    if not last:
        msg = "too few values arrived"
        raise ValueError(msg)
    return Sample(*(statistics.median(column) for column in zip(*last, strict=True)))


def _new(samples: Sequence[Sample]) -> list[Sample]:
    """Where the meter says something new."""
    return [later for former, later in pairwise(samples) if later.grid_w != former.grid_w]


def _meter_s(samples: Sequence[Sample]) -> float:
    """The shortest usual time between two new values."""
    gaps = sorted(later.at_s - former.at_s for former, later in pairwise(_new(samples)))
    return gaps[len(gaps) // 4] if gaps else LATEST_S


def _late_s(samples: Sequence[Sample]) -> float:
    """By how much the battery has to be shifted so that grid + battery, the house, moves least."""
    new = [one for one in _new(samples) if one.at_s - samples[0].at_s > LATEST_S]
    if len(new) < 2:
        return 0.0
    spreads: list[float] = []
    for number in range(round(LATEST_S / GRID_S) + 1):
        houses = [one.grid_w + _then_w(samples, one.at_s - number * GRID_S) for one in new]
        middle_w = statistics.median(houses)
        spreads.append(statistics.fmean(abs(one - middle_w) for one in houses))
    enough_w = FLAT * min(spreads) + 1.0
    return GRID_S * next(number for number, spread_w in enumerate(spreads) if spread_w <= enough_w)


def _then_w(samples: Sequence[Sample], then_s: float) -> float:
    """What the inverter said then."""
    return next((one.battery_w for one in reversed(samples) if one.at_s <= then_s), samples[0].battery_w)  # fmt: skip
