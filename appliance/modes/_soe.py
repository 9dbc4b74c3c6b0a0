"""How much energy is in the battery."""

from math import isfinite
from typing import Final

from appliance.model import BatteryReading
from appliance.site import SiteSettings

UNKNOWN: Final = "the battery does not say how full it is"


def soe_wh(battery: BatteryReading | None, site: SiteSettings) -> float | None:
    """Wh that could be discharged now: told, else state of charge of what it can hold; None: not known."""
    if battery is None:
        return None
    told_wh, soc_pct = battery.soe_wh, battery.soc_pct
    if told_wh is not None and isfinite(told_wh):
        return max(0.0, told_wh)
    if soc_pct is None or not isfinite(soc_pct):
        return None
    full_wh = battery.capacity_wh
    if full_wh is None:
        soh_pct = 100.0 if battery.soh_pct is None else battery.soh_pct
        full_wh = site.battery.capacity_wh * soh_pct / 100.0
    held_wh = full_wh * soc_pct / 100.0
    return held_wh if isfinite(held_wh) else None
