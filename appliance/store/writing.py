"""The core's side of the store: appends. Belongs to one thread (the recorder)."""

import logging
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from appliance.model import BatteryMemory, SystemInfo, Word
from appliance.site import Storage
from appliance.store.database import connect, set_aside, sync_log
from appliance.store.durable import Durable, MemoryLostError
from appliance.store.occurrences import Occurrences
from appliance.store.outbox import Waiting

log = logging.getLogger(__name__)

Kept = TypeVar("Kept", bound=Word)
SYNC_S: Final = 0.3
"""The disk is asked to keep what was committed no more often than this: it wears."""
LOOK_EVERY: Final = 500
"""Lines of the journal between two looks at its bound."""


class Store:
    """Opens the file; one that is corrupt is set aside and a new one begun. Raises sqlite3.Error."""

    def __init__(self, path: Path, bounds: Storage | None = None) -> None:
        self._path = path
        self._bounds = bounds or Storage()
        self._lost = ""
        self._in_round = False
        self._owed = False
        self._urgent = False
        self._synced_at_s = float("-inf")
        self._committed = 0
        """Rows changed up to the last commit."""
        self._until_look = LOOK_EVERY
        try:
            self._open()
        except sqlite3.OperationalError:
            raise  # locked, no space, no permission: the file itself is not at fault
        except sqlite3.DatabaseError as error:
            self._begin_again(error)

    def _open(self) -> None:
        self._database = connect(self._path)
        try:
            self._waiting = Waiting(self._database, self._bounds)
            self.errors = Occurrences(self._database, self._bounds.error_occurrences)
        except sqlite3.Error:
            self._database.close()
            raise

    def _begin_again(self, error: Exception) -> None:
        aside = set_aside(self._path)
        log.error("%s is corrupt (%s); kept as %s", self._path, error, aside.name)
        self._lost = str(error)
        self._open()

    def give_up(self, error: Exception) -> None:
        """The file was found to be corrupt: set it aside, and begin another one."""
        self._database.close()
        self._begin_again(error)

    # ------------------------------------------------------------ rounds

    def begin(self) -> None:
        """All that follows, up to `commit`, is one transaction; without it each write is one of its own."""
        self._database.execute("BEGIN IMMEDIATE")
        self._in_round = True

    def commit(self) -> None:
        """End the round; `settle` puts it on the disk. Raises sqlite3.Error: then nothing of it is there."""
        changed = self._database.total_changes
        self._database.execute("COMMIT")
        self._in_round = False
        self._owed = self._owed or changed != self._committed
        self._committed = changed

    def settle(self, now_s: float) -> None:
        """Put on the disk what was committed, if it is due. Raises OSError."""
        if self._owed and (self._urgent or now_s - self._synced_at_s >= SYNC_S):
            self.sync()
            self._synced_at_s = now_s

    def roll_back(self) -> None:
        """Forget the round."""
        self._in_round = False
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")

    def sync(self) -> None:
        """Put on the disk what was committed. Raises OSError."""
        sync_log(self._path)
        self._owed = self._urgent = False

    # ------------------------------------------------------------ lines and records

    def enqueue(self, kind: str, at: datetime, body: bytes) -> None:
        """Put one record into the telemetry outbox; the oldest of too many go, and the journal says so."""
        dropped = self._waiting.put(kind, at, body)
        if dropped:
            text = f"{dropped} telemetry records were never sent: too many wait"
            log.warning("%s", text)
            self.write("dropped", at, text)

    def write(self, kind: str, at: datetime, text: str) -> None:
        """Append a line to the journal: state changes, mode changes, requests."""
        line = self._database.execute(
            "INSERT INTO journal (at, kind, text) VALUES (?, ?, ?)", (at.isoformat(), kind, text)
        )
        self._until_look -= 1
        if self._until_look <= 0 and line.lastrowid is not None:
            self._until_look = LOOK_EVERY
            oldest = line.lastrowid - self._bounds.journal_lines
            self._database.execute("DELETE FROM journal WHERE id <= ?", (oldest,))

    def add_limit_seconds(self, seconds: Iterable[tuple[str, str, float]]) -> None:
        """Add to the time each limit has held: (day, name, seconds)."""
        known = self._database.execute("SELECT count(DISTINCT day) FROM limit_seconds").fetchone()
        self._database.executemany(
            "INSERT INTO limit_seconds VALUES (?, ?, ?) ON CONFLICT (day, name) "
            "DO UPDATE SET seconds = seconds + excluded.seconds",
            seconds,
        )
        if known[0] >= self._bounds.limit_days:
            # Counted in days that there are: a clock that jumps far ahead takes one day with it, not all.
            self._database.execute(
                "DELETE FROM limit_seconds WHERE day NOT IN "
                "(SELECT DISTINCT day FROM limit_seconds ORDER BY day DESC LIMIT ?)",
                (self._bounds.limit_days,),
            )

    # ------------------------------------------------------------ what survives

    def _keep(self, key: str, value: msgspec.Struct) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO memory VALUES (?, ?)", (key, msgspec.json.encode(value))
        )

    def remember(self, durable: Durable) -> None:
        """Keep what must survive a restart and a power cut: on the disk before this, or its round, ends."""
        self._keep("durable", durable)
        self._urgent = True
        if not self._in_round:
            self.sync()

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
        self._keep("battery", memory)

    def recall_battery(self) -> BatteryMemory:
        """What the last run knew of the battery; nothing when it cannot be read: it is learnt again."""
        return self._recall("battery", BatteryMemory) or BatteryMemory()

    def remember_info(self, info: SystemInfo) -> None:
        """Keep what the box knows of itself; a power cut may lose the last second of it."""
        self._keep("system_info", info)

    def recall_info(self) -> SystemInfo:
        """What the last run knew of the box; a new one when it cannot be read."""
        return self._recall("system_info", SystemInfo) or SystemInfo()

    def _recall(self, key: str, kind: type[Kept]) -> Kept | None:
        try:
            row = self._database.execute(
                "SELECT value FROM memory WHERE key = ?", (key,)
            ).fetchone()
            return None if row is None else msgspec.json.decode(row[0], type=kind)
        except (sqlite3.DatabaseError, msgspec.MsgspecError) as error:
            log.warning("%s cannot be read: %s", key, error)
            return None

    def close(self) -> None:
        """Close the file."""
        self._database.close()
