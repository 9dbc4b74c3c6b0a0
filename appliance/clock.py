"""What time is it? Only the edges hold a clock; deciding code reads `snapshot.now_s` and `snapshot.utc`."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of time."""

    def now_s(self) -> float:
        """Monotonic seconds; never jumps. For ages, timeouts, durations."""

    def utc(self) -> datetime:
        """Wall clock, aware UTC; may jump when the time is set. For schedules and time stamps."""


class SystemClock:
    """The computer's clocks."""

    def now_s(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def utc(self) -> datetime:
        """Wall clock, aware UTC."""
        return datetime.now(UTC)


class VirtualClock:
    """A clock that moves only when told to."""

    def __init__(self, start_at: datetime) -> None:
        self._start_at = start_at
        self._passed_s = 0.0

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._passed_s += seconds

    def now_s(self) -> float:
        """Seconds since the start."""
        return self._passed_s

    def utc(self) -> datetime:
        """Start plus what has passed."""
        return self._start_at + timedelta(seconds=self._passed_s)
