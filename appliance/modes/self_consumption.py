"""Self-consumption: hold the power at the grid connection near a target, with PV and battery."""

from math import isfinite
from typing import Annotated, Final

from pydantic import Field

from appliance.model import Memory, Snapshot, Wish
from appliance.modes._answers import exactly, unknown
from appliance.modes._demand import Demand, Late
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._pid import PidGains, build_pid
from appliance.settings import Percent, Settings, Watts
from appliance.site import SiteSettings

TITLE: Final = "Self-consumption"
SUMMARY: Final = "Stores the sun's surplus and gives it back when the site needs it"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}
WORTH_WAKING_W: Final = 150.0
"""Some times what an inverter draws to be on."""


RESERVE_TAPER_PCT: Final = 2.0
"""As at the site's own reserve, power falls to zero over the last percent."""


class ModeSettings(Settings):
    """Target at the grid meter (import +), and how hard to hold it."""

    target_grid_w: Annotated[float, Field(ge=-1e6, le=1e6)] = 0.0
    """Wanted at the grid meter, import +."""
    dead_band_w: Watts = 10.0
    """Smaller errors are left alone: meters jitter and inverters wear."""
    reserve_pct: Percent | None = None
    """This mode leaves so much in the battery, for a backup; never less than the site's own reserve. None: that."""
    sleep_allowed: bool = True
    """An empty battery may be disconnected until there is something to store. False: it stays connected, at its cost."""
    meter_late_s: Late = 0.0
    """So much older than the inverter's are the meter's values; `appliance ctl tune` measures it."""
    pid: PidGains = PidGains()


class Mode:
    """Moves the battery by what is missing at the grid connection."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        self._settings = settings
        self._pid = build_pid(settings.pid)
        self._demand = Demand(site, settings.meter_late_s)
        self._max_discharge_w = site.inverter.max_discharge_w
        asked_pct = settings.reserve_pct
        above = asked_pct is not None and asked_pct > site.battery.soc.reserve_pct
        self._reserve_pct = asked_pct if above else None

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """More discharge while the site imports more than the target, less while it exports."""
        grid_w = None if seen.grid is None else seen.grid.power_w
        if grid_w is None or not isfinite(grid_w):
            self._pid.reset()
            return unknown("the grid meter is silent")
        at_w = memory.commanded.power_w
        error_w = grid_w - self._settings.target_grid_w
        demand_w = error_w + self._demand.battery_w(seen, memory)
        if abs(demand_w - at_w) <= self._settings.dead_band_w:
            demand_w = at_w
        power_w = self._pid.command(demand_w, at_w, seen.now_s)
        wants_w = self._wants_w(error_w, at_w, seen)
        most_w = self._most_w(seen)
        if most_w is not None and power_w > most_w:
            return exactly(most_w, f"{self._reserve_pct:.0f} % are kept for a backup", wants_w)
        return exactly(power_w, wants_w=wants_w)

    def _wants_w(self, error_w: float, at_w: float, seen: Snapshot) -> float:
        """What people are told: where it is heading."""
        battery_w = None if seen.inverter is None else seen.inverter.power_w
        if battery_w is None or not isfinite(battery_w):
            battery_w = at_w
        return battery_w if abs(error_w) <= self._settings.dead_band_w else battery_w + error_w

    def _most_w(self, seen: Snapshot) -> float | None:
        """The discharge that the reserve leaves; None: all of it. Unknown charge: none of it."""
        reserve_pct = self._reserve_pct
        if reserve_pct is None:
            return None
        soc_pct = None if seen.battery is None else seen.battery.soc_pct
        if soc_pct is None or not isfinite(soc_pct):
            return 0.0
        share = (soc_pct - reserve_pct) / RESERVE_TAPER_PCT
        return None if share >= 1.0 else self._max_discharge_w * max(0.0, share)

    def wakes(self, seen: Snapshot, _memory: Memory) -> bool:
        """When the site exports more than it costs to be awake."""
        if not self._settings.sleep_allowed:
            return True
        grid_w = None if seen.grid is None else seen.grid.power_w
        return grid_w is not None and grid_w < self._settings.target_grid_w - WORTH_WAKING_W
