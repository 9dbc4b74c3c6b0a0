"""One device with registers, read on an absolute timer: what it is, what is due, how long it is silent."""

import logging
from collections.abc import Callable
from typing import Final, Protocol

from appliance.clock import Clock
from appliance.io.buses import BusError, RefusedError
from appliance.io.buses.registers import Registers
from appliance.io.registers import Ask, Block, Kind, Values
from appliance.site import Device

log = logging.getLogger(__name__)

SLOW_S: Final = 1.0
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 1.0
"""A silent device is asked again after this; so it cannot hold up the others on its bus for long."""
SAME_DEVICE_S: Final = 3.0
"""A device that answered less than this ago has not been replaced since."""


class Driver(Protocol):
    """What polling needs of a driver."""

    blocks: tuple[Block, ...]
    refresh_s: float
    """The device renews its values no faster."""

    def identify(self, ask: Ask) -> None:
        """Find out what answers there. Raises BusError, WrongDeviceError."""


class Polled:
    """One device that is read on an absolute timer."""

    def __init__(
        self,
        name: str,
        settings: Device,
        driver: Driver,
        publish: Callable[[Values, float], None],
        now_s: float,
    ) -> None:
        self.name = name
        self._settings = settings
        self._driver = driver
        self._publish = publish
        self._refused: set[int] = set()
        self._pause_s = FIRST_PAUSE_S
        self._slow_at_s = now_s
        self._identified_after: int | None = None
        """Number of failures after which it was identified."""
        self._heard_at_s = now_s
        self.next_at_s = now_s
        self.silent = False
        self.polls = 0
        self.failures = 0
        """How often it did not answer; it may have forgotten everything since the last time."""
        self.values: dict[str, float | None] = {}
        """What the device said last; empty while it is silent."""

    @property
    def identified(self) -> bool:
        """It is known what answers there."""
        return self._identified_after == self.failures

    @property
    def ever_identified(self) -> bool:
        """It was known once what answers there."""
        return self._identified_after is not None

    def is_the_same(self, now_s: float) -> bool:
        """Silent just now, and too shortly to have been replaced."""
        # One that is polled slowly has not been replaced while what it said last still counts.
        shortly_s = max(SAME_DEVICE_S, self._settings.max_age_s)
        return self.ever_identified and now_s - self._heard_at_s <= shortly_s

    def poll(self, bus: Registers, clock: Clock, between: Callable[[], None]) -> None:
        """Read what is due and publish it; `between` runs before each request. Never raises BusError."""
        started_s = clock.now_s()
        self.polls += 1
        try:
            self._identify(bus, started_s, between)
            fast, slow = self._sorted()
            answered_at_s = self._read(fast, bus, clock, between) or started_s
            if fast:
                self._publish(self.values, answered_at_s)
            if started_s >= self._slow_at_s:
                answered_at_s = self._read(slow, bus, clock, between) or answered_at_s
                self._slow_at_s = max(self._slow_at_s + SLOW_S, started_s)
                if not fast:
                    self._publish(self.values, answered_at_s)
        except BusError as error:
            self.failed(error, clock.now_s())
            return
        if self.silent:
            log.warning("%s answers again", self.name)
        self.silent = False
        self._heard_at_s = max(self._heard_at_s, started_s)
        self._pause_s = FIRST_PAUSE_S
        self.next_at_s = max(self.next_at_s + self._interval_s(), started_s)

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

    def _interval_s(self) -> float:
        """No faster than the device renews its values, but often enough not to count as silent."""
        settings = self._settings
        return max(settings.poll_s, min(self._driver.refresh_s, settings.max_age_s / 2.0))

    def _sorted(self) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        """What is read every time, and what once a second is enough for."""
        blocks = self._driver.blocks
        return tuple(b for b in blocks if not b.slow), tuple(b for b in blocks if b.slow)

    def _identify(self, bus: Registers, now_s: float, between: Callable[[], None]) -> None:
        """What answers there? Asked after each silence: it may have been replaced, or set up anew."""
        if self.identified and now_s - self._heard_at_s <= SAME_DEVICE_S + self._settings.poll_s:
            return

        def ask(kind: Kind, address: int, count: int) -> tuple[int, ...]:
            between()
            block = Block(kind, address, count, (), slow=False, optional=False)
            return bus.read(block, self._settings.unit)

        bus.connect()
        self._driver.identify(ask)
        self._identified_after = self.failures
        self._refused.clear()

    def _read(
        self, blocks: tuple[Block, ...], bus: Registers, clock: Clock, between: Callable[[], None]
    ) -> float | None:
        """The instant of the first answer: no value in the reading is older."""
        first_s: float | None = None
        for block in blocks:
            between()
            try:
                self.values |= block.decode(bus.read(block, self._settings.unit))
            except RefusedError as error:
                self._forgive(block, error)
            # Not only at the end: a round of a slow device is longer than its silence may be.
            self._heard_at_s = clock.now_s()
            first_s = self._heard_at_s if first_s is None else first_s
        return first_s

    def _forgive(self, block: Block, error: RefusedError) -> None:
        if not block.optional:
            raise error
        if block.address not in self._refused:
            self._refused.add(block.address)
            log.info("%s goes on without registers from %d: %s", self.name, block.address, error)
        self.values |= block.unknown()
