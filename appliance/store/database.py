"""The file itself: its tables, how it is opened, and how one that cannot be used is set aside."""

import os
import sqlite3
from pathlib import Path
from typing import Final

FILE_NAME: Final = "store.sqlite"
CHECKPOINT_PAGES: Final = 500
"""The write-ahead log goes into the file every 2 MB: on an ordinary day every ten minutes or so."""
LOG_BYTES: Final = 4_000_000
"""After a burst the log shrinks to this."""
KEEP_CORRUPT: Final = 3
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL,
    through INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS memory (key TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS errors (
    number INTEGER NOT NULL, source TEXT NOT NULL, title TEXT NOT NULL, first_at TEXT NOT NULL,
    last_at TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (number, source));
CREATE TABLE IF NOT EXISTS occurrences (
    id INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL, name TEXT NOT NULL,
    source TEXT NOT NULL, title TEXT NOT NULL, severity TEXT NOT NULL, raised_at TEXT NOT NULL,
    last_at TEXT NOT NULL, cleared_at TEXT, count INTEGER NOT NULL, first_at TEXT NOT NULL,
    acknowledged_by TEXT, acknowledged_at TEXT, run_ended INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS open_occurrences ON occurrences (id) WHERE cleared_at IS NULL;
CREATE TABLE IF NOT EXISTS limit_seconds (
    day TEXT NOT NULL, name TEXT NOT NULL, seconds REAL NOT NULL, PRIMARY KEY (day, name))
    WITHOUT ROWID;
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open it for writing, made if it is not there. Raises sqlite3.Error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    try:
        (mode,) = database.execute("PRAGMA journal_mode=WAL").fetchone()
        # Without a write-ahead log nobody syncs but SQLite itself.
        database.execute(f"PRAGMA synchronous={'NORMAL' if mode == 'wal' else 'FULL'}")
        database.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        database.execute(f"PRAGMA journal_size_limit={LOG_BYTES}")
        # Some builds overwrite what is deleted with zeros: wear for nothing.
        database.execute("PRAGMA secure_delete=OFF")
        database.executescript(SCHEMA)
        _bring_up_to_date(database)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _bring_up_to_date(database: sqlite3.Connection) -> None:
    """A store of an earlier version has an outbox without its running sum of bytes."""
    columns = {row[1] for row in database.execute("PRAGMA table_info(outbox)")}
    if "through" not in columns:
        database.execute("ALTER TABLE outbox ADD COLUMN through INTEGER NOT NULL DEFAULT 0")


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open it for reading, whether or not a core runs. Raises sqlite3.Error, also when it is not there."""
    return sqlite3.connect(f"file:{path.absolute().as_posix()}?mode=ro", uri=True, timeout=5.0)


def sync_log(path: Path) -> None:
    """Put all that was committed on the disk. Raises OSError when the disk refuses.

    SQLite itself does so with synchronous=NORMAL only at a checkpoint, hours apart. The log carries no
    locks, so that it may be opened and closed beside SQLite.
    """
    try:
        log = os.open(path.with_name(path.name + "-wal"), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # not in WAL mode: SQLite syncs by itself
    try:
        os.fdatasync(log)
    finally:
        os.close(log)


def set_aside(path: Path) -> Path:
    """Move a file that cannot be used out of the way, with what belongs to it; only the last ones are kept."""
    numbers = sorted(
        int(one.suffix.partition("-")[2]) for one in path.parent.glob(f"{path.name}.corrupt-*")
    )
    aside = path.with_name(f"{path.name}.corrupt-{numbers[-1] + 1 if numbers else 1}")
    path.rename(aside)
    for number in numbers[: 1 - KEEP_CORRUPT]:
        path.with_name(f"{path.name}.corrupt-{number}").unlink(missing_ok=True)
    for extra in ("-wal", "-shm"):
        path.with_name(path.name + extra).unlink(missing_ok=True)
    return aside


def set_aside_files(data_folder: Path) -> tuple[str, ...]:
    """Names of the stores that could not be used and wait for somebody to look at them."""
    return tuple(sorted(one.name for one in data_folder.glob(f"{FILE_NAME}.corrupt-*")))
