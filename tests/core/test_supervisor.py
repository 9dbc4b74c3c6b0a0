"""Threads: crash, hang, late stop, wrong state."""

import itertools
import threading
import time
from datetime import UTC, datetime

import pytest
from typing_extensions import override

from appliance.clock import SystemClock, VirtualClock
from appliance.mailbox import Latest
from appliance.model import State
from appliance.supervisor import Lease, Supervisor, Worker
from appliance.watchdog import feed_while_alive


def wait_until(condition: object, timeout_s: float = 2.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.002)


def obedient(lease: Lease) -> None:
    while not lease.wait(0.01):
        lease.beat()


def test_a_crashed_worker_is_named_and_started_again(caplog: pytest.LogCaptureFixture) -> None:
    clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
    starts: list[float] = []

    def crash(_lease: Lease) -> None:
        starts.append(clock.now_s())
        msg = "no such device"
        raise OSError(msg)

    supervisor = Supervisor([Worker("meter", crash, silent_after_s=1.0)], clock)
    told = 0.0
    for _ in range(80):
        supervisor.ensure_running(State.RUN)
        wait_until(lambda: not any(one.name == "meter" for one in threading.enumerate()))
        told += 0.1 * (supervisor.down() == ("meter",))
        clock.advance(0.1)
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert gaps[0] == pytest.approx(0.1), "at once after it ran well"
    assert gaps[1:4] == pytest.approx([0.3, 0.5, 1.1], abs=0.11)
    assert told > 7.5, "a crash is told also where the worker runs again at once"
    assert "no such device" in caplog.text


def test_threads_are_prepared_before_their_work_begins() -> None:
    order: list[str] = []
    worker = Worker("control", lambda _lease: order.append("work"), 1.0, urgent=True)
    supervisor = Supervisor([worker], SystemClock())
    supervisor.prepare = lambda worker: order.append(f"{worker.name} {worker.urgent}")
    supervisor.ensure_running(State.RUN)
    wait_until(lambda: len(order) == 2)
    assert order == ["control True", "work"]


def test_a_hanging_worker_is_silent_and_not_restarted() -> None:
    clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
    supervisor = Supervisor([Worker("can", hang, silent_after_s=2.0)], clock)
    supervisor.ensure_running(State.RUN)
    assert supervisor.silent() == ()
    clock.advance(2.5)
    supervisor.ensure_running(State.RUN)
    assert supervisor.silent() == ("can",)
    assert supervisor.stop(timeout_s=0.0) in (("can",), ())


def hang(lease: Lease) -> None:
    while not lease.wait(0.01):
        pass


def test_a_worker_runs_only_in_its_states() -> None:
    running: list[bool] = []

    def work(lease: Lease) -> None:
        running.append(True)
        obedient(lease)
        running.clear()

    worker = Worker("updater", work, 1.0, should_run=lambda state: state is State.IDLE)
    supervisor = Supervisor([worker], SystemClock())
    supervisor.ensure_running(State.RUN)
    time.sleep(0.03)
    assert running == [], "not its state"
    supervisor.ensure_running(State.IDLE)
    wait_until(lambda: running == [True])
    supervisor.ensure_running(State.IDLE)
    time.sleep(0.03)
    assert running == [True], "once is enough"
    supervisor.ensure_running(State.RUN)
    wait_until(lambda: running == [])
    supervisor.ensure_running(State.RUN)
    assert supervisor.down() == (), "asked to end is not a crash"
    supervisor.ensure_running(State.IDLE)
    wait_until(lambda: running == [True])
    assert supervisor.stop() == ()
    assert running == []


class Counter:
    def __init__(self) -> None:
        self.fed = 0
        self.told = 0
        self.ended = False

    def ready(self) -> None:
        self.told += 1

    def feed(self) -> None:
        self.fed += 1

    def end(self) -> None:
        self.ended = True


class Ticks(Lease):
    """A lease that ends after some waits."""

    def __init__(self, clock: VirtualClock, ticks: int) -> None:
        super().__init__(clock)
        self._ticking, self._left = clock, ticks

    @override
    def wait(self, seconds: float) -> bool:
        self._ticking.advance(seconds)
        self._left -= 1
        return self._left < 0


@pytest.mark.parametrize(
    ("beats", "silent", "fed"), [(True, (), 10), (False, (), 0), (True, ("can",), 0)]
)
def test_the_watchdog_starves_without_heartbeat_or_with_a_hanging_thread(
    beats: bool, silent: tuple[str, ...], fed: int
) -> None:
    clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
    heartbeat: Latest[int] = Latest("heartbeat")
    if beats:
        heartbeat.put(1, at_s=1e9)
    counter = Counter()
    feed_while_alive(counter, heartbeat, lambda: silent, clock, Ticks(clock, 10))
    assert counter.fed == fed
    assert counter.told == (1 if fed else 0)
    assert counter.ended, "an orderly end"
