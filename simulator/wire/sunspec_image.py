"""A SunSpec device's registers: marker, models one behind the other, end; from values by `model.point`.

A value of None is "not implemented", and so is a point whose scale factor is None. Points that may be
written take a new value; one that is not implemented refuses (exception 2).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from simulator.wire.registers import READ_HOLDING, Form, Read, Registers, Row, Write
from simulator.wire.sunspec_tables import GROUPS, MODELS

Value = float | str | None | Callable[[], float | None]
MARKER: Final = b"SunS"
END: Final = 0xFFFF
WORD: Final = Form(1, 0, 0xFFFF, 0xFFFF)
FORMS: Final = {
    "int16": Form(1, -0x7FFF, 0x7FFF, 0x8000),
    "uint16": Form(1, 0, 0xFFFE, 0xFFFF),
    "enum16": Form(1, 0, 0xFFFE, 0xFFFF),
    "bitfield16": Form(1, 0, 0xFFFE, 0xFFFF),
    "sunssf": Form(1, -10, 10, 0x8000),
    "pad": Form(1, 0, 0, 0),
    "int32": Form(2, -0x7FFF_FFFF, 0x7FFF_FFFF, 0x8000_0000),
    "uint32": Form(2, 0, 0xFFFF_FFFE, 0xFFFF_FFFF),
    "bitfield32": Form(2, 0, 0xFFFF_FFFE, 0xFFFF_FFFF),
    "acc32": Form(2, 0, 0xFFFF_FFFF, 0),
}
WIDE: Final = {"uint64": 0xFFFF_FFFF, "acc64": 0}
"""Four words, as two halves; and what a half is when it is not implemented."""


@dataclass(frozen=True)
class Point:
    """One point of a table."""

    name: str
    kind: str
    words: int
    scale_by: str
    writable: bool


@cache
def points(table: str) -> tuple[Point, ...]:
    """The points of a table, in their order."""
    found: list[Point] = []
    for text in table.split():
        name, kind, size, scale_by, plus = re.fullmatch(
            r"([\w.]+):([a-z]+(?:16|32|64)?)(\d*)(?:\*(\w+))?(\+?)", text
        ).groups(default="")  # type: ignore[union-attr]
        if kind.startswith("string"):
            kind, size = "string", text.partition("string")[2]
        words = int(size) if kind == "string" else 4 if kind in WIDE else FORMS[kind].words
        found.append(Point(name, kind, words, scale_by, plus == "+"))
    return tuple(found)


class Image:
    """The registers of one device. `values` are read and written by `model.point`, or `model.group.point`."""

    def __init__(
        self,
        chain: Sequence[tuple[int, int]],
        values: dict[str, Value],
        scales: Mapping[str, int],
        *,
        base: int = 40_000,
        on_write: Callable[[str], None] = lambda _key: None,
        signed: frozenset[str] = frozenset(),
    ) -> None:
        """`chain`: models, and how often their group repeats. `signed`: written as two's complement."""
        self.values = values
        self.addresses: dict[str, int] = {}
        self._scales = scales
        self._on_write = on_write
        self._signed = signed
        self.registers = Registers(self._rows(chain, base))

    def number(self, key: str) -> float:
        """A value now; 0 when it is not implemented."""
        value = self.values.get(key)
        found = value() if callable(value) else value
        return found if isinstance(found, float | int) else 0.0

    def _rows(self, chain: Sequence[tuple[int, int]], base: int) -> Iterator[Row]:
        yield from _constants(base, [int.from_bytes(MARKER[i : i + 2], "big") for i in (0, 2)])
        address = base + 2
        for model, groups in chain:
            tables = [(str(model), points(MODELS[model]))]
            tables += [(f"{model}.{n}", points(GROUPS[model])) for n in range(groups)]
            length = sum(point.words for _, table in tables for point in table)
            yield from _constants(address, [model, length])
            address += 2
            for prefix, table in tables:
                for point in table:
                    yield from self._point(model, f"{prefix}.{point.name}", point, address)
                    address += point.words
        yield from _constants(address, [END, 0])

    def _point(self, model: int, key: str, point: Point, address: int) -> Iterator[Row]:
        self.addresses[key] = address
        if point.kind == "string":
            text = self.values.get(key)
            raw = (
                (text if isinstance(text, str) else "")
                .encode("ascii")
                .ljust(2 * point.words, b"\0")
            )
            pairs = (raw[i : i + 2] for i in range(0, len(raw), 2))
            yield from _constants(address, [int.from_bytes(pair, "big") for pair in pairs])
            return
        scale = 0 if not point.scale_by else self._scales.get(f"{model}.{point.scale_by}")
        if point.kind == "sunssf":
            self.values[key] = self._scales.get(key)
        read = self._read(key) if scale is not None else lambda: None
        if point.kind in WIDE:
            yield from _halves(address, read, 10.0 ** (scale or 0), WIDE[point.kind])
            return
        form = FORMS["int16"] if key in self._signed else FORMS[point.kind]
        served = point.writable and scale is not None and self.values.get(key) is not None
        write = self._write(key) if served else None
        factor = 10.0 ** (scale or 0)
        yield Row(address, form, read, factor, functions=(READ_HOLDING,), write=write)

    def _read(self, key: str) -> Read:
        def read() -> float | None:
            value = self.values.get(key)
            found = value() if callable(value) else value
            return found if isinstance(found, float | int) else None

        return read

    def _write(self, key: str) -> Write:
        def write(value: float) -> None:
            self.values[key] = value
            self._on_write(key)

        return write


def _constants(address: int, words: Sequence[int]) -> Iterator[Row]:
    for place, word in enumerate(words):
        yield Row(address + place, WORD, _always(word), functions=(READ_HOLDING,))


def _always(word: int) -> Read:
    return lambda: float(word)


def _halves(address: int, read: Read, scale: float, missing: int) -> Iterator[Row]:
    """A number of four words, as two of two."""
    form = Form(2, 0, 0xFFFF_FFFF, missing)

    def half(shift: int) -> Read:
        def value() -> float | None:
            number = read()
            return None if number is None else float(round(number / scale) >> shift & 0xFFFF_FFFF)

        return value

    yield Row(address, form, half(32), functions=(READ_HOLDING,))
    yield Row(address + 2, form, half(0), functions=(READ_HOLDING,))
