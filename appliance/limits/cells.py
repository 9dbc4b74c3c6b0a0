"""The cells: voltage and temperature, tapered towards the recommended limits."""

from math import inf, isfinite, isnan

from appliance.errors.battery import contradicts
from appliance.limits.row import CLOSED, FREE, Caps, share_between
from appliance.model import Memory, RackReading, Snapshot
from appliance.site import SiteSettings


def _extremes(seen: Snapshot) -> tuple[RackReading, RackReading] | None:
    """The racks with the highest and with the lowest cell; None when any that carries current does not say."""
    if seen.battery is None or not seen.battery.racks:
        return None
    racks = seen.battery.working
    for rack in racks:
        high_v, low_v = rack.cell_max_v, rack.cell_min_v
        if high_v is None or low_v is None or not isfinite(high_v + low_v) or contradicts(rack):
            return None
    if len(racks) == 1:
        return racks[0], racks[0]
    return (
        max(racks, key=lambda rack: rack.cell_max_v or 0.0),
        min(racks, key=lambda rack: rack.cell_min_v or 0.0),
    )


def _all_operate(seen: Snapshot, site: SiteSettings) -> bool:
    """Every rack that carries current says that its cells are where nothing is held back: so it mostly is."""
    if seen.battery is None or not seen.battery.racks:
        return False
    window = site.battery.cell_voltage
    least_v, most_v = window.operating_min_v, window.operating_max_v
    for rack in seen.battery.working:
        low_v, high_v = rack.cell_min_v, rack.cell_max_v
        if low_v is None or high_v is None or not least_v <= low_v <= high_v <= most_v:
            return False
    return True


def _guarded(seen: Snapshot) -> bool:
    """No cell is told of, because the BMS guards them itself: its own limits say how far it may go."""
    battery = seen.battery
    if battery is None or not battery.guards_cells:
        return False
    return all(rack.cell_max_v is None and rack.cell_min_v is None for rack in battery.working)


def cell_voltage(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
    """Falls from the operating limit to the recommended one."""
    if _all_operate(seen, site):
        return FREE
    extremes = _extremes(seen)
    if extremes is None:
        return FREE if _guarded(seen) else CLOSED
    high_v, low_v = extremes[0].cell_max_v, extremes[1].cell_min_v
    if high_v is None or low_v is None:
        return CLOSED
    window = site.battery.cell_voltage
    return (
        inf if high_v <= window.operating_max_v
        else site.inverter.max_charge_w
        * share_between(high_v, window.recommended_max_v, window.operating_max_v),
        inf if low_v >= window.operating_min_v
        else site.inverter.max_discharge_w
        * share_between(low_v, window.recommended_min_v, window.operating_min_v),
    )  # fmt: skip


def because_cell_voltage(seen: Snapshot, _memory: Memory, site: SiteSettings) -> str:
    """The cell that is furthest out."""
    extremes = _extremes(seen)
    if extremes is None:
        return "unknown cell voltages"
    high, low = extremes
    if (high.cell_max_v or 0.0) > site.battery.cell_voltage.operating_max_v:
        return f"cell {high.cell_max_v_at or high.rack} at {high.cell_max_v:.2f} V"
    return f"cell {low.cell_min_v_at or low.rack} at {low.cell_min_v:.2f} V"


def cell_temperature(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
    """Falls from warm to hot and from cool to too cold, for each direction by its own bounds."""
    if seen.battery is None:
        return CLOSED
    charge_w = discharge_w = inf
    window, rating = site.battery.cell_temperature, site.inverter
    for rack in seen.battery.working:
        hot_c, cold_c = rack.cell_max_c, rack.cell_min_c
        if hot_c is None or cold_c is None:
            if seen.battery.guards_cells:
                continue
            return CLOSED
        if isnan(hot_c + cold_c) or cold_c > hot_c:
            return CLOSED
        if hot_c > window.charge_warm_c or cold_c < window.charge_cool_c:
            share = min(
                share_between(hot_c, window.charge_hot_c, window.charge_warm_c),
                share_between(cold_c, window.charge_min_c, window.charge_cool_c),
            )
            charge_w = min(charge_w, rating.max_charge_w * share)
        if hot_c > window.warm_c or cold_c < window.discharge_cool_c:
            share = min(
                share_between(hot_c, window.hot_c, window.warm_c),
                share_between(cold_c, window.discharge_min_c, window.discharge_cool_c),
            )
            discharge_w = min(discharge_w, rating.max_discharge_w * share)
    return charge_w, discharge_w


def because_cell_temperature(seen: Snapshot, _memory: Memory, site: SiteSettings) -> str:
    """The first rack that is too hot or too cold for one of the directions."""
    window = site.battery.cell_temperature
    for rack in seen.battery.working if seen.battery else ():
        if rack.cell_max_c is None or rack.cell_min_c is None:
            return f"unknown cell temperatures of rack {rack.rack}"
        if rack.cell_max_c > min(window.warm_c, window.charge_warm_c):
            return f"cell {rack.cell_max_c_at or rack.rack} at {rack.cell_max_c:.0f} °C"
        if rack.cell_min_c < max(window.charge_cool_c, window.discharge_cool_c):
            return f"cell {rack.cell_min_c_at or rack.rack} at {rack.cell_min_c:.0f} °C"
    return "cell temperature"
