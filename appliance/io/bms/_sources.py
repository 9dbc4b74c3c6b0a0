"""Values from a signal map's sources: fresh, in our units, believable, with the place of the cell."""

from collections.abc import Callable
from dataclasses import dataclass
from math import fsum
from typing import Final

from appliance.io.bms._map_values import UNITS, LimitMap, Source, Sources, When
from appliance.io.bms._signals import Bits, Dictionary
from appliance.io.bms._store import Key, Payloads, Stored
from appliance.io.bms.family import Family
from appliance.io.plausible import bounds

Read = Callable[[Stored, float], float | None]
"""A value from the stored payloads at an instant; None when it is not known."""
RawRead = Callable[[Stored, float], int | None]

_BOUNDS: Final = {
    "cycles": (0.0, 1e6),
    "insulation_ohm": (0.0, 1e10),
    "resistance_ohm": (0.0, 100.0),
}
"""Beside those of every reading."""
_JOIN: Final[dict[str, Callable[[list[float]], float]]] = {
    "mean": lambda numbers: fsum(numbers) / len(numbers),
    "min": min,
    "max": max,
    "sum": sum,
}


@dataclass(frozen=True, slots=True)
class Part:
    """One signal, kept under one key."""

    bits: Bits
    key: Key
    max_age_s: float

    def raw(self, stored: Stored, now_s: float) -> int | None:
        """The bare number; None when it is missing or too old."""
        frame = stored.get(self.key)
        if frame is None or now_s - frame[2] > self.max_age_s:
            return None
        return self.bits.raw(frame[1])


