"""Readings that stand still although power flows: a device that says the same for ever has stopped measuring.

Everything that is measured jitters in its last digit. So a source whose values have not changed at all
for longer than its row's time counts as silent: its reading in the Snapshot is None, until a value
changes. Only time in which power flows counts, because a battery at rest may well read the same.

The grid meter has a witness: when the battery's power has moved and the grid's has not at all, there is
nothing to wait for. Else the battery would climb for a minute after an error that never goes away.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from appliance.model import Snapshot

FLOWS_W: Final = 200.0
WITNESS_W: Final = 500.0
"""The battery has moved by so much since the grid's power last changed."""
WITNESS_S: Final = 5.0
POLLS: Final = 3.0
"""A witness is heard after so many times the age at which the meter counts as silent."""
LEAST_KNOWN: Final = 3
"""Fewer values than this may agree by chance; a row with one field takes the risk knowingly."""

Values = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One source. All `fields` that are known must stand still for `longest_s` of flowing power."""

    source: str
    """Its name in the Snapshot."""
    fields: tuple[str, ...]
    longest_s: float
    flows: Callable[[Snapshot], bool]
    title: str


def _battery_power(seen: Snapshot) -> bool:
    """By either of its two witnesses: the one that stands still may have stopped at zero."""
    return any(
        abs(one.power_w or 0.0) > FLOWS_W
        for one in (seen.inverter, seen.battery)
        if one is not None
    )


def _any_power(seen: Snapshot) -> bool:
    pv_w = 0.0 if seen.pv is None else seen.pv.power_w or 0.0
    return _battery_power(seen) or abs(pv_w) > FLOWS_W


def _pv_power(seen: Snapshot) -> bool:
    return seen.pv is not None and abs(seen.pv.power_w or 0.0) > FLOWS_W


_INVERTER: Final = ("power_w", "reactive_var", "phases", "frequency_hz", "dc_voltage_v", "temperature_c")  # fmt: skip
# What the BMS says, not what is made of it: our own count goes on when the BMS stands still.
_BATTERY: Final = ("voltage_v", "current_a", "power_w", "soc_bms_pct", "racks")
# fmt: off
STILLNESS: Final = (
    #   source      fields        longest  while              title
    Row("grid",     ("power_w",),    60.0, _any_power,        "grid meter"),
    Row("pv",       ("power_w",),   300.0, _pv_power,         "PV meter"),
    Row("inverter", _INVERTER,       60.0, _battery_power,    "inverter"),
    Row("battery",  _BATTERY,       300.0, _battery_power,    "battery"),
)
# fmt: on


@dataclass(slots=True)
class _Watch:
    """What one source said last, and for how long of flowing power it has said nothing else."""

    values: Values = ()
    still_s: float = 0.0
    witness_w: float | None = None
    """The battery's power when they last changed."""


class Stillness:
    """Looks at each Snapshot once, in order."""

    def __init__(self, grid_max_age_s: float = 1.0) -> None:
        self._watches = {row.source: _Watch() for row in STILLNESS}
        self._witness_s = max(WITNESS_S, POLLS * grid_max_age_s)
        self._before_s: float | None = None

    def freeze_out(self, seen: Snapshot) -> Snapshot:
        """The Snapshot without the readings that stand still; `frozen` names them."""
        passed_s = 0.0 if self._before_s is None else seen.now_s - self._before_s
        self._before_s = seen.now_s
        still = [row for row in STILLNESS if self._still(row, seen, passed_s)]
        if not still:
            return seen
        names = tuple([row.title for row in still])
        missing = {row.source: None for row in still}
        return msgspec.structs.replace(seen, frozen=names, **missing)

    def _still(self, row: Row, seen: Snapshot, passed_s: float) -> bool:
        watch = self._watches[row.source]
        reading = getattr(seen, row.source)
        if reading is None:
            watch.values, watch.still_s = (), 0.0
            return False
        values = tuple([getattr(reading, field) for field in row.fields])
        battery_w = None if seen.inverter is None else seen.inverter.power_w
        if values != watch.values:
            watch.values, watch.still_s, watch.witness_w = values, 0.0, battery_w
            return False
        known = sum(1 for value in values if value not in (None, ()))
        if known < min(LEAST_KNOWN, len(row.fields)):
            return False
        longest_s = row.longest_s
        if row.source == "grid" and _moved(watch.witness_w, battery_w):
            longest_s = self._witness_s
        if watch.still_s <= longest_s and row.flows(seen):
            watch.still_s += passed_s
        if watch.still_s > longest_s:
            watch.still_s = max(watch.still_s, row.longest_s + passed_s)  # until it moves
            return True
        return False


def _moved(before_w: float | None, now_w: float | None) -> bool:
    return before_w is not None and now_w is not None and abs(now_w - before_w) > WITNESS_W
