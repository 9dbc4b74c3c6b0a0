"""What must the cloud process not forget when it dies? Commands it took, and the message on its way.

A file of its own beside the store: the store has one writer, the core.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from appliance.cloud.link import Reply

FILE_NAME = "cloud.sqlite"
KEPT = 1_000
"""Commands remembered."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS commands (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL, status INTEGER, body BLOB);
CREATE TABLE IF NOT EXISTS on_its_way (
    only INTEGER PRIMARY KEY CHECK (only = 1), first INTEGER NOT NULL, last INTEGER NOT NULL);
"""
_BODY = msgspec.json.Decoder(dict[str, str | bool])


class Journal:
    """Opens the file for each call, so that any thread may use it. Raises sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.executescript(SCHEMA)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=5.0)) as database, database:
            yield database

    def begin(self, command_id: str, name: str, at: datetime) -> bool:
        """Note a command before it is done; False when this id was noted before."""
        with self._open() as database:
            done = database.execute(
                "INSERT OR IGNORE INTO commands (id, name, at) VALUES (?, ?, ?)",
                (command_id, name, at.isoformat()),
            )
            database.execute(
                "DELETE FROM commands WHERE rowid <= (SELECT max(rowid) FROM commands) - ?", (KEPT,)
            )
            return done.rowcount == 1

    def finish(self, command_id: str, reply: Reply) -> None:
        """Keep the answer."""
        with self._open() as database:
            database.execute(
                "UPDATE commands SET status = ?, body = ? WHERE id = ?",
                (reply.status, msgspec.json.encode(reply.body), command_id),
            )

    def forget(self, command_id: str) -> None:
        """The command did not reach the core: the same id may try again."""
        with self._open() as database:
            database.execute("DELETE FROM commands WHERE id = ?", (command_id,))

    def earlier(self, command_id: str) -> Reply | None:
        """The stored answer; None while the command has none."""
        with self._open() as database:
            row = database.execute(
                "SELECT status, body FROM commands WHERE id = ?", (command_id,)
            ).fetchone()
        return None if row is None or row[0] is None else Reply(row[0], _BODY.decode(row[1]))

    def send(self, first: int, last: int) -> None:
        """Note which records are in the message that is sent next: a repetition must be the same."""
        with self._open() as database:
            database.execute("INSERT OR REPLACE INTO on_its_way VALUES (1, ?, ?)", (first, last))

    def on_its_way(self) -> tuple[int, int] | None:
        """First and last record of the message that was sent last, confirmed or not."""
        with self._open() as database:
            row = database.execute("SELECT first, last FROM on_its_way").fetchone()
        return None if row is None else (row[0], row[1])
