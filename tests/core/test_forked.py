"""The core's parent: forks again at once what ran well, passes signals on, and tells how it ended."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance import forked
from appliance.clock import SystemClock
from appliance.forked import CRASHED, Forked


class Parent:
    """A process that keeps a child whose starts are lines of a file."""

    def __init__(self, folder: Path, child: Callable[[Path], int], settled_s: float) -> None:
        self.starts = folder / "starts"
        self.starts.touch()
        context = multiprocessing.get_context("spawn")
        self.process = context.Process(target=keep, args=(self.starts, child, settled_s))
        self.process.start()

    def pids(self) -> list[int]:
        return [int(line) for line in self.starts.read_text().splitlines()]

    def wait_starts(self, count: int) -> int:
        deadline_s = time.monotonic() + 30.0
        while len(self.pids()) < count:
            assert time.monotonic() < deadline_s, "not started"
            time.sleep(0.005)
        return self.pids()[-1]

    def code(self) -> int | None:
        self.process.join(30.0)
        return self.process.exitcode


def keep(starts: Path, child: Callable[[Path], int], settled_s: float) -> None:
    vars(forked)["SETTLED_S"] = settled_s
    os._exit(Forked(lambda: child(starts), SystemClock()).keep())


def note(starts: Path) -> None:
    with starts.open("a") as file:
        file.write(f"{os.getpid()}\n")


def stays(starts: Path) -> int:
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: ended.append(number))
    note(starts)
    while not ended:
        time.sleep(0.01)
    return 0


def ends_with_75(starts: Path) -> int:
    note(starts)
    return 75


def raises(starts: Path) -> int:
    note(starts)
    raise RuntimeError("a crash of the core")


def test_a_killed_child_is_there_again_at_once(tmp_path: Path) -> None:
    parent = Parent(tmp_path, stays, settled_s=0.0)
    first = parent.wait_starts(1)
    killed_s = time.monotonic()
    os.kill(first, signal.SIGKILL)
    assert parent.wait_starts(2) != first
    assert time.monotonic() - killed_s < 5.0
    assert parent.process.pid is not None
    os.kill(parent.process.pid, signal.SIGTERM)
    assert parent.code() == 0, "passed on, and an end in order"
    assert len(parent.pids()) == 2


@pytest.mark.parametrize(
    ("child", "settled_s", "code"),
    [(ends_with_75, 0.0, 75), (raises, 60.0, CRASHED)],
)
def test_what_ends_in_order_or_dies_young_is_left_to_the_runner(
    tmp_path: Path, child: Callable[[Path], int], settled_s: float, code: int
) -> None:
    parent = Parent(tmp_path, child, settled_s)
    assert parent.code() == code
    assert len(parent.pids()) == 1


def test_a_child_killed_young_is_left_to_the_runner(tmp_path: Path) -> None:
    parent = Parent(tmp_path, stays, settled_s=60.0)
    os.kill(parent.wait_starts(1), signal.SIGKILL)
    assert parent.code() == 128 + signal.SIGKILL


class Skips:
    """A clock on which a child has always run for 11 s."""

    def __init__(self, pause_s: float) -> None:
        self._now_s, self._pause_s = 0.0, pause_s

    def now_s(self) -> float:
        self._now_s += self._pause_s
        return self._now_s


@pytest.mark.parametrize(("ran_s", "starts"), [(11.0, 2), (3_601.0, 5)])
def test_a_child_that_crashes_ever_again_is_started_at_once_once_an_hour(
    monkeypatch: pytest.MonkeyPatch, ran_s: float, starts: int
) -> None:
    forked_: list[int] = []
    ends = [256, 256, 256, 256, 0]  # crashed four times, then ended in order
    monkeypatch.setattr(Forked, "_fork", lambda _self: forked_.append(1))
    monkeypatch.setattr(os, "waitpid", lambda _pid, _options: (1, ends[len(forked_) - 1]))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr("gc.freeze", lambda: None)
    code = Forked(lambda: 0, Skips(ran_s)).keep()  # type: ignore[arg-type]
    assert (len(forked_), code) == (starts, CRASHED if starts == 2 else 0)


def test_a_child_whose_parent_is_killed_ends_in_order(tmp_path: Path) -> None:
    parent = Parent(tmp_path, stays, settled_s=0.0)
    child = parent.wait_starts(1)
    parent.process.kill()
    parent.code()
    deadline_s = time.monotonic() + 5.0
    while Path(f"/proc/{child}").exists() and "Z" not in _state(child):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
