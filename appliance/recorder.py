"""Writes down what the cycles did: journal, errors, counters, what must survive, telemetry, black box."""

import logging
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

import appliance
from appliance.blackbox import BlackBox
from appliance.clock import Clock
from appliance.latch import Latch
from appliance.mailbox import Latest, Stream, Wake
from appliance.model import (
    ActiveError,
    Answer,
    BatteryMemory,
    BeatControl,
    BeatTest,
    Decision,
    Moment,
    Request,
    SetExternal,
    SetPower,
    Snapshot,
)
from appliance.site import Language, SiteSettings
from appliance.store import Store, key_of
from appliance.store.notebook import Notebook
from appliance.store.reports import keep_report
from appliance.supervisor import Lease
from appliance.undecided import as_it_is

log = logging.getLogger(__name__)

PERIOD_S: Final = 0.2
SPOT_KIND: Final = "SC_Spot_10s"
"""Kind of these records in the outbox, and their schema in the cloud."""
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
"""The computer's own name for its last start."""
BEATS: Final = (BeatTest, BeatControl)
"""Said every second, and no line of the journal."""
LONGEST_TEXT: Final = 1_000
"""A schedule of 200 entries is kept elsewhere; of it, and of what is wrong with it, the journal has the beginning."""
ERROR_KIND: Final = "SC_error_event"

