"""The box looks at itself."""

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.clock import VirtualClock
from appliance.health import (
    Health,
    LastMinute,
    Wear,
    disk,
    failed_update,
    stores_at_boot,
)
from appliance.mailbox import Slots
from appliance.model import CanCounts, CanHealth, HealthReading, PollCounts, PollHealth, WireCounts
from appliance.site import SiteSettings
from appliance.store import FILE_NAME
from appliance.supervisor import Lease
from tests.stories import NOON, Story, inverter


class Bench:
    """A box whose time is told, with its worker's looks."""

    def __init__(self, folder: Path, before: frozenset[str] = frozenset(), **changes: Any) -> None:
        self.clock = VirtualClock(NOON)
        self.slots = Slots.create(buses=("can0", "lan"))
        site: SiteSettings = Story().site.model_copy(update={"data_folder": str(folder)})
        if changes:
            changed = site.inverter.model_copy(update=changes)
            site = site.model_copy(update={"inverter": changed})
        self.health = Health(site, self.clock, self.slots, before)

    def look(self, pass_s: float = 5.0) -> HealthReading:
        self.clock.advance(pass_s)
        return self.health.look(self.clock.now_s())

    def can(self, state: str, errors: int, lost: int = 0) -> None:
        counts = WireCounts(can=CanCounts(state, errors, lost))
        self.slots.wires["can0"].put(counts, self.clock.now_s())

    def polls(self, polls: int, failed: int) -> None:
        counts = WireCounts(devices=(PollCounts("grid meter", polls, failed),))
        self.slots.wires["lan"].put(counts, self.clock.now_s())

    def stored(self, writes: int) -> None:
        self.slots.inverter.put(inverter(stored_writes=writes), self.clock.now_s())


