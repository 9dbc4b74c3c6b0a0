"""Runs workers as the core does, and waits for outcomes."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from appliance.clock import SystemClock
from appliance.mailbox import Slots
from appliance.model import Decision, Limits, Setpoints, State
from appliance.supervisor import Supervisor, Worker

T = TypeVar("T")
CLOCK = SystemClock()


@contextmanager
def running(workers: Iterable[Worker]) -> Iterator[Supervisor]:
    """The workers, each in its thread, until the block ends."""
    supervisor = Supervisor(workers, CLOCK)
    supervisor.ensure_running(State.RUN)
    try:
        yield supervisor
    finally:
        late = supervisor.stop(5.0)
    assert not late


def soon(what: Callable[[], T], timeout_s: float = 3.0) -> T:
    """The first true answer. Fails when there is none in time."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        answer = what()
        if answer:
            return answer
        time.sleep(0.002)
    return what()


def pause(seconds: float) -> None:
    """Let the threads work."""
    time.sleep(seconds)


def decide(slots: Slots, setpoints: Setpoints, cycle: int = 1) -> float:
    """Publish a decision now; its instant."""
    now_s = CLOCK.now_s()
    slots.decision.put(decision(setpoints, cycle, now_s), now_s)
    return now_s


def decision(setpoints: Setpoints, cycle: int = 1, now_s: float = 0.0) -> Decision:
    """A decision that commands `setpoints`."""
    return Decision(
        cycle=cycle,
        now_s=now_s,
        utc=datetime(2026, 6, 21, 12, tzinfo=UTC),
        state=State.RUN,
        goal=State.RUN,
        mode="passive",
        mode_by="test",
        setpoints=setpoints,
        wish_w=setpoints.power_w,
        limits=Limits(),
        errors=(),
        answers=(),
        manual=None,
        why="the test says so",
    )
