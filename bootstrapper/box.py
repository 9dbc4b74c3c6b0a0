"""What does a step work with? The folders, the clock, and words for how it ended."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bootstrapper import BUILT_AT

log = logging.getLogger("bootstrapper")


class WrongInputError(Exception):
    """Somebody has to correct something; the text holds all mistakes, one a line."""


class LaterError(Exception):
    """Not now; another run may succeed. The text says what is missing."""


def _system_utc() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Box:
    """The box as a step sees it."""

    boot: Path
    """What the factory wrote: provision.json."""
    data: Path
    """What must survive: identity.json, connection.json, bootstrap.json."""
    run: Path
    """What is true for this boot only: clock.json."""
    serial_sources: tuple[Path, ...]
    """cpuinfo, device tree, machine id: the first that has one counts."""
    time_wait_s: float = 10.0
    built_at: datetime = BUILT_AT
    utc: Callable[[], datetime] = field(default=_system_utc)

    @property
    def provision(self) -> Path:
        """What the factory or the installer gave the box."""
        return self.boot / "provision.json"

    @property
    def identity(self) -> Path:
        """Who this box is."""
        return self.data / "identity.json"

    @property
    def connection(self) -> Path:
        """Where its hub is, with the key: readable by the owner alone."""
        return self.data / "connection.json"

    @property
    def known_time(self) -> Path:
        """The last instant that was surely right."""
        return self.data / "known_time.json"

    @property
    def clock(self) -> Path:
        """May the clock be trusted since this boot?"""
        return self.run / "clock.json"
