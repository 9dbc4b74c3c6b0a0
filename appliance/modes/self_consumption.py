"""Self-consumption: hold the power at the grid connection near a target, with PV and battery."""

from math import isfinite
from typing import Annotated, Final

from pydantic import Field

from appliance.model import Memory, Snapshot, Wish
from appliance.modes._answers import exactly, unknown
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._pid import Pid, PidGains
from appliance.settings import Settings, Watts
from appliance.site import SiteSettings

TITLE: Final = "Self-consumption"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}
WORTH_WAKING_W: Final = 150.0
"""Some times what an inverter draws to be on."""


class ModeSettings(Settings):
    """Target at the grid meter (import +), and how hard to hold it."""

    target_grid_w: Annotated[float, Field(ge=-1e6, le=1e6)] = 0.0
    dead_band_w: Watts = 10.0
    """Smaller errors are left alone: meters jitter and inverters wear."""
    pid: PidGains = PidGains()


class Mode:
    """Moves the battery by what is missing at the grid connection."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        del site
        self._settings = settings
        self._pid = Pid(settings.pid)

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """More discharge while the site imports more than the target, less while it exports."""
        grid_w = None if seen.grid is None else seen.grid.power_w
        if grid_w is None or not isfinite(grid_w):
            self._pid.reset()
            return unknown("the grid meter is silent")
        error_w = grid_w - self._settings.target_grid_w
        if abs(error_w) <= self._settings.dead_band_w:
            error_w = 0.0
        power_w = memory.commanded.power_w + self._pid.step(error_w, seen.now_s)
        battery_w = None if seen.inverter is None else seen.inverter.power_w
        if battery_w is None or not isfinite(battery_w):
            battery_w = memory.commanded.power_w
        return exactly(power_w, wants_w=battery_w + error_w)

    def wakes(self, seen: Snapshot, _memory: Memory) -> bool:
        """When the site exports more than it costs to be awake."""
        grid_w = None if seen.grid is None else seen.grid.power_w
        return grid_w is not None and grid_w < self._settings.target_grid_w - WORTH_WAKING_W
