"""The recorder and a disk that refuses, is slow, or gives back rubbish."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from typing_extensions import override

from appliance.blackbox import BlackBox
from appliance.clock import VirtualClock
from appliance.mailbox import Latest, Stream, Wake
from appliance.model import ActiveError, BatteryMemory, Limits, Moment, Severity, State
from appliance.recorder import Recorder
from appliance.store import FILE_NAME, Durable, History, Store, set_aside_files
from appliance.store.writing import Store as Writing
from appliance.supervisor import Lease
from tests.stories import NOON, Story, battery, rack, seen


class Rounds(Lease):
    """Ends after so many looks; `before_each` happens between them."""

    def __init__(self, clock: VirtualClock, count: int) -> None:
        super().__init__(clock)
        self.left = count

    @property
    @override
    def ended(self) -> bool:
        self.left -= 1
        return self.left < 0


class Box:
    """A recorder with its stream, in virtual time."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / FILE_NAME
        self.clock = VirtualClock(NOON)
        self.stream: Stream[Moment] = Stream(2_000)
        self.known: Latest[BatteryMemory] = Latest("battery_memory")
        story = Story()
        self.decision = msgspec.structs.replace(story.last, errors=(), mode="passive")
        site = story.site.model_copy(update={"data_folder": str(folder)})
        self.recorder = Recorder(
            self.stream, self._bell(), lambda: Store(self.path, site.storage),
            BlackBox(folder / "blackbox", site.blackbox), site, self.clock,
            lambda _seen, _decision: {"a": 1}, lambda *_: {}, self.known, lambda: "boot a",
        )  # fmt: skip

    @staticmethod
    def _bell() -> Wake:
        class Rung(Wake):
            @override
            def wait(self, timeout_s: float) -> bool:
                return True

        return Rung()

    def cycle(self, passed_s: float = 0.1, closed: bool = True, **changes: object) -> None:
        self.clock.advance(passed_s)
        now_s, utc = self.clock.now_s(), self.clock.utc()
        self.decision = msgspec.structs.replace(self.decision, now_s=now_s, utc=utc, **changes)
        snapshot = seen(now_s, utc=utc, battery=battery(rack(contactors_closed=closed)))
        self.stream.put(Moment(snapshot, self.decision))

    def error(self, number: int = 301) -> ActiveError:
        return ActiveError(
            number, "meter grid", Severity.ERROR, "Silent", "Look", (), self.clock.utc()
        )

    def run(self, rounds: int = 0) -> None:
        self.recorder.run(Rounds(self.clock, rounds))

    def journal(self) -> list[tuple[str, str]]:
        with sqlite3.connect(self.path) as database:
            rows = database.execute("SELECT kind, text FROM journal ORDER BY id").fetchall()
        database.close()
        return rows


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_a_disk_that_takes_nothing_for_a_while_costs_nothing(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_store: Store) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    box.cycle()
    box.run()
    with monkeypatch.context() as patch:
        patch.setattr(Writing, "commit", full)
        box.cycle(errors=(box.error(),), mode="self_consumption", limits=Limits(binding="soc"))
        box.cycle(closed=False)
        box.known.put(BatteryMemory(soc_delta_pct=2.5), 0.0)
        with pytest.raises(sqlite3.OperationalError):
            box.run()
        box.cycle(1.0, errors=())
        with pytest.raises(sqlite3.OperationalError):
            box.run()
    box.cycle(10.0)
    box.run()
    assert [kind for kind, _ in box.journal()] == ["state", "error", "mode", "cleared"]
    (error,) = History(box.path).errors()
    assert (error.state, error.count) == ("cleared", 1)
    info = History(box.path).info()
    assert info is not None
    assert (info.contactor_closings, info.mode_changes, info.errors_raised) == (1, 1, 1)
    assert (info.soc_delta_pct, info.starts) == (2.5, 1)
    (day,) = History(box.path).limits(9)
    assert day.seconds["soc"] == pytest.approx(1.1)
    assert sum(day.seconds.values()) == pytest.approx(11.2)
    store = Store(box.path)
    assert store.recall().mode == "self_consumption"
    assert store.recall_battery().soc_delta_pct == 2.5
    store.close()


