"""One thread per bus that carries registers (Modbus and the like): polls its devices on absolute timers and writes decisions at once.

The inverter is written when a newer Decision arrives, ahead of reads that wait, and at least every
0.5 s as a sign of life. Without a Decision younger than 1 s its driver is given `Setpoints()`.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from appliance.clock import Clock
from appliance.io import inverters, meters
from appliance.io._commanded import Commanded
from appliance.io._polled import Polled
from appliance.io.buses.registers import Registers, open_registers
from appliance.io.registers import Block, Values, Write
from appliance.io.relays import RelayBoard, Switched, boards, coils_now, safe_coils
from appliance.mailbox import Latest, Slots
from appliance.model import PollCounts, RelayReading, WireCounts
from appliance.site import (
    INVERTER_SPEAKS,
    BoardRelay,
    Inverter,
    LxpDongle,
    Meter,
    RegisterBus,
    SiteSettings,
)
from appliance.supervisor import Lease, Worker

log = logging.getLogger(__name__)

LONGEST_WAIT_S: Final = 0.05
"""The thread looks at its lease and at its timers at least this often."""
SILENT_AFTER_S: Final = 10.0
SLOW_SILENT_AFTER_S: Final = 30.0
"""Longer than all timeouts of one round together."""
TELL_S: Final = 1.0
"""Between two counts of what failed."""


class _Watched:
    """A bus whose every request is a sign of life: each has its own timeout, so a slow device is no hanging thread."""

    def __init__(self, bus: Registers) -> None:
        self._bus = bus
        self.beat: Callable[[], None] = lambda: None

    @property
    def connections(self) -> int:
        return self._bus.connections

    def connect(self) -> None:
        self.beat()
        self._bus.connect()

    def read(self, block: Block, unit: int) -> tuple[int, ...]:
        self.beat()
        return self._bus.read(block, unit)

    def write(self, write: Write, unit: int) -> None:
        self.beat()
        self._bus.write(write, unit)

    def close(self) -> None:
        self._bus.close()


class ModbusThread:
    """Everything on one Modbus bus."""

    def __init__(
        self, bus: Registers, clock: Clock, slots: Slots, wire: Latest[WireCounts] | None = None
    ) -> None:
        self._bus = _Watched(bus)
        self._wire = wire
        self._tell_at_s = 0.0
        self._clock = clock
        self._slots = slots
        self._polled: list[Polled] = []
        self._commanded: Commanded | None = None
        self._switched: list[Switched] = []
        self._safe: Mapping[str, bool] = {}

    def add_inverter(self, settings: Inverter, *, speaks_for_battery: bool = False) -> None:
        """The battery inverter is on this bus."""
        driver, slots = inverters.driver(settings), self._slots
        log.info("inverter: %s", inverters.load(settings.driver).TITLE)

        def publish(values: Values, at_s: float) -> None:
            reading = driver.reading(values)
            if commanded.stored_writes:
                stored = commanded.stored_writes
                reading = msgspec.structs.replace(reading, stored_writes=stored)
            slots.inverter.put(reading, at_s)
            battery = driver.battery(values) if speaks_for_battery else None
            if battery is not None:
                slots.battery.put(battery, at_s)

        polled = Polled("inverter", settings, driver, publish, self._clock.now_s())
        commanded = Commanded(settings, driver, polled, self._slots.decision)
        self._polled.append(polled)
        self._commanded = commanded

    def add_meter(self, name: str, settings: Meter) -> None:
        """A meter is on this bus."""
        driver, slot = meters.driver(settings), self._slots.meters[name]
        log.info("%s meter: %s", name, meters.load(settings.driver).TITLE)

        def publish(values: Values, at_s: float) -> None:
            slot.put(driver.reading(values), at_s)

        polled = Polled(f"{name} meter", settings, driver, publish, self._clock.now_s())
        self._polled.append(polled)

    def add_relays(self, board: RelayBoard, site: SiteSettings) -> None:
        """A relay board is on this bus."""
        slots = self._slots

        def wanted(now_s: float) -> Mapping[str, bool]:
            return coils_now(site, slots, now_s)

        def publish(name: str, reading: RelayReading, at_s: float) -> None:
            slots.relays[name].put(reading, at_s)

        self._switched.append(Switched(board, wanted, publish, self._clock.now_s()))
        self._safe = safe_coils(site)

    def run(self, lease: Lease) -> None:
        """Until the lease ends."""
        self._bus.beat = lease.beat
        try:
            while not lease.ended:
                lease.beat()
                self._command()
                self._poll_or_wait(lease)
                self._tell()
        except Exception:
            if self._commanded is not None:
                self._commanded.pause(self._bus)
            raise
        else:
            if self._commanded is not None:
                self._commanded.rest(self._bus)
        finally:
            for switched in self._switched:
                switched.rest(self._bus, self._safe)
            self._bus.close()

    def _poll_or_wait(self, lease: Lease) -> None:
        due = min(self._polled, key=lambda polled: polled.next_at_s, default=None)
        now_s = self._clock.now_s()
        if due is None:
            self._wait(lease, now_s + LONGEST_WAIT_S)
        elif now_s >= due.next_at_s:
            due.poll(self._bus, self._clock, self._command)
        else:
            self._wait(lease, due.next_at_s)

    def _tell(self) -> None:
        now_s = self._clock.now_s()
        if self._wire is None or now_s < self._tell_at_s:
            return
        self._tell_at_s = now_s + TELL_S
        counts = [PollCounts(one.name, one.polls, one.failures) for one in self._polled]
        self._wire.put(WireCounts(devices=tuple(counts)), now_s)

    def _command(self) -> None:
        """Before every request: the inverter first, then the relays."""
        now_s = self._clock.now_s()
        if self._commanded is not None:
            self._commanded.update(self._bus, now_s)
        for switched in self._switched:
            switched.update(self._bus, now_s)

    def _wait(self, lease: Lease, until_s: float) -> None:
        wait_s = min(max(0.0, until_s - self._clock.now_s()), LONGEST_WAIT_S)
        if self._commanded is None:
            lease.wait(wait_s)
        else:
            self._slots.decision.wait_newer(self._commanded.number, wait_s)


def modbus_workers(site: SiteSettings, clock: Clock, slots: Slots) -> tuple[Worker, ...]:
    """One worker per Modbus bus that has a device."""
    return tuple(
        Worker(f"modbus.{name}", _runner(name, site, settings, clock, slots), _patience_s(settings))
        for name, settings in site.buses.items()
        if isinstance(settings, RegisterBus) and name in _used(site)
    )


def _patience_s(settings: RegisterBus) -> float:
    """How long a round may take before its thread counts as hanging."""
    return SLOW_SILENT_AFTER_S if isinstance(settings, LxpDongle) else SILENT_AFTER_S


def _used(site: SiteSettings) -> set[str]:
    relays = [relay.bus for relay in site.relays.values() if isinstance(relay, BoardRelay)]
    return {site.inverter.bus, *(meter.bus for meter in site.meters.values()), *relays}


def _runner(
    name: str, site: SiteSettings, settings: RegisterBus, clock: Clock, slots: Slots
) -> Callable[[Lease], None]:
    """A fresh connection and fresh drivers at every start of the worker."""

    def run(lease: Lease) -> None:
        wire = slots.wires.get(name)
        thread = ModbusThread(open_registers(settings, clock), clock, slots, wire)
        if site.inverter.bus == name:
            speaks = site.battery.driver == INVERTER_SPEAKS
            thread.add_inverter(site.inverter, speaks_for_battery=speaks)
        for meter_name, meter in site.meters.items():
            if meter.bus == name:
                thread.add_meter(meter_name, meter)
        for board in boards(site, name):
            thread.add_relays(board, site)
        thread.run(lease)

    return run
