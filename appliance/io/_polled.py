"""One Modbus device read on an absolute timer: what is due, what it said last, and how long it is silent."""

import logging
from collections.abc import Callable
from typing import Final, Protocol

from appliance.clock import Clock
from appliance.io.buses import BusError, RefusedError
from appliance.io.registers import Block, Values, Write
from appliance.site import Device

log = logging.getLogger(__name__)

SLOW_S: Final = 1.0
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 1.0
"""A silent device is asked again after this; so it cannot hold up the others on its bus for long."""


class Bus(Protocol):
    """What a device needs of its bus."""

    connections: int

    def connect(self) -> None:
        """Make sure that there is a connection. Raises BusError."""

    def read(self, block: Block, unit: int) -> tuple[int, ...]:
        """Words of a block. Raises BusError."""

    def write(self, write: Write, unit: int) -> None:
        """Set registers. Raises BusError."""

    def close(self) -> None:
        """Drop the connection."""


class Polled:
    """One device that is read on an absolute timer."""

    def __init__(
        self,
        name: str,
        settings: Device,
        blocks: tuple[Block, ...],
        publish: Callable[[Values, float], None],
        now_s: float,
    ) -> None:
        self.name = name
        self._settings = settings
        self._fast = tuple(block for block in blocks if not block.slow)
        self._slow = tuple(block for block in blocks if block.slow)
        self._publish = publish
        self._refused: set[int] = set()
        self._pause_s = FIRST_PAUSE_S
        self._slow_at_s = now_s
        self.next_at_s = now_s
        self.silent = False
        self.failures = 0
        """How often it did not answer; it may have forgotten everything since the last time."""
        self.values: dict[str, float | None] = {}
        """What the device said last; empty while it is silent."""

    def poll(self, bus: Bus, clock: Clock, between: Callable[[], None]) -> None:
        """Read what is due and publish it; `between` runs before each request. Never raises BusError."""
        started_s = clock.now_s()
        try:
            answered_at_s = self._read(self._fast, bus, clock, between) or started_s
            self._publish(self.values, answered_at_s)
            if started_s >= self._slow_at_s:
                self._read(self._slow, bus, clock, between)
                self._slow_at_s = max(self._slow_at_s + SLOW_S, started_s)
        except BusError as error:
            self.failed(error, clock.now_s())
            return
        if self.silent:
            log.warning("%s answers again", self.name)
        self.silent = False
        self._pause_s = FIRST_PAUSE_S
        self.next_at_s = max(self.next_at_s + self._settings.poll_s, started_s)

    def failed(self, error: BusError, now_s: float) -> None:
        """The device is silent: forget what it said, and ask again after a pause."""
        if not self.silent:
            log.warning("%s does not answer: %s", self.name, error)
        self.silent = True
        self.failures += 1
        self.values.clear()
        self._slow_at_s = now_s
        self.next_at_s = now_s + self._pause_s
        self._pause_s = min(2.0 * self._pause_s, LONGEST_PAUSE_S)

    def _read(
        self, blocks: tuple[Block, ...], bus: Bus, clock: Clock, between: Callable[[], None]
    ) -> float | None:
        """The instant of the first answer: no value in the reading is older."""
        first_s: float | None = None
        for block in blocks:
            between()
            try:
                self.values |= block.decode(bus.read(block, self._settings.unit))
            except RefusedError as error:
                self._forgive(block, error)
            first_s = clock.now_s() if first_s is None else first_s
        return first_s

    def _forgive(self, block: Block, error: RefusedError) -> None:
        if not block.optional:
            raise error
        if block.address not in self._refused:
            self._refused.add(block.address)
            log.info("%s goes on without registers from %d: %s", self.name, block.address, error)
        self.values |= block.unknown()
