"""Is the battery so low that it must be charged a little, and may it be? Pure questions to one Snapshot."""

from typing import Final

from appliance.errors.battery import NOWHERE, QUIET_C, Sources
from appliance.model import STOPS, BatteryReading, BatteryState, Effect, Memory, Snapshot, State
from appliance.site import SiteSettings

NO_CHARGE: Final = STOPS | {Effect.NO_CHARGE}
ENOUGH: Final = 0.5
"""Of the trickle: with less than this the box and its inverter take out what goes in."""
SETTLES_S: Final = 10.0
"""A BMS that has just connected may say for a moment that it takes nothing."""
LOW: Final = 115
"""The row of `battery_critical`: its delay is that of the rescue charge, too."""


def critically_low(battery: BatteryReading | None, site: SiteSettings) -> str:
    """How low, in words; "" when it is not. Voltages count at rest: under load they fall by nature."""
    if battery is None:
        return ""
    low_v, low_pct = site.battery.rescue_v[0], site.battery.rescue_pct[0]
    if battery.soc_pct is not None and battery.soc_pct < low_pct:
        return _lower_than(low_v, battery) or f"state of charge {battery.soc_pct:.1f} %"
    return _lower_than(low_v, battery) if _rests(battery, site) else ""


def not_yet_up(battery: BatteryReading, site: SiteSettings) -> str:
    """What is still below the end of a rescue charge, in words; "" when nothing is."""
    until_v, until_pct = site.battery.rescue_v[1], site.battery.rescue_pct[1]
    low = _lower_than(until_v, battery)
    if not low and battery.soc_pct is not None and battery.soc_pct < until_pct:
        return f"state of charge {battery.soc_pct:.1f} %"
    return low


def _lower_than(limit_v: float, battery: BatteryReading) -> str:
    low_v, where = limit_v, ""
    for rack in battery.working:
        if rack.cell_min_v is not None and rack.cell_min_v < low_v:
            low_v, where = rack.cell_min_v, rack.cell_min_v_at or str(rack.rack)
    return f"cell {where} at {low_v:.2f} V" if where else ""


def _rests(battery: BatteryReading, site: SiteSettings) -> bool:
    if battery.state is not BatteryState.CONNECTED:
        return True
    power_w = battery.power_w
    return power_w is not None and power_w <= QUIET_C * site.battery.capacity_wh


def forbids_rescue(seen: Snapshot, memory: Memory, site: SiteSettings) -> str:
    """Why the battery may not be charged from the grid now, in words; "" when it may."""
    if not site.battery.rescue.enabled:
        return "the rescue charge is switched off in the settings"
    if memory.awaits_start:
        return "after the emergency stop somebody has to start the box"
    rescue = memory.rescue
    if rescue is not None and rescue.rests_until_s is not None:
        return f"the rescue charge pauses: {rescue.ended}"
    for error in memory.errors:
        share = 1.0 if error.derate_pct is None else error.derate_pct / 100.0
        little = share * site.inverter.max_charge_w < ENOUGH * trickle_w(site)
        if little or not NO_CHARGE.isdisjoint(error.effects):
            return f"error {error.number} {error.title}"
    return _too_little(seen, memory, site) or _unsafe_cells(seen.battery, site) or _no_grid(seen)


def trickle_w(site: SiteSettings) -> float:
    """The power of a rescue charge, a magnitude."""
    return site.battery.rescue.power_c * site.battery.capacity_wh


def _too_little(seen: Snapshot, memory: Memory, site: SiteSettings) -> str:
    """What leaves so little of the trickle that staying connected would empty the battery."""
    least_w, cap_w = ENOUGH * trickle_w(site), memory.cap.max_charge_w
    if cap_w is not None and not cap_w >= least_w:
        return f"the owner's cap allows {cap_w:.0f} W"
    if seen.inverter is not None and seen.inverter.grid_forming:
        return "the inverter makes the grid itself"
    battery = seen.battery
    if memory.state is not State.RUN or seen.now_s - memory.state_since_s < SETTLES_S:
        return ""
    if battery is None or battery.max_charge_w is None or battery.max_charge_w >= least_w:
        return ""
    return f"the battery's own limit allows {battery.max_charge_w:.0f} W"


def _unsafe_cells(battery: BatteryReading | None, site: SiteSettings) -> str:
    if battery is None:
        return ""
    cells, window = site.battery.cell_voltage, site.battery.cell_temperature
    for rack in battery.working:
        low_v, low_c, high_c = rack.cell_min_v, rack.cell_min_c, rack.cell_max_c
        if low_v is None or low_c is None or high_c is None:
            if battery.guards_cells:
                continue
            return f"cells of rack {rack.rack} are unknown"
        if low_v <= cells.minimum_v:
            return (
                f"cell {rack.cell_min_v_at or rack.rack} at {low_v:.2f} V is too low to be charged"
            )
        if not window.charge_min_c < low_c <= high_c < window.charge_hot_c:
            degrees_c = low_c if low_c <= window.charge_min_c else high_c
            return f"cells of rack {rack.rack} at {degrees_c:.0f} °C"
    return ""


def _no_grid(seen: Snapshot) -> str:
    if seen.grid is None or seen.grid.power_w is None:
        return "the grid meter is silent"
    view = seen.grid_view
    if view is not None and view.frequency_hz is not None and view.steady_s <= 0.0:
        return "the grid is outside its window"
    return ""


def battery_critical(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """Critically low, and it will be charged or is being charged."""
    battery, rescue = seen.battery, memory.rescue
    if battery is None:
        return NOWHERE
    low = critically_low(battery, site)
    if not low and (rescue is None or rescue.rests_until_s is not None):
        return NOWHERE
    low = low or not_yet_up(battery, site)
    return (f"battery: {low}",) if low and not forbids_rescue(seen, memory, site) else NOWHERE


def battery_beyond_rescue(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """Critically low, and it may not be charged."""
    if seen.battery is None or not critically_low(seen.battery, site):
        return NOWHERE
    why = forbids_rescue(seen, memory, site)
    return (f"battery: {why}",) if why else NOWHERE
