"""The store on disk, and the recorder that writes it."""

import gzip
import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from typing_extensions import override

from appliance import latch
from appliance.blackbox import BlackBox, line
from appliance.clock import SystemClock, VirtualClock
from appliance.cloud.error_events import error_event
from appliance.config import load_site
from appliance.mailbox import Stream, Wake
from appliance.model import (
    AckErrors,
    ActiveError,
    BoardReading,
    GoToMode,
    GoToState,
    Moment,
    Recorded,
    Severity,
    State,
)
from appliance.recall import starting_memory
from appliance.recorder import Recorder
from appliance.store import Durable, MemoryLostError, Outbox, Store
from appliance.supervisor import Lease
from appliance.wiring import Core
from tests.stories import HOME, NOON, Story, seen


def test_the_outbox_keeps_order_and_forgets_only_what_was_confirmed(tmp_path: Path) -> None:
    store, outbox = Store(tmp_path / "store.sqlite"), Outbox(tmp_path / "store.sqlite")
    for number in range(5):
        store.enqueue("SC_Spot_10s", NOON + timedelta(seconds=number), f"{number}".encode())
    batch = outbox.next_batch(3)
    assert [record.body for record in batch] == [b"0", b"1", b"2"]
    assert batch[0].at == NOON
    outbox.delete_through(batch[-1].seq)
    assert outbox.depth() == 2
    store.enqueue("SC_Spot_10s", NOON, b"5")
    assert [record.body for record in outbox.next_batch(9)] == [b"3", b"4", b"5"]
    store.close()
    outbox.close()


