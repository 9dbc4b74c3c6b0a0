"""Puts the core together: names every thread; the only file that imports all."""

import json
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

import appliance
from appliance import latch
from appliance.blackbox import BlackBox
from appliance.bus import BusServer
from appliance.clock import Clock
from appliance.cloud.error_events import error_event
from appliance.cloud.telemetry import spot_in
from appliance.config import build_modes, mode_inputs, mode_summaries, modes_lacked
from appliance.control_loop import ControlLoop
from appliance.crashes import Crashes
from appliance.cycle import Cycle
from appliance.health import health_workers, stores_at_boot
from appliance.io.bms import bms_workers
from appliance.io.board import board_workers
from appliance.io.climate import climate_workers
from appliance.io.modbus_workers import modbus_workers
from appliance.io.relays import relay_workers
from appliance.io.sensors import sensor_workers
from appliance.mailbox import Slots
from appliance.market import market_workers
from appliance.model import BatteryMemory, Scheduling, State, Status
from appliance.pin import PinKeeper
from appliance.processes import look
from appliance.realtime import Realtime
from appliance.recall import (
    known_battery,
    known_full,
    remembered,
    starting_memory,
    unread,
    waking_memory,
    with_report,
)
from appliance.recorder import Recorder
from appliance.site import SiteSettings
from appliance.statemachine.states import STATES
from appliance.store import FILE_NAME, Store
from appliance.supervisor import Lease, Supervisor, Worker
from appliance.undecided import as_it_is
from appliance.watchdog import feed_while_alive, find_watchdog

log = logging.getLogger(__name__)

EXIT_CODES: Final = {State.RESTART: 75, State.REBOOT: 76}
"""How the core tells whoever started it what it wants; 0 is an end from outside."""
CARE_S: Final = 0.2
TELL_CRASH_S: Final = 20.0
"""For so long after a crash of the core the screen says that it was one."""
AT_REST_S: Final = 4.0
"""How long an ordered end may take: power, inverter, contactors."""
READ_AGAIN_S: Final = 10.0
"""How often a store that could not be read is tried again."""
TELL_LATENESS_S: Final = 60.0
"""How late the control loop runs is told in the log once it has run for so long."""


