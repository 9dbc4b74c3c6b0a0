"""A house with an inverter that answers late and a meter that speaks seldom, for loops of a mode alone."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from appliance.model import Limits, Memory, MeterReading, PhaseReading, Setpoints, Snapshot, Wish
from tests.stories import inverter, seen

STEP_S = 0.1
MOST_W = 5_000.0
Decide = Callable[[Snapshot, Memory], Wish]


@dataclass
class LatePlant:
    """Plain figures; what the inverter does is `gain` times what it was told `lag_s` ago, no faster than its ramp."""

    lag_s: float = 1.0
    meter_s: float = 1.0
    meter_late_s: float = 0.0
    """The meter's value is so old when it arrives."""
    inverter_late_s: float = 0.0
    ramp_w_per_s: float = 20_000.0
    gain: float = 1.0
    step_w: float = 10.0
    """Resolution of the meter."""
    noise_w: float = 0.0
    seed: int = 1
    battery_w: float = 0.0
    now_s: float = 1_000.0
    grids: list[float] = field(default_factory=list)
    """True grid power at each step."""
    commands: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._told = deque([0.0] * (round(self.lag_s / STEP_S) + 1))
        self._true = deque([0.0] * (round(self.meter_late_s / STEP_S) + 1))
        self._said = deque([0.0] * (round(self.inverter_late_s / STEP_S) + 1))
        self._random = random.Random(self.seed)
        self._meter_w, self._steps = 0.0, 0

    def run(
        self, seconds: float, load_w: float, decide: Decide, memory: Memory | None = None
    ) -> Memory:
        """Let so many seconds pass with the house at `load_w`; the memory at their end."""
        memory = memory or Memory(limits=Limits(MOST_W, MOST_W))
        for _ in range(round(seconds / STEP_S)):
            wish = decide(self._look(load_w), memory)
            wanted_w = memory.commanded.power_w if wish.power_w is None else wish.power_w
            power_w = min(max(wanted_w, -MOST_W), MOST_W)
            memory = msgspec.structs.replace(memory, commanded=Setpoints(power_w=power_w))
            self._follow(power_w, load_w)
        return memory

    def _look(self, load_w: float) -> Snapshot:
        noise_w = self._random.gauss(0.0, self.noise_w) if self.noise_w else 0.0
        self._true.append(load_w + noise_w - self.battery_w)
        self._said.append(self.battery_w)
        late_w, said_w = self._true.popleft(), self._said.popleft()
        if self._steps % max(1, round(self.meter_s / STEP_S)) == 0:
            self._meter_w = self.step_w * round(late_w / self.step_w)
        phase = PhaseReading(power_w=self._meter_w / 3.0)
        # Other registers of a meter are renewed more often than its power.
        hertz = 50.0 + 0.001 * (self._steps % 7)
        meter = MeterReading(
            power_w=self._meter_w, phases=(phase, phase, phase), frequency_hz=hertz
        )
        return seen(self.now_s, grid=meter, inverter=inverter(said_w))

    def _follow(self, power_w: float, load_w: float) -> None:
        self._told.append(power_w)
        goal_w = self.gain * self._told.popleft()
        most_w = self.ramp_w_per_s * STEP_S
        self.battery_w += min(max(goal_w - self.battery_w, -most_w), most_w)
        self.grids.append(load_w - self.battery_w)
        self.commands.append(power_w)
        self._steps += 1
        self.now_s += STEP_S


@dataclass(frozen=True)
class Verdict:
    """How a load step was met; powers relative to the target."""

    overshoot_w: float
    """Beyond the target, on the other side than the step."""
    settled_s: float
    """After the step for good within the band."""
    swing_w: float
    """Peak to peak over the last seconds."""
    rest_w: float
    """Mean error over the last seconds."""


def judge(grids: list[float], step_w: float, band_w: float, last_s: float = 10.0) -> Verdict:
    """`grids` since the load rose by `step_w`, target 0."""
    sign = 1.0 if step_w > 0.0 else -1.0
    beyond = [number for number, grid_w in enumerate(grids) if abs(grid_w) > band_w]
    last = grids[-round(last_s / STEP_S) :]
    return Verdict(
        max(0.0, *(-sign * grid_w for grid_w in grids)),
        STEP_S * (beyond[-1] + 1) if beyond else 0.0,
        max(last) - min(last),
        sum(last) / len(last),
    )
