"""What a watchdog is, and those that need no hardware."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

import sdnotify

from appliance.processes import PARENT_VARIABLE, PROCESSES
from appliance.site.watchdog import fit

NOTIFY_TIMEOUT_S: Final = 0.2
"""systemd takes a message at once, or has other troubles."""


class Watchdog(Protocol):
    """Something that restarts the box when it is not fed."""

    def ready(self) -> None:
        """The box is up: from now on it must be fed. Raises OSError; ValueError when it cannot be used."""

    def feed(self) -> None:
        """The box is well. Raises OSError."""

    def end(self) -> None:
        """The box ends in order: nobody needs to restart it. Raises OSError."""


class NullWatchdog:
    """Nobody watches: on a desk."""

    def ready(self) -> None:
        """Nothing to tell."""

    def feed(self) -> None:
        """Nothing to feed."""

    def end(self) -> None:
        """Nothing to end."""


class SystemdWatchdog:
    """systemd restarts the service when it is not fed within WatchdogSec=."""

    def __init__(self) -> None:
        self._notifier: sdnotify.SystemdNotifier | None = None

    def ready(self) -> None:
        """Type=notify: the service counts as started."""
        if self._notifier is None:
            self._notifier = sdnotify.SystemdNotifier()
            if self._notifier.socket is not None:
                self._notifier.socket.settimeout(NOTIFY_TIMEOUT_S)
        self._notifier.notify("READY=1")

    def feed(self) -> None:
        """Keep-alive."""
        if self._notifier is not None:
            self._notifier.notify("WATCHDOG=1")

    def end(self) -> None:
        """systemd sees for itself how the process ends."""
        notifier, self._notifier = self._notifier, None
        if notifier is not None and notifier.socket is not None:
            notifier.socket.close()


class RunnerWatchdog:
    """`appliance run` restarts the core when its lock file is not touched any more."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def ready(self) -> None:
        """Nothing to tell."""

    def feed(self) -> None:
        """A fresh modification time."""
        os.utime(self._file)

    def end(self) -> None:
        """The runner sees for itself how the process ends."""


def runner(run_folder: Path, environment: Mapping[str, str]) -> Watchdog:
    """`appliance run`. Raises ValueError when it did not start this process, or is too impatient."""
    if PARENT_VARIABLE not in environment:
        msg = "watchdog.kind = 'runner': the core was not started by `appliance run`"
        raise ValueError(msg)
    core = next(row for row in PROCESSES if row.name == "core")
    if core.hangs_after_s is not None:
        fit("hangs_after_s of the core", core.hangs_after_s)
    return RunnerWatchdog(run_folder / "core.lock")


def systemd(environment: Mapping[str, str]) -> Watchdog:
    """systemd (man sd_watchdog_enabled). Raises ValueError when it does not listen, or is too impatient."""
    if "NOTIFY_SOCKET" not in environment:
        msg = "watchdog.kind = 'systemd': NOTIFY_SOCKET is not set; the unit needs Type=notify"
        raise ValueError(msg)
    timeout_us = environment.get("WATCHDOG_USEC")
    meant = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    if timeout_us is not None and meant:
        if not timeout_us.isdigit():
            msg = f"WATCHDOG_USEC = {timeout_us!r} is no number of microseconds"
            raise ValueError(msg)
        fit("WatchdogSec", int(timeout_us) / 1e6)
    return SystemdWatchdog()
