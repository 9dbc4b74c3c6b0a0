"""One thread per bus with sensors on it (I2C, or the kernel's files): polls them, puts what they measure."""

import contextlib
import logging
from typing import cast

from smbus2 import SMBus

from appliance.clock import Clock
from appliance.io.buses.files import open_files
from appliance.io.buses.i2c import open_i2c
from appliance.io.sensors._driver import Rest, SensorDriver, driver, load
from appliance.mailbox import Latest, Slots
from appliance.model import SensorReading
from appliance.site import I2cBus, Sensor, SiteSettings, SysFiles
from appliance.supervisor import Lease, Worker

log = logging.getLogger(__name__)

BACK_OFF_S = (0.25, 0.5, 1.0, 2.0)
LONGEST_NAP_S = 1.0
SILENT_AFTER_S = 10.0
WORKER = {"i2c": "i2c", "files": "sensors"}
"""What the thread of such a bus is called; others may look at the same files."""


def sensor_workers(site: SiteSettings, clock: Clock, slots: Slots) -> tuple[Worker, ...]:
    """A thread for each bus with sensors. Raises ValueError for a wrong bus or wrong options."""
    by_bus: dict[tuple[str, str], list[_Poll]] = {}
    for name, settings in site.sensors.items():
        bus = site.buses[settings.bus]
        of = driver(settings)
        if not isinstance(bus, I2cBus | SysFiles) or bus.kind != of.KIND:
            msg = (
                f"sensors.{name}.bus = {settings.bus!r} is of kind {bus.kind}; it must be {of.KIND}"
            )
            raise ValueError(msg)
        # The kinds are the same, which the types cannot say.
        either = cast("SensorDriver[SMBus]", of)
        poll = _Poll(name, settings, bus, either, clock, slots.sensors[name])
        by_bus.setdefault((bus.kind, settings.bus), []).append(poll)
    return tuple(
        Worker(f"{WORKER[kind]} {bus}", _Polls(tuple(polls), clock).run, SILENT_AFTER_S)
        for (kind, bus), polls in by_bus.items()
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
                        poll.once(lease.wait)
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
        where: I2cBus | SysFiles,
        of: SensorDriver[SMBus],
        clock: Clock,
        slot: Latest[SensorReading],
    ) -> None:
        self.due_at_s = clock.now_s()
        self._name, self._settings, self._where = name, settings, where
        self._clock, self._slot, self._driver = clock, slot, of
        self._title = load(settings.driver).TITLE
        self._bus: SMBus | None = None
        self._failures = 0
        self._answers: bool | None = None

    def once(self, rest: Rest) -> None:
        """Measure and put; or be due again after a while."""
        try:
            bus = self._bus or self._open(rest)
            at_s = self._clock.now_s()
            self._slot.put(self._driver.measure(bus, rest), at_s)
        except OSError as silence:
            self.close()
            self._say(False, f"{type(silence).__name__}: {silence}")
            wait_s = BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)]
            self._failures += 1
            self.due_at_s = self._clock.now_s() + wait_s
        else:
            self._failures = 0
            self._say(True, f"{self._title} answers")
            self.due_at_s = max(at_s + self._settings.poll_s, self._clock.now_s())

    def _open(self, rest: Rest) -> SMBus:
        where = self._where
        opened = open_i2c(where) if isinstance(where, I2cBus) else open_files(where)
        bus = self._bus = cast(SMBus, opened)
        self._driver.begin(bus, rest)
        return bus

    def close(self) -> None:
        """Give the bus back; quiet when it is gone."""
        if self._bus is not None:
            with contextlib.suppress(OSError):
                self._bus.close()
        self._bus = None

    def _say(self, answers: bool, what: str) -> None:
        if self._answers is not answers:
            log.log(logging.INFO if answers else logging.WARNING, "sensor %s: %s", self._name, what)
        self._answers = answers
