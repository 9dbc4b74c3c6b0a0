"""Writes down what the cycles did: journal, errors, what must survive, telemetry, black box."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from appliance import latch
from appliance.blackbox import BlackBox
from appliance.clock import Clock
from appliance.mailbox import Latest, Stream, Wake
from appliance.model import ActiveError, BatteryMemory, Decision, Effect, Moment, Snapshot, State
from appliance.site import SiteSettings
from appliance.store import Durable, Store
from appliance.supervisor import Lease

log = logging.getLogger(__name__)

PERIOD_S: Final = 0.2
SPOT_KIND: Final = "SC_Spot_10s"
"""Kind of these records in the outbox, and their schema in the cloud."""

Spot = Callable[[Snapshot, Decision], Mapping[str, object]]


class Recorder:
    """One worker; the only writer of the store."""

    def __init__(
        self,
        moments: Stream[Moment],
        now: Wake,
        open_store: Callable[[], Store],
        black_box: BlackBox,
        site: SiteSettings,
        clock: Clock,
        spot: Spot,
        battery: Latest[BatteryMemory] | None = None,
    ) -> None:
        self._moments = moments
        self._battery = battery
        self._battery_kept = 0
        self._now = now
        self._data = Path(site.data_folder)
        self._latched: bool | None = None
        self._open_store = open_store
        self._black_box = black_box
        self._spot_period_s = site.cloud.spot_period_s if site.cloud.enabled else None
        self._clock = clock
        self._spot = spot
        self._last: Moment | None = None
        self._durable: Durable | None = None
        self._spot_due_s = 0.0

    def run(self, lease: Lease) -> None:
        """Drain and write until the lease ends, and what is left after it."""
        store = self._open_store()
        try:
            while not lease.ended:
                self._now.wait(PERIOD_S)
                lease.beat()
                self._write(store)
            self._write(store)
        finally:
            self._black_box.close()
            store.close()

    def _write(self, store: Store) -> None:
        moments = self._moments.drain()
        if moments:
            self._keep_latch(moments[-1].decision)
        for moment in moments:
            self._black_box.add(moment)
            if self._last is None or moment.decision.errors is not self._last.decision.errors:
                self._note_errors(store, moment)
            self._note_changes(store, moment.decision)
            self._last = moment
        self._keep_battery(store)
        if self._last is not None:
            self._enqueue_spot(store, self._last)
        self._black_box.look(self._clock.now_s())

    def _keep_latch(self, decision: Decision) -> None:
        """First of all, and apart from the store: an emergency stop outlives a crash and a full disk."""
        latched = any(Effect.EMERGENCY_STOP in error.effects for error in decision.errors)
        if latched is not self._latched:
            latch.write(self._data, latched)
            self._latched = latched

    def _keep_battery(self, store: Store) -> None:
        newest = None if self._battery is None else self._battery.newest()
        if newest is not None and newest.number != self._battery_kept:
            store.remember_battery(newest.value)
            self._battery_kept = newest.number

    def _note_errors(self, store: Store, moment: Moment) -> None:
        known = _by_key(self._last.decision.errors) if self._last else {}
        present = _by_key(moment.decision.errors)
        utc = moment.decision.utc
        for key, error in present.items():
            if key not in known:
                store.count_error(error)
                store.write("error", utc, f"{error.number} {error.source}: {error.title}")
                log.warning("error %d %s: %s", error.number, error.source, error.title)
        for key, error in known.items():
            if key not in present:
                store.write("cleared", utc, f"{error.number} {error.source}: {error.title}")
                log.info("error %d %s is gone: %s", error.number, error.source, error.title)

    def _note_changes(self, store: Store, decision: Decision) -> None:
        last = self._last.decision if self._last else None
        if last is None or last.state is not decision.state:
            store.write("state", decision.utc, f"{decision.state}: {decision.why}")
            log.info("state %s: %s", decision.state, decision.why)
        if last is not None and last.mode != decision.mode:
            store.write("mode", decision.utc, f"{decision.mode}, asked by {decision.mode_by}")
            log.info("mode %s, asked by %s", decision.mode, decision.mode_by)
        durable = _durable(decision, self._durable)
        if durable != self._durable:
            store.remember(durable)
            self._durable = durable

    def _enqueue_spot(self, store: Store, moment: Moment) -> None:
        now_s = self._clock.now_s()
        if self._spot_period_s is None or now_s < self._spot_due_s:
            return
        self._spot_due_s = max(self._spot_due_s + self._spot_period_s, now_s)
        body = msgspec.json.encode(self._spot(moment.snapshot, moment.decision))
        store.enqueue(SPOT_KIND, moment.snapshot.utc, body)


def _by_key(errors: tuple[ActiveError, ...]) -> dict[tuple[int, str], ActiveError]:
    """The device's own words behind the colon may change while it is raised."""
    return {(error.number, error.source.partition(":")[0]): error for error in errors}


def _durable(decision: Decision, before: Durable | None) -> Durable:
    """What a restart must find again. A restart itself is nothing to come back to."""
    goal = decision.goal
    if goal in (State.RESTART, State.REBOOT):
        goal = State.RUN if before is None or before.goal is None else before.goal
    return Durable(
        mode=decision.mode,
        mode_by=decision.mode_by,
        goal=goal,
        latched=tuple(
            error
            for error in decision.errors
            if error.latched or Effect.EMERGENCY_STOP in error.effects
        ),
    )
