"""May a rack be connected to others, as far as its cells are concerned?"""

from math import isfinite
from typing import Final

from appliance.model import BatteryReading, RackReading
from appliance.site import SiteSettings

UNTOLD: Final = "does not say how its cells are"


def beyond(rack: RackReading, site: SiteSettings) -> str:
    """The cell that is beyond minimum or maximum, in words; "" when none is known to be."""
    volts, degrees = site.battery.cell_voltage, site.battery.cell_temperature
    low_v, high_v, low_c, high_c = (
        rack.cell_min_v,
        rack.cell_max_v,
        rack.cell_min_c,
        rack.cell_max_c,
    )
    if low_v is not None and low_v < volts.minimum_v:
        return f"cell {rack.cell_min_v_at or rack.rack} at {low_v:.2f} V"
    if high_v is not None and high_v > volts.maximum_v:
        return f"cell {rack.cell_max_v_at or rack.rack} at {high_v:.2f} V"
    if low_c is not None and low_c < degrees.minimum_c:
        return f"cell {rack.cell_min_c_at or rack.rack} at {low_c:.0f} °C"
    if high_c is not None and high_c > degrees.maximum_c:
        return f"cell {rack.cell_max_c_at or rack.rack} at {high_c:.0f} °C"
    return ""


def unfit(rack: RackReading, battery: BatteryReading, site: SiteSettings) -> str:
    """Why it may not join, in words: a destroyed cell, or cells of which nobody knows; "" when it may."""
    said = (rack.cell_min_v, rack.cell_max_v, rack.cell_min_c, rack.cell_max_c)
    unknown = any(not isfinite(one) for one in said if one is not None)
    unknown = unknown or (None in said and not battery.guards_cells)
    return beyond(rack, site) or (UNTOLD if unknown else "")


def recovered(rack: RackReading, site: SiteSettings) -> bool:
    """Well inside: a cell that was emptied too far or charged too far creeps back over its limit at rest."""
    volts, low_v, high_v = site.battery.cell_voltage, rack.cell_min_v, rack.cell_max_v
    if low_v is None or high_v is None:
        return False
    return volts.recommended_min_v <= low_v <= high_v <= volts.recommended_max_v
