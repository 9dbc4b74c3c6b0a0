"""When is something wrong with the grid? Conditions of rows in ERRORS; the watch over the grid has counted the time.

A plant that makes its own grid is judged by none of those that stop it.
"""

from typing import Final

from appliance.errors.backup import no_grid_words, unless_left
from appliance.errors.battery import NOWHERE, Sources
from appliance.model import (
    GridView,
    InverterReading,
    InverterState,
    Memory,
    PhaseReading,
    Snapshot,
)
from appliance.site import USUAL, SiteSettings

FEEDS_W: Final = 200.0
NOTHING_W: Final = 50.0
NOTHING_SHARE: Final = 0.02
"""Of the inverter's power: by so little a plant and its grid may seem to have parted."""
DRIFTS: Final = 0.5
"""Of the rate of change that stops the box; enough where little flows to the grid as well."""
PART_W: Final = 100.0
"""From here the battery has a part in what the connection carries."""


def _judged(seen: Snapshot) -> GridView | None:
    inverter = seen.inverter
    return None if inverter is not None and inverter.grid_forming else seen.grid_view


def nominal_v(site: SiteSettings) -> float:
    """Line to neutral."""
    return (site.grid_code or USUAL).nominal_v


@unless_left
def grid_lost(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """The meter has next to no voltage, or the inverter says so."""
    view, inverter = _judged(seen), seen.inverter
    if view is not None and view.lost:
        return ("grid",)
    words = no_grid_words(inverter)
    return (f"grid: inverter says {words}",) if words else NOWHERE


def _beyond(seen: Snapshot, *begins: str) -> Sources:
    view = _judged(seen)
    if view is None or not view.outside or view.lost:
        return NOWHERE
    stages = [stage for stage in view.outside if stage.startswith(begins)]
    return (f"grid: {', '.join(stages)}",) if stages else NOWHERE


@unless_left
def frequency_low(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """Longer than the inverter's own protection allows."""
    return _beyond(seen, "frequency below")


@unless_left
def frequency_high(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """Longer than the inverter's own protection allows."""
    return _beyond(seen, "frequency above")


@unless_left
def voltage_low(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """On one phase, longer than the inverter's own protection allows."""
    return _beyond(seen, "voltage below", "mean voltage below")


@unless_left
def voltage_high(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """On one phase or in the mean of ten minutes, longer than the inverter's own protection allows."""
    return _beyond(seen, "voltage above", "mean voltage above")


@unless_left
def frequency_runs(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """It changes faster than a plant has to bear."""
    view = _judged(seen)
    if view is None or view.rocof_hz_per_s is None:
        return NOWHERE
    return ("grid",) if abs(view.rocof_hz_per_s) > site.grid.rocof_hz_per_s else NOWHERE


@unless_left
def island(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """It seems to feed something that is no grid any more: the inverter must find that out, and has not."""
    inverter, view = seen.inverter, _judged(seen)
    if inverter is None or view is None or inverter.state is not InverterState.RUNNING:
        return NOWHERE
    power_w, grid = inverter.power_w, seen.grid
    if view.lost:
        behind = grid is not None and _only_behind(inverter, grid.phases, site)
        return (
            ("grid: no voltage at the meter, and the inverter still has it",) if behind else NOWHERE
        )
    if grid is None or grid.power_w is None or power_w is None or abs(power_w) <= FEEDS_W:
        return NOWHERE
    nothing_w = max(NOTHING_W, NOTHING_SHARE * abs(power_w))
    if abs(grid.power_w) > nothing_w or not _drifts(view, site):
        return NOWHERE
    return ("grid: nothing flows, and voltage or frequency drift",)


def _only_behind(
    inverter: InverterReading, meter: tuple[PhaseReading, ...], site: SiteSettings
) -> bool:
    """The meter has lost every voltage, the running inverter none."""
    lost_v, half_v = site.grid.lost_pu * nominal_v(site), 0.5 * nominal_v(site)
    before = [one.voltage_v for one in meter if one.voltage_v is not None]
    behind = [one.voltage_v for one in inverter.phases if one.voltage_v is not None]
    return bool(before) and max(before) < lost_v and bool(behind) and max(behind) > half_v


def _drifts(view: GridView, site: SiteSettings) -> bool:
    """Voltage or frequency where a grid that carries others never is, or on the way there."""
    grid, volt = site.grid, nominal_v(site)
    hertz, low_v, high_v, rocof = view.frequency_hz, view.low_v, view.high_v, view.rocof_hz_per_s
    return (
        (hertz is not None and not grid.recommended_low_hz <= hertz <= grid.recommended_high_hz)
        or (low_v is not None and low_v < grid.recommended_low_pu * volt)
        or (high_v is not None and high_v > grid.recommended_high_pu * volt)
        or (rocof is not None and abs(rocof) > DRIFTS * grid.rocof_hz_per_s)
    )


def frequency_unusual(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Outside its operating band, where inverters begin to answer it themselves."""
    view = _judged(seen)
    if view is None or view.frequency_hz is None or view.lost:
        return NOWHERE
    grid = site.grid
    usual = grid.operating_low_hz <= view.frequency_hz <= grid.operating_high_hz
    return NOWHERE if usual else ("grid",)


def voltage_unusual(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """A phase outside its operating band."""
    view = _judged(seen)
    if view is None or view.low_v is None or view.high_v is None or view.lost:
        return NOWHERE
    grid, volt = site.grid, nominal_v(site)
    low_v, high_v = grid.operating_low_pu * volt, grid.operating_high_pu * volt
    return NOWHERE if low_v <= view.low_v and view.high_v <= high_v else ("grid",)


def _excess_w(seen: Snapshot, site: SiteSettings) -> float:
    """Grid power that has been beyond the connection for too long (import +); 0 when it has not."""
    view, grid = seen.grid_view, seen.grid
    if view is None or view.excess_s <= site.connection.cut_after_s:
        return 0.0
    return 0.0 if grid is None or grid.power_w is None else grid.power_w


def _battery_w(seen: Snapshot) -> float:
    return 0.0 if seen.inverter is None else seen.inverter.power_w or 0.0


def import_exceeded(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Too much import, and the battery charges."""
    cut = _excess_w(seen, site) > 0.0 and _battery_w(seen) < -PART_W
    return ("grid connection",) if cut else NOWHERE


def export_exceeded(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Too much export, and the battery discharges."""
    cut = _excess_w(seen, site) < 0.0 and _battery_w(seen) > PART_W
    return ("grid connection",) if cut else NOWHERE


def exceeded_by_others(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Too much of either, and the battery has no part in it."""
    excess_w = _excess_w(seen, site)
    if excess_w == 0.0 or -_battery_w(seen) * excess_w > PART_W * abs(excess_w):
        return NOWHERE
    return ("grid connection",)
