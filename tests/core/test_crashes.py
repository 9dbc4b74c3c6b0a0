"""Crashes of the last hour, from one process to the next."""

from pathlib import Path

from appliance.clock import VirtualClock
from appliance.crashes import FILE_NAME, Crashes
from tests.stories import NOON


def test_the_next_process_knows_the_crashes_of_the_last_hour(tmp_path: Path) -> None:
    clock = VirtualClock(NOON)
    clock.advance(100.0)
    crashes = Crashes(clock, tmp_path)
    assert crashes.count() == 0
    crashes.add()
    clock.advance(1_800.0)
    crashes.add()
    assert Crashes(clock, tmp_path).count() == 2
    clock.advance(1_801.0)
    assert Crashes(clock, tmp_path).count() == 1


def test_after_a_start_of_the_computer_there_were_none(tmp_path: Path) -> None:
    before, now = VirtualClock(NOON), VirtualClock(NOON)
    before.advance(5_000.0)
    now.advance(50.0)
    Crashes(before, tmp_path).add()
    assert Crashes(now, tmp_path).count() == 0


def test_what_cannot_be_written_or_read_is_still_counted_here(tmp_path: Path) -> None:
    clock = VirtualClock(NOON)
    clock.advance(100.0)
    nowhere = Crashes(clock, tmp_path / "missing")
    nowhere.add()
    nowhere.add()
    assert nowhere.count() == 2
    (tmp_path / FILE_NAME).write_text("rubbish")
    garbled = Crashes(clock, tmp_path)
    garbled.add()
    assert garbled.count() == 1
    assert Crashes(clock, tmp_path).count() == 1
