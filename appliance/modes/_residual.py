"""What the site would draw from the grid without the battery: load +, surplus −.

Flux takes the meter and the last command. Here it is the meter and what the inverter said when the meter looked: a
battery that does not follow, or follows late, is not counted as if it had. Where the two are of different instants
all the same, a change of the battery looks like a change of the load for as long as one is older than the other;
smoothing over at least that time keeps the loop from answering its own echo (docs/decisions/0031).
"""

from math import exp, isfinite
from typing import Annotated, Final

from pydantic import Field

from appliance.model import Memory, Snapshot
from appliance.modes._demand import Demand
from appliance.site import SiteSettings

SILENT: Final = "the grid meter is silent"
SMOOTHING_S: Final = 1.5
FORGETS_AFTER_S: Final = 5.0
Smoothing = Annotated[float, Field(ge=0, le=60)]
"""Time constant in s; 0: none."""


def residual_now_w(seen: Snapshot, memory: Memory) -> float | None:
    """As it is read in this cycle; None: the grid meter is silent."""
    grid_w = None if seen.grid is None else seen.grid.power_w
    if grid_w is None or not isfinite(grid_w):
        return None
    battery_w = None if seen.inverter is None else seen.inverter.power_w
    if battery_w is None or not isfinite(battery_w):
        battery_w = memory.commanded.power_w
    return grid_w + battery_w


class Residual:
    """Smoothed, and with what the inverter has to be told more than it does. Begins with what it reads."""

    def __init__(self, site: SiteSettings, smoothing_s: float) -> None:
        self._demand = Demand(site)
        self._smoothing_s = smoothing_s
        self._value_w = self._at_s = 0.0
        self._known = False

    def step(self, seen: Snapshot, memory: Memory) -> float | None:
        """Once a cycle; None: the grid meter is silent."""
        grid_w = None if seen.grid is None else seen.grid.power_w
        if grid_w is None or not isfinite(grid_w):
            self._known = False
            return None
        now_w = grid_w + self._demand.battery_w(seen, memory)
        passed_s = seen.now_s - self._at_s
        if not self._known or self._smoothing_s <= 0.0 or not 0.0 <= passed_s <= FORGETS_AFTER_S:
            self._value_w = now_w
        else:
            self._value_w += (now_w - self._value_w) * (1.0 - exp(-passed_s / self._smoothing_s))
        self._known, self._at_s = True, seen.now_s
        return self._value_w
