"""Pretend Modbus relay boards with eight relays. After a restart all relays are off; silence changes nothing.

Written from the waveshare wiki (protocol V2) and open drivers of the others. What they leave open is not here: the time commands of the waveshare
board, and how the common board is read (it answers with the word that was written last).
"""

from collections.abc import Callable

from simulator.wire.modbus import Unit
from simulator.wire.plugs import Plug
from simulator.wire.registers import (
    COIL,
    READ_COILS,
    READ_HOLDING,
    U16,
    IllegalValueError,
    Registers,
    Row,
    Store,
)

RELAYS = 8
ON, OFF, ALL_ON, ALL_OFF = 0x0100, 0x0200, 0x0700, 0x0800


class RelayBoard:
    """The relays: `on` by place from 0, and how often each was switched."""

    def __init__(self) -> None:
        self.on = [False] * RELAYS
        self.switched = [0] * RELAYS

    def put(self, place: int, on: bool) -> None:
        """Energise a relay, or let it go."""
        self.switched[place] += on is not self.on[place]
        self.on[place] = on

    def put_all(self, on: bool) -> None:
        """All at once."""
        for place in range(RELAYS):
            self.put(place, on)

    def reboot(self) -> None:
        """The supply was gone: relays let go."""
        self.put_all(False)


def _coils(board: RelayBoard) -> list[Row]:
    def row(place: int) -> Row:
        return Row(
            place, COIL, lambda: float(board.on[place]), functions=(READ_COILS,),
            write=lambda value: board.put(place, value > 0.0),
        )  # fmt: skip

    return [row(place) for place in range(RELAYS)]


def _kept(address: int, value: float) -> Row:
    store = Store(value)
    return Row(address, U16, store.read, functions=(READ_HOLDING,), write=store.write)


def _waveshare(board: RelayBoard) -> Registers:
    everything = Row(
        0x00FF, COIL, lambda: float(all(board.on)), functions=(READ_COILS,),
        write=lambda value: board.put_all(value > 0.0),
    )  # fmt: skip
    version = Row(0x8000, U16, Store(200).read, functions=(READ_HOLDING,))
    return Registers([*_coils(board), everything, _kept(0x4000, 1), _kept(0x2000, 5), version])


def _wp8025adam(board: RelayBoard) -> Registers:
    return Registers([*_coils(board), _kept(100, 1), _kept(101, 3)])


def _eight_channel(board: RelayBoard) -> Registers:
    words = [float(OFF)] * (RELAYS + 1)

    def row(address: int, on: int, off: int, put: Callable[[bool], None]) -> Row:
        def write(value: float) -> None:
            if value not in (on, off):
                raise IllegalValueError
            words[address] = value
            put(value == on)

        return Row(address, U16, lambda: words[address], functions=(READ_HOLDING,), write=write)

    def one(place: int) -> Callable[[bool], None]:
        return lambda on: board.put(place, on)

    return Registers(
        [
            row(0, ALL_ON, ALL_OFF, board.put_all),
            *(row(place + 1, ON, OFF, one(place)) for place in range(RELAYS)),
        ]
    )


BOARDS: dict[str, Callable[[RelayBoard], Registers]] = {
    "waveshare": _waveshare,
    "eight_channel": _eight_channel,
    "wp8025adam": _wp8025adam,
}


def relay_unit(driver: str, plug: Plug) -> tuple[RelayBoard, Unit]:
    """A board and its place on the wire. Raises KeyError for a make that is not here."""
    board = RelayBoard()
    return board, Unit(BOARDS[driver](board), plug, reboot=board.reboot)
