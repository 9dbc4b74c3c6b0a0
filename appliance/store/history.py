"""What the store tells whoever asks, without a core and without writing: errors, statistics, the box itself."""

from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec

from appliance.model import SystemInfo
from appliance.store.database import connect_to_read

RAISED, CLEARED, NOT_CLEARED = "raised", "cleared", "not cleared"


class ErrorRecord(msgspec.Struct, frozen=True):
    """One time that an error was raised."""

    id: int
    number: int
    source: str
    severity: str
    title: str
    state: str
    """raised, cleared, or not cleared: the box went down with it."""
    since_at: datetime
    last_at: datetime
    """Cleared then, or last seen raised."""
    cleared_at: datetime | None
    count: int
    """How often this error of this source had been raised, with this time."""
    first_at: datetime
    """When it was raised for the first time ever."""
    acknowledged_by: str | None
    acknowledged_at: datetime | None


class LimitDay(msgspec.Struct, frozen=True):
    """One UTC day: for how many seconds each limit held the wish back."""

    day: str
    seconds: dict[str, float]


class History:
    """Opens the file for each question. Raises sqlite3.Error, also when there is no store yet."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def errors(self, most: int = 10_000) -> list[ErrorRecord]:
        """Every occurrence, newest first."""
        with closing(connect_to_read(self._path)) as database:
            rows = database.execute(
                "SELECT id, number, source, severity, title, CASE WHEN cleared_at IS NOT NULL THEN ? "
                "WHEN run_ended THEN ? ELSE ? END, raised_at, last_at, cleared_at, count, first_at, "
                "acknowledged_by, acknowledged_at FROM occurrences ORDER BY id DESC LIMIT ?",
                (CLEARED, NOT_CLEARED, RAISED, most),
            ).fetchall()
        names = ErrorRecord.__struct_fields__
        return msgspec.convert(
            [dict(zip(names, row, strict=True)) for row in rows], list[ErrorRecord]
        )

    def limits(self, days: int) -> list[LimitDay]:
        """The newest days there are, newest first."""
        with closing(connect_to_read(self._path)) as database:
            rows = database.execute(
                "SELECT day, name, seconds FROM limit_seconds WHERE day IN (SELECT DISTINCT day "
                "FROM limit_seconds ORDER BY day DESC LIMIT ?) ORDER BY day DESC, seconds DESC",
                (days,),
            ).fetchall()
        by_day: dict[str, dict[str, float]] = {}
        for day, name, seconds in rows:
            by_day.setdefault(day, {})[name] = seconds
        return [LimitDay(day, seconds) for day, seconds in by_day.items()]

    def info(self) -> SystemInfo | None:
        """What the box knows of itself; None before it has run."""
        with closing(connect_to_read(self._path)) as database:
            row = database.execute("SELECT value FROM memory WHERE key = 'system_info'").fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=SystemInfo)
