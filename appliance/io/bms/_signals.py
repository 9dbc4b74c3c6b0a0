"""Signals in frames: finds them in the DBC once, and takes their bits out of the latest payloads.

Receiving only stores payloads, by frame and multiplexer; a value is taken out when a reading wants it.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

import cantools
from cantools.database.can import Database, Message
from cantools.database.can import Signal as DbcSignal

from appliance.io.buses.can import EXTENDED, Frame

Key = tuple[int, int]
"""Frame id and multiplexer value; NO_MUX where there is none."""
NO_MUX: Final = -1


class Stored(NamedTuple):
    """The newest payload of one key."""

    data: bytes
    at_s: float


class Bits(NamedTuple):
    """Where a signal lies in a payload, and what its number means."""

    frame_id: int
    muxed: bool
    shift: int
    """From the least significant bit of the payload, read in its byte order."""
    length: int
    big_endian: bool
    signed: bool
    scale: float
    offset: float
    payload_bytes: int

    def raw(self, data: bytes) -> int | None:
        """The bare number; None when the payload is too short."""
        if len(data) < self.payload_bytes:
            return None
        whole = int.from_bytes(data[: self.payload_bytes], "big" if self.big_endian else "little")
        number = (whole >> self.shift) & ((1 << self.length) - 1)
        return number - (1 << self.length) if self.signed and number >> self.length - 1 else number


def bits_of(message: Message, signal: DbcSignal) -> Bits:
    """Where cantools says that the signal is."""
    big_endian = signal.byte_order == "big_endian"
    if big_endian:
        # Bit 7 of byte 0 comes first; `start` counts inside bytes from the right.
        first = 8 * (signal.start // 8) + 7 - signal.start % 8
        shift = 8 * message.length - first - signal.length
    else:
        shift = signal.start
    return Bits(
        frame_id=frame_id(message),
        muxed=bool(signal.multiplexer_ids),
        shift=shift,
        length=signal.length,
        big_endian=big_endian,
        signed=signal.is_signed,
        scale=float(signal.scale),
        offset=float(signal.offset),
        payload_bytes=message.length,
    )


def frame_id(message: Message) -> int:
    """The id as in `Frame.id`."""
    number: int = message.frame_id
    return number | EXTENDED if message.is_extended_frame else number


class Dictionary:
    """A DBC file: messages and signals by name. Collects what it cannot find in `mistakes`."""

    def __init__(self, path: Path) -> None:
        database = cantools.database.load_file(str(path), strict=False)
        assert isinstance(database, Database)
        self._file = path.name
        self._messages: dict[str, Message] = {
            message.name: message for message in database.messages
        }
        self.mistakes: list[str] = []
        self.used: set[int] = set()
        """Frame ids of the signals that were asked for."""

    def message(self, name: str) -> Message | None:
        """The message of that name; None, and a mistake noted, when there is none."""
        found = self._messages.get(name)
        if found is None:
            self.mistakes.append(f"{self._file} has no message {name}")
        return found

    def bits(self, name: str) -> Bits | None:
        """The signal `Message.Signal`; None, and a mistake noted, when there is none."""
        signal = self.signal(name)
        message = self._messages.get(name.partition(".")[0])
        if signal is None or message is None:
            return None
        self.used.add(frame_id(message))
        return bits_of(message, signal)

    def signal(self, name: str) -> DbcSignal | None:
        """The DBC's own description of `Message.Signal`."""
        message_name, _, signal_name = name.partition(".")
        message = self.message(message_name)
        if message is None:
            return None
        for signal in message.signals:
            if signal.name == signal_name:
                return signal
        self.mistakes.append(f"{self._file} has no signal {name}")
        return None

    def frames(self, name: str) -> int:
        """How many multiplexer values, counted from 0, carry the signal."""
        signal = self.signal(name)
        numbers = signal.multiplexer_ids if signal is not None else None
        return max(numbers or [-1]) + 1

    def names(self, name: str) -> dict[int, str]:
        """The value table of a signal: number to name."""
        signal = self.signal(name)
        choices = signal.choices if signal is not None else None
        return {int(number): str(text) for number, text in (choices or {}).items()}

    def multiplexers(self) -> dict[int, Bits]:
        """By frame id: where the multiplexer lies."""
        return {
            frame_id(message): bits_of(message, signal)
            for message in self._messages.values()
            for signal in message.signals
            if signal.is_multiplexer and not signal.multiplexer_ids
        }


class Payloads:
    """The newest payload of every frame (and multiplexer value) that somebody reads."""

    def __init__(self, wanted: Iterable[int], multiplexers: dict[int, Bits]) -> None:
        self._multiplexers: dict[int, Callable[[bytes], int | None] | None] = {
            number: multiplexers[number].raw if number in multiplexers else None
            for number in wanted
        }
        self._stored: dict[Key, Stored] = {}

    def store(self, frame: Frame) -> None:
        """Keep it, if anybody reads it."""
        number, data, at_s = frame
        multiplexer = self._multiplexers.get(number, _unwanted)
        if multiplexer is None:
            self._stored[number, NO_MUX] = Stored(data, at_s)
        else:
            value = multiplexer(data)
            if value is not None:
                self._stored[number, value] = Stored(data, at_s)

    def fresh(self, key: Key, now_s: float, max_age_s: float) -> bytes | None:
        """The payload, unless none came or it is too old."""
        stored = self._stored.get(key)
        if stored is None or now_s - stored.at_s > max_age_s:
            return None
        return stored.data

    def at_s(self, key: Key) -> float | None:
        """When the newest payload came."""
        stored = self._stored.get(key)
        return None if stored is None else stored.at_s


def _unwanted(_data: bytes) -> None:
    return None
