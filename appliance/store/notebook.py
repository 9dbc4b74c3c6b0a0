"""What the recorder has yet to write: gathered in memory, written as one transaction.

Nothing is forgotten before its transaction has succeeded: a disk that is full or slow for a while costs
no line of the journal, no error and no count.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from appliance.counting.limit_hours import LimitHours
from appliance.counting.odometer import Odometer, start
from appliance.errors import ERRORS
from appliance.model import (
    ActiveError,
    BatteryMemory,
    Decision,
    Effect,
    Moment,
    Schedule,
    State,
    SystemInfo,
)
from appliance.store import Durable, Store, key_of

KEEP_S: Final = 10.0
"""Counters that only grow with time are written this often; the others at once."""
MOST: Final = 10_000
"""Lines and records that wait for a disk that takes none."""
Line = tuple[str, datetime, str]
OUTLAST: Final = frozenset(row.number for row in ERRORS if row.outlasts_restart)


class Notebook:
    """Belongs to one thread (the recorder)."""

    def __init__(self, version: str, boot_id: str) -> None:
        self._version, self._boot_id = version, boot_id
        self._lines: deque[Line] = deque(maxlen=MOST)
        self._records: deque[tuple[str, datetime, bytes]] = deque(maxlen=MOST)
        self._errors: deque[tuple[tuple[ActiveError, ...], datetime]] = deque(maxlen=MOST)
        self._battery: BatteryMemory | None = None
        self._durable: Durable | None = None
        self._durable_written: Durable | None = None
        self._odometer: Odometer | None = None
        self._changes_written = -1
        self._hours = LimitHours()
        self._last: Decision | None = None
        self._keep_due_s = 0.0
        """Beside the telemetry's own ten seconds, so that both go to the disk together."""

    def open(self, store: Store, utc: datetime) -> None:
        """Before the first round with a store that was just opened: go on from what it knows."""
        if self._odometer is None:
            info = start(store.recall_info(), self._version, self._boot_id, utc)
            self._odometer = Odometer(info)
            store.errors.end_run()
        # Another store may know less: tell it all.
        self._durable_written = None
        self._changes_written = -1
        if self._last is not None and not self._errors:
            self._errors.append((self._last.errors, self._last.utc))

    # ------------------------------------------------------------ gathering

    def add(self, moment: Moment) -> None:
        """One cycle."""
        decision, last = moment.decision, self._last
        if self._odometer is not None:
            self._odometer.add(moment)
        self._hours.add(decision)
        if last is None or decision.errors is not last.errors:
            self._errors.append((decision.errors, decision.utc))
            new = _raised(decision, last)
            if new and self._odometer is not None:
                self._odometer.raised(new)
        self._durable = durable_of(decision, self._before(moment))
        self._last = decision

    def _before(self, moment: Moment) -> Durable | None:
        """What was to be kept before this cycle; the one that changed the schedules may have been passed over."""
        before, memory = self._durable, moment.snapshot.memory
        if memory is None or (before is not None and before.schedules is memory.schedules):
            return before
        return msgspec.structs.replace(before or Durable(), schedules=memory.schedules)

    def line(self, kind: str, at: datetime, text: str) -> None:
        """A line of the journal."""
        self._lines.append((kind, at, text))

    def record(self, kind: str, at: datetime, body: bytes) -> None:
        """A record for the cloud."""
        self._records.append((kind, at, body))

    def battery(self, memory: BatteryMemory) -> None:
        """What is newly known of the battery."""
        self._battery = memory
        if self._odometer is not None:
            self._odometer.learn(memory)

    def info(self) -> SystemInfo:
        """What is known of the box now; before `open` nothing."""
        return SystemInfo() if self._odometer is None else self._odometer.info()

    # ------------------------------------------------------------ writing

    def write(self, store: Store, now_s: float, utc: datetime) -> None:
        """What waits, as one transaction; on the disk within store.SYNC_S. Raises sqlite3.Error, OSError."""
        keep = now_s >= self._keep_due_s
        if not (keep or self._waits()):
            store.settle(now_s)
            return
        store.begin()
        try:
            done = [self._write_lines(store), self._write_state(store)]
            if keep:
                done.append(self._write_hours(store, utc))
            store.commit()
        except BaseException:
            store.roll_back()
            raise
        for forget in done:
            forget()
        if keep:
            self._keep_due_s = max(self._keep_due_s + KEEP_S, now_s)
        store.settle(now_s)

    def end(self, store: Store, now_s: float, utc: datetime) -> None:
        """The core ends in order: all that is left. Raises sqlite3.Error, OSError."""
        if self._odometer is not None:
            self._odometer.end(utc)
            self._changes_written = -1
        self._keep_due_s = float("-inf")
        self.write(store, now_s, utc)
        store.sync()

    def _changed(self) -> bool:
        return self._odometer is not None and self._odometer.changes != self._changes_written

    def _waits(self) -> bool:
        return (
            bool(self._lines or self._records or self._errors)
            or self._battery is not None
            or self._durable != self._durable_written
            or self._changed()
        )

    def _write_lines(self, store: Store) -> Callable[[], None]:
        for line in self._lines:
            store.write(*line)
        for record in self._records:
            store.enqueue(*record)
        for errors, utc in self._errors:
            store.errors.note(errors, utc)

        def forget() -> None:
            for waiting in (self._lines, self._records, self._errors):
                waiting.clear()

        return forget

    def _write_state(self, store: Store) -> Callable[[], None]:
        durable, changes = self._durable, self._odometer.changes if self._odometer else -1
        if durable is not None and durable != self._durable_written:
            store.remember(durable)
        if self._battery is not None:
            store.remember_battery(self._battery)
        if self._changed():
            store.remember_info(self.info())

        def forget() -> None:
            self._durable_written, self._changes_written = durable, changes
            self._battery = None

        return forget

    def _write_hours(self, store: Store, utc: datetime) -> Callable[[], None]:
        store.remember_info(self.info())
        store.add_limit_seconds(self._hours.waiting())
        store.errors.still_raised(utc)
        return self._hours.written


def _raised(decision: Decision, last: Decision | None) -> int:
    """How many errors are new; what the first cycle finds raised may be of an earlier run."""
    if last is None:
        return sum(error.since_at == decision.utc for error in decision.errors)
    known = {key_of(error) for error in last.errors}
    return sum(key_of(error) not in known for error in decision.errors)


def durable_of(decision: Decision, before: Durable | None) -> Durable:
    """What a restart must find again. A restart itself is nothing to come back to, nor is a test."""
    goal = decision.goal if decision.test is None else decision.test.returns_to
    if goal in (State.RESTART, State.REBOOT):
        goal = State.RUN if before is None or before.goal is None else before.goal
    return Durable(
        mode=decision.mode,
        mode_by=decision.mode_by,
        scheduled=decision.scheduled,
        goal=goal,
        awaits_start=decision.awaits_start,
        cap=decision.cap,
        racks_suspect=decision.racks_suspect,
        schedules=_schedules(decision, before),
        latched=tuple(
            error
            for error in decision.errors
            if error.latched or Effect.EMERGENCY_STOP in error.effects or error.number in OUTLAST
        ),
    )


def _schedules(decision: Decision, before: Durable | None) -> tuple[Schedule, ...]:
    """A decision has them only where it has changed them."""
    if decision.schedules is not None:
        return decision.schedules
    return () if before is None else before.schedules
