"""The box's memory on disk: one SQLite file, written by the core, drained by the cloud process.

WAL with synchronous=NORMAL: a power cut loses at most what the last second held, and never
corrupts what was there. The telemetry outbox keeps a record until the cloud has confirmed it.
"""

import logging
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from appliance.model import ActiveError, BatteryMemory, State

log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS memory (key TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS errors (
    number INTEGER NOT NULL, source TEXT NOT NULL, title TEXT NOT NULL, first_at TEXT NOT NULL,
    last_at TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (number, source));
"""
FILE_NAME = "store.sqlite"


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.executescript(SCHEMA)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _set_aside(path: Path) -> Path:
    """Move a file that cannot be used out of the way, with what belongs to it; the first free name."""
    number = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    path.rename(aside)
    for extra in ("-wal", "-shm"):
        path.with_name(path.name + extra).unlink(missing_ok=True)
    return aside


class MemoryLostError(Exception):
    """What the last run left cannot be read; the text says why."""


class Durable(msgspec.Struct, frozen=True, kw_only=True):
    """What must survive a restart of the core."""

    mode: str | None = None
    mode_by: str = "site.toml"
    goal: State | None = None
    """RUN, IDLE or MAINTENANCE: what somebody asked for last; None on a new box."""
    latched: tuple[ActiveError, ...] = ()
    """Errors only a person may reset; a restart is not a person."""


class Store:
    """The core's side: appends. Belongs to one thread (the recorder)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lost = ""
        try:
            self._database = _open(path)
        except sqlite3.OperationalError:
            raise  # locked, no space, no permission: the file itself is not at fault
        except sqlite3.DatabaseError as error:
            self._begin_again(error)

    def _begin_again(self, error: Exception) -> None:
        aside = _set_aside(self._path)
        log.error("%s is corrupt (%s); kept as %s", self._path, error, aside.name)
        self._lost = str(error)
        self._database = _open(self._path)

    def enqueue(self, kind: str, at: datetime, body: bytes) -> None:
        """Put one record into the telemetry outbox."""
        self._database.execute(
            "INSERT INTO outbox (at, kind, body) VALUES (?, ?, ?)", (at.isoformat(), kind, body)
        )

    def write(self, kind: str, at: datetime, text: str) -> None:
        """Append a line to the journal: state changes, mode changes, requests."""
        self._database.execute(
            "INSERT INTO journal (at, kind, text) VALUES (?, ?, ?)", (at.isoformat(), kind, text)
        )

    def count_error(self, error: ActiveError) -> None:
        """Note that an error was raised: first time, last time, how often."""
        since = error.since_at.isoformat()
        self._database.execute(
            "INSERT INTO errors VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT (number, source) "
            "DO UPDATE SET last_at = excluded.last_at, count = count + 1",
            (error.number, error.source, error.title, since, since),
        )

    def remember(self, durable: Durable) -> None:
        """Keep what must survive a restart and a power cut: on the disk before this returns."""
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute(
            "INSERT OR REPLACE INTO memory VALUES ('durable', ?)", (msgspec.json.encode(durable),)
        )
        self._database.execute("PRAGMA synchronous=NORMAL")

    def recall(self) -> Durable:
        """What the last run left; defaults on a new box.

        Raises MemoryLostError when there was something and it cannot be read any more.
        """
        if self._lost:
            raise MemoryLostError(self._lost)
        try:
            row = self._database.execute(
                "SELECT value FROM memory WHERE key = 'durable'"
            ).fetchone()
            return Durable() if row is None else msgspec.json.decode(row[0], type=Durable)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self._database.close()
            self._begin_again(error)
        except msgspec.MsgspecError as error:
            self._lost = str(error)
        raise MemoryLostError(self._lost)

    def remember_battery(self, memory: BatteryMemory) -> None:
        """Keep what the box knows of its battery; a power cut may lose the last second of it."""
        self._database.execute(
            "INSERT OR REPLACE INTO memory VALUES ('battery', ?)", (msgspec.json.encode(memory),)
        )

    def recall_battery(self) -> BatteryMemory:
        """What the last run knew of the battery; nothing when it cannot be read: it is learnt again."""
        try:
            row = self._database.execute(
                "SELECT value FROM memory WHERE key = 'battery'"
            ).fetchone()
            return (
                BatteryMemory() if row is None else msgspec.json.decode(row[0], type=BatteryMemory)
            )
        except (sqlite3.DatabaseError, msgspec.MsgspecError) as error:
            log.warning("what was known of the battery cannot be read: %s", error)
            return BatteryMemory()

    def close(self) -> None:
        """Close the file."""
        self._database.close()


@dataclass(frozen=True, slots=True)
class OutboxRecord:
    """One telemetry record that the cloud has not confirmed yet."""

    seq: int
    at: datetime
    kind: str
    body: bytes


class Outbox:
    """The cloud process's side: reads the oldest, deletes what was confirmed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = _open(path)
        self._inode = path.stat().st_ino

    def next_batch(self, limit: int) -> list[OutboxRecord]:
        """The oldest records, at most `limit`."""
        if self._path.exists() and self._path.stat().st_ino != self._inode:
            # The core has set a corrupt file aside and begun another one.
            self._database.close()
            self._database = _open(self._path)
            self._inode = self._path.stat().st_ino
        rows = self._database.execute(
            "SELECT seq, at, kind, body FROM outbox ORDER BY seq LIMIT ?", (limit,)
        )
        return [
            OutboxRecord(seq, datetime.fromisoformat(at), kind, bytes(body))
            for seq, at, kind, body in rows
        ]

    def delete_through(self, seq: int) -> None:
        """Forget all records up to and including `seq`: the cloud has them."""
        self._database.execute("DELETE FROM outbox WHERE seq <= ?", (seq,))

    def depth(self) -> int:
        """How many records wait."""
        count: int = self._database.execute("SELECT count(*) FROM outbox").fetchone()[0]
        return count

    def close(self) -> None:
        """Close the file."""
        self._database.close()
