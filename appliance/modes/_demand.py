"""What the battery did when the grid meter looked: grid + battery is what the site draws without the battery.

A meter that speaks once a second, added to an inverter that speaks ten times, counts a battery that has just moved
twice or not at all, and a loop that follows such a sum swings. So both belong together: what the inverter said when
the meter's value arrived is kept until the next arrives. What is commanded and has not happened yet is in neither,
so that no dead time of the inverter, long or short, is in the loop.

An inverter does not do exactly what it is told. What of the difference no dead time can explain, because no command
of the last seconds was like it, is learned and added: then the target is met, and not nearly so.
"""

from collections import deque
from math import isfinite
from typing import Annotated, Final

from pydantic import Field

from appliance.model import Memory, MeterReading, Snapshot
from appliance.modes._pid import paused
from appliance.site import SiteSettings

LONGEST_LAG_S: Final = 6.0
"""Dead time and ramp of an inverter together: older commands explain nothing any more."""
LEARN_S: Final = 2.0
"""Time constant of what is learned."""
SHARE, LEAST_W = 0.1, 50.0
"""So far from its command, of its rating and beside that, an inverter may be; what is more is not its precision."""
SAME_VALUE_S: Final = 1.2
"""The battery has moved, and the meter's value stays the same for longer than meters need: it is a new one."""
STILL_W: Final = 5.0
Late = Annotated[float, Field(ge=0, le=5)]
"""So much older than the inverter's the meter's values are when they arrive; `appliance ctl tune` measures it."""
PHASES: Final = 3


def counted_w(grid: MeterReading | None, per_phase: bool) -> tuple[float, float] | None:
    """Grid power that counts against import and against export (import +); None: not known.

    Per phase it is three times the one that imports most, and the one that exports most.
    """
    if grid is None:
        return None
    if not per_phase:
        power_w = grid.power_w
        return None if power_w is None or not isfinite(power_w) else (power_w, power_w)
    powers = [one.power_w for one in grid.phases if one.power_w is not None]
    if len(powers) != PHASES or not all(map(isfinite, powers)):
        return None
    return PHASES * max(powers), PHASES * min(powers)


class Demand:
    """Ask once a cycle; pure but for what it remembers of the last seconds."""

    def __init__(self, site: SiteSettings, meter_late_s: float = 0.0) -> None:
        rating_w = max(site.inverter.max_charge_w, site.inverter.max_discharge_w)
        self._most_w = SHARE * rating_w + LEAST_W
        self._same_s = max(SAME_VALUE_S, 1.2 * site.meters["grid"].poll_s)
        self._late_s = meter_late_s
        self._powers: tuple[float | None, ...] | None = None
        """The meter's last value: only what has another power is a new one, other registers are often faster."""
        self._since_s = self._beside_w = self._unmet_w = 0.0
        self._past: deque[tuple[float, float, float]] = deque()
        """When, commanded, what the inverter said."""
        self._range_w: tuple[float, float] | None = None
        """The least and the most of these commands; None: to be looked for."""

    def battery_w(self, seen: Snapshot, memory: Memory) -> float:
        """To add to the grid meter's present value: the command that would change nothing."""
        at_w, now_s = memory.commanded.power_w, seen.now_s
        power_w = None if seen.inverter is None else seen.inverter.power_w
        if power_w is None or not isfinite(power_w):
            self._powers, self._unmet_w = None, 0.0
            self._past.clear()
            self._range_w = None
            return at_w
        self._learn(at_w, power_w, now_s)
        power_w = self._then_w(now_s - self._late_s)
        powers = _powers(seen.grid)
        if powers != self._powers or not 0.0 <= now_s - self._since_s < self._same_s:
            self._powers, self._since_s, self._beside_w = powers, now_s, power_w
        elif abs(power_w - self._beside_w) <= STILL_W:
            self._since_s = now_s
        return self._beside_w + self._unmet_w

    def _then_w(self, then_s: float) -> float:
        """What the inverter said then, or as long ago as is known."""
        newest_s, _, newest_w = self._past[-1]
        if newest_s <= then_s:
            return newest_w
        for at_s, _, power_w in reversed(self._past):
            if at_s <= then_s:
                return power_w
        return self._past[0][2]

    def _learn(self, at_w: float, power_w: float, now_s: float) -> None:
        """Whatever lies between the least and the most of the last commands may be an old command on its way."""
        past = self._past
        passed_s = now_s - past[-1][0] if past else 0.0
        before_s = past[-1][0] - past[-2][0] if len(past) > 1 else None
        if paused(passed_s, before_s):
            past.clear()
            self._range_w, self._unmet_w = None, 0.0
        past.append((now_s, at_w, power_w))
        if now_s - past[0][0] < LONGEST_LAG_S:
            self._range_w = None
            return
        low_w, high_w = self._commands_w(at_w, now_s)
        least_w, most_w = low_w - power_w, high_w - power_w
        told_w = min(max(self._unmet_w, least_w), most_w)
        told_w = min(max(told_w, -self._most_w), self._most_w)
        self._unmet_w += min(1.0, passed_s / LEARN_S) * (told_w - self._unmet_w)

    def _commands_w(self, at_w: float, now_s: float) -> tuple[float, float]:
        """The least and the most of the last commands, this one among them; those that are too old are forgotten."""
        past, known = self._past, self._range_w
        while now_s - past[1][0] >= LONGEST_LAG_S:
            gone_w = past.popleft()[1]
            if known is not None and gone_w in known:
                known = None
        if known is None:
            commands = [one[1] for one in past]
            known = min(commands), max(commands)
        elif not known[0] <= at_w <= known[1]:
            known = min(known[0], at_w), max(known[1], at_w)
        self._range_w = known
        return known


def _powers(grid: MeterReading | None) -> tuple[float | None, ...] | None:
    if grid is None:
        return None
    if not grid.phases:
        return (grid.power_w,)
    return (grid.power_w, *[one.power_w for one in grid.phases])
