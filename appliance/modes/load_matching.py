"""Load matching: the battery gives what the site's load takes, and neither charges from the grid nor exports.

Load = grid + battery + PV. What it takes beyond a threshold, or a share of that, comes from the battery, as far as
PV does not give it already (docs/decisions/0033).
"""

from math import isfinite
from typing import Annotated, Final

from pydantic import Field

from appliance.model import Memory, Snapshot, Wish
from appliance.modes._answers import exactly, unknown
from appliance.modes._demand import Demand
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._pid import PidGains, build_pid
from appliance.modes._residual import SILENT
from appliance.modes._waking import WORTH_WAKING_W
from appliance.settings import Settings, Watts
from appliance.site import SiteSettings

TITLE: Final = "Load matching"
SUMMARY: Final = "Covers the building's load; never charges from the grid nor exports"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}


class ModeSettings(Settings):
    """How much of the load the battery gives."""

    from_w: Watts = 0.0
    """The load below this is left to PV and grid."""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Of what the load takes beyond it."""
    max_discharge_w: Watts | None = None
    """At most. None: what the inverter is rated for."""
    charge_surplus: bool = False
    """What PV gives beyond the load is charged."""
    dead_band_w: Watts = 10.0
    """Smaller changes are left alone: meters jitter and inverters wear."""
    pid: PidGains = PidGains()


class Mode:
    """Follows the load with the battery."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        self._settings = settings
        most_w = settings.max_discharge_w
        self._most_w = site.inverter.max_discharge_w if most_w is None else most_w
        self._pid = build_pid(settings.pid)
        self._demand = Demand(site)

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """What the load takes of what PV leaves; 0 W or the surplus where PV leaves none."""
        grid_w = None if seen.grid is None else seen.grid.power_w
        if grid_w is None or not isfinite(grid_w):
            self._pid.reset()
            return unknown(SILENT)
        at_w = memory.commanded.power_w
        residual_w = grid_w + self._demand.battery_w(seen, memory)
        aim_w = self._aim_w(residual_w, seen)
        near = abs(aim_w - at_w) <= self._settings.dead_band_w
        power_w = self._pid.command(at_w if near else aim_w, at_w, seen.now_s)
        # Neither on its way from another mode does it charge from the grid, nor, when the load falls, export.
        power_w = min(max(power_w, min(0.0, aim_w)), max(0.0, residual_w))
        load_w = residual_w + self._pv_w(seen)
        return exactly(power_w, f"the load takes {load_w:.0f} W", aim_w)

    def _aim_w(self, residual_w: float, seen: Snapshot) -> float:
        settings = self._settings
        if residual_w < 0.0:
            return residual_w if settings.charge_surplus else 0.0
        load_w = residual_w + self._pv_w(seen)
        wanted_w = settings.share * max(0.0, load_w - settings.from_w)
        return min(wanted_w, residual_w, self._most_w)

    @staticmethod
    def _pv_w(seen: Snapshot) -> float:
        """Production +; unknown counts as none: then the load looks smaller than it is, and less is discharged."""
        pv_w = None if seen.pv is None else seen.pv.power_w
        return max(0.0, pv_w) if pv_w is not None and isfinite(pv_w) else 0.0

    def wakes(self, seen: Snapshot, _memory: Memory) -> bool:
        """For a surplus, where that is charged."""
        grid_w = None if seen.grid is None else seen.grid.power_w
        return self._settings.charge_surplus and grid_w is not None and grid_w < -WORTH_WAKING_W
