"""Every time an error was raised: when, how often, who has seen it, and whether it ever cleared."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from appliance.model import ActiveError

Key = tuple[int, str]
LOOK_EVERY: Final = 100


def key_of(error: ActiveError) -> Key:
    """Number and source; the device's own words behind the colon may change while it is raised."""
    return error.number, error.source_name


@dataclass(slots=True)
class Open:
    """One that has not cleared."""

    id: int
    acknowledged_by: str | None


class Occurrences:
    """The core's side. Belongs to one thread; what is open it knows without asking the file."""

    def __init__(self, database: sqlite3.Connection, keep: int) -> None:
        self._database = database
        self._keep = keep
        self._until_look = LOOK_EVERY
        rows = database.execute(
            "SELECT number, name, id, acknowledged_by FROM occurrences "
            "WHERE cleared_at IS NULL AND run_ended = 0"
        )
        self._open = {(number, name): Open(row, by) for number, name, row, by in rows}

    def end_run(self) -> None:
        """A core starts: what is still open was never seen to clear."""
        self._database.execute("UPDATE occurrences SET run_ended = 1 WHERE cleared_at IS NULL")
        self._open = {}

    def note(self, errors: tuple[ActiveError, ...], utc: datetime) -> None:
        """Write what has changed since the last call: raised, cleared, acknowledged."""
        present = {key_of(error): error for error in errors}
        for key in self._open.keys() - present.keys():
            self._clear(self._open.pop(key), utc)
        for key, error in present.items():
            known = self._open.get(key)
            if known is None:
                known = self._open[key] = self._go_on(error) or self._raise(error)
            if error.acknowledged_by not in (None, known.acknowledged_by):
                known.acknowledged_by = error.acknowledged_by
                self._database.execute(
                    "UPDATE occurrences SET acknowledged_by = ?, acknowledged_at = ? WHERE id = ?",
                    (error.acknowledged_by, utc.isoformat(), known.id),
                )

    def _go_on(self, error: ActiveError) -> Open | None:
        """The one that the run before has left raised: a latched error goes on over a restart."""
        number, name = key_of(error)
        before = self._database.execute(
            "SELECT id, acknowledged_by FROM occurrences WHERE cleared_at IS NULL AND number = ? "
            "AND name = ? AND raised_at = ?",
            (number, name, error.since_at.isoformat()),
        ).fetchone()
        if before is None:
            return None
        self._database.execute("UPDATE occurrences SET run_ended = 0 WHERE id = ?", before[:1])
        return Open(*before)

    def _raise(self, error: ActiveError) -> Open:
        number, name = key_of(error)
        since = error.since_at.isoformat()
        ((count, first_at),) = self._database.execute(
            "INSERT INTO errors VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT (number, source) "
            "DO UPDATE SET last_at = excluded.last_at, title = excluded.title, count = count + 1 "
            "RETURNING count, first_at",
            (number, name, error.title, since, since),
        ).fetchall()
        row = self._database.execute(
            "INSERT INTO occurrences (number, name, source, title, severity, raised_at, last_at, count, "
            "first_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                name,
                error.source,
                error.title,
                error.severity,
                since,
                since,
                count,
                first_at,
            ),
        )
        assert row.lastrowid is not None
        self._prune(row.lastrowid)
        return Open(row.lastrowid, None)

    def _clear(self, cleared: Open, utc: datetime) -> None:
        at = utc.isoformat()
        self._database.execute(
            "UPDATE occurrences SET cleared_at = ?, last_at = ? WHERE id = ?", (at, at, cleared.id)
        )

    def still_raised(self, utc: datetime) -> None:
        """What is open now was last seen raised now."""
        self._database.executemany(
            "UPDATE occurrences SET last_at = ? WHERE id = ?",
            [(utc.isoformat(), one.id) for one in self._open.values()],
        )

    def _prune(self, newest: int) -> None:
        self._until_look -= 1
        if self._until_look > 0:
            return
        self._until_look = LOOK_EVERY
        self._database.execute(
            "DELETE FROM occurrences WHERE id <= ? AND (cleared_at IS NOT NULL OR run_ended = 1)",
            (newest - self._keep,),
        )
