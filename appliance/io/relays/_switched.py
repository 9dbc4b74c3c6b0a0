"""One Modbus relay board in the thread of its bus: written at once when something changes, and every second."""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from appliance.io.buses import BusError, RefusedError
from appliance.io.buses.registers import Registers
from appliance.io.relays.modbus_relay import RelayBoard
from appliance.model import RelayReading

log = logging.getLogger(__name__)

AGAIN_S: Final = 1.0
"""Every relay is written so often, also when nothing changes: a board that restarted has let go."""
LONGEST_PAUSE_S: Final = 2.0
FIRST_PAUSE_S: Final = 0.25

Coils = Callable[[float], Mapping[str, bool]]
"""What every relay of the site should be at an instant, by name."""
Publish = Callable[[str, RelayReading, float], None]
"""Name of a relay, what it is, since when that is known."""


class Switched:
    """Used by the one thread of its bus; `update` is cheap when nothing is due. Never raises BusError."""

    def __init__(self, board: RelayBoard, coils: Coils, publish: Publish, now_s: float) -> None:
        self._board, self._coils, self._publish = board, coils, publish
        self._written: dict[int, bool] | None = None
        self._pause_s = FIRST_PAUSE_S
        self.next_at_s = now_s
        """When it has to be written, or asked again after silence."""
        self.silent = False

    def update(self, bus: Registers, now_s: float) -> None:
        """Write what is wanted when that has changed or is due, and read it back."""
        if self.silent and now_s < self.next_at_s:
            return
        coils = self._coils(now_s)
        wanted = self._board.wanted(coils)
        if wanted == self._written and now_s < self.next_at_s:
            return
        try:
            self._write(bus, wanted)
            values: dict[str, float | None] = {}
            for block in self._board.blocks:
                values |= block.decode(bus.read(block, self._board.settings.unit))
        except BusError as error:
            self._failed(error, now_s)
            return
        self._written, self.next_at_s = wanted, now_s + AGAIN_S
        if self.silent:
            log.warning("%s answers again", self._board.name)
        self.silent, self._pause_s = False, FIRST_PAUSE_S
        for name, reading in self._board.readings(values, coils).items():
            self._publish(name, reading, now_s)

    def rest(self, bus: Registers, safe: Mapping[str, bool]) -> None:
        """The thread ends: leave behind what is safe."""
        try:
            self._write(bus, self._board.wanted(safe))
        except BusError as error:
            log.warning("%s was not let go: %s", self._board.name, error)

    def _write(self, bus: Registers, wanted: Mapping[int, bool]) -> None:
        """All of them, whichever is refused: no relay waits for another to be accepted."""
        bus.connect()
        first: RefusedError | None = None
        for write in self._board.writes(wanted):
            try:
                bus.write(write, self._board.settings.unit)
            except RefusedError as refused:
                first = first or refused
        if first is not None:
            raise first

    def _failed(self, error: BusError, now_s: float) -> None:
        if not self.silent:
            log.warning("%s does not answer: %s", self._board.name, error)
        self.silent, self._written = True, None
        self.next_at_s = now_s + self._pause_s
        self._pause_s = min(2.0 * self._pause_s, LONGEST_PAUSE_S)
