"""One SunSpec model of one device: its points as registers to read and to write.

Scale factors are constants of a device; they are taken from what the model held when it was read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import copysign
from typing import Final, NamedTuple

from appliance.io.registers import Register, Type, Write
from appliance.io.sunspec.definitions import Definition, Point

LARGEST_SF: Final = 10
MOST_GROUPS: Final = 32
ROUNDING: Final = 1e-6


class Wire(NamedTuple):
    """How a SunSpec type lies in registers, and which raw number says "not implemented"."""

    type: Type
    missing: tuple[int, ...]
    """A float says so with a NaN, which is no number anyway."""


WIRES: Final = {
    "int16": Wire("i16", (0x8000,)),
    "uint16": Wire("u16", (0xFFFF,)),
    "count": Wire("u16", (0xFFFF,)),
    "acc16": Wire("u16", (0,)),
    "enum16": Wire("u16", (0xFFFF,)),
    "bitfield16": Wire("u16", (0xFFFF,)),
    "sunssf": Wire("i16", (0x8000,)),
    "int32": Wire("i32", (0x8000_0000,)),
    "uint32": Wire("u32", (0xFFFF_FFFF,)),
    "acc32": Wire("u32", (0,)),
    "enum32": Wire("u32", (0xFFFF_FFFF,)),
    "bitfield32": Wire("u32", (0xFFFF_FFFF,)),
    "int64": Wire("i64", (0x8000_0000_0000_0000,)),
    "uint64": Wire("u64", (0xFFFF_FFFF_FFFF_FFFF,)),
    "acc64": Wire("u64", (0,)),
    "float32": Wire("f32", ()),
    "float64": Wire("f64", ()),
}
SETTABLE: Final[dict[Type, tuple[int, int]]] = {
    "i16": (-0x7FFF, 0x7FFF),
    "u16": (0, 0xFFFE),
    "i32": (-0x7FFF_FFFF, 0x7FFF_FFFF),
    "u32": (0, 0xFFFF_FFFE),
}
"""What a register takes, without the number that says "not implemented"."""


class Wanted(NamedTuple):
    """A point to be read, our name for it, and what one of its units is in ours."""

    point: str
    name: str
    slow: bool = True
    factor: float = 1.0
    signed: bool = False
    """Unsigned in the standard, two's complement in this device."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that a device has, with the words it held when the device was identified."""

    definition: Definition
    address: int
    words: tuple[int, ...]
    """All of them, with ID and L."""

    @property
    def groups(self) -> int:
        """How often its repeating group is there."""
        size = self.definition.each_words
        return (
            min(MOST_GROUPS, max(0, len(self.words) - self.definition.words) // size) if size else 0
        )

    def number(self, point: str, group: int | None = None) -> float | None:
        """What it held, scaled; None when the device does not have it, or not sensibly."""
        row = self.row(Wanted(point, point), group)
        if row is None:
            return None
        start = row.address - self.address
        return row.decode(self.words[start : start + row.count])

    def has(self, *points: str) -> bool:
        """The device has all of these points."""
        return all(self.number(point) is not None for point in points)

    def text(self, point: str) -> str:
        """A string; empty when the device does not have it."""
        found = self.definition.points[point]
        words = self.words[found.offset : found.offset + found.words]
        raw = b"".join(word.to_bytes(2, "big") for word in words)
        text = raw.split(b"\0")[0].decode("ascii", "replace").strip()
        return "".join(letter for letter in text if letter.isprintable())

    def row(self, wanted: Wanted, group: int | None = None) -> Register | None:
        """The register of a point; None when this device's model is too short for it or has no scale."""
        points = self.definition.points if group is None else self.definition.each
        point = points[wanted.point]
        wire = WIRES.get(point.type)
        start = 0 if group is None else self.definition.words + group * self.definition.each_words
        end = start + point.offset + point.words
        scale = self._scale(point)
        if wire is None or scale is None or end > len(self.words):
            return None
        return Register(
            address=self.address + start + point.offset,
            type="i16" if wanted.signed and wire.type == "u16" else wire.type,
            name=wanted.name,
            source=f"SunSpec model {self.definition.id}, {point.name}",
            scale=scale * wanted.factor,
            invalid=wire.missing,
            slow=wanted.slow,
        )

    def rows(self, wanted: Iterable[Wanted], group: int | None = None) -> tuple[Register, ...]:
        """The registers of those points that are there."""
        found = (self.row(each, group) for each in wanted)
        return tuple(row for row in found if row is not None)

    def write(self, point: str, value: float, *, signed: bool = False) -> Write:
        """The request that sets a point, rounded towards zero and clamped to what the register takes.

        `signed` writes an unsigned register as two's complement. Raises ValueError for a point that is not there.
        """
        row = self.row(Wanted(point, point, signed=signed))
        if row is None:
            msg = f"SunSpec model {self.definition.id} has no {point}"
            raise ValueError(msg)
        low, high = SETTABLE[row.type]
        scaled = value / row.scale
        raw = max(low, min(high, int(scaled + copysign(ROUNDING, scaled))))
        return replace(row, scale=1.0).write(raw)

    def held(self, write: Write) -> Write:
        """The same, as a setting that a device may keep in memory that wears out."""
        start = write.address - self.address
        return replace(write, stored=True, holds=self.words[start : start + len(write.words)])

    def _scale(self, point: Point) -> float | None:
        factor = point.scale_by
        if isinstance(factor, str):
            place = self.definition.points.get(factor)
            if place is None or place.offset >= len(self.words):
                return None
            word = self.words[place.offset]
            factor = word - 0x1_0000 if word & 0x8000 else word
        return 10.0**factor if abs(factor) <= LARGEST_SF else None