def test_sequence_numbers_are_never_used_again(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store, outbox = Store(path), Outbox(path)
    store.enqueue("k", NOON, b"a")
    (first,) = outbox.next_batch(1)
    outbox.delete_through(first.seq)
    store.close()
    store = Store(path)
    store.enqueue("k", NOON, b"b")
    (second,) = outbox.next_batch(1)
    assert second.seq > first.seq
    store.close()
    outbox.close()


class Once(Lease):
    @property
    @override
    def ended(self) -> bool:
        return True


def record(tmp_path: Path, story: Story, moments: list[Moment]) -> Durable:
    clock = VirtualClock(NOON)
    stream: Stream[Moment] = Stream(1_000)
    for moment in moments:
        stream.put(moment)
    path = tmp_path / "store.sqlite"
    site = story.site.model_copy(update={"data_folder": str(tmp_path)})
    recorder = Recorder(
        stream,
        Wake(),
        lambda: Store(path),
        BlackBox(tmp_path / "blackbox"),
        site,
        clock,
        lambda snapshot, _decision: {"soc_pct": snapshot.battery and snapshot.battery.soc_pct},
        error_event,
    )
    recorder.run(Once(clock))
    store = Store(path)
    durable = store.recall()
    store.close()
    return durable


def test_mode_rest_and_latch_survive_a_restart(tmp_path: Path) -> None:
    story = Story().running()
    story.ask(GoToMode("passive"), "cloud")
    story.ask(GoToState(State.IDLE))
    decision = story.step(board=BoardReading(estop_pressed=True))
    durable = record(tmp_path, story, [Moment(seen(), decision)])
    assert (durable.mode, durable.mode_by, durable.goal) == ("passive", "cloud", State.IDLE)
    assert [error.number for error in durable.latched] == [401]


def test_telemetry_goes_to_the_outbox(tmp_path: Path) -> None:
    story = Story().running()
    record(tmp_path, story, [Moment(seen(), story.step())])
    outbox = Outbox(tmp_path / "store.sqlite")
    (record_,) = outbox.next_batch(10)
    assert record_.kind == "SC_Spot_10s"
    assert json.loads(record_.body) == {"soc_pct": 50.0}
    outbox.close()


def test_the_cloud_is_told_of_errors_in_the_language_of_the_site(tmp_path: Path) -> None:
    story = Story(site=Story().site.model_copy(update={"language": "de"})).running()
    story.run(3.0)
    raised = story.run(1.5, board=None)
    story.ask(AckErrors(402))
    moments = [Moment(seen(), raised), Moment(seen(), story.last)]
    gone = story.run(4.0, board=BoardReading(estop_pressed=False))
    record(tmp_path, story, [*moments, Moment(seen(), gone)])
    outbox = Outbox(tmp_path / "store.sqlite")
    events = [json.loads(one.body) for one in outbox.next_batch(10) if one.kind == "SC_error_event"]
    outbox.close()
    assert [one["happened"] for one in events] == ["raised", "acknowledged", "cleared"]
    assert {one["id"] for one in events} == {raised.errors[0].id}
    assert (events[0]["number"], events[0]["source"]) == (402, "buttons and e-stop")
    assert events[0]["title"] == "Buttons and e-stop do not answer" != events[0]["title_local"]
    assert (events[0]["severity"], events[0]["effects"]) == ("error", ["stop"])
    assert events[1]["acknowledged_by"] == "ctl"


def test_the_black_box_holds_every_cycle_in_order(tmp_path: Path) -> None:
    story = Story()
    box = BlackBox(tmp_path)
    for _ in range(250):
        box.add(Moment(seen(story.now_s), story.step()))
    path = box.freeze("20260621T120000-error-101")
    with gzip.open(path, "rb") as file:
        lines = [msgspec.json.decode(text, type=Recorded) for text in file]
    numbers = [one.decision.cycle for one in lines if one.decision]
    assert numbers == list(range(2, 252))


def test_a_line_is_a_snapshot_with_its_decision() -> None:
    story = Story().running()
    moment = Moment(seen(), story.step())
    read = msgspec.json.decode(line(moment), type=Recorded)
    assert read.decision == moment.decision
    assert read.battery == moment.snapshot.battery


def test_a_corrupt_store_is_set_aside_and_a_new_one_begins(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    for number in (1, 2):
        path.write_bytes(b"this is no database, " * 500)
        store = Store(path)
        with pytest.raises(MemoryLostError):
            store.recall()
        store.remember(Durable(mode="passive"))
        store.close()
        store = Store(path)
        assert store.recall().mode == "passive"
        store.close()
        assert path.with_name(f"store.sqlite.corrupt-{number}").exists()


def test_a_box_that_lost_its_memory_counts_as_stopped(tmp_path: Path) -> None:
    text = HOME.read_text().replace("build/run/data", str(tmp_path))
    site_file = tmp_path / "site.toml"
    site_file.write_text(text)
    (tmp_path / "store.sqlite").write_bytes(b"rubbish " * 1_000)
    for _ in range(2):
        core = Core(load_site(site_file), SystemClock())
        (error,) = core._cycle.memory.errors
        assert (error.number, error.latched) == (401, True)


def test_maintenance_survives_a_restart(tmp_path: Path) -> None:
    story = Story().running()
    story.ask(GoToState(State.MAINTENANCE))
    durable = record(tmp_path, story, [Moment(seen(), story.last)])
    memory = starting_memory(durable, story.site, {"self_consumption"}, 0.0)
    assert memory.goal is State.MAINTENANCE


def test_a_drain_follows_the_core_to_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store, outbox = Store(path), Outbox(path)
    store.close()
    path.rename(tmp_path / "aside")
    store = Store(path)
    store.enqueue("k", NOON, b"new")
    assert [one.body for one in outbox.next_batch(5)] == [b"new"]
    store.close()
    outbox.close()


def test_the_latch_outlives_the_store(tmp_path: Path) -> None:
    story = Story().running()
    record(tmp_path, story, [Moment(seen(), story.step(board=BoardReading(estop_pressed=True)))])
    assert latch.read(tmp_path) is True
    (tmp_path / "store.sqlite").unlink()
    site_file = tmp_path / "site.toml"
    site_file.write_text(HOME.read_text().replace("build/run/data", str(tmp_path)))
    core = Core(load_site(site_file), SystemClock())
    assert [error.number for error in core._cycle.memory.errors] == [401]


def test_a_box_whose_latch_was_taken_counts_as_stopped_and_a_new_one_does_not(
    tmp_path: Path,
) -> None:
    site_file = tmp_path / "site.toml"
    site_file.write_text(HOME.read_text().replace("build/run/data", str(tmp_path)))
    assert Core(load_site(site_file), SystemClock())._cycle.memory.errors == ()
    story = Story().running()
    record(tmp_path, story, [Moment(seen(), story.step())])
    assert Core(load_site(site_file), SystemClock())._cycle.memory.errors == ()
    (tmp_path / latch.FILE_NAME).unlink()
    (error,) = Core(load_site(site_file), SystemClock())._cycle.memory.errors
    assert error.number == 401


def test_an_alarm_whose_words_change_is_one_alarm_in_the_journal(tmp_path: Path) -> None:
    story = Story().running()
    decision = story.step()
    told = [
        ActiveError(126, f"rack 2: {words}", Severity.WARNING, "A rack", "Wait", (), decision.utc)
        for words in ("fuse", "rests")
    ]
    moments = [Moment(seen(), msgspec.structs.replace(decision, errors=(one,))) for one in told]
    record(tmp_path, story, moments)
    with sqlite3.connect(tmp_path / "store.sqlite") as database:
        rows = database.execute("SELECT kind, text FROM journal WHERE text LIKE '126%'").fetchall()
    database.close()
    assert rows == [("error", "126 rack 2: fuse: A rack")]
