"""Runs the core in a child that is forked again the instant it dies: everything is imported already.

A fresh interpreter needs half a second on a fast computer, two on a small one, before the core's first
act, zero on the wire. A BMS opens its contactors after one second without the box, under load if need be,
and an inverter stops with an alarm. A copy of a process that has loaded everything needs a tenth.

This parent has no threads, no sockets and no lock, and does nothing else. Only a core that had run well
is forked again, at once, and only once an hour; any other end is this process's end, and `appliance run`
or systemd starts a new one after its own pause. One that crashes ever again must not wear the contactors.
"""

import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from appliance.clock import Clock
from appliance.processes import end_with_parent

log = logging.getLogger(__name__)

SETTLED_S: Final = 3.0
"""A core that has not run for so long has not got as far as its first power: it is not started again from here."""
AGAIN_S: Final = 3_600.0
"""From one start at once to the next."""
CRASHED: Final = 1
SIGNALS: Final = frozenset({signal.SIGTERM, signal.SIGINT})


class Forked:
    """One child after the other."""

    def __init__(self, run: Callable[[], int], clock: Clock) -> None:
        self._run, self._clock = run, clock
        self._child = 0
        self._ending = False

    def keep(self) -> int:
        """Until the child ends in order, or dies young; its exit code, 128 + signal where it was killed."""
        gc.collect()
        gc.freeze()  # Pages that nobody writes stay shared.
        for number in SIGNALS:
            signal.signal(number, self._pass_on)
        again_s = float("-inf")
        while True:
            started_s = self._clock.now_s()
            self._fork()
            _, status = os.waitpid(self._child, 0)
            code = os.waitstatus_to_exitcode(status)
            ended_s = self._clock.now_s()
            ran_s = ended_s - started_s
            in_order = self._ending or (code >= 0 and code != CRASHED)
            if in_order or ran_s < SETTLED_S or ended_s - again_s < AGAIN_S:
                return code if code >= 0 else 128 - code
            again_s = ended_s
            log.error("the core ended with %d after %.0f s; starts again at once", code, ran_s)

    def _fork(self) -> None:
        with _held(SIGNALS):
            parent, self._child = os.getpid(), os.fork()
            if self._child == 0:
                os._exit(self._be_child(parent))
            if self._ending:
                os.kill(self._child, signal.SIGTERM)

    def _be_child(self, parent: int) -> int:
        """Never returns into what the parent was doing."""
        code = CRASHED
        try:
            end_with_parent(parent)
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            code = self._run()
        except BaseException:
            log.exception("the core crashed")
        finally:
            logging.shutdown()
            sys.stdout.flush()
        return code

    def _pass_on(self, _number: int, _frame: FrameType | None) -> None:
        self._ending = True
        if self._child:
            try:
                os.kill(self._child, signal.SIGTERM)
            except ProcessLookupError:
                return  # It has ended by itself.


@contextmanager
def _held(numbers: frozenset[signal.Signals]) -> Iterator[None]:
    """Signals wait: between fork and the child's own handlers they would be lost."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
