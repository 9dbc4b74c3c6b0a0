"""One thread per CAN bus with a battery: receives, publishes readings, asks for contactors.

A reading is published when the BMS's key frame arrives, and ten times a second when others do; it
carries the time of the key frame, so a BMS that falls silent ages out.
"""

import logging
from collections.abc import Callable
from typing import Final

from appliance.clock import Clock
from appliance.io.bms._bus_watch import BusWatch
from appliance.io.bms.decoder import Decoder
from appliance.io.bms.family import FamilyError
from appliance.io.bms.recollection import Recollection
from appliance.io.bms.request import Conversation, Request
from appliance.io.bms.sleeping import sleeps_by_frame
from appliance.io.buses import BusError
from appliance.io.buses.can import OpenCan, open_can
from appliance.io.deadman import setpoints_now
from appliance.mailbox import Slots
from appliance.model import BatteryMemory, BatteryReading, Setpoints
from appliance.site import CanBus, SiteSettings
from appliance.supervisor import Lease, Worker

log = logging.getLogger(__name__)

RECEIVE_S: Final = 0.02
PUBLISH_S: Final = 0.1
FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 1.0
SILENT_AFTER_S: Final = 5.0


class BmsThread:
    """The battery on one CAN bus."""

    def __init__(
        self,
        site: SiteSettings,
        open_port: Callable[[], OpenCan],
        clock: Clock,
        slots: Slots,
        known: BatteryMemory,
    ) -> None:
        battery = site.battery
        self._max_age_s = battery.max_age_s
        self._decoder = Decoder.of(battery.driver, battery.racks, battery.capacity_wh)
        self._conversation = Conversation(
            Request(self._decoder.family, racks=battery.racks), clock.now_s()
        )
        self._open_port = open_port
        self._watch = BusWatch(slots.wires.get(battery.bus))
        self._clock = clock
        self._slots = slots
        self._recollection = Recollection(battery, known)
        self._told_asleep = False
        self._reading: BatteryReading | None = None
        self._published_at_s = 0.0
        self._heard = False
        self._bus_works = True
        log.info("battery: %s", self._decoder.family.title)

    def run(self, lease: Lease) -> None:
        """Until the lease ends; a broken bus is opened again."""
        try:
            self._run(lease)
        finally:
            self._slots.battery_memory.put(self._recollection.memory(), self._clock.now_s())

    def _run(self, lease: Lease) -> None:
        pause_s = FIRST_PAUSE_S
        while not lease.ended:
            lease.beat()
            self._look()
            try:
                port = self._open_port()
            except BusError as error:
                self._bus_failed(error)
                self._watch.closed(None, self._clock.now_s())
                lease.wait(pause_s)
                pause_s = min(2.0 * pause_s, LONGEST_PAUSE_S)
                continue
            pause_s = FIRST_PAUSE_S
            try:
                self._converse(port, lease)
            except BusError as error:
                self._bus_failed(error)
                self._watch.closed(port, self._clock.now_s())
                lease.wait(pause_s)
            finally:
                port.close()

    def _converse(self, port: OpenCan, lease: Lease) -> None:
        while not lease.ended:
            lease.beat()
            now_s = self._clock.now_s()
            setpoints, battery = self._look()
            self._conversation.update(port, setpoints, battery, now_s)
            wait_s = self._conversation.wait_s(self._clock.now_s())
            self._receive(port, min(wait_s, RECEIVE_S))
            self._look_at_silence()
            self._watch.look(port, now_s)

    def _look(self) -> tuple[Setpoints, BatteryReading | None]:
        """What is wanted and what is known now; remembers it. Also without a bus: a relay has its own wire."""
        now_s = self._clock.now_s()
        setpoints, _number = setpoints_now(self._slots.decision, now_s)
        battery = self._known(now_s)
        self._told_asleep = setpoints.battery_asleep
        changed = self._recollection.look(setpoints, battery, now_s, self._clock.utc())
        if changed is not None:
            self._slots.battery_memory.put(changed, now_s)
        return setpoints, battery

    def _receive(self, port: OpenCan, timeout_s: float) -> None:
        frames = port.receive(timeout_s)
        if not frames:
            return
        self._bus_answers()
        self._watch.heard()
        key = self._decoder.store_all(frames)
        now_s = self._clock.now_s()
        heard_at_s = self._decoder.heard_at_s()
        if heard_at_s is not None and (key or now_s - self._published_at_s >= PUBLISH_S):
            self._reading = self._recollection.completed(self._decoder.reading(now_s), heard_at_s)
            self._slots.battery.put(self._reading, heard_at_s)
            self._published_at_s = now_s

    def _known(self, now_s: float) -> BatteryReading | None:
        """What the BMS said, unless it is silent."""
        heard_at_s = self._decoder.heard_at_s()
        if heard_at_s is None:
            # A thread that has just crashed goes on from what it said before: the BMS waits for a second only.
            return self._slots.battery.fresh(now_s, self._max_age_s)
        return None if now_s - heard_at_s > self._max_age_s else self._reading

    def _look_at_silence(self) -> None:
        heard = self._known(self._clock.now_s()) is not None
        if heard != self._heard:
            silent = "battery sleeps" if self._told_asleep else "battery does not answer"
            log.warning("battery answers" if heard else silent)
        self._heard = heard

    def _bus_failed(self, error: BusError) -> None:
        if self._bus_works:
            log.warning("battery's CAN bus: %s", error)
        self._bus_works = False

    def _bus_answers(self) -> None:
        if not self._bus_works:
            log.warning("battery's CAN bus works again")
        self._bus_works = True


def bms_workers(
    site: SiteSettings,
    clock: Clock,
    slots: Slots,
    known: BatteryMemory | None = None,
) -> tuple[Worker, ...]:
    """One worker per CAN bus that has a battery. `known` is what the last run knew of the battery.

    Raises FamilyError for a wrong signal map, and for a family that cannot sleep as the site says.
    """
    settings = site.buses[site.battery.bus]
    if not isinstance(settings, CanBus):
        return ()

    def run(lease: Lease) -> None:
        newest = slots.battery_memory.newest()
        last = known or BatteryMemory() if newest is None else newest.value
        BmsThread(site, lambda: open_can(settings, clock), clock, slots, last).run(lease)

    family = Decoder.of(site.battery.driver, site.battery.racks).family
    Request(family, racks=site.battery.racks)
    if site.battery.sleep.means == "frame" and not sleeps_by_frame(family):
        msg = f'battery.sleep.means = "frame": {family.title} has no frame that sends it to sleep'
        raise FamilyError(msg)
    return (Worker(f"can.{site.battery.bus}", run, SILENT_AFTER_S),)
