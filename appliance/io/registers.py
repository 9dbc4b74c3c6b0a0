"""Modbus registers as tables: which ones to read in how few requests, and what their words mean."""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from appliance.io.plausible import plausible

Values = Mapping[str, float | None]
"""Decoded registers by name; None where the device marks the value invalid or it cannot be true."""

Kind = Literal["holding", "input", "coil", "discrete"]
Ask = Callable[[Kind, int, int], tuple[int, ...]]
"""Read `count` words (or bits) of a kind from an address, now. Raises BusError, RefusedError."""
Type = Literal["bit", "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64"]
_FORMATS: Final[dict[Type, str]] = {
    "u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "u64": ">Q", "i64": ">q", "f32": ">f", "f64": ">d",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Register:
    """One quantity of a device. `name` carries our unit, `scale` turns the raw number into it."""

    address: int
    """As on the wire, counted from 0."""
    type: Type
    name: str
    source: str
    """Document and page that says so."""
    kind: Kind = "holding"
    scale: float = 1.0
    low_word_first: bool = False
    invalid: tuple[int, ...] = ()
    """Raw bit patterns with which the device says "not known"."""
    slow: bool = False
    """Read once a second is enough."""
    optional: bool = False
    """Some devices refuse it; then it is None and the rest is still used."""

    @property
    def count(self) -> int:
        """How many words (or bits) it takes."""
        return 1 if self.type == "bit" else struct.calcsize(_FORMATS[self.type]) // 2

    def decode(self, words: Sequence[int]) -> float | None:
        """Our number from the device's words; None when marked invalid or not believable."""
        if self.type == "bit":
            return float(words[0])
        raw = self._bytes(words)
        if int.from_bytes(raw, "big") in self.invalid:
            return None
        number: float = struct.unpack(_FORMATS[self.type], raw)[0]
        return plausible(self.name, number * self.scale)

    def encode(self, value: float) -> tuple[int, ...]:
        """The device's words from our number. Raises ValueError when it does not fit."""
        if self.type == "bit":
            return (int(bool(value)),)
        number = value / self.scale
        try:
            code = _FORMATS[self.type]
            raw = struct.pack(code, number if code in (">f", ">d") else round(number))
        except (struct.error, OverflowError, ValueError) as error:
            msg = f"{self.name} = {value} does not fit into {self.type}"
            raise ValueError(msg) from error
        words = [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]
        return tuple(reversed(words)) if self.low_word_first else tuple(words)

    def write(self, value: float) -> "Write":
        """The request that sets it. Raises ValueError when the value does not fit."""
        return Write(self.address, "coil" if self.kind == "coil" else "holding", self.encode(value))

    def _bytes(self, words: Sequence[int]) -> bytes:
        ordered = reversed(words) if self.low_word_first else words
        return b"".join([word.to_bytes(2, "big") for word in ordered])


@dataclass(frozen=True, slots=True)
class Write:
    """One request that changes something: words of a holding register, or bits of a coil."""

    address: int
    kind: Literal["holding", "coil"]
    words: tuple[int, ...]
    stored: bool = False
    """The device keeps it in memory that wears out: written only when it differs, and counted."""
    holds: tuple[int, ...] | None = None
    """What the device holds there now, when the driver has read it."""
    together: bool = False
    """By function 16 also for a single word: some devices know no other."""


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring registers that are read in one request."""

    kind: Kind
    address: int
    count: int
    registers: tuple[Register, ...]
    slow: bool
    optional: bool

    def decode(self, words: Sequence[int]) -> dict[str, float | None]:
        """Values by name from the words of one answer."""
        start = self.address
        return {
            register.name: register.decode(
                words[register.address - start : register.address - start + register.count]
            )
            for register in self.registers
        }

    def unknown(self) -> dict[str, float | None]:
        """What is known when the device refuses the block: nothing."""
        return {register.name: None for register in self.registers}


def grouped(
    registers: Iterable[Register], *, max_words: int = 100, max_gap: int = 0
) -> tuple[Block, ...]:
    """The fewest requests that read all: fast ones first. Reads across gaps of at most `max_gap` words."""
    runs: list[list[Register]] = []
    for register in sorted(registers, key=_order):
        run = runs[-1] if runs else None
        if run is not None and _joins(run, register, max_words, max_gap):
            run.append(register)
        else:
            runs.append([register])
    return tuple(_block(run) for run in runs)


def _order(register: Register) -> tuple[bool, bool, str, int]:
    return register.slow, register.optional, register.kind, register.address


def _joins(run: list[Register], register: Register, max_words: int, max_gap: int) -> bool:
    first, last = run[0], run[-1]
    gap = register.address - (last.address + last.count)
    words = register.address + register.count - first.address
    return _order(register)[:3] == _order(first)[:3] and 0 <= gap <= max_gap and words <= max_words


def _block(run: list[Register]) -> Block:
    first, last = run[0], run[-1]
    count = last.address + last.count - first.address
    return Block(first.kind, first.address, count, tuple(run), first.slow, first.optional)