def test_a_store_that_rots_while_the_box_runs_is_set_aside_and_all_that_matters_told_again(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rotten(_store: Store) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    latched = msgspec.structs.replace(box.error(112), latched=True)
    box.cycle(mode="self_consumption", errors=(latched,))
    box.run()
    with monkeypatch.context() as patch:
        patch.setattr(Writing, "begin", rotten)
        patch.setattr(Writing, "give_up", _heal(Writing.give_up, patch))
        box.cycle(state=State.IDLE)
        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            box.run()
    assert set_aside_files(box.folder) == (f"{FILE_NAME}.corrupt-1",)
    store = Store(box.path)
    durable = store.recall()
    store.close()
    assert (durable.mode, durable.latched) == ("self_consumption", (latched,))
    (error,) = History(box.path).errors()
    assert (error.number, error.state) == (112, "raised")
    box.cycle()
    box.run()
    info = History(box.path).info()
    assert info is not None
    assert (info.starts, info.state_changes) == (1, 1)


def _heal(give_up: object, patch: pytest.MonkeyPatch) -> object:
    """The new file is sound."""

    def healed(store: Store, error: Exception) -> None:
        patch.undo()
        assert callable(give_up)
        give_up(store, error)

    return healed


def test_starts_ends_and_crashes_are_told_apart(box: Box, tmp_path: Path) -> None:
    box.cycle()
    box.run()
    again = Box(tmp_path)
    again.cycle()
    again.run()
    info = History(box.path).info()
    assert info is not None
    assert (info.starts, info.boots, info.crashes, info.power_cuts) == (2, 1, 0, 0)
    assert info.ended_at is not None
    store = Store(box.path)
    store.remember_info(msgspec.structs.replace(info, ended_at=None, boot_id="boot 0"))
    store.close()
    third = Box(tmp_path)
    third.cycle()
    third.run()
    info = History(box.path).info()
    assert info is not None
    assert (info.starts, info.boots, info.crashes, info.power_cuts) == (3, 2, 0, 1)


def test_counters_that_grow_with_time_are_written_every_ten_seconds_and_others_at_once(
    box: Box,
) -> None:
    written: list[tuple[float, int]] = []

    class Looking(Rounds):
        @property
        @override
        def ended(self) -> bool:
            if History(box.path).info() is not None:
                info = History(box.path).info()
                assert info is not None
                written.append((info.run_s, info.contactor_closings))
            box.cycle(1.0, closed=self.left != 15)
            return super().ended

    box.recorder.run(Looking(box.clock, 30))
    changes = sorted(set(written))
    assert changes[-1][1] == 1
    steps = [run_s for run_s, _ in changes]
    assert len(steps) <= 6
    first_closed = min(run_s for run_s, closings in changes if closings)
    assert first_closed == pytest.approx(16.0, abs=1.1), "not only with the next ten seconds"


def test_cycles_that_were_passed_over_are_told(box: Box) -> None:
    for _ in range(2_003):
        box.stream.put(Moment(seen(), box.decision))
    box.run()
    assert ("dropped", "3 cycles were not recorded: the disk is too slow") in box.journal()


def test_what_an_ask_has_changed_is_on_the_disk_when_the_round_ends(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs: list[Durable] = []

    def sync(_path: Path) -> None:
        store = Store(box.path)
        syncs.append(store.recall())
        store.close()

    box.cycle()
    box.run()
    monkeypatch.setattr("appliance.store.writing.sync_log", sync)
    box.cycle(0.01, mode="self_consumption")
    box.recorder.run(Rounds(box.clock, 0))
    assert syncs[0].mode == "self_consumption"


def test_last_instants_follow_the_clock_of_the_cycle(box: Box) -> None:
    raised = box.error()
    box.cycle(errors=(raised,))
    box.cycle(1.0)
    box.run(rounds=3)
    (error,) = History(box.path).errors()
    assert (error.since_at, error.state) == (NOON, "raised")
    assert error.last_at - NOON == timedelta(seconds=1.1)


def test_what_is_known_of_the_battery_is_written_once(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[BatteryMemory] = []
    monkeypatch.setattr(Writing, "remember_battery", lambda _store, known: written.append(known))
    box.known.put(BatteryMemory(gaps=3), 0.0)
    box.cycle()
    box.run(rounds=5)
    assert written == [BatteryMemory(gaps=3)]


def test_the_next_core_finds_what_was_raised_and_never_cleared(box: Box, tmp_path: Path) -> None:
    box.cycle(errors=(box.error(),))
    box.run()
    again = Box(tmp_path)
    again.cycle()
    again.run()
    (error,) = History(box.path).errors()
    assert (error.state, error.cleared_at) == ("not cleared", None)
