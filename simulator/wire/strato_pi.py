"""What the kernel module of a Strato Pi shows as files, as plain files in a folder.

Source: sfera-labs/strato-pi-kernel-module, README.md: the files below `class/stratopi/`, their values, the
watchdog's defaults (60 s, disabled) and that any edge of the heartbeat line counts; `F` flips.
A real file acts when it is written; here somebody has to look, every `PERIOD_S`.
"""

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from simulator.wire.cpu_files import put
from simulator.wire.plugs import Plug

PERIOD_S = 0.02
DEFAULTS = {
    "watchdog/enabled": "0",
    "watchdog/heartbeat": "0",
    "watchdog/expired": "0",
    "watchdog/enable_mode": "D",
    "watchdog/timeout": "60",
    "watchdog/down_delay": "60",
    "led/status": "0",
    "buzzer/status": "0",
    "relay/status": "0",
    "button/status": "0",
    "button/status_deb": "0",
    "button/status_deb_cnt": "0",
    "ups/battery": "0",
}
FLIPS = ("watchdog/enabled", "watchdog/heartbeat", "led/status", "buzzer/status", "relay/status")


class StratoPi:
    """The board. Without its plug there are no files. `edges` counts the watchdog's heartbeats."""

    def __init__(
        self, folder: Path, plug: Plug, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder / "class" / "stratopi"
        self._plug, self._now_s = plug, now_s
        self._last: dict[str, str] = {}
        self._edge_at_s = now_s()
        self._presses = 0
        self.edges = 0
        self._appear()

    def press(self, down: bool) -> None:
        """Hold the button, or let go of it."""
        self._presses += down
        for name in ("button/status", "button/status_deb"):
            self._put(name, str(int(down)))
        self._put("button/status_deb_cnt", str(self._presses))

    def main_power(self, there: bool) -> None:
        """The UPS model tells when it runs on its battery."""
        self._put("ups/battery", "0" if there else "1")

    def status(self, name: str) -> str:
        """What a file says now, after what was written has had its effect."""
        self.look()
        return self._last.get(name, "")

    def look(self) -> None:
        """Do what was written into the files; the watchdog's time goes on."""
        if not self._plug.is_in:
            shutil.rmtree(self._folder, ignore_errors=True)
            return
        if not self._folder.is_dir():
            self._appear()
        for name in DEFAULTS:
            self._follow(name)
        self._watch()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(PERIOD_S)

    def _follow(self, name: str) -> None:
        # Whoever writes has emptied the file an instant before.
        written = (self._folder / name).read_text(encoding="ascii").strip()
        before = self._last[name]
        if written == "F" and name in FLIPS:
            written = "0" if before == "1" else "1"
            (self._folder / name).write_text(written, encoding="ascii")
        if written:
            self._last[name] = written
        if name == "watchdog/heartbeat" and self._last[name] != before:
            self.edges += 1
            self._edge_at_s = self._now_s()
        if name == "watchdog/enabled" and self._last[name] != before:
            self._edge_at_s = self._now_s()

    def _watch(self) -> None:
        late_s = self._now_s() - self._edge_at_s - float(self._last["watchdog/timeout"])
        if self._last["watchdog/enabled"] == "1" and late_s > 0.0:
            self._put("watchdog/expired", "1")

    def _appear(self) -> None:
        for name, value in DEFAULTS.items():
            self._put(name, value)

    def _put(self, name: str, value: str) -> None:
        self._last[name] = value
        put(self._folder / name, value)
