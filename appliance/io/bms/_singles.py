"""Single cell voltages or temperatures, which come a few per frame: all of them, their mean and extremes."""

import re
from dataclasses import dataclass
from math import fsum
from typing import Final

from appliance.io.bms._map_values import SingleMap, Source
from appliance.io.bms._signals import Bits
from appliance.io.bms._sources import Part, Sourcer, believable, line
from appliance.io.bms._store import Stored

RENEW_S: Final = 1.0
"""A round of all cells takes seconds; it need not be looked at more often than this."""


@dataclass(frozen=True, slots=True)
class Cells:
    """All single values of one rack."""

    values: tuple[float | None, ...] = ()
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    low_at: str | None = None
    high_at: str | None = None


NOTHING: Final = Cells()


@dataclass(frozen=True, slots=True)
class _Cell:
    part: Part
    valid: Part | None
    scale: float
    offset: float


class Singles:
    """The single values of every rack."""

    def __init__(
        self, name: str, single: SingleMap, per_rack: int, racks: int, sourcer: Sourcer
    ) -> None:
        """`per_rack`: of frames that carry the cells of all racks in one row."""
        self._map = single
        self._low, self._high = believable(name)
        self._invalid = frozenset(single.invalid)
        layout = sourcer.family.layout
        self._cells: dict[int, list[_Cell]] = {}
        if layout.by == "mux":
            every = self._found(sourcer, None, single.count)
            self._cells[1] = every
            if racks > 1:
                self._cells = {
                    rack: every[per_rack * (rack - 1) : per_rack * rack]
                    for rack in range(1, racks + 1)
                }
        else:
            for rack in range(1, racks + 1):
                self._cells[rack] = self._found(sourcer, rack, single.count)
        self._renewed_at_s: float | None = None
        self._known: dict[int, Cells] = {}

    def of(self, rack: int, stored: Stored, now_s: float) -> Cells:
        """Of one rack, at most a second old."""
        if self._renewed_at_s is None or now_s - self._renewed_at_s >= RENEW_S:
            self._renewed_at_s = now_s
            self._known = {
                number: self._renewed(number, cells, stored, now_s)
                for number, cells in self._cells.items()
            }
        return self._known.get(rack, NOTHING)

    def _renewed(self, rack: int, cells: list[_Cell], stored: Stored, now_s: float) -> Cells:
        values = [self._value(cell, stored, now_s) for cell in cells]
        while values and values[-1] is None:
            values.pop()  # the rest of the last frame is filling, or never came
        known = [value for value in values if value is not None]
        if not known:
            return NOTHING
        low, high = min(known), max(known)
        return Cells(
            tuple(values),
            fsum(known) / len(known),
            low,
            high,
            f"{rack}.{values.index(low) + 1}",
            f"{rack}.{values.index(high) + 1}",
        )

    def _value(self, cell: _Cell, stored: Stored, now_s: float) -> float | None:
        raw = cell.part.raw(stored, now_s)
        if raw is None or raw & (1 << cell.part.bits.length) - 1 in self._invalid:
            return None
        if cell.valid is not None and not cell.valid.raw(stored, now_s):
            return None
        number = raw * cell.scale + cell.offset
        return number if self._low <= number <= self._high else None

    # ------------------------------------------------------------ where they lie

    def _found(self, sourcer: Sourcer, rack: int | None, count: int | None) -> list[_Cell]:
        single, cells = self._map, []
        for message in single.message:
            names = [
                name for pattern in single.signals for name in _matching(sourcer, message, pattern)
            ]
            signals = [sourcer.dictionary.bits(f"{message}.{name}") for name in names]
            flags = [sourcer.dictionary.bits(f"{message}.{name}") for name in single.valid]
            if single.number is not None:
                sourcer.dictionary.signal(f"{message}.{single.number}")
            pairs = [
                (bits, flags[place] if place < len(flags) else None)
                for place, bits in enumerate(signals)
                if bits is not None
            ]
            for page in self._pages([bits for bits, _flag in pairs]):
                for bits, flag in pairs:
                    if page is None or not bits.pages or page in bits.pages:
                        cells.append(self._cell(sourcer, bits, flag, rack, page))
        return cells[:count]

    def _pages(self, signals: list[Bits]) -> list[int | None]:
        if self._map.number is not None:
            first = self._map.first
            return list(range(first, first + (self._map.count or 0)))
        pages = sorted({page for bits in signals for page in bits.pages})
        return list(pages) or [None]

    def _cell(
        self, sourcer: Sourcer, bits: Bits, flag: Bits | None, rack: int | None, page: int | None
    ) -> _Cell:
        single, key = self._map, sourcer.payloads.key
        source = Source(
            signal=(bits.name,), unit=single.unit, scale=single.scale, offset=single.offset
        )
        valid = None if flag is None else Part(flag, key(flag, rack, page), single.max_age_s)
        part = Part(bits, key(bits, rack, page), single.max_age_s)
        return _Cell(part, valid, *line(bits, source))


def _matching(sourcer: Sourcer, message: str, pattern: str) -> list[str]:
    """Names of a message that fit, in the order of their numbers."""
    if "*" not in pattern:
        return [pattern]
    found = sourcer.dictionary.message(message)
    shape = re.compile(re.escape(pattern).replace(r"\*", r"(\d+)"))
    names = [signal.name for signal in found.signals] if found is not None else []
    fitting = [(match, name) for name in names if (match := shape.fullmatch(name))]
    if not fitting:
        sourcer.dictionary.mistakes.append(f"{message} has no signals {pattern}")
    return [
        name for match, name in sorted(fitting, key=lambda one: [int(n) for n in one[0].groups()])
    ]