def test_the_disk_is_measured_where_the_data_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Bench(tmp_path).look()
    free = os.statvfs(tmp_path)
    assert seen.disk_free_bytes == pytest.approx(free.f_bavail * free.f_frsize, rel=0.1)
    assert seen.disk_free_pct is not None and 0.0 <= seen.disk_free_pct <= 100.0
    told = os.statvfs_result((4_096, 4_096, 1_000, 150, 100, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _path: told)
    free_bytes, free_pct, inodes_pct = disk(tmp_path)
    assert (free_bytes, inodes_pct) == (409_600, None)
    assert free_pct == pytest.approx(100.0 * 100 / 950)
    told = os.statvfs_result((4_096, 4_096, 1_000, 150, 100, 200, 20, 10, 0, 255))
    assert disk(tmp_path)[2] == 5.0


def test_a_disk_that_does_not_answer_is_not_known(tmp_path: Path) -> None:
    assert disk(tmp_path / "gone") == (None, None, None)


def test_a_bus_is_told_over_the_last_minute(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert bench.look().can == ()
    bench.can("error-active", 3)
    assert bench.look().can == (CanHealth("can0", "error-active", 3, 0),)
    bench.can("error-passive", 20, 2)
    bench.look(30.0)
    assert bench.look(5.0).can == (CanHealth("can0", "error-passive", 20, 2),)
    bench.look(28.0)
    assert bench.look(5.0).can == (CanHealth("can0", "error-passive", 17, 2),)
    bench.look(30.0)
    bench.look(30.0)
    assert bench.look(5.0).can == (CanHealth("can0", "error-active", 0, 0),), "settled"
    bench.can("bus-off", 20, 2)
    bench.look(60.0)
    (off,) = bench.look(60.0).can
    assert off.state == "bus-off", "that does not settle by itself"


def test_polls_are_counted_over_the_last_minute_also_when_the_thread_begins_anew(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path)
    bench.polls(1_000, 900)
    first = bench.look().polled
    assert first == (PollHealth("grid meter", 0, 0),), "what was before nobody dates"
    bench.polls(1_050, 905)
    assert bench.look().polled == (PollHealth("grid meter", 50, 5),)
    bench.polls(10, 2)
    assert bench.look().polled == (PollHealth("grid meter", 60, 7),)
    assert bench.look().polled[0].failed_pct == pytest.approx(100 * 7 / 60)
    bench.look(61.0)
    assert bench.look(61.0).polled == (PollHealth("grid meter", 0, 0),)


def test_more_failures_than_polls_are_no_more_than_all(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.look()
    bench.polls(4, 9)
    assert bench.look().polled == (PollHealth("grid meter", 4, 4),)


def test_a_counter_that_comes_later_is_counted_from_nothing() -> None:
    minute = LastMinute()
    assert minute.add(0.0, {}) == {}
    assert minute.add(5.0, {"errors": 7}) == {"errors": 7}
    assert minute.add(40.0, {"errors": 9}) == {"errors": 9}
    assert minute.add(75.0, {"errors": 9}) == {"errors": 2}


def test_wear_outlives_restarts_of_the_thread_and_of_the_core(tmp_path: Path) -> None:
    bench = Bench(tmp_path, stored_writes_allowed=1_000)
    assert bench.look().worn == ()
    bench.stored(700)
    (worn,) = bench.look().worn
    assert (worn.name, worn.writes, worn.used_pct) == ("inverter", 700, 70.0)
    bench.stored(50)  # its thread began anew
    assert bench.look().worn[0].writes == 750
    bench.health.run(Ended(bench.clock))
    again = Bench(tmp_path, stored_writes_allowed=1_000)
    again.stored(10)
    assert again.look().worn[0].writes == 760


class Ended(Lease):
    """At its end from the start."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.end()


def test_counts_of_wear_are_written_rarely(tmp_path: Path) -> None:
    wear = Wear(tmp_path, 0.0)
    wear.add("inverter", 5)
    wear.save(599.0)
    assert not (tmp_path / "wear.json").exists()
    wear.save(601.0)
    assert json.loads((tmp_path / "wear.json").read_text()) == {"inverter": 5}
    wear.add("inverter", 6)
    wear.save(700.0)
    assert json.loads((tmp_path / "wear.json").read_text()) == {"inverter": 5}


def test_counts_of_wear_that_cannot_be_read_or_kept_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "wear.json").write_text("{")
    wear = Wear(tmp_path, 0.0)
    assert wear.add("inverter", 3) == 3
    (tmp_path / "wear.part").mkdir()
    wear.save(0.0, now=True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, None),
        ("", None),
        ("[]", None),
        ('{"state": "done", "version": "1.2.0"}', None),
        ('{"state": "failed"}', "?"),
        ('{"state": "failed", "version": "1.2.0", "reason": "no space", "at": "x"}', "1.2.0: no space"),
        ('{"state": "failed", "reason": "' + "x" * 200 + '"}', "x" * 120),
        ('{"state": "failed", "reason": "' + "x" * 9_000 + '"}', None),
    ],
)  # fmt: skip
def test_an_update_that_failed_is_told(
    tmp_path: Path, content: str | None, said: str | None
) -> None:
    if content is not None:
        (tmp_path / "update.json").write_text(content)
    assert failed_update(tmp_path) == said
    assert Bench(tmp_path).look().update_failed == said


def test_a_store_is_corrupt_until_the_computer_is_started_anew(tmp_path: Path) -> None:
    run, data, boot = tmp_path / "run", tmp_path / "data", tmp_path / "boot_id"
    run.mkdir()
    data.mkdir()
    boot.write_text("one\n")
    (data / f"{FILE_NAME}.corrupt-1").touch()
    before = stores_at_boot(run, data, boot)
    assert Bench(data, before).look().store_corrupt == ()
    (data / f"{FILE_NAME}.corrupt-2").touch()
    assert Bench(data, before).look().store_corrupt == (f"{FILE_NAME}.corrupt-2",)
    again = stores_at_boot(run, data, boot)
    assert Bench(data, again).look().store_corrupt == (f"{FILE_NAME}.corrupt-2",), "core restarted"
    boot.write_text("two\n")
    assert Bench(data, stores_at_boot(run, data, boot)).look().store_corrupt == ()


def test_a_note_that_is_rubbish_or_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "stores-at-boot.json").write_text('{"boot": 5')
    assert stores_at_boot(tmp_path, tmp_path) == frozenset()
    assert stores_at_boot(tmp_path / "gone", tmp_path) == frozenset()
    assert stores_at_boot(tmp_path, tmp_path, tmp_path / "no boot id") == frozenset()


def test_the_reading_crosses_processes(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.look()
    bench.can("bus-off", 3)
    bench.polls(3, 2)
    bench.stored(5)
    reading = bench.look()
    assert reading.can and reading.polled and reading.worn
    assert msgspec.json.decode(msgspec.json.encode(reading), type=HealthReading) == reading
