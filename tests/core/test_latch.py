"""The byte of the emergency stop: written while the store cannot be, and while nothing decides."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from appliance import latch
from appliance.clock import SystemClock
from appliance.latch import Latch
from appliance.mailbox import Slots
from appliance.model import Decision
from appliance.supervisor import Lease
from tests.core.boxes import PRESSED, RELEASED, in_run

STORY = in_run()
WELL = STORY.last
STOPPED = STORY.step(board=PRESSED)


def in_cycle(number: int, decision: Decision) -> Decision:
    return msgspec.structs.replace(decision, cycle=number)


@contextmanager
def watched(folder: Path, slots: Slots) -> Iterator[None]:
    lease = Lease(SystemClock())
    watch = Latch(folder, slots.board).watch
    thread = threading.Thread(target=watch, args=(slots.decision, lease), name="latch")
    thread.start()
    try:
        yield
    finally:
        lease.end()
        thread.join(3.0)
        assert not thread.is_alive()


def wait(what: Callable[[], bool]) -> None:
    pause = Lease(SystemClock())
    for _ in range(300):
        if what():
            return
        pause.wait(0.01)
    pytest.fail("not within 3 s")


def test_the_stop_is_on_the_disk_although_nobody_records(tmp_path: Path) -> None:
    slots = Slots.create()
    with watched(tmp_path, slots):
        for number, (decision, latched) in enumerate(((WELL, False), (STOPPED, True)) * 2):
            slots.decision.put(in_cycle(number, decision), 0.0)
            wait(lambda latched=latched: latch.read(tmp_path) is latched)  # type: ignore[misc]


def test_a_press_is_on_the_disk_although_nothing_decides(tmp_path: Path) -> None:
    slots = Slots.create()
    slots.decision.put(WELL, 0.0)
    with watched(tmp_path, slots):
        wait(lambda: latch.read(tmp_path) is False)
        slots.board.put(PRESSED, 0.0)
        wait(lambda: latch.read(tmp_path) is True)


def test_before_the_first_decision_only_a_press_is_written(tmp_path: Path) -> None:
    slots = Slots.create()
    kept = Latch(tmp_path, slots.board)
    slots.board.put(RELEASED, 0.0)
    kept.keep(None)
    assert latch.read(tmp_path) is None
    slots.board.put(PRESSED, 0.0)
    kept.keep(None)
    slots.board.put(RELEASED, 0.0)
    kept.keep(None)
    assert latch.read(tmp_path) is True, "free only when a decision says so"


def test_a_recorder_that_is_behind_does_not_undo_it(tmp_path: Path) -> None:
    kept = Latch(tmp_path)
    kept.keep(in_cycle(5, STOPPED))
    kept.keep(in_cycle(4, WELL))
    assert latch.read(tmp_path) is True
    kept.keep(in_cycle(6, WELL))
    assert latch.read(tmp_path) is False


def test_a_disk_that_fails_is_tried_again(tmp_path: Path) -> None:
    slots = Slots.create()
    slots.decision.put(STOPPED, 0.0)
    folder = tmp_path / "not_there_yet"
    with watched(folder, slots):
        Lease(SystemClock()).wait(0.3)
        folder.mkdir()
        wait(lambda: latch.read(folder) is True)
