"""Whole messages by name: what `cantools.Database.decode_message` gives, compiled to straight-line code.

cantools stays the one that reads DBC files. Of every message it describes, a function is made once that
takes all signals out by one struct and a few shifts. Same numbers, same types (decode_choices=False).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from struct import Struct
from struct import error as StructError  # noqa: N812
from typing import Final

import cantools
from cantools.database.can import Database, Message
from cantools.database.can import Signal as DbcSignal

from appliance.io.bms._bits import (
    Place,
    bits_source,
    cut_source,
    fills,
    function,
    place_of,
    taken_source,
    unpacked,
)
from appliance.io.buses.can import EXTENDED

Value = int | float
Values = dict[str, Value]
Made = Callable[[bytes], Values]
Tree = list[object]
"""cantools' signal tree: names, and {name of a multiplexer: {its number: tree}}."""


LONGEST_TABLE: Final = 12
"""Bits of signals whose values are looked up."""


class FrameError(Exception):
    """A payload is too short, or of a multiplexer value that the DBC does not have."""


def frame_id(message: Message) -> int:
    """The id as in `Frame.id`."""
    number: int = message.frame_id
    return number | EXTENDED if message.is_extended_frame else number


class Codec:
    """All messages of a DBC. `decode(frame_id, data)` gives numbers by signal name."""

    def __init__(self, database: Database) -> None:
        self.decoders: dict[int, Made] = {
            frame_id(message): _decoder(message) for message in database.messages
        }

    @classmethod
    def load(cls, path: Path) -> "Codec":
        """Of a DBC file; sloppy ones too."""
        database = cantools.database.load_file(str(path), strict=False)
        assert isinstance(database, Database)
        return cls(database)

    def decode(self, number: int, data: bytes) -> Values:
        """Raises KeyError for an unknown id (as in `Frame.id`), FrameError for a payload that does not fit."""
        return self.decoders[number](data)


def _decoder(message: Message) -> Made:
    size: int = message.length
    maker = _Maker(message)
    body = maker.body(list(message.signal_tree), [])
    lines = [" try:", *(" " + line for line in body), " except errors:", "  return made(fit(d))"]
    source = "\n".join(["def made(d):", *lines])
    known = maker.known | {
        "errors": (StructError, IndexError),
        "fit": lambda data: _fitting(data, size),
    }
    return _made(source, known)


def _made(source: str, known: dict[str, object]) -> Made:
    made = function(source, known)
    assert callable(made)
    decode: Made = made
    return decode


def _fitting(data: bytes, size: int) -> bytes:
    if len(data) <= size:
        raise FrameError(f"{len(data)} of {size} bytes")
    return data[:size]


class _Maker:
    """Writes the code of one message. A wrong length ends in struct's error or an IndexError."""

    def __init__(self, message: Message) -> None:
        self._bytes: int = message.length
        self._signals: Mapping[str, DbcSignal] = {one.name: one for one in message.signals}
        self.known: dict[str, object] = {}

    def body(self, tree: Tree, before: list[str]) -> list[str]:
        """Lines that return all signals of this part of the tree, and those `before` it."""
        names = before + [name for name in tree if isinstance(name, str)]
        muxes = [one for one in tree if isinstance(one, dict)]
        if not muxes:
            return self._leaf(names)
        names += [name for mux in muxes for name in mux]
        if len(muxes) == 1:
            return [f" return {self._paged(muxes[0], names)}"]
        self.known[common := f"part{len(self.known)}"] = self._function(self._leaf(names))
        parts = [self._paged(mux, []) for mux in muxes]
        return [f" return {{**{common}(d), {', '.join('**' + part for part in parts)}}}"]

    def _paged(self, mux: dict[str, dict[int, Tree]], names: list[str]) -> str:
        """A call of the function for the multiplexer's number."""
        ((name, pages),) = mux.items()
        table = {number: self._function(self.body(page, names)) for number, page in pages.items()}
        self.known[key := f"pages{len(self.known)}"] = _Pages(name, table)
        signal = self._signals[name]
        return f"{key}[{_scaled(signal, taken_source(place_of(signal)))}](d)"

    def _leaf(self, names: list[str]) -> list[str]:
        places = [place_of(self._signals[name]) for name in names]
        found = unpacked(places, self._bytes)
        if found is None:
            items = [self._item(name, "d", 0, 0, ()) for name in names]
            return [
                f" if len(d) != {self._bytes}: raise IndexError",
                f" return {{{', '.join(items)}}}",
            ]
        text, spans = found
        self.known[packed := f"unpack{len(self.known)}"] = Struct(text).unpack
        items = [
            self._item(name, f"n{first}", first, last, places)
            for name, place in zip(names, places, strict=True)
            for first, last in spans
            if first <= place.first and place.last <= last
        ]
        numbers = "".join(f"n{first}, " for first, _last in spans)
        return [f" {numbers}= {packed}(d)", f" return {{{', '.join(items)}}}"]

    def _item(
        self, name: str, whole: str, first: int, last: int, places: Sequence[Place]
    ) -> str:  # fmt: skip
        """`'Signal': number` of a dictionary."""
        signal = self._signals[name]
        place = place_of(signal)
        if whole == "d":
            return f"{name!r}: {_scaled(signal, taken_source(place))}"
        if fills(places, first, last):
            return f"{name!r}: {_scaled(signal, whole)}"
        table = _table(signal)
        if table is not None:
            self.known[key := f"table{len(self.known)}"] = table
            return f"{name!r}: {key}[{bits_source(place, whole, first, last)}]"
        return f"{name!r}: {_scaled(signal, cut_source(place, whole, first, last))}"

    def _function(self, lines: list[str]) -> Made:
        return _made("\n".join(["def made(d):", *lines]), self.known)


def _line(signal: DbcSignal) -> tuple[Value, Value]:
    """Scale and offset as cantools uses them: whole numbers stay whole."""
    scale, offset = signal.conversion.scale, signal.conversion.offset
    if not signal.is_float and scale == int(scale) and offset == int(offset):
        return int(scale), int(offset)
    return scale, offset


def _scaled(signal: DbcSignal, source: str) -> str:
    scale, offset = _line(signal)
    if scale == 1 and offset == 0:
        return source
    return f"({source}) * {scale!r}" + (f" + {offset!r}" if offset else "")


def _table(signal: DbcSignal) -> tuple[Value, ...] | None:
    """All its values, of a short number whose value is not its bits: looking up is less than calculating."""
    scale, offset = _line(signal)
    plain = not signal.is_signed and scale == 1 and offset == 0
    if plain or signal.is_float or signal.length > LONGEST_TABLE:
        return None
    return _values_of(int(signal.length), signal.is_signed, scale, offset)


@cache
def _values_of(length: int, signed: bool, scale: Value, offset: Value) -> tuple[Value, ...]:
    half = 1 << length - 1 if signed else 0
    bare = [(bits ^ half) - half for bits in range(1 << length)]
    return tuple([number * scale + offset if offset else number * scale for number in bare])


class _Pages(dict[Value, Made]):
    """Functions by the multiplexer's number."""

    def __init__(self, name: str, table: dict[int, Made]) -> None:
        super().__init__(table.items())
        self._name = name

    def __missing__(self, number: Value) -> Made:
        raise FrameError(f"no {self._name} {number}")