Spot = Callable[[Snapshot, Decision], Mapping[str, object]]
ErrorEvent = Callable[[ActiveError, str, datetime, Language], Mapping[str, object]]


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
        error_event: ErrorEvent,
        battery: Latest[BatteryMemory] | None = None,
        boot_id: Callable[[], str] = lambda: BOOT_ID.read_text(encoding="ascii").strip(),
        latch: Latch | None = None,
    ) -> None:
        self._moments = moments
        self._dropped = 0
        self._battery = battery
        self._battery_kept = 0
        self._now = now
        self._latch = latch or Latch(Path(site.data_folder))
        self._open_store = open_store
        self._black_box = black_box
        self._spot_period_s = site.cloud.spot_period_s if site.cloud.enabled else None
        self._clock = clock
        self._data = Path(site.data_folder)
        self._spot = spot
        self._error_event = error_event
        self._language = site.language
        self._last: Moment | None = None
        self._power_said: tuple[str, bool, str] | None = None
        self._spot_due_s = 0.0
        self._notes = Notebook(appliance.__version__, boot_id())

    def run(self, lease: Lease) -> None:
        """Drain and write until the lease ends, and what is left after it."""
        store = self._open_store()
        try:
            self._notes.open(store, self._clock.utc())
            while not lease.ended:
                self._now.wait(PERIOD_S)
                lease.beat()
                self._round(store)
            self._round(store)
            self._notes.end(store, self._clock.now_s(), self._clock.utc())
        except sqlite3.DatabaseError as error:
            if type(error) is sqlite3.DatabaseError:
                # The file itself; all others say that it could not be used just now.
                store.give_up(error)
                self._notes.open(store, self._clock.utc())
                self._notes.write(store, self._clock.now_s(), self._clock.utc())
            raise
        finally:
            self._black_box.close()
            store.close()

    def _round(self, store: Store) -> None:
        moments = self._moments.drain()
        if moments:
            # First of all, and apart from the store: it outlives a crash and a full disk.
            self._latch.keep(moments[-1].decision)
        for moment in moments:
            self._black_box.add(moment)
            if self._last is None or moment.decision.errors is not self._last.decision.errors:
                self._note_errors(moment)
            self._note_changes(moment.decision)
            self._note_backup(moment.decision)
            self._note_answers(moment)
            self._notes.add(moment)
            self._last = moment
        self._note_dropped()
        self._take_battery()
        if self._last is not None:
            self._take_spot(as_it_is(self._last, self._clock.now_s(), self._clock.utc()))
        self._notes.write(store, self._clock.now_s(), self._clock.utc())
        self._black_box.look(self._clock.now_s())

    def _take_battery(self) -> None:
        newest = None if self._battery is None else self._battery.newest()
        if newest is not None and newest.number != self._battery_kept:
            self._notes.battery(newest.value)
            self._battery_kept = newest.number

    def _note_errors(self, moment: Moment) -> None:
        known = _by_key(self._last.decision.errors) if self._last else {}
        present = _by_key(moment.decision.errors)
        utc = moment.decision.utc
        for key, error in present.items():
            if key not in known:
                self._notes.line("error", utc, f"{error.number} {error.source}: {error.title}")
                log.warning("error %d %s: %s", error.number, error.source, error.title)
                self._tell(error, "raised", utc)
            elif error.acknowledged_by != known[key].acknowledged_by:
                self._tell(error, "acknowledged", utc)
        for key, error in known.items():
            if key not in present:
                self._notes.line("cleared", utc, f"{error.number} {error.source}: {error.title}")
                log.info("error %d %s is gone: %s", error.number, error.source, error.title)
                self._tell(error, "cleared", utc)

    def _tell(self, error: ActiveError, happened: str, utc: datetime) -> None:
        if self._spot_period_s is not None:
            event = self._error_event(error, happened, utc, self._language)
            self._notes.record(ERROR_KIND, utc, msgspec.json.encode(event))

    def _note_changes(self, decision: Decision) -> None:
        last = self._last.decision if self._last else None
        if last is None or last.state is not decision.state:
            self._notes.line("state", decision.utc, f"{decision.state}: {decision.why}")
            log.info("state %s: %s", decision.state, decision.why)
        if decision.test is None and last is not None and last.test is not None:
            text = f"the test by {last.test.by} is over: {decision.test_ended}"
            self._notes.line("test", decision.utc, text)
            log.info("%s", text)
        if last is not None and last.mode != decision.mode:
            self._notes.line("mode", decision.utc, f"{decision.mode}, asked by {decision.mode_by}")
            log.info("mode %s, asked by %s", decision.mode, decision.mode_by)

    def _note_backup(self, decision: Decision) -> None:
        """A test of the backup has ended: its report is kept as a file."""
        last = self._last.decision if self._last else None
        report = None if decision.backup is None else decision.backup.report
        known = None if last is None or last.backup is None else last.backup.report
        if report is None or last is None or report == known:
            return
        said = "passed" if report.passed else f"failed: {'; '.join(report.reasons)}"
        self._notes.line("backup", decision.utc, f"the test of the backup {said}")
        log.info("the test of the backup %s", said)
        try:
            keep_report(self._data, report)
        except OSError as error:
            log.error("the report of the backup's test cannot be kept: %s", error)

    def _note_answers(self, moment: Moment) -> None:
        """Who asked for what, and what was said; PINs never come so far."""
        utc = moment.decision.utc
        asked = {request.id: request for request in moment.snapshot.requests}
        for answer in moment.decision.answers:
            request = asked.get(answer.id)
            if request is None or isinstance(request.want, BEATS) or self._said(request, answer):
                continue
            done = "done" if answer.ok else "refused"
            want = msgspec.json.encode(request.want).decode()
            reason = answer.reason[:LONGEST_TEXT]
            text = f"{request.source} asks {want[:LONGEST_TEXT]}: {done}: {reason}"
            self._notes.line("request", utc, text)
            log.log(logging.INFO if answer.ok else logging.WARNING, "%s", text)

    def _said(self, request: Request, answer: Answer) -> bool:
        """A power again, with the same answer, as a machine asks for every second. All else is a line."""
        if not isinstance(request.want, SetPower | SetExternal):
            self._power_said = None
            return False
        said = (request.source, answer.ok, "" if answer.ok else answer.reason)
        again, self._power_said = said == self._power_said, said
        return again

    def _note_dropped(self) -> None:
        """The disk was so slow that cycles had to be passed over."""
        dropped = self._moments.dropped
        if dropped != self._dropped:
            text = f"{dropped - self._dropped} cycles were not recorded: the disk is too slow"
            self._notes.line("dropped", self._clock.utc(), text)
            log.warning("%s", text)
            self._dropped = dropped

    def _take_spot(self, moment: Moment) -> None:
        now_s = self._clock.now_s()
        if self._spot_period_s is None or now_s < self._spot_due_s:
            return
        self._spot_due_s = max(self._spot_due_s + self._spot_period_s, now_s)
        body = msgspec.json.encode(self._spot(moment.snapshot, moment.decision))
        self._notes.record(SPOT_KIND, moment.snapshot.utc, body)


def _by_key(errors: tuple[ActiveError, ...]) -> dict[tuple[int, str], ActiveError]:
    return {key_of(error): error for error in errors}
