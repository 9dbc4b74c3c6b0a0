"""The watchdog of a Strato Pi: cuts the power when nobody moves its heartbeat line.

Source: sfera-labs/strato-pi-kernel-module, README.md, "Watchdog": any edge of the line counts (`F` flips
it); when the timeout (1 to 99999 s, 60 at first) has passed, power is cut after another `down_delay`. A
timeout written here is forgotten when the power is cut, so that a slow boot has the default again.
"""

import logging
from pathlib import Path

from appliance.site.watchdog import STRATO_PI_MOST_S, StratoPiWatchdog, fit

log = logging.getLogger(__name__)


class StratoPi:
    """Enabled by `ready`, disabled by `end` alone."""

    def __init__(self, settings: StratoPiWatchdog, folder: Path) -> None:
        self._settings = settings
        self._folder = folder / "class" / "stratopi" / "watchdog"

    def ready(self) -> None:
        """Set the timeout and enable. Raises OSError; ValueError when the board keeps another timeout."""
        if self._read("expired") == "1":
            log.warning("the Strato Pi's watchdog had expired: it was about to cut the power")
        if self._read("timeout") != str(self._settings.timeout_s):
            self._write("timeout", str(self._settings.timeout_s))
        kept = self._read("timeout")
        if not kept.isdigit():
            raise OSError(f"{self._folder / 'timeout'} is {kept[:20]!r}, not a number of seconds")
        fit("the timeout that the Strato Pi keeps", int(kept), STRATO_PI_MOST_S)
        self.feed()
        self._write("enabled", "1")
        log.info("the Strato Pi's watchdog is enabled: %s s", kept)

    def feed(self) -> None:
        """One edge. Raises OSError."""
        self._write("heartbeat", "F")

    def end(self) -> None:
        """Disable. Raises OSError."""
        self._write("enabled", "0")

    def _read(self, name: str) -> str:
        return (self._folder / name).read_text(encoding="ascii", errors="replace").strip()

    def _write(self, name: str, text: str) -> None:
        # Not created: a file that the kernel does not have is an error.
        with (self._folder / name).open("r+", encoding="ascii") as file:
            file.truncate(0)
            file.write(text)
