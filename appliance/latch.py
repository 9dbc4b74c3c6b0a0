"""One byte on disk that says whether the emergency stop is latched, whatever becomes of the store.

It is written in place: that needs no free space, and it is on the disk before `write` returns. A thread of
its own looks after it, so that it does not wait for a recorder that cannot open its store.
"""

import logging
import os
from pathlib import Path
from typing import Final

from appliance.mailbox import Latest, one_at_a_time
from appliance.model import BoardReading, Decision, emergency
from appliance.supervisor import Lease

log = logging.getLogger(__name__)

LATCHED, FREE = b"1", b"0"
FILE_NAME: Final = "estop.latch"
PERIOD_S: Final = 0.2


def read(data_folder: Path) -> bool | None:
    """True, False, or None when nobody knows: no file, or rubbish in it."""
    try:
        content = (data_folder / FILE_NAME).read_bytes()[:1]
    except OSError:
        return None
    return {LATCHED: True, FREE: False}.get(content)


def write(data_folder: Path, latched: bool) -> None:
    """Remember it. Raises OSError when it cannot be written."""
    file = os.open(data_folder / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.pwrite(file, LATCHED if latched else FREE, 0)
        os.fsync(file)
    finally:
        os.close(file)


class Latch:
    """Keeps the byte as the newest decision is. Its own thread and the recorder may both call `keep`."""

    def __init__(self, data_folder: Path, board: Latest[BoardReading] | None = None) -> None:
        """`board`: pressed counts at once, also while nothing decides."""
        self._folder, self._board = data_folder, board
        self._lock = one_at_a_time()
        self._cycle = 0
        self._written: bool | None = None

    def keep(self, decision: Decision | None) -> None:
        """Write it if it has changed; free only when a decision says so. Raises OSError."""
        with self._lock:
            board = None if self._board is None else self._board.newest()
            pressed = board is not None and board.value.estop_pressed
            if decision is None:
                latched = self._written or pressed
            elif decision.cycle < self._cycle:
                return  # the recorder is behind
            else:
                self._cycle = decision.cycle
                latched = pressed or emergency(decision.errors)
            if latched is not self._written and (decision is not None or latched):
                write(self._folder, latched)
                self._written = latched

    def watch(self, decision: Latest[Decision], lease: Lease) -> None:
        """A worker: until the lease ends. A disk that fails is tried again."""
        number, failed = 0, False
        while not lease.ended:
            lease.beat()
            decision.wait_newer(number, PERIOD_S)
            newest = decision.newest()
            number = 0 if newest is None else newest.number
            try:
                self.keep(None if newest is None else newest.value)
                failed = False
            except OSError as error:
                if not failed:
                    log.error("the latch of the emergency stop cannot be written: %s", error)
                failed = True
                lease.wait(PERIOD_S)