class Sourcer:
    """Finds the sources of a map: for a rack (from 1), or for the battery as a whole (None)."""

    def __init__(self, family: Family, dictionary: Dictionary, payloads: Payloads) -> None:
        self.family = family
        self.dictionary = dictionary
        self.payloads = payloads

    def part(self, name: str, rack: int | None, max_age_s: float | None) -> Part | None:
        """`Message.Signal`; None, and a mistake noted, when there is none."""
        bits = self.dictionary.bits(name)
        if bits is None:
            return None
        return Part(bits, self.payloads.key(bits, rack), max_age_s or self.family.max_age_s)

    def parts(
        self, names: tuple[str, ...], rack: int | None, max_age_s: float | None
    ) -> tuple[Part, ...]:
        """Those that there are."""
        found = [self.part(name, rack, max_age_s) for name in names]
        return tuple(part for part in found if part is not None)

    def reader(self, name: str, sources: Sources, rack: int | None) -> Read:
        """The first source that is fresh and believable."""
        reads = [taken.read for taken in self.take(name, sources, rack)]
        if len(reads) == 1:
            return reads[0]

        def read(stored: Stored, now_s: float) -> float | None:
            for one in reads:
                number = one(stored, now_s)
                if number is not None:
                    return number
            return None

        return read

    def take(self, name: str, sources: Sources, rack: int | None) -> tuple["Taken", ...]:
        """The sources of one value; what cannot be found is noted in the dictionary."""
        found = [self._taken(name, source, rack) for source in sources]
        return tuple(taken for taken in found if taken is not None)

    def _taken(self, name: str, source: Source, rack: int | None) -> "Taken | None":
        holder = rack if source.rack is None else None
        parts = self.parts(source.signal, holder, source.max_age_s)
        places = self.parts(source.at, holder, source.max_age_s)
        choices = [self.dictionary.numbers(part.bits.name, source.equals) for part in parts]
        index = None if source.rack is None else self.part(source.rack, None, source.max_age_s)
        if len(parts) != len(source.signal):
            return None
        read = _number(name, source, parts, choices)
        if index is not None and rack is not None:
            read = _of_rack(read, index, self.family.layout.first_rack + rack - 1)
        layout = self.family.layout
        size = layout.cells_per_module if name.endswith("_v") else layout.sensors_per_module
        return Taken(read, places, size, source.at_first)

    def condition(self, row: When, rack: int | None) -> RawRead:
        """1 while the condition holds, 0 while not, None when not known."""
        part = self.part(row.signal, rack, row.max_age_s)
        values = self.dictionary.numbers(row.signal, row.equals)

        def holds(stored: Stored, now_s: float) -> int | None:
            raw = None if part is None else part.raw(stored, now_s)
            return None if raw is None else int(is_set(raw, values, row.mask))

        return holds

    def limit(self, limit: LimitMap, rack: int | None) -> "Limit":
        """What the BMS allows."""
        return Limit(
            self.reader("current_a", limit.current_a, rack),
            self.reader("power_w", limit.power_w, rack),
            tuple([self.condition(row, rack) for row in limit.forbidden]),
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """One source, and where its value was measured, when it says so."""

    read: Read
    places: tuple[Part, ...]
    module_size: int
    first: int

    def at(self, rack: int, stored: Stored, now_s: float) -> str | None:
        """The cell as "rack.cell"."""
        numbers = [part.raw(stored, now_s) for part in self.places]
        match numbers:
            case [int(number)]:
                return f"{rack}.{number - self.first + 1}"
            case [int(module), int(place)]:
                return f"{rack}.{module * self.module_size + place + 1}"
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit from a current, a power, and what forbids it."""

    current: Read
    power: Read
    forbidden: tuple[RawRead, ...]

    def read_w(self, stored: Stored, voltage_v: float | None, now_s: float) -> float | None:
        """The smaller of current times voltage and power, of what is known; a negative one is no limit."""
        if any(holds(stored, now_s) for holds in self.forbidden):
            return 0.0
        current_a, power_w = self.current(stored, now_s), self.power(stored, now_s)
        by_current_w = None
        if current_a is not None and voltage_v is not None:
            by_current_w = current_a * voltage_v
        known = [one for one in (current_a, by_current_w, power_w) if one is not None]
        if any(one < 0.0 for one in known):
            return None
        least_w = min((w for w in (by_current_w, power_w) if w is not None), default=None)
        return believed("power_w", least_w)


def is_set(raw: int, values: frozenset[int], mask: int | None) -> bool:
    """One of the values, a bit of the mask; or, with neither, not 0."""
    if values:
        return raw in values
    return bool(raw if mask is None else raw & mask)


def line(bits: Bits, source: Source) -> tuple[float, float]:
    """Factor and offset from the bare number to ours."""
    factor, offset = UNITS[source.unit] if source.unit else (1.0, 0.0)
    if source.equals or source.mask is not None:
        return source.scale, source.offset
    scale = bits.scale * factor * source.scale
    return scale, (bits.offset * factor + offset) * source.scale + source.offset


def believable(name: str) -> tuple[float, float]:
    """Lowest and highest of a quantity with this name."""
    return _BOUNDS.get(name) or bounds(name)


def believed(name: str, value: float | None) -> float | None:
    """A value that was calculated, unless it cannot be true."""
    low, high = believable(name)
    return value if value is not None and low <= value <= high else None


def _number(
    name: str, source: Source, parts: tuple[Part, ...], choices: list[frozenset[int]]
) -> Read:
    special = source.invalid or source.equals or source.mask is not None or source.magnitude
    if len(parts) == 1 and not special:
        return _plain(name, parts[0], *line(parts[0].bits, source))
    lines = [line(part.bits, source) for part in parts]
    low, high = believable(name)
    join, logical = _JOIN[source.join], bool(source.equals or source.mask is not None)

    def read(stored: Stored, now_s: float) -> float | None:
        numbers = []
        for part, values, (scale, offset) in zip(parts, choices, lines, strict=True):
            raw = part.raw(stored, now_s)
            if raw is None or raw & (1 << part.bits.length) - 1 in source.invalid:
                return None
            value = is_set(raw, values, source.mask) if logical else raw
            numbers.append(value * scale + offset)
        number = join(numbers)
        number = abs(number) if source.magnitude else number
        return number if low <= number <= high else None

    return read


def _plain(name: str, part: Part, scale: float, offset: float) -> Read:
    """The usual case, with nothing in its way."""
    key, age_s, size, bare = part.key, part.max_age_s, part.bits.payload_bytes, part.bits.number
    low, high = believable(name)

    def read(stored: Stored, now_s: float) -> float | None:
        frame = stored.get(key)
        if frame is None or now_s - frame[2] > age_s or len(frame[1]) < size:
            return None
        number = bare(frame[1]) * scale + offset
        return number if low <= number <= high else None

    return read


def _of_rack(read: Read, index: Part, rack_index: int) -> Read:
    def only(stored: Stored, now_s: float) -> float | None:
        return read(stored, now_s) if index.raw(stored, now_s) == rack_index else None

    return only
