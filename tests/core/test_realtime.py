"""Real-time scheduling and locked memory: what is asked, what is told where it is refused."""

import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.realtime import (
    MCL_CURRENT,
    MCL_FUTURE,
    MCL_ONFAULT,
    NICE,
    OTHERS,
    URGENT,
    WANTED,
    Realtime,
    System,
)
from appliance.supervisor import Worker


class Kernel:
    """Remembers what it was asked; refuses what it is told to refuse."""

    def __init__(self, *refuses: str, limit: int | None = None) -> None:
        self.refuses, self.limit = refuses, limit
        self.asked: list[tuple[str, int]] = []

    def system(self) -> System:
        return System(
            lambda level: self._do("fifo", level),
            lambda level: self._do("nice", level),
            lambda: self.limit,
            lambda flags: self._do("lock", flags),
        )

    def _do(self, what: str, value: int) -> None:
        if what in self.refuses:
            raise PermissionError(1, "Operation not permitted")
        self.asked.append((what, value))


def urgent(is_urgent: bool) -> Worker:
    return Worker("one", lambda _lease: None, 1.0, urgent=is_urgent)


@pytest.fixture(autouse=True)
def switch_interval() -> Iterator[None]:
    import gc
    import sys

    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)
    gc.unfreeze()


def test_urgent_threads_come_before_the_others_and_all_before_other_processes() -> None:
    kernel = Kernel()
    realtime = Realtime(kernel.system())
    locks = MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT
    assert kernel.asked == [("fifo", OTHERS), ("lock", locks)]
    assert (realtime.scheduling.got, realtime.scheduling.reason) == (WANTED, "")
    assert realtime.scheduling.memory_locked
    realtime.of_thread(urgent(True))
    realtime.of_thread(urgent(False))
    assert kernel.asked[2:] == [("fifo", URGENT), ("fifo", OTHERS)]
    assert URGENT > OTHERS > 0


def test_without_permission_a_nice_value_is_tried_and_told() -> None:
    kernel = Kernel("fifo")
    realtime = Realtime(kernel.system())
    realtime.of_thread(urgent(True))
    assert kernel.asked[0] == ("nice", NICE[False])
    assert kernel.asked[-1] == ("nice", NICE[True])
    assert realtime.scheduling.got == "nice -15"
    assert realtime.scheduling.wanted == WANTED
    assert "CAP_SYS_NICE" in realtime.scheduling.reason


def test_without_any_permission_it_runs_all_the_same_and_says_so() -> None:
    kernel = Kernel("fifo", "nice", "lock")
    realtime = Realtime(kernel.system())
    realtime.of_thread(urgent(True))
    assert kernel.asked == []
    assert realtime.scheduling.got == "normal"
    assert not realtime.scheduling.memory_locked
    assert "memory is not locked: Operation not permitted" in realtime.scheduling.reason


def test_a_limit_of_locked_memory_is_respected_beforehand() -> None:
    kernel = Kernel(limit=8 << 20)
    scheduling = Realtime(kernel.system()).scheduling
    assert "lock" not in [what for what, _ in kernel.asked], "allocations would fail later"
    assert "RLIMIT_MEMLOCK is 8192 KiB" in scheduling.reason


def really(answers: "multiprocessing.Queue[tuple[str, bool, int, int, str]]") -> None:
    realtime = Realtime()
    realtime.of_thread(urgent(True))
    policy = os.sched_getscheduler(0), os.sched_getparam(0).sched_priority
    locked = Path("/proc/self/status").read_text().partition("VmLck:")[2].split()[0]
    answers.put((realtime.scheduling.got, realtime.scheduling.memory_locked, *policy, locked))


def test_the_real_kernel_does_as_it_says() -> None:
    """In a process of its own, whatever this computer permits."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=really, args=(answers,))
    process.start()
    got, locked, policy, priority, locked_kib = answers.get(timeout=30.0)
    process.join(10.0)
    assert (policy == os.SCHED_FIFO) == (got == WANTED)
    assert priority == (URGENT if got == WANTED else 0)
    assert (int(locked_kib) > 0) == locked
