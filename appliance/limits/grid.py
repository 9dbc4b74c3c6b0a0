"""Inverter, grid connection and grid code."""

from math import inf, sqrt

from appliance.limits.row import CLOSED, FREE, Caps
from appliance.model import Memory, Snapshot, State
from appliance.site import SiteSettings


def inverter(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
    """Its rating, and what the device itself can take now where it says so."""
    charge_w, discharge_w = site.inverter.max_charge_w, site.inverter.max_discharge_w
    told = seen.inverter
    if told is None or (told.max_charge_w is None and told.max_discharge_w is None):
        return charge_w, discharge_w
    return _narrowed(charge_w, told.max_charge_w), _narrowed(discharge_w, told.max_discharge_w)


def _narrowed(rating_w: float, told_w: float | None) -> float:
    """What is no number allows nothing."""
    return rating_w if told_w is None or told_w > rating_w else told_w


def because_inverter(_seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    """Its rating is meant."""
    return "the inverter"


def apparent_power(_seen: Snapshot, memory: Memory, site: SiteSettings) -> Caps:
    """What is left on the inverter's circle beside reactive power that goes ahead."""
    rated_va, ahead_var = site.inverter.apparent_va, memory.reactive_ahead_var
    if not ahead_var:
        return rated_va, rated_va
    left_w = sqrt(max(0.0, rated_va * rated_va - ahead_var * ahead_var))
    return left_w, left_w


def no_apparent_power(site: SiteSettings) -> bool:
    """Reactive power never goes ahead, and alone the rating is narrower."""
    return site.inverter.rated_va is None and site.reactive.priority == "p"


def because_apparent_power(_seen: Snapshot, memory: Memory, _site: SiteSettings) -> str:
    """With what it is shared."""
    ahead_var = memory.reactive_ahead_var
    return f"the apparent power beside {ahead_var:.0f} var" if ahead_var else "the apparent power"


def connection(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
    """Site demand without the battery is grid + battery power; the battery may not lift it over the connection."""
    if seen.grid is None or seen.inverter is None:
        return CLOSED
    grid_w, battery_w = seen.grid.power_w, seen.inverter.power_w
    if grid_w is None or battery_w is None:
        return CLOSED
    demand_w, may = grid_w + battery_w, site.connection
    return max(0.0, may.max_import_w - demand_w), max(0.0, may.max_export_w + demand_w)


def because_connection(_seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    """Of the house, not of the inverter."""
    return "the grid connection"


def no_code(site: SiteSettings) -> bool:
    """No grid code is named."""
    return site.grid_code is None


def start_ramp(seen: Snapshot, memory: Memory, site: SiteSettings) -> Caps:
    """After each start power may rise no faster than the grid code says."""
    code = site.grid_code
    if code is None:
        return FREE
    if memory.state is not State.RUN:
        return CLOSED  # it enters RUN in this very cycle
    minutes = (seen.now_s - memory.state_since_s) / 60.0
    share = code.connect.ramp_pct_per_min / 100.0 * minutes
    if share >= 1.0:
        return FREE
    return site.inverter.max_charge_w * share, site.inverter.max_discharge_w * share


def because_start_ramp(_seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    """What the grid code asks for."""
    return "the ramp after a start"


def frequency(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
    """Where the inverter itself answers the frequency, nobody pushes against it."""
    code, view = site.grid_code, seen.grid_view
    if code is None or view is None or view.frequency_hz is None or seen.inverter is None:
        return FREE
    power_w = seen.inverter.power_w or 0.0
    if view.frequency_hz > code.over_frequency.start_hz:
        return inf, max(0.0, power_w)
    if view.frequency_hz < code.under_frequency.start_hz:
        return max(0.0, -power_w), inf
    return FREE


def because_frequency(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    """With the figure."""
    view = seen.grid_view
    hertz = None if view is None else view.frequency_hz
    return "the grid's frequency" if hertz is None else f"grid at {hertz:.2f} Hz"