class Core:
    """The control core of one box."""

    def __init__(self, site: SiteSettings, clock: Clock) -> None:
        self._site = site
        self._clock = clock
        self._started_at_s = clock.now_s()
        names = (site.meters, site.sensors, site.relays, site.buses)
        self.slots = Slots.create(*(tuple(one) for one in names))
        self._data, self._run_folder = Path(site.data_folder), Path(site.run_folder)
        self._running_mark = self._run_folder / "core.running"
        self._crashed = self._running_mark.exists()
        self._missing: tuple[str, ...] = ()
        modes, self._titles = build_modes(site)
        self._without = mode_inputs()
        self._summaries, self._lacked = mode_summaries(), modes_lacked(site)
        self._cycle = Cycle(site, modes, self._titles)
        self._stores_before = stores_at_boot(self._run_folder, self._data)
        self._unread = False
        self._look_s = clock.now_s() + READ_AGAIN_S
        try:
            durable = remembered(self._data, clock)
            self._known, full = known_battery(self._data), known_full(self._data)
        except (OSError, sqlite3.OperationalError) as error:
            log.error("what the last run left cannot be read now, so the box rests: %s", error)
            durable, self._known, self._unread = unread(self._data, clock), BatteryMemory(), True
            full = None
        memory = starting_memory(durable, site, set(self._titles), clock.now_s())
        memory = msgspec.structs.replace(memory, full=full)
        memory = waking_memory(memory) if self._known.asleep else memory
        self._cycle.adopt(with_report(memory, self._data))
        self._down: tuple[str, ...] = ()
        crashes = Crashes(clock, self._run_folder)
        if self._crashed:
            crashes.add()
        self._control = ControlLoop(
            self._cycle, self.slots, site, clock, lambda: self._down, crashes, crashed=self._crashed
        )
        self._scheduling: Scheduling | None = None
        self._lateness_told = False
        self._supervisor = Supervisor(self._workers(), clock)

    def prefer(self, realtime: Realtime) -> None:
        """Have the threads run as the operating system permits; before `run`."""
        self._supervisor.prepare = realtime.of_thread
        self._scheduling = asked = realtime.scheduling
        because = f" ({asked.reason})" if asked.reason else ""
        level = logging.INFO if asked.got == asked.wanted else logging.WARNING
        memory = "memory locked" if asked.memory_locked else "memory not locked"
        log.log(level, "scheduling: %s, %s%s", asked.got, memory, because)

    def _workers(self) -> tuple[Worker, ...]:
        """Every thread of the core, in the order of their start."""
        site, clock, slots = self._site, self._clock, self.slots
        the_latch = latch.Latch(self._data, slots.board)
        recorder = Recorder(
            slots.recorded,
            slots.record_now,
            self._open_store,
            BlackBox(self._data / "blackbox", site.blackbox, site.name),
            site,
            clock,
            spot_in(site.language),
            error_event,
            slots.battery_memory,
            latch=the_latch,
        )
        pin = PinKeeper(self._data, clock)
        bus = BusServer(self._run_folder, clock, slots.requests, self._status, pin.refuses)
        watchdog = find_watchdog(self._run_folder, site)
        return (
            Worker(
                "latch",
                lambda lease: the_latch.watch(slots.decision, lease),
                silent_after_s=30.0,
            ),
            Worker("recorder", recorder.run, silent_after_s=30.0),
            *urgent(modbus_workers(site, clock, slots)),
            *urgent(bms_workers(site, clock, slots, self._known)),
            *urgent(board_workers(site, clock, slots)),
            *sensor_workers(site, clock, slots),
            *urgent(relay_workers(site, clock, slots)),
            *climate_workers(site, clock, slots),
            *health_workers(site, clock, slots, self._stores_before),
            *market_workers(site, clock, slots),
            Worker("bus", bus.run, silent_after_s=5.0),
            Worker("control", self._control.run, silent_after_s=1.0, urgent=True),
            Worker(
                "watchdog",
                lambda lease: feed_while_alive(
                    watchdog, slots.heartbeat, self._supervisor.silent, clock, lease
                ),
                silent_after_s=5.0,
                urgent=True,
            ),
        )

    def _open_store(self) -> Store:
        """For the recorder. Raises sqlite3.Error; OSError while it would overwrite what nobody has read."""
        if self._unread:
            raise OSError("what the last run left is not read yet")
        return Store(self._data / FILE_NAME, self._site.storage)

    def run(self, lease: Lease) -> int:
        """Care for the threads until asked to end; the exit code says what should follow."""
        self._running_mark.touch()
        try:
            code = self._care(lease)
        finally:
            self._end()
        self._running_mark.unlink(missing_ok=True)  # it stays after a crash
        return code

    def _care(self, lease: Lease) -> int:
        while not lease.ended:
            self._look_at_clock()
            self._look_at_processes()
            self._tell_lateness()
            decision = self.slots.decision.newest()
            state = decision.value.state if decision else State.INIT
            if STATES[state].ends_process:
                return EXIT_CODES[state]
            if self._unread and self._readable():
                return EXIT_CODES[State.RESTART]
            self._supervisor.ensure_running(state)
            self._down = (*self._supervisor.down(), *self._missing)
            lease.wait(CARE_S)
        return 0

    def _readable(self) -> bool:
        """What the last run left can be read now: a new start goes on from there."""
        if self._clock.now_s() < self._look_s:
            return False
        self._look_s = self._clock.now_s() + READ_AGAIN_S
        try:
            remembered(self._data, self._clock)
        except (OSError, sqlite3.OperationalError):
            return False
        log.info("what the last run left can be read again: starts anew")
        return True

    def _look_at_clock(self) -> None:
        trusted = _says(self._run_folder / "clock.json", "trusted")
        if trusted is not None:
            self.slots.clock_trusted.put(trusted, self._clock.now_s())

    def _tell_lateness(self) -> None:
        """Once: what the scheduling that was obtained is worth."""
        late = self._control.punctuality.summary()
        up_s = self._clock.now_s() - self._started_at_s
        if self._lateness_told or late is None or up_s < TELL_LATENESS_S:
            return
        self._lateness_told = True
        figures = late.p50_ms, late.p99_ms, late.max_ms
        log.info("control ticks late: p50 %.2f ms, p99 %.2f ms, worst %.2f ms", *figures)

    def _look_at_processes(self) -> None:
        """Processes that ran in this run folder and do not now; the core itself, after a crash, for a while."""
        states = look(self._run_folder)
        missing = [one.name for one in states if one.pid is not None and not one.alive]
        if self._crashed and self._clock.now_s() - self._started_at_s < TELL_CRASH_S:
            missing.append("core")
        self._missing = tuple(name for name in missing if name != "bootstrapper")
        cloud = next(one for one in states if one.name == "cloud")
        if self._site.cloud.enabled and cloud.pid is not None:
            connected = cloud.alive and _says(self._run_folder / "cloud.json", "connected") is True
            self.slots.cloud_connected.put(connected, self._clock.now_s())

    def _end(self) -> None:
        """Control ends first and leaves the safe default; devices get the time to reach it."""
        self._supervisor.end("control")
        deadline_s = self._clock.now_s() + AT_REST_S
        rest = Lease(self._clock)
        while not self._contactors_open() and self._clock.now_s() < deadline_s:
            rest.wait(0.05)
        late = self._supervisor.stop()
        if late:
            log.error("threads did not end in time: %s", ", ".join(late))

    def _contactors_open(self) -> bool:
        battery = self.slots.battery.fresh(self._clock.now_s(), self._site.battery.max_age_s)
        return battery is None or all(rack.contactors_closed is False for rack in battery.racks)

    def _status(self) -> Status | None:
        moment = self.slots.moment.newest()
        if moment is None:
            return None
        now_s, site = self._clock.now_s(), self._site
        told = as_it_is(moment.value, now_s, self._clock.utc())
        return Status(
            site=site.name,
            version=appliance.__version__,
            uptime_s=now_s - self._started_at_s,
            snapshot=told.snapshot,
            decision=told.decision,
            ages_s=self._ages_s(now_s),
            modes=self._titles,
            capacity_wh=site.battery.capacity_wh,
            reserve_pct=site.battery.soc.reserve_pct,
            rated_w=max(site.inverter.max_charge_w, site.inverter.max_discharge_w),
            lateness=self._control.punctuality.summary(),
            without=self._without,
            scheduling=self._scheduling,
            summaries=self._summaries,
            lacked=self._lacked,
        )

    def _ages_s(self, now_s: float) -> dict[str, float | None]:
        slots = self.slots
        ages: dict[str, Callable[[float], float | None]] = {
            "battery": slots.battery.age_s,
            "inverter": slots.inverter.age_s,
            "board": slots.board.age_s,
        }
        ages |= {f"meters.{name}": meter.age_s for name, meter in slots.meters.items()}
        ages |= {f"sensors.{name}": sensor.age_s for name, sensor in slots.sensors.items()}
        ages |= {f"relays.{name}": relay.age_s for name, relay in slots.relays.items()}
        if self._site.climate is not None:
            ages["climate"] = slots.climate.age_s
        if self._site.market is not None:
            ages["market"] = slots.market.age_s
        return {name: age(now_s) for name, age in ages.items()}


def urgent(workers: tuple[Worker, ...]) -> tuple[Worker, ...]:
    """Workers whose threads are run before those of the others."""
    return tuple(replace(worker, urgent=True) for worker in workers)


def _says(path: Path, name: str) -> bool | None:
    """A yes or no in a small file of another process; None when it has not said anything."""
    try:
        return bool(json.loads(path.read_text(encoding="utf-8"))[name])
    except (OSError, ValueError, KeyError, TypeError):
        return None
