"""Registers that a device keeps in memory that wears out: written only on change, not too often, and counted."""

import logging
from typing import Final, NamedTuple

from appliance.io.registers import Write

log = logging.getLogger(__name__)

REPEAT_S: Final = (5.0, 15.0, 60.0)
"""The same words again, when the device does not show them: it may need a moment, or refuse for good."""


class Entry(NamedTuple):
    """What was written there last."""

    words: tuple[int, ...]
    at_s: float
    times: int


class Ledger:
    """Decides which stored writes are sent."""

    def __init__(self, name: str, pause_s: float) -> None:
        self._name = name
        self._pause_s = pause_s
        """Between two changes of one register, unless it is for safety."""
        self._entries: dict[int, Entry] = {}
        self.count = 0
        """How often memory was written since the start."""

    def lets(self, write: Write, now_s: float, *, urgent: bool, stops: bool = False) -> bool:
        """Send it? Always, unless it is kept in memory that wears out and says nothing new.

        `stops`: the device shall be off, so what was read before our own last change counts for nothing.
        """
        if not write.stored:
            return True
        entry = self._entries.get(write.address)
        if entry is not None and entry.words == write.words:
            pause_s = REPEAT_S[min(entry.times, len(REPEAT_S)) - 1]
            told = write.holds is None or write.holds == write.words
            return not told and now_s - entry.at_s >= pause_s
        if write.holds == write.words and (entry is None or not stops):
            return False
        return urgent or entry is None or now_s - entry.at_s >= self._pause_s

    def sent(self, write: Write, now_s: float) -> None:
        """It was accepted."""
        if not write.stored:
            return
        before = self._entries.get(write.address)
        times = before.times + 1 if before is not None and before.words == write.words else 1
        self._entries[write.address] = Entry(write.words, now_s, times)
        self.count += 1
        log.info("%s: register %d stored, %d times in all", self._name, write.address, self.count)

    def forget(self) -> None:
        """The device was silent: what it holds now is not known."""
        self._entries.clear()
