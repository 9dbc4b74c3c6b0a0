"""How often control has crashed within the last hour: the box rests longer each time before it walks up again.

Every crash opens the contactors, and they last for so many times only. The first crash costs no rest, so
that one alone is over in a second. Kept in the run folder, by the monotonic clock: a new core process knows
of the crashes of the last one, and a computer that has just been started knows of none.
"""

import json
import logging
from pathlib import Path
from typing import Final

from appliance.clock import Clock

log = logging.getLogger(__name__)

FILE_NAME: Final = "crashes.json"
WITHIN_S: Final = 3_600.0


class Crashes:
    """Of the core's process and of its control thread together. Never raises for a disk that fails."""

    def __init__(self, clock: Clock, run_folder: Path | None = None) -> None:
        """`run_folder`: None to remember them only here."""
        self._clock = clock
        self._path = None if run_folder is None else run_folder / FILE_NAME
        self._at_s: list[float] = []
        self._written = True

    def add(self) -> None:
        """One more, now."""
        self._at_s = [*self._recent(), self._clock.now_s()]
        if self._path is None:
            return
        try:
            self._path.write_text(json.dumps(self._at_s), encoding="ascii")
            self._written = True
        except OSError as error:
            log.warning("a crash is not noted for the next process: %s", error)
            self._written = False

    def count(self) -> int:
        """Within the last hour."""
        return len(self._recent())

    def _recent(self) -> list[float]:
        now_s = self._clock.now_s()
        return [at_s for at_s in self._known() if now_s - WITHIN_S < at_s <= now_s]

    def _known(self) -> list[float]:
        if self._path is None or not self._written:
            return self._at_s
        try:
            return [float(at_s) for at_s in json.loads(self._path.read_text(encoding="ascii"))]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError):
            return self._at_s
