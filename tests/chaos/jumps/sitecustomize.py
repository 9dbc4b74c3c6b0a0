"""Lets the wall clock of a core jump: it adds the seconds in the file named by CHAOS_CLOCK_FILE.

Found by Python at its start, because the campaign puts this folder into PYTHONPATH of its boxes. The
computer's own clock cannot be set for one process alone.
"""

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

FILE = os.environ.get("CHAOS_CLOCK_FILE")

if FILE and "core" in sys.orig_argv:
    from appliance.clock import SystemClock

    _utc = SystemClock.utc
    _path = Path(FILE)

    def _jumped(self: SystemClock) -> datetime:
        try:
            return _utc(self) + timedelta(seconds=float(_path.read_text()))
        except (OSError, ValueError):
            return _utc(self)

    SystemClock.utc = _jumped  # type: ignore[method-assign]
