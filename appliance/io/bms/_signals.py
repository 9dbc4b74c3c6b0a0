"""Signals by name: finds them in the DBC once, and says where they lie and how their frames are told apart."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cantools
from cantools.database.can import Database, Message
from cantools.database.can import Signal as DbcSignal

from appliance.io.bms._bits import place_of, reader
from appliance.io.bms._codec import frame_id
from appliance.io.bms._map_values import Choices
from appliance.io.bms.family import Family

NO_PAGE: Final = -1
"""Instead of a multiplexer value: in every frame of the message."""


@dataclass(frozen=True, slots=True)
class Bits:
    """One signal: its frame, and how its bare number comes out of a payload."""

    name: str
    frame_id: int
    pages: tuple[int, ...]
    """Multiplexer values of the frames that have it; none: all."""
    length: int
    scale: float
    offset: float
    payload_bytes: int
    """A payload shorter than this does not have it."""
    number: Callable[[bytes], int]
    ones: int
    """Its bits, in the payload read as one little-endian number."""

    @property
    def first_byte(self) -> int:
        """Where it begins."""
        return ((self.ones & -self.ones).bit_length() - 1) // 8

    def raw(self, data: bytes) -> int | None:
        """The bare number; None when the payload is too short."""
        return self.number(data) if len(data) >= self.payload_bytes else None


def bits_of(
    message: Message, signal: DbcSignal, byte_order: str | None = None, short: bool = False
) -> Bits:
    """Where cantools says that the signal is. `short`: its own bytes are enough."""
    place = place_of(signal, byte_order)
    width = 8 * (place.last + 1 - place.first)
    ones = (1 << place.length) - 1 << place.shift
    ones = int.from_bytes(
        ones.to_bytes(width // 8, "big" if place.big_endian else "little"), "little"
    )
    return Bits(
        name=f"{message.name}.{signal.name}",
        frame_id=frame_id(message),
        pages=tuple(sorted(signal.multiplexer_ids or ())),
        length=place.length,
        scale=float(signal.scale),
        offset=float(signal.offset),
        payload_bytes=place.last + 1 if short else max(message.length, place.last + 1),
        number=reader(place),
        ones=ones << 8 * place.first,
    )  # fmt: skip


class Dictionary:
    """A family's DBC file: messages and signals by name. Collects what it cannot find in `mistakes`."""

    def __init__(self, family: Family, folder: Path) -> None:
        database = cantools.database.load_file(str(folder / family.dbc), strict=False)
        assert isinstance(database, Database)
        self._file = family.dbc
        self._order = family.byte_order
        self._short = family.may_be_short
        self._messages: dict[str, Message] = {
            message.name: message for message in database.messages
        }
        self.mistakes: list[str] = []
        for name in self._short:
            self.message(name)

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
        return bits_of(message, signal, self._order, message.name in self._short)

    def has(self, name: str) -> bool:
        """Whether there is a signal `Message.Signal`."""
        message = self._messages.get(name.partition(".")[0])
        return message is not None and any(
            signal.name == name.partition(".")[2] for signal in message.signals
        )

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

    def names(self, name: str) -> dict[int, str]:
        """The value table of a signal: number to name."""
        signal = self.signal(name)
        choices = signal.choices if signal is not None else None
        return {int(number): str(text) for number, text in (choices or {}).items()}

    def numbers(self, name: str, choices: Choices) -> frozenset[int]:
        """Bare numbers of the choices; what the value table does not have is a mistake."""
        if not choices:
            return frozenset()
        known = {text: number for number, text in self.names(name).items()}
        found = set()
        for choice in choices:
            if isinstance(choice, int) or choice.isdecimal():
                found.add(int(choice))
            elif choice in known:
                found.add(known[choice])
            else:
                self.mistakes.append(f"{name} has no value {choice}")
        return frozenset(found)

    def multiplexer(self, number: int) -> Bits | None:
        """Where the multiplexer of a frame lies, if it has one."""
        for message in self._messages.values():
            if frame_id(message) == number:
                for signal in message.signals:
                    if signal.is_multiplexer and not signal.multiplexer_ids:
                        return bits_of(message, signal, self._order)
        return None

    def named(self, number: int, signal_name: str) -> Bits | None:
        """The signal of that name in a frame, if it has one."""
        for message in self._messages.values():
            if frame_id(message) == number:
                for signal in message.signals:
                    if signal.name == signal_name:
                        return bits_of(message, signal, self._order)
        return None
