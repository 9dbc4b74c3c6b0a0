"""One thread per Modbus bus: polls its devices on absolute timers and writes decisions at once.

The inverter is written when a newer Decision arrives, ahead of reads that wait, and at least every
0.5 s as a sign of life. Without a Decision younger than 1 s its driver is given `Setpoints()`.
"""

import logging
from collections.abc import Callable
from typing import Final

from appliance.clock import Clock
from appliance.io import inverters, meters
from appliance.io._polled import Bus, Polled
from appliance.io.buses import BusError, RefusedError
from appliance.io.buses.modbus import ModbusBus
from appliance.io.registers import Values, Write
from appliance.mailbox import Latest, Slots
from appliance.model import SAFE, Decision, InverterReading, MeterReading, Setpoints
from appliance.site import Inverter, Meter, ModbusTcp, SiteSettings
from appliance.supervisor import Lease, Worker

log = logging.getLogger(__name__)

DECISION_MAX_AGE_S: Final = 1.0
HEARTBEAT_S: Final = 0.4
"""With the waits around it, a sign of life at least every 0.5 s."""
LONGEST_WAIT_S: Final = 0.05
"""The thread looks at its lease and at its timers at least this often."""
SILENT_AFTER_S: Final = 10.0
"""Longer than all timeouts of one round together."""


class Commanded:
    """The inverter's other direction: decisions become writes."""

    def __init__(
        self,
        settings: Inverter,
        driver: inverters.InverterDriver,
        polled: Polled,
        decision: Latest[Decision],
    ) -> None:
        self._settings = settings
        self._driver = driver
        self._polled = polled
        self._decision = decision
        self._armed_connection = 0
        self._arm_at_s = 0.0
        self._written: tuple[Write, ...] = ()
        self._beat_at_s = 0.0
        self._refusal = ""
        self.number = 0
        """Of the decision seen last."""

    def update(self, bus: Bus, now_s: float) -> None:
        """Write what the newest decision wants, when it differs or a sign of life is due."""
        if self._polled.silent and now_s < self._polled.next_at_s:
            return
        newest = self._decision.newest()
        setpoints = SAFE
        if newest is not None:
            self.number = newest.number
            if now_s - newest.at_s <= DECISION_MAX_AGE_S:
                setpoints = newest.value.setpoints
        try:
            self._write(setpoints, bus, now_s)
            self._refusal = ""
        except RefusedError as error:
            if str(error) != self._refusal:
                log.warning("%s: %s", self._polled.name, error)
            self._refusal = str(error)
        except BusError as error:
            self._written = ()
            self._polled.failed(error, now_s)

    def rest(self, bus: Bus, now_s: float) -> None:
        """The thread ends: leave the safe default behind, if the device still listens."""
        if self._polled.silent:
            return
        self._written = ()
        try:
            self._write(SAFE, bus, now_s)
        except BusError as error:
            log.warning("%s was not put to rest: %s", self._polled.name, error)

    def _write(self, setpoints: Setpoints, bus: Bus, now_s: float) -> None:
        bus.connect()
        if bus.connections != self._armed_connection:
            self._written = ()
            if now_s >= self._arm_at_s:
                self._arm(bus, now_s)
            else:
                setpoints = SAFE  # No power before its own timeout guards it.
        wanted = self._driver.writes(setpoints, self._polled.values)
        if wanted == self._written and now_s < self._beat_at_s:
            return
        self._beat_at_s, self._written = now_s + HEARTBEAT_S, wanted
        for write in wanted:
            bus.write(write, self._settings.unit)

    def _arm(self, bus: Bus, now_s: float) -> None:
        """Set the communication timeout and the like, once per connection."""
        self._arm_at_s = now_s + HEARTBEAT_S
        for write in self._driver.arm(self._settings):
            bus.write(write, self._settings.unit)
        self._armed_connection = bus.connections
        self._arm_at_s = 0.0


class ModbusThread:
    """Everything on one Modbus bus."""

    def __init__(self, bus: Bus, clock: Clock, slots: Slots) -> None:
        self._bus = bus
        self._clock = clock
        self._slots = slots
        self._polled: list[Polled] = []
        self._commanded: Commanded | None = None

    def add_inverter(self, settings: Inverter) -> None:
        """The battery inverter is on this bus."""
        driver, slot = inverters.load(settings.driver), self._slots.inverter
        log.info("inverter: %s", driver.TITLE)

        def publish(values: Values, at_s: float) -> None:
            reading: InverterReading = driver.reading(values)
            slot.put(reading, at_s)

        polled = Polled("inverter", settings, driver.BLOCKS, publish, self._clock.now_s())
        self._polled.append(polled)
        self._commanded = Commanded(settings, driver, polled, self._slots.decision)

    def add_meter(self, name: str, settings: Meter) -> None:
        """A meter is on this bus."""
        driver, slot = meters.load(settings.driver), self._slots.meters[name]
        log.info("%s meter: %s", name, driver.TITLE)

        def publish(values: Values, at_s: float) -> None:
            reading: MeterReading = driver.reading(values, settings.mounting)
            slot.put(reading, at_s)

        polled = Polled(f"{name} meter", settings, driver.BLOCKS, publish, self._clock.now_s())
        self._polled.append(polled)

    def run(self, lease: Lease) -> None:
        """Until the lease ends."""
        try:
            while not lease.ended:
                lease.beat()
                self._command()
                due = min(self._polled, key=lambda polled: polled.next_at_s)
                if self._clock.now_s() >= due.next_at_s:
                    due.poll(self._bus, self._clock, self._command)
                else:
                    self._wait(lease, due.next_at_s)
        finally:
            if self._commanded is not None:
                self._commanded.rest(self._bus, self._clock.now_s())
            self._bus.close()

    def _command(self) -> None:
        if self._commanded is not None:
            self._commanded.update(self._bus, self._clock.now_s())

    def _wait(self, lease: Lease, until_s: float) -> None:
        wait_s = min(max(0.0, until_s - self._clock.now_s()), LONGEST_WAIT_S)
        if self._commanded is None:
            lease.wait(wait_s)
        else:
            self._slots.decision.wait_newer(self._commanded.number, wait_s)


def modbus_workers(site: SiteSettings, clock: Clock, slots: Slots) -> tuple[Worker, ...]:
    """One worker per Modbus bus that has a device."""
    return tuple(
        Worker(f"modbus.{name}", _runner(name, site, settings, clock, slots), SILENT_AFTER_S)
        for name, settings in site.buses.items()
        if isinstance(settings, ModbusTcp) and name in _used(site)
    )


def _used(site: SiteSettings) -> set[str]:
    return {site.inverter.bus, *(meter.bus for meter in site.meters.values())}


def _runner(
    name: str, site: SiteSettings, settings: ModbusTcp, clock: Clock, slots: Slots
) -> Callable[[Lease], None]:
    """A fresh connection and fresh drivers at every start of the worker."""

    def run(lease: Lease) -> None:
        thread = ModbusThread(ModbusBus(settings, clock), clock, slots)
        if site.inverter.bus == name:
            thread.add_inverter(site.inverter)
        for meter_name, meter in site.meters.items():
            if meter.bus == name:
                thread.add_meter(meter_name, meter)
        thread.run(lease)

    return run
