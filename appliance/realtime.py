"""Asks the operating system to run this process before all others, where that is permitted.

Real-time scheduling (SCHED_FIFO) is asked for thread by thread: urgent ones before the rest of the core.
The rest is real-time too, only lower: a thread that holds the interpreter and is not run, because another
process is busy, keeps all others of its process waiting. Where it is not permitted, a nice value is tried.

Memory is locked as it is touched (MCL_ONFAULT): nothing is swapped out, and nothing is taken that was not used.
"""

import ctypes
import gc
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.model import Scheduling
from appliance.supervisor import Worker

URGENT, OTHERS = 20, 10
"""Real-time priorities: control and what it drives; recorder, bus, sensors, supervisor."""
NICE: Final = {True: -15, False: -10}
"""By urgency, where real-time is not permitted."""
SWITCH_INTERVAL_S: Final = 0.0005
"""How long a thread may hold the interpreter while the control thread waits for it."""
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
"""From linux/mman.h."""
CAP_IPC_LOCK: Final = 14
"""Bit of CapEff: the limit of locked memory does not bind."""
WANTED: Final = f"real-time, priority {URGENT}"
NO_REALTIME: Final = "real-time is not permitted (needs CAP_SYS_NICE or RLIMIT_RTPRIO)"
NO_NICE: Final = "a nice value is not permitted either"


def _fifo(priority: int) -> None:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))


def _nice(level: int) -> None:
    os.setpriority(os.PRIO_PROCESS, 0, level)


def _memory_limit() -> int | None:
    """Bytes that may be locked; None: as much as there is."""
    try:
        words = Path("/proc/self/status").read_text().partition("CapEff:")[2].split()
        if words and int(words[0], 16) >> CAP_IPC_LOCK & 1:
            return None
    except (OSError, ValueError):
        pass
    limit, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return None if limit == resource.RLIM_INFINITY else limit


def _lock_all(flags: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.mlockall(flags):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@dataclass(frozen=True, slots=True)
class System:
    """What the operating system is asked, for the calling thread. Each raises OSError when it refuses."""

    fifo: Callable[[int], None] = _fifo
    nice: Callable[[int], None] = _nice
    memory_limit: Callable[[], int | None] = _memory_limit
    lock_all: Callable[[int], None] = _lock_all


class Realtime:
    """Asks once when it is made, by the thread that starts the others; then for each thread."""

    def __init__(self, system: System | None = None) -> None:
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        gc.collect()
        gc.freeze()
        self._system = system or System()
        got, reason = self._ask(urgent=False)
        locked, unlocked_because = self._lock()
        reasons = "; ".join(one for one in (reason, unlocked_because) if one)
        self.scheduling = Scheduling(WANTED, got, locked, reasons)

    def of_thread(self, worker: Worker) -> None:
        """Called in the worker's own thread before its work begins."""
        self._ask(urgent=worker.urgent)

    def _ask(self, *, urgent: bool) -> tuple[str, str]:
        """What was obtained, and why not what was wanted."""
        try:
            self._system.fifo(URGENT if urgent else OTHERS)
        except OSError:
            pass
        else:
            return WANTED, ""
        try:
            self._system.nice(NICE[urgent])
        except OSError:
            return "normal", f"{NO_REALTIME}; {NO_NICE}"
        return f"nice {NICE[True]}", NO_REALTIME

    def _lock(self) -> tuple[bool, str]:
        """A limit that is reached later would make allocations fail: then nothing is locked at all."""
        limit = self._system.memory_limit()
        if limit is not None:
            return False, f"memory is not locked: RLIMIT_MEMLOCK is {limit // 1024} KiB"
        try:
            self._system.lock_all(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)
        except OSError as error:
            return False, f"memory is not locked: {error.strerror or error}"
        return True, ""
