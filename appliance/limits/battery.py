"""The battery: what its BMS, its charge, its current and its racks allow."""

from math import inf
from typing import Final

from appliance.errors.battery import all_open, rack_leaves
from appliance.limits.row import CLOSED, FREE, Caps, share_between
from appliance.model import Memory, Snapshot
from appliance.site import SiteSettings

SOC_TAPER_PCT: Final = 2.0
"""Power falls to zero over the last percent, so that the end is met softly."""
JOINING_SHARE: Final = 0.5
"""Of the current below which a rack may join: what is asked for is not what flows."""


def bms(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
    """Said at the DC terminals. Of a charge less arrives there than the inverter takes: no more is asked than that."""
    battery = seen.battery
    if battery is None or battery.max_charge_w is None or battery.max_discharge_w is None:
        return CLOSED
    if all_open(battery):
        return CLOSED
    return battery.max_charge_w, battery.max_discharge_w * site.inverter.efficiency


def because_bms(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    """Whose limit it is."""
    return "a silent battery" if seen.battery is None else "the battery's own limit"


def soc(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
    """Nothing above the window, nothing below the reserve; unknown: nothing at all."""
    battery = seen.battery
    if battery is None or battery.soc_pct is None:
        return CLOSED
    window, soc_pct = site.battery.soc, battery.soc_pct
    top_pct, floor_pct = window.maximum_pct, window.reserve_pct
    if floor_pct + SOC_TAPER_PCT < soc_pct < top_pct - SOC_TAPER_PCT:
        return FREE
    return (
        inf if soc_pct < top_pct - SOC_TAPER_PCT
        else site.inverter.max_charge_w * share_between(soc_pct, top_pct, top_pct - SOC_TAPER_PCT),
        inf if soc_pct > floor_pct + SOC_TAPER_PCT
        else site.inverter.max_discharge_w * share_between(soc_pct, floor_pct, floor_pct + SOC_TAPER_PCT),
    )  # fmt: skip


def because_soc(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    """With the figure."""
    battery = seen.battery
    if battery is None or battery.soc_pct is None:
        return "unknown state of charge"
    return f"state of charge {battery.soc_pct:.1f} %"


def current(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
    """Racks in parallel: the one with the lowest voltage, times their number."""
    charge, discharge = site.battery.current.charge, site.battery.current.discharge
    if charge is None and discharge is None:
        return FREE
    battery = seen.battery
    if battery is None:
        return CLOSED
    lowest_v, racks = battery.voltage_v or 0.0, battery.working
    for rack in racks:
        if rack.voltage_v is not None and (rack.voltage_v < lowest_v or not lowest_v):
            lowest_v = rack.voltage_v
    whole_v = lowest_v * len(racks)
    return (
        inf if charge is None else charge.operating_a * whole_v,
        inf if discharge is None
        else discharge.operating_a * whole_v * site.inverter.efficiency,
    )  # fmt: skip


def no_current(site: SiteSettings) -> bool:
    """It is not said how much current a rack may carry."""
    return site.battery.current.charge is None and site.battery.current.discharge is None


def because_current(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    """Of the racks together."""
    return "a silent battery" if seen.battery is None else "the racks' current"


def rack_joins(seen: Snapshot, memory: Memory, site: SiteSettings) -> Caps:
    """Little current flows while a contactor closes, and voltages can be compared; none while one opens."""
    if rack_leaves(seen, memory):
        return CLOSED
    pause = memory.rack_pause
    if pause is None or seen.now_s >= pause.until_s or seen.battery is None:
        return FREE
    low_w = JOINING_SHARE * site.battery.joining.current_a * (seen.battery.voltage_v or 0.0)
    return low_w, low_w


def because_rack_joins(seen: Snapshot, memory: Memory, _site: SiteSettings) -> str:
    """One sentence for all of them."""
    return "a rack that leaves" if rack_leaves(seen, memory) else "a rack that joins"
