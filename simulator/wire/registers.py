"""A device's registers as a table of rows: address, form, scale, where the value comes from.

A row's value is in natural units (W, V, A, °C); on the wire it is `round(value / scale)`. None is
sent as the form's invalid value. Writing checks the range.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

READ_HOLDING, READ_INPUT, READ_COILS = 3, 4, 1
WRITE_ONE, WRITE_MANY, WRITE_COIL = 6, 16, 5
READS_OF_WRITE = {WRITE_ONE: READ_HOLDING, WRITE_MANY: READ_HOLDING, WRITE_COIL: READ_COILS, 15: 1}
"""A written value is echoed: which function would read it."""


@dataclass(frozen=True)
class Form:
    """How a number lies in registers."""

    words: int
    low: int
    high: int
    invalid: int
    low_word_first: bool = False
    real: bool = False
    """IEEE-754 instead of a whole number."""


U16 = Form(1, 0, 0xFFFF, 0xFFFF)
I16 = Form(1, -0x8000, 0x7FFF, 0x7FFF)
U32, I32 = Form(2, 0, 0xFFFFFFFF, 0xFFFFFFFF), Form(2, -0x80000000, 0x7FFFFFFF, 0x7FFFFFFF)
I32_LOW_FIRST = Form(2, -0x80000000, 0x7FFFFFFF, 0x7FFFFFFF, low_word_first=True)
F32 = Form(2, 0, 0, 0x7FC00000, real=True)
COIL = Form(1, 0, 1, 0)

Read = Callable[[], float | None]
Write = Callable[[float], None]


class IllegalAddressError(Exception):
    """No such register, or not for this function: exception 2."""


class IllegalValueError(Exception):
    """Outside what the register takes: exception 3."""


@dataclass(frozen=True)
class Row:
    """One value. `functions` may read it; with `write` the matching ones may write it."""

    address: int
    form: Form
    read: Read
    scale: float = 1.0
    functions: tuple[int, ...] = (READ_INPUT, READ_HOLDING)
    write: Write | None = None
    low: float | None = None
    high: float | None = None

    def encode(self) -> list[int]:
        """The registers now."""
        value = self.read()
        form = self.form
        if value is None:
            number = form.invalid
        elif form.real:
            (number,) = struct.unpack(">I", struct.pack(">f", value / self.scale))
        else:
            number = min(max(round(value / self.scale), form.low), form.high)
        words = [number >> 16 & 0xFFFF, number & 0xFFFF] if form.words == 2 else [number & 0xFFFF]
        return words[::-1] if form.low_word_first else words

    def decode(self, words: Sequence[int]) -> float:
        """What was written, in natural units. Raises IllegalValueError."""
        ordered = list(words)[::-1] if self.form.low_word_first else list(words)
        number = 0
        for word in ordered:
            number = number << 16 | int(word)
        if self.form.low < 0 and number > self.form.high:
            number -= 1 << 16 * self.form.words
        value = number * self.scale
        if self.form.real:
            value = struct.unpack(">f", struct.pack(">I", number))[0] * self.scale
        if (
            value != value
            or (self.low is not None and value < self.low)
            or (self.high is not None and value > self.high)
        ):
            raise IllegalValueError
        return value


class Store:
    """A value that is only kept: written, read back, without effect on the plant."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def read(self) -> float:
        """What was written last."""
        return self.value

    def write(self, value: float) -> None:
        """Keep it."""
        self.value = value


class Registers:
    """The table of a device. `alone` are rows that only a read of exactly one register finds."""

    def __init__(self, rows: Iterable[Row], alone: Iterable[Row] = ()) -> None:
        self._alone = {row.address: row for row in alone}
        self._at: dict[tuple[int, int], tuple[Row, int]] = {}
        for row in rows:
            functions = (READ_COILS,) if row.form is COIL else row.functions
            for function in functions:
                for offset in range(row.form.words):
                    self._at[function, row.address + offset] = (row, offset)

    def read(self, function: int, address: int, count: int) -> list[int]:
        """Values of `count` registers or coils. Raises IllegalAddressError."""
        function = READS_OF_WRITE.get(function, function)
        if count == 1 and (row := self._alone.get(address)) is not None and function != READ_COILS:
            return row.encode()
        values: list[int] = []
        encoded: dict[int, list[int]] = {}
        for at in range(address, address + count):
            row, offset = self._find(function, at)
            words = encoded.get(row.address)
            if words is None:
                words = encoded[row.address] = row.encode()
            values.append(words[offset])
        return values

    def write(self, function: int, address: int, values: Sequence[int]) -> None:
        """Write whole rows; nothing is written when one is wrong. Raises IllegalAddressError, IllegalValueError."""
        writes: list[tuple[Write, float]] = []
        at = address
        while at < address + len(values):
            row, offset = self._find(READS_OF_WRITE.get(function, 0), at)
            words = values[at - address : at - address + row.form.words]
            if row.write is None or offset or len(words) != row.form.words:
                raise IllegalAddressError
            writes.append((row.write, row.decode(words)))
            at += row.form.words
        for write, value in writes:
            write(value)

    def _find(self, function: int, address: int) -> tuple[Row, int]:
        found = self._at.get((function, address))
        if found is None:
            raise IllegalAddressError
        return found
