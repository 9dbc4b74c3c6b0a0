"""One thread per I2C bus: polls the sensors on it and puts what they measure."""

import contextlib
import logging
from typing import Protocol, cast

from smbus2 import SMBus

from appliance.clock import Clock
from appliance.io.buses.i2c import open_i2c
from appliance.mailbox import Latest, Slots
from appliance.model import SensorReading
from appliance.registry import load
from appliance.site import I2cBus, Sensor, SiteSettings
from appliance.supervisor import Lease, Worker

log = logging.getLogger(__name__)

BACK_OFF_S = (0.25, 0.5, 1.0, 2.0)
LONGEST_NAP_S = 1.0
SILENT_AFTER_S = 10.0


class Measures(Protocol):
    """An opened sensor."""

    def measure(self) -> SensorReading:
        """One measurement, within a second. Raises OSError."""


class Driver(Protocol):
    """A file of this folder."""

    TITLE: str

    def open_sensor(self, bus: SMBus, address: int) -> Measures:
        """Find the sensor and set it up. Raises OSError."""


def sensor_workers(site: SiteSettings, clock: Clock, slots: Slots) -> tuple[Worker, ...]:
    """A thread for each bus with sensors. Raises ValueError when a sensor's bus is not I2C."""
    by_bus: dict[str, list[_Poll]] = {}
    for name, settings in site.sensors.items():
        bus = site.buses[settings.bus]
        if not isinstance(bus, I2cBus):
            msg = f"sensors.{name}.bus = {settings.bus!r} is of kind {bus.kind}; it must be i2c"
            raise ValueError(msg)
        poll = _Poll(name, settings, bus, clock, slots.sensors[name])
        by_bus.setdefault(settings.bus, []).append(poll)
    return tuple(
        Worker(f"i2c {bus}", _Polls(tuple(polls), clock).run, SILENT_AFTER_S)
        for bus, polls in by_bus.items()
    )


class _Polls:
    """The sensors on one bus: their transfers follow each other."""

    def __init__(self, polls: tuple["_Poll", ...], clock: Clock) -> None:
        self._polls = polls
        self._clock = clock

    def run(self, lease: Lease) -> None:
        """Poll each sensor when it is due, until the lease ends."""
        try:
            while not lease.ended:
                for poll in self._polls:
                    lease.beat()
                    if self._clock.now_s() >= poll.due_at_s:
                        poll.once()
                next_at_s = min(poll.due_at_s for poll in self._polls)
                lease.wait(min(LONGEST_NAP_S, next_at_s - self._clock.now_s()))
        finally:
            for poll in self._polls:
                poll.close()


class _Poll:
    """One sensor: opened when needed, closed when it fails, so that no failure stays."""

    def __init__(
        self,
        name: str,
        settings: Sensor,
        bus: I2cBus,
        clock: Clock,
        slot: Latest[SensorReading],
    ) -> None:
        self.due_at_s = clock.now_s()
        self._name, self._settings, self._where = name, settings, bus
        self._clock, self._slot = clock, slot
        self._driver = cast(Driver, load("appliance.io.sensors", settings.driver))
        self._bus: SMBus | None = None
        self._sensor: Measures | None = None
        self._failures = 0
        self._answers: bool | None = None

    def once(self) -> None:
        """Measure and put; or be due again after a while."""
        try:
            sensor = self._sensor or self._open()
            at_s = self._clock.now_s()
            self._slot.put(sensor.measure(), at_s)
        except OSError as silence:
            self.close()
            self._say(False, f"{type(silence).__name__}: {silence}")
            wait_s = BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)]
            self._failures += 1
            self.due_at_s = self._clock.now_s() + wait_s
        else:
            self._failures = 0
            self._say(True, f"{self._driver.TITLE} answers")
            self.due_at_s = max(at_s + self._settings.poll_s, self._clock.now_s())

    def _open(self) -> Measures:
        self._bus = open_i2c(self._where)
        self._sensor = self._driver.open_sensor(self._bus, self._settings.unit)
        return self._sensor

    def close(self) -> None:
        """Give the bus back; quiet when it is gone."""
        if self._bus is not None:
            with contextlib.suppress(OSError):
                self._bus.close()
        self._bus = self._sensor = None

    def _say(self, answers: bool, what: str) -> None:
        if self._answers is not answers:
            log.log(logging.INFO if answers else logging.WARNING, "sensor %s: %s", self._name, what)
        self._answers = answers
