"""How far may the battery go right now: one row per reason to hold power back.

A row answers with two magnitudes, `(max_charge_w, max_discharge_w)`. The tightest wins, rows only
ever narrow, and the row that held the wish back says so in words.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, isnan
from typing import Final

from appliance.model import STOPS, Effect, Limits, Memory, RackReading, Snapshot, State
from appliance.site import SiteSettings

Caps = tuple[float, float]
FREE: Final[Caps] = (inf, inf)
CLOSED: Final[Caps] = (0.0, 0.0)
HOLDING: Final = STOPS | {Effect.NO_CHARGE, Effect.NO_DISCHARGE, Effect.DERATE}
SOC_TAPER_PCT: Final = 2.0
"""Power falls to zero over the last percent, so that the end is met softly."""
JOINING_SHARE: Final = 0.5
"""Of the current below which a rack may join: what is asked for is not what flows."""


@dataclass(frozen=True, slots=True)
class Row:
    """One limit. `because` is the subject of the sentence "… allows −1200 W"."""

    name: str
    caps: Callable[[Snapshot, Memory, SiteSettings], Caps]
    because: Callable[[Snapshot, Memory, SiteSettings], str]


def _share(value: float, zero_at: float, full_at: float) -> float:
    """0 at `zero_at` and beyond, 1 at `full_at` and beyond, straight in between."""
    share = (value - zero_at) / (full_at - zero_at)
    return 0.0 if share <= 0.0 else min(share, 1.0)


def _bms(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
    """Said at the DC terminals. Of a charge less arrives there than the inverter takes: no more is asked than that."""
    battery = seen.battery
    if battery is None or battery.max_charge_w is None or battery.max_discharge_w is None:
        return CLOSED
    return battery.max_charge_w, battery.max_discharge_w * site.inverter.efficiency


def _because_bms(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    return "a silent battery" if seen.battery is None else "the battery's own limit"


def _soc(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
    battery = seen.battery
    if battery is None or battery.soc_pct is None:
        return CLOSED
    window, soc_pct = site.battery.soc, battery.soc_pct
    top_pct, floor_pct = window.maximum_pct, window.reserve_pct
    return (
        inf if soc_pct < top_pct - SOC_TAPER_PCT
        else site.inverter.max_charge_w * _share(soc_pct, top_pct, top_pct - SOC_TAPER_PCT),
        inf if soc_pct > floor_pct + SOC_TAPER_PCT
        else site.inverter.max_discharge_w * _share(soc_pct, floor_pct, floor_pct + SOC_TAPER_PCT),
    )  # fmt: skip


def _because_soc(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    battery = seen.battery
    if battery is None or battery.soc_pct is None:
        return "unknown state of charge"
    return f"state of charge {battery.soc_pct:.1f} %"


def _extremes(seen: Snapshot) -> tuple[RackReading, RackReading] | None:
    """The racks with the highest and with the lowest cell; None when any that carries current does not say."""
    if seen.battery is None or not seen.battery.racks:
        return None
    racks = seen.battery.working
    for rack in racks:
        high_v, low_v = rack.cell_max_v, rack.cell_min_v
        if high_v is None or low_v is None or not isfinite(high_v + low_v):
            return None
    if len(racks) == 1:
        return racks[0], racks[0]
    return (
        max(racks, key=lambda rack: rack.cell_max_v or 0.0),
        min(racks, key=lambda rack: rack.cell_min_v or 0.0),
    )


def _guarded(seen: Snapshot) -> bool:
    """No cell is told of, because the BMS guards them itself: its own limits say how far it may go."""
    battery = seen.battery
    if battery is None or not battery.guards_cells:
        return False
    return all(rack.cell_max_v is None and rack.cell_min_v is None for rack in battery.working)


def _cell_voltage(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
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
        * _share(high_v, window.recommended_max_v, window.operating_max_v),
        inf if low_v >= window.operating_min_v
        else site.inverter.max_discharge_w
        * _share(low_v, window.recommended_min_v, window.operating_min_v),
    )  # fmt: skip


def _because_cell_voltage(seen: Snapshot, _memory: Memory, site: SiteSettings) -> str:
    extremes = _extremes(seen)
    if extremes is None:
        return "unknown cell voltages"
    high, low = extremes
    if (high.cell_max_v or 0.0) > site.battery.cell_voltage.operating_max_v:
        return f"cell {high.cell_max_v_at or high.rack} at {high.cell_max_v:.2f} V"
    return f"cell {low.cell_min_v_at or low.rack} at {low.cell_min_v:.2f} V"


def _cell_temperature(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
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
        if isnan(hot_c + cold_c):
            return CLOSED
        if hot_c > window.charge_warm_c or cold_c < window.charge_cool_c:
            share = min(
                _share(hot_c, window.charge_hot_c, window.charge_warm_c),
                _share(cold_c, window.charge_min_c, window.charge_cool_c),
            )
            charge_w = min(charge_w, rating.max_charge_w * share)
        if hot_c > window.warm_c or cold_c < window.discharge_cool_c:
            share = min(
                _share(hot_c, window.hot_c, window.warm_c),
                _share(cold_c, window.discharge_min_c, window.discharge_cool_c),
            )
            discharge_w = min(discharge_w, rating.max_discharge_w * share)
    return charge_w, discharge_w


def _because_cell_temperature(seen: Snapshot, _memory: Memory, site: SiteSettings) -> str:
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


def _current(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
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


def _because_current(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    return "a silent battery" if seen.battery is None else "the racks' current"


def _inverter(_seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
    return site.inverter.max_charge_w, site.inverter.max_discharge_w


def _because_inverter(_seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    return "the inverter"


def _connection(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
    """Site demand without the battery is grid + battery power; the battery may not lift it over the connection."""
    if seen.grid is None or seen.inverter is None:
        return CLOSED
    grid_w, battery_w = seen.grid.power_w, seen.inverter.power_w
    if grid_w is None or battery_w is None:
        return CLOSED
    demand_w = grid_w + battery_w
    return (
        max(0.0, site.connection.max_import_w - demand_w),
        max(0.0, site.connection.max_export_w + demand_w),
    )


def _because_connection(_seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    return "the grid connection"


def _start_ramp(seen: Snapshot, memory: Memory, site: SiteSettings) -> Caps:
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


def _because_start_ramp(_seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    return "the ramp after a start"


def _frequency(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Caps:
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


def _because_frequency(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    view = seen.grid_view
    hertz = None if view is None else view.frequency_hz
    return "the grid's frequency" if hertz is None else f"grid at {hertz:.2f} Hz"


def _rack_joins(seen: Snapshot, memory: Memory, site: SiteSettings) -> Caps:
    """Little current flows while a contactor closes, and voltages can be compared."""
    pause = memory.rack_pause
    if pause is None or seen.now_s >= pause.until_s or seen.battery is None:
        return FREE
    low_w = JOINING_SHARE * site.battery.joining.current_a * (seen.battery.voltage_v or 0.0)
    return low_w, low_w


def _because_rack_joins(_seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    return "a rack that joins"


def _errors(_seen: Snapshot, memory: Memory, site: SiteSettings) -> Caps:
    """What the raised errors still leave."""
    charge_w = discharge_w = inf
    for error in memory.errors:
        if not STOPS.isdisjoint(error.effects):
            return CLOSED
        if Effect.NO_CHARGE in error.effects:
            charge_w = 0.0
        if Effect.NO_DISCHARGE in error.effects:
            discharge_w = 0.0
        if Effect.DERATE in error.effects:
            share = (error.derate_pct or 0.0) / 100.0
            charge_w = min(charge_w, site.inverter.max_charge_w * share)
            discharge_w = min(discharge_w, site.inverter.max_discharge_w * share)
    return charge_w, discharge_w


def _because_errors(_seen: Snapshot, memory: Memory, _site: SiteSettings) -> str:
    """The worst of those that hold power back: they are sorted."""
    holding = (e for e in memory.errors if not HOLDING.isdisjoint(e.effects))
    return next((f"error {e.number} {e.title}" for e in holding), "an error")


def _ramp(seen: Snapshot, memory: Memory, site: SiteSettings) -> Caps:
    """Power may rise so fast; it may always fall at once."""
    rate_w_per_s, before_s = site.control.ramp_w_per_s, memory.decided_at_s
    if rate_w_per_s is None or before_s is None:
        return FREE
    step_w = rate_w_per_s * (seen.now_s - before_s)
    power_w = memory.commanded.power_w
    return max(0.0, -power_w) + step_w, max(0.0, power_w) + step_w


def _because_ramp(_seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    return "the ramp"


def _cap(_seen: Snapshot, memory: Memory, _site: SiteSettings) -> Caps:
    cap = memory.cap
    return (
        inf if cap.max_charge_w is None else cap.max_charge_w,
        inf if cap.max_discharge_w is None else cap.max_discharge_w,
    )


def _because_cap(_seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    return "the owner's cap"


# fmt: off
LIMITS: Final = (
    #   name                caps               because
    Row("error",            _errors,           _because_errors),
    Row("battery",          _bms,              _because_bms),
    Row("state of charge",  _soc,              _because_soc),
    Row("cell voltage",     _cell_voltage,     _because_cell_voltage),
    Row("cell temperature", _cell_temperature, _because_cell_temperature),
    Row("current",          _current,          _because_current),
    Row("inverter",         _inverter,         _because_inverter),
    Row("grid connection",  _connection,       _because_connection),
    Row("grid code ramp",   _start_ramp,       _because_start_ramp),
    Row("frequency",        _frequency,        _because_frequency),
    Row("a rack joins",     _rack_joins,       _because_rack_joins),
    Row("ramp",             _ramp,             _because_ramp),
    Row("owner's cap",      _cap,              _because_cap),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Allowed:
    """A wish after all limits. `because` is "" when nothing held it back."""

    power_w: float
    limits: Limits
    because: str


def apply_limits(wish_w: float, seen: Snapshot, memory: Memory, site: SiteSettings) -> Allowed:
    """Narrow a wish (discharge +) to what every row allows; `memory` with the errors raised now."""
    max_charge_w, max_discharge_w = FREE
    if not isfinite(wish_w):
        wish_w = 0.0
    charging = wish_w < 0.0
    bit: Row | None = None
    for row in LIMITS:
        charge_w, discharge_w = row.caps(seen, memory, site)
        # Written so that a NaN is not more than 0 either: a limit that is no magnitude allows nothing.
        charge_w = charge_w if charge_w > 0.0 else 0.0
        discharge_w = discharge_w if discharge_w > 0.0 else 0.0
        if charge_w < max_charge_w:
            max_charge_w = charge_w
            bit = row if charging else bit
        if discharge_w < max_discharge_w:
            max_discharge_w = discharge_w
            bit = bit if charging else row
    power_w = max(-max_charge_w, min(wish_w, max_discharge_w)) + 0.0  # never −0.0
    limits = Limits(max_charge_w, max_discharge_w)
    if power_w == wish_w or bit is None:
        return Allowed(power_w, limits, "")
    limits = Limits(max_charge_w, max_discharge_w, bit.name)
    return Allowed(power_w, limits, bit.because(seen, memory, site))
