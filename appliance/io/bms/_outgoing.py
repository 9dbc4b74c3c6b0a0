"""One message of the box to the BMS: its bytes for what is asked now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cantools.database.can import Message
from cantools.database.can import Signal as DbcSignal

from appliance.io.bms._bits import Place, place_of
from appliance.io.bms._checks import ALGORITHMS
from appliance.io.bms._codec import frame_id
from appliance.io.bms._map_requests import RequestMap, Told
from appliance.io.bms._signals import Dictionary
from appliance.io.bms.family import Layout
from appliance.model import BatteryReading

MOST: Final = 8
"""Bytes of a frame."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What the BMS shall do."""

    closed: bool | None = False
    """None: say nothing of contactors."""
    reset_faults: bool = False
    balance: bool = False
    asleep: bool = False
    wake: bool = False
    """It sleeps, and shall not."""
    racks_open: tuple[int, ...] = ()
    battery: BatteryReading | None = None
    """For a BMS that wants to hear what it said."""


class Outgoing:
    """Packs one message. What the map names and the DBC does not have is noted in the dictionary."""

    def __init__(
        self, row: RequestMap, layout: Layout, racks: int, byte_order: str | None, dictionary: Dictionary
    ) -> None:  # fmt: skip
        self.row = row
        self._layout = layout
        self._racks = racks
        self._counts: dict[int, int] = {}
        self._turn = 0
        message = dictionary.message(row.message)
        for name in _named(row):
            dictionary.signal(f"{row.message}.{name}")
        signals = [] if message is None else message.signals
        self._signals: dict[str, DbcSignal] = {one.name: one for one in signals}
        self._places = {one.name: place_of(one, byte_order) for one in signals}
        self._id, self._size = _head(message)
        self._index = next((name for name in layout.index if name in self._places), "")
        if row.per_rack and layout.index and not self._index:
            dictionary.mistakes.append(f"{row.message} has no signal of the index")
        if row.checksum in self._places and self._places[row.checksum].length != 8:
            dictionary.mistakes.append(f"{row.message}.{row.checksum} is not 8 bits long")

    @property
    def about_contactors(self) -> bool:
        """Whether it says that they shall be open or closed."""
        return bool(self.row.open or self.row.close)

    def frames(self, ask: Ask) -> Iterator[tuple[int, bytes]]:
        """Frame ids and payloads that ask for this, each time one further in counters and turns."""
        if ask.closed is None and self.about_contactors:
            return
        row, layout = self.row, self._layout
        racks = range(1, self._racks + 1) if row.per_rack else (0,)
        for rack in racks:
            values = self._values(ask, closed=bool(ask.closed) and rack not in ask.racks_open)
            number = self._id
            if rack and layout.by == "id":
                number += layout.id_step * (rack - 1)
            elif rack and layout.by == "index":
                values[self._index] = layout.first_rack + rack - 1
            yield number, self._packed(number, values)
        self._turn += 1

    def _values(self, ask: Ask, closed: bool) -> dict[str, int]:
        row = self.row
        parts = [row.always, row.close if closed else row.open]
        parts += [row.reset_faults] if ask.reset_faults else []
        parts += [row.balance] if ask.balance else []
        parts += [row.sleep] if ask.asleep else []
        parts += [row.wake] if ask.wake else []
        parts += [row.alternate[self._turn % len(row.alternate)]] if row.alternate else []
        values = {name: number for part in parts for name, number in part.items()}
        for name, told in row.tell.items():
            values[name] = _told(told, self._signals[name], ask.battery)
        if row.racks is not None:
            joined = [rack for rack in range(1, self._racks + 1) if rack not in ask.racks_open]
            values[row.racks] = sum(1 << rack - 1 for rack in joined)
        return values

    def _packed(self, number: int, values: dict[str, int]) -> bytes:
        row = self.row
        if row.counter is not None:
            values[row.counter] = self._counts.get(number, 0)
            self._counts[number] = self._counts.get(number, 0) + 1
        data = pack(values, self._places, self._size)
        if row.checksum is not None and row.algorithm is not None:
            at = self._places[row.checksum].first
            data[at] = ALGORITHMS[row.algorithm](number, bytes(data[:at] + data[at + 1 :]))
        return bytes(data)


def pack(values: Mapping[str, int], places: Mapping[str, Place], size: int) -> bytearray:
    """Bare numbers as a payload; bits of signals that are not named are 0."""
    data = bytearray(size)
    for name, value in values.items():
        place = places[name]
        bits = (value & (1 << place.length) - 1) << place.shift
        width = place.last + 1 - place.first
        for at, byte in enumerate(bits.to_bytes(width, "big" if place.big_endian else "little")):
            data[place.first + at] |= byte
    return data


def _named(row: RequestMap) -> set[str]:
    """Every signal that the row speaks of."""
    tables = (row.always, row.open, row.close, row.reset_faults, row.balance, row.sleep, row.wake)
    names = {name for table in (*tables, *row.alternate) for name in table} | set(row.tell)
    names |= {name for name in (row.racks, row.counter, row.checksum) if name is not None}
    return names


def _head(message: Message | None) -> tuple[int, int]:
    """Id and size of a message."""
    return (0, MOST) if message is None else (frame_id(message), message.length)


def _told(told: Told, signal: DbcSignal, battery: BatteryReading | None) -> int:
    """A word of the reading as a bare number, within what the signal takes."""
    value = None if battery is None else _word(told.word, battery)
    if value is None:
        return told.unknown
    bare = round((value * told.scale - float(signal.offset)) / float(signal.scale))
    length = int(signal.length)
    low, high = (-(1 << length - 1), (1 << length - 1) - 1) if signal.is_signed else (0, (1 << length) - 1)  # fmt: skip
    return min(high, max(low, bare))


def _word(word: str, battery: BatteryReading) -> float | None:
    if word == "cell_max_c":
        known = [rack.cell_max_c for rack in battery.racks if rack.cell_max_c is not None]
        return max(known, default=None)
    value: float | None = getattr(battery, word)
    return value
