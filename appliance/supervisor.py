"""Keeps the core's threads running: one row per thread, restarts with back-off, silence noticed."""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from appliance.clock import Clock
from appliance.model import State

log = logging.getLogger(__name__)

BACK_OFF_S = (0.0, 0.2, 0.4, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""At once after it ran well: a BMS opens its contactors when nobody has asked for a second."""
NOTICE_S = 0.2
SETTLED_S = 60.0
"""A worker that ran this long starts again at the shortest back-off."""
TOLD_S = 1.0
"""A crash is told for at least so long, however soon the worker runs again."""


class Lease:
    """What a worker holds: when it must end, and where it says that it is alive."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ended = threading.Event()
        self._told = False
        self.beat_at_s = clock.now_s()

    @property
    def ended(self) -> bool:
        """True once the worker must return."""
        return self._told or self._ended.is_set()

    def end_from_signal(self) -> None:
        """The same from a signal handler, which must not touch the lock its own thread may hold."""
        self._told = True

    def end(self) -> None:
        """Ask the worker to return."""
        self._ended.set()

    def wait(self, seconds: float) -> bool:
        """Sleep; True at once when the lease ends, within NOTICE_S when a signal ended it."""
        while seconds > NOTICE_S and not self._told:
            if self._ended.wait(NOTICE_S):
                return True
            seconds -= NOTICE_S
        return self._ended.wait(max(0.0, seconds)) or self._told

    def beat(self) -> None:
        """Say: still alive."""
        self.beat_at_s = self._clock.now_s()


def always(_state: State) -> bool:
    """Run in every state."""
    return True


@dataclass(frozen=True, slots=True)
class Worker:
    """One thread of the core."""

    name: str
    run: Callable[[Lease], None]
    """Returns when the lease ends; anything it raises is a crash, and it is started again."""
    silent_after_s: float
    """No beat for this long: the thread hangs, the watchdog is no longer fed."""
    should_run: Callable[[State], bool] = always
    urgent: bool = False
    """Its thread is run before those of the others: control, what it drives, what stops it."""


def unprepared(_worker: Worker) -> None:
    """The operating system runs all threads alike."""


class _Running:
    """A started thread of one worker."""

    def __init__(self, worker: Worker, clock: Clock, prepare: Callable[[Worker], None]) -> None:
        self._prepare = prepare
        self.lease = Lease(clock)
        self.started_at_s = clock.now_s()
        self.crash: BaseException | None = None
        self.thread = threading.Thread(
            target=self._run, args=(worker,), name=worker.name, daemon=True
        )
        self.thread.start()

    def _run(self, worker: Worker) -> None:
        try:
            self._prepare(worker)
            worker.run(self.lease)
        except BaseException as crash:
            self.crash = crash
            log.exception("worker %s crashed", worker.name)


class Supervisor:
    """Nudges reality toward the table; called from one thread only."""

    def __init__(self, workers: Iterable[Worker], clock: Clock) -> None:
        self._workers = tuple(workers)
        self._clock = clock
        self.prepare: Callable[[Worker], None] = unprepared
        """Called in each new thread before its work."""
        self._running: dict[str, _Running] = {}
        self._crashes: dict[str, int] = {}
        self._restart_at_s: dict[str, float] = {}
        self._told_until_s: dict[str, float] = {}

    def ensure_running(self, state: State) -> None:
        """Start what should run and does not, end what should not run, restart what crashed."""
        for worker in self._workers:
            running = self._running.get(worker.name)
            if running is not None and not running.thread.is_alive():
                self._bury(worker, running)
                running = None
            if not worker.should_run(state):
                if running is not None:
                    running.lease.end()
            elif running is None and self._clock.now_s() >= self._restart_at_s.get(worker.name, 0):
                self._running[worker.name] = _Running(worker, self._clock, self.prepare)

    def _bury(self, worker: Worker, dead: _Running) -> None:
        del self._running[worker.name]
        if dead.lease.ended:
            return
        now_s = self._clock.now_s()
        crashes = 0 if now_s - dead.started_at_s > SETTLED_S else self._crashes.get(worker.name, 0)
        wait_s = BACK_OFF_S[min(crashes, len(BACK_OFF_S) - 1)]
        self._crashes[worker.name] = crashes + 1
        self._restart_at_s[worker.name] = now_s + wait_s
        self._told_until_s[worker.name] = now_s + max(wait_s, TOLD_S)
        log.error("worker %s ended, starts again in %g s", worker.name, wait_s)

    def down(self) -> tuple[str, ...]:
        """Names of the workers that crashed: until their restart, and for TOLD_S at least."""
        now_s = self._clock.now_s()
        return tuple(name for name, at_s in self._told_until_s.items() if at_s > now_s)

    def silent(self) -> tuple[str, ...]:
        """Names of the threads that live but have not beaten for too long."""
        now_s = self._clock.now_s()
        return tuple(
            worker.name
            for worker in self._workers
            if (running := self._running.get(worker.name)) is not None
            and now_s - running.lease.beat_at_s > worker.silent_after_s
        )

    def end(self, name: str, timeout_s: float = 1.0) -> None:
        """End one worker and wait for it; `ensure_running` must not be called any more."""
        running = self._running.get(name)
        if running is not None:
            running.lease.end()
            running.thread.join(timeout_s)

    def stop(self, timeout_s: float = 3.0) -> tuple[str, ...]:
        """End all workers, last row first; returns the names that did not end in time."""
        for worker in reversed(self._workers):
            if (running := self._running.get(worker.name)) is not None:
                running.lease.end()
        deadline_s = self._clock.now_s() + timeout_s
        for running in self._running.values():
            running.thread.join(max(0.0, deadline_s - self._clock.now_s()))
        return tuple(name for name, run in self._running.items() if run.thread.is_alive())
