"""The runner tells a process that hangs from a wall clock that was set."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.clock import VirtualClock
from appliance.processes import PROCESSES
from appliance.run import Runner, folders
from tests.stories import NOON

CORE = next(row for row in PROCESSES if row.name == "core")


class Watched:
    """The core's lock file, touched or not while time passes."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock(NOON)
        self.lock = folder / "core.lock"
        self.lock.touch()
        others = {row.name for row in PROCESSES} - {"core"}
        filled = folders(folder / "site.toml", str(folder), str(folder), str(folder))
        self.runner = Runner(filled, others, self.clock)
        (self.kept,) = self.runner._kept
        self.jump = timedelta()

    def hangs_within(self, seconds: int, *, touched: bool) -> bool:
        for _ in range(seconds):
            self.clock.advance(1.0)
            if touched:
                told = (self.clock.utc() + self.jump).timestamp()
                os.utime(self.lock, (told, told))
            if self.runner._hangs(self.kept, self.clock.now_s()):
                return True
        return False


@pytest.mark.parametrize(
    "jump", [timedelta(days=20_000), timedelta(hours=-3), timedelta(seconds=11)]
)
def test_a_clock_that_is_set_is_no_hang(tmp_path: Path, jump: timedelta) -> None:
    watched = Watched(tmp_path)
    assert not watched.hangs_within(60, touched=True)
    watched.jump = jump
    assert not watched.hangs_within(60, touched=True)


def test_a_core_that_does_not_touch_its_lock_hangs(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    assert not watched.hangs_within(60, touched=True)
    assert not watched.hangs_within(9, touched=False)
    assert watched.hangs_within(3, touched=False)


def test_one_that_never_touches_it_hangs_after_its_start(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    assert not watched.hangs_within(19, touched=False)
    assert watched.hangs_within(2, touched=False)
