"""Asks the operating system to run this process before all others, where that is permitted."""

import gc
import os
import sys
from typing import Final

PRIORITY: Final = 20
SWITCH_INTERVAL_S: Final = 0.0005
"""How long a thread may hold the interpreter while the control thread waits for it."""


def prefer_this_process() -> str:
    """Real-time scheduling for this thread and those it starts. Returns what was obtained."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except PermissionError:
        return "normal scheduling: real-time is not permitted (needs CAP_SYS_NICE)"
    return f"real-time scheduling, priority {PRIORITY}"
