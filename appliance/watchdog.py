"""Feeds the watchdog only while the control loop is alive and no thread hangs."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import sdnotify

from appliance.clock import Clock
from appliance.mailbox import Latest
from appliance.processes import PARENT_VARIABLE
from appliance.supervisor import Lease

log = logging.getLogger(__name__)

PERIOD_S: Final = 0.5
HEARTBEAT_MAX_AGE_S: Final = 1.0


class Watchdog(Protocol):
    """Something that restarts the box when it is not fed."""

    def ready(self) -> None:
        """The box is up."""

    def feed(self) -> None:
        """The box is well."""


class NullWatchdog:
    """Nobody watches: on a desk."""

    def ready(self) -> None:
        """Nothing to tell."""

    def feed(self) -> None:
        """Nothing to feed."""


class SystemdWatchdog:
    """systemd restarts the service when it is not fed within WatchdogSec=."""

    def __init__(self) -> None:
        self._notifier = sdnotify.SystemdNotifier()

    def ready(self) -> None:
        """Type=notify: the service counts as started."""
        self._notifier.notify("READY=1")

    def feed(self) -> None:
        """Keep-alive."""
        self._notifier.notify("WATCHDOG=1")


class RunnerWatchdog:
    """`appliance run` restarts the core when its lock file is not touched any more."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def ready(self) -> None:
        """Nothing to tell."""

    def feed(self) -> None:
        """A fresh modification time."""
        os.utime(self._file)


def find_watchdog(run_folder: Path) -> Watchdog:
    """systemd's when it listens, the runner's when it started us, else none."""
    if PARENT_VARIABLE in os.environ:
        return RunnerWatchdog(run_folder / "core.lock")
    if "NOTIFY_SOCKET" not in os.environ:
        return NullWatchdog()
    timeout_us = os.environ.get("WATCHDOG_USEC")
    if timeout_us is not None and int(timeout_us) < 2e6 * PERIOD_S:
        msg = f"WatchdogSec is {int(timeout_us) / 1e6} s; the box needs at least {2 * PERIOD_S} s"
        raise ValueError(msg)
    return SystemdWatchdog()


def feed_while_alive(
    watchdog: Watchdog,
    heartbeat: Latest[int],
    silent: Callable[[], tuple[str, ...]],
    clock: Clock,
    lease: Lease,
) -> None:
    """The watchdog worker."""
    told_ready = starving = False
    while not lease.wait(PERIOD_S):
        lease.beat()
        hanging = silent()
        well = heartbeat.fresh(clock.now_s(), HEARTBEAT_MAX_AGE_S) is not None and not hanging
        if well:
            if not told_ready:
                watchdog.ready()
            told_ready = True
            watchdog.feed()
        elif not starving:
            log.error("the watchdog is not fed: %s", ", ".join(hanging) or "no heartbeat")
        starving = not well
