"""How far may the battery go right now: one row per reason to hold power back.

A row answers with two magnitudes, `(max_charge_w, max_discharge_w)`. The tightest wins, rows only
ever narrow, and the row that held the wish back says so in words.
"""

from math import isfinite
from typing import Final, NamedTuple

from appliance.limits import battery, cells, grid, held
from appliance.limits.row import FREE, Row
from appliance.model import Limits, Memory, Snapshot
from appliance.site import SiteSettings

# fmt: off
LIMITS: Final = (
    #   name                caps                    because                        not where
    Row("error",            held.errors,            held.because_errors),
    Row("battery",          battery.bms,            battery.because_bms),
    Row("state of charge",  battery.soc,            battery.because_soc),
    Row("cell voltage",     cells.cell_voltage,     cells.because_cell_voltage),
    Row("cell temperature", cells.cell_temperature, cells.because_cell_temperature),
    Row("current",          battery.current,        battery.because_current,       battery.no_current),
    Row("inverter",         grid.inverter,          grid.because_inverter),
    Row("apparent power",   grid.apparent_power,    grid.because_apparent_power,   grid.no_apparent_power),
    Row("grid connection",  grid.connection,        grid.because_connection),
    Row("grid code ramp",   grid.start_ramp,        grid.because_start_ramp,       grid.no_code),
    Row("frequency",        grid.frequency,         grid.because_frequency,        grid.no_code),
    Row("a rack joins",     battery.rack_joins,     battery.because_rack_joins),
    Row("ramp",             held.ramp,              held.because_ramp,             held.no_ramp),
    Row("owner's cap",      held.cap,               held.because_cap),
)
# fmt: on


class Allowed(NamedTuple):
    """A wish after all limits. `because` is "" when nothing held it back."""

    power_w: float
    limits: Limits
    because: str


def limits_of(site: SiteSettings) -> tuple[Row, ...]:
    """The rows that may hold anything back on this site."""
    return tuple(row for row in LIMITS if row.absent is None or not row.absent(site))


def apply_limits(
    wish_w: float,
    seen: Snapshot,
    memory: Memory,
    site: SiteSettings,
    rows: tuple[Row, ...] = LIMITS,
) -> Allowed:
    """Narrow a wish (discharge +) to what every row allows; `memory` with the errors raised now."""
    max_charge_w, max_discharge_w = FREE
    if not isfinite(wish_w):
        wish_w = 0.0
    charging = wish_w < 0.0
    bit: Row | None = None
    for row in rows:
        caps = row.caps(seen, memory, site)
        if caps is FREE:
            continue
        charge_w, discharge_w = caps
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
