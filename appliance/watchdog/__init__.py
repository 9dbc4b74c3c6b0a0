"""Feeds the watchdogs only while the control loop is alive and no thread hangs."""

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from appliance.clock import Clock
from appliance.mailbox import Latest
from appliance.processes import PARENT_VARIABLE
from appliance.site import SiteSettings, SysFiles
from appliance.site.watchdog import FEED_PERIOD_S, HANGS_AFTER_S
from appliance.supervisor import Lease
from appliance.watchdog._device import KernelWatchdog
from appliance.watchdog._kinds import NullWatchdog, Watchdog, runner, systemd
from appliance.watchdog._strato_pi import StratoPi

__all__ = ["KINDS", "Watchdog", "Watchdogs", "feed_while_alive", "find_watchdog"]

log = logging.getLogger(__name__)

PERIOD_S: Final = FEED_PERIOD_S
HEARTBEAT_MAX_AGE_S: Final = HANGS_AFTER_S


def _strato_pi(_run_folder: Path, site: SiteSettings) -> Watchdog:
    settings = site.watchdog.strato_pi
    bus = None if settings.files is None else site.buses.get(settings.files)
    if not isinstance(bus, SysFiles):
        msg = f"watchdog.strato_pi.files = {settings.files!r}: must name a bus of kind files"
        raise ValueError(msg)
    return StratoPi(settings, Path(bus.path))


KINDS: Final[dict[str, Callable[[Path, SiteSettings], Watchdog]]] = {
    "systemd": lambda _folder, _site: systemd(os.environ),
    "runner": lambda folder, _site: runner(folder, os.environ),
    "dev": lambda _folder, site: KernelWatchdog(site.watchdog.dev),
    "strato_pi": _strato_pi,
    "null": lambda _folder, _site: NullWatchdog(),
}
"""By the name in site.toml: run folder and site to a watchdog. Each raises ValueError when it cannot be."""
STARTERS: Final = {PARENT_VARIABLE: "runner", "NOTIFY_SOCKET": "systemd"}
"""Who started the core, by what it leaves in the environment; the first that is there."""


class _Fed:
    """One watchdog among others: what it refuses is told once, tried again, and hinders no other."""

    def __init__(self, name: str, watchdog: Watchdog) -> None:
        self._name, self._watchdog = name, watchdog
        self._is_ready = self._is_unfit = False
        self._trouble: str | None = None

    def once(self) -> None:
        """Get it ready the first time, and feed it."""
        if self._is_unfit:
            return
        try:
            if not self._is_ready:
                self._watchdog.ready()
                self._is_ready = True
            self._watchdog.feed()
        except OSError as error:
            self._say(f"{type(error).__name__}: {error}")
        except ValueError as error:
            self._is_unfit = True
            self._say(f"is not used: {error}")
        else:
            self._say(None)

    def end(self) -> None:
        """Disarm it, if it was armed here."""
        if not self._is_ready:
            return
        try:
            self._watchdog.end()
        except OSError as error:
            self._say(f"stays armed: {error}")
        self._is_ready = False

    def _say(self, trouble: str | None) -> None:
        if trouble is not None and self._trouble is None:
            log.error("watchdog %s: %s", self._name, trouble)
        elif trouble is None and self._trouble is not None:
            log.info("watchdog %s is fed again", self._name)
        self._trouble = trouble


class Watchdogs:
    """Several as one."""

    def __init__(self, watchdogs: Iterable[tuple[str, Watchdog]]) -> None:
        self._fed = tuple(_Fed(name, watchdog) for name, watchdog in watchdogs)

    def ready(self) -> None:
        """Each is got ready when it is fed first."""

    def feed(self) -> None:
        """Feed each; never raises for one of them."""
        for each in self._fed:
            each.once()

    def end(self) -> None:
        """Disarm each."""
        for each in self._fed:
            each.end()


def find_watchdog(run_folder: Path, site: SiteSettings) -> Watchdog:
    """All that this site feeds; whoever started the core is always among them, for it would end a core
    that does not feed it. Raises ValueError when one cannot be, or has no patience with the loop."""
    started_by = next((name for there, name in STARTERS.items() if there in os.environ), "null")
    listed = (kind for kind in site.watchdog.kind if kind != "auto")
    wanted = dict.fromkeys((started_by, *listed))
    return Watchdogs((kind, KINDS[kind](run_folder, site)) for kind in wanted)


def feed_while_alive(
    watchdog: Watchdog,
    heartbeat: Latest[int],
    silent: Callable[[], tuple[str, ...]],
    clock: Clock,
    lease: Lease,
) -> None:
    """The watchdog worker. Only an orderly end disarms: a crash of this thread leaves all armed."""
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
    watchdog.end()
