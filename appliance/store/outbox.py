"""The telemetry outbox: what waits for the cloud, oldest first, and how much of it is kept."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from appliance.site import Storage
from appliance.store.database import connect

LOOK_EVERY: Final = 360
"""Records between two looks at the bounds: an hour of them at one every 10 s."""


@dataclass(frozen=True, slots=True)
class OutboxRecord:
    """One telemetry record that the cloud has not confirmed yet."""

    seq: int
    at: datetime
    kind: str
    body: bytes


class Waiting:
    """The core's side: puts records in, and drops the oldest of too many. Belongs to one thread.

    `through` is the sum of all bytes that were ever put in, up to and with a record: how much waits
    is the difference of two of them, without counting.
    """

    def __init__(self, database: sqlite3.Connection, bounds: Storage) -> None:
        self._database = database
        self._bounds = bounds
        newest = database.execute("SELECT through FROM outbox ORDER BY seq DESC LIMIT 1").fetchone()
        self._through: int = 0 if newest is None else newest[0]
        self._until_look = LOOK_EVERY

    def put(self, kind: str, at: datetime, body: bytes) -> int:
        """Append one record; returns how many of the oldest had to go for it, nearly always 0."""
        self._through += len(body)
        self._database.execute(
            "INSERT INTO outbox (at, kind, body, through) VALUES (?, ?, ?, ?)",
            (at.isoformat(), kind, body, self._through),
        )
        self._until_look -= 1
        if self._until_look > 0:
            return 0
        self._until_look = LOOK_EVERY
        return self.drop_excess()

    def drop_excess(self) -> int:
        """Drop the oldest beyond the bounds; returns how many."""
        first, last = self._database.execute("SELECT min(seq), max(seq) FROM outbox").fetchone()
        if first is None:
            return 0
        keep_from = max(first, last - self._bounds.outbox_records + 1)
        keep_from = self._first_within(keep_from, last)
        if keep_from == first:
            return 0
        gone = self._database.execute("DELETE FROM outbox WHERE seq < ?", (keep_from,))
        return gone.rowcount

    def _first_within(self, low: int, high: int) -> int:
        """The first record from which on no more bytes wait than allowed; the newest always stays."""
        while low < high:
            middle = (low + high) // 2
            before = self._database.execute(
                "SELECT through - length(body) FROM outbox WHERE seq >= ? ORDER BY seq LIMIT 1",
                (middle,),
            ).fetchone()
            if self._through - before[0] <= self._bounds.outbox_bytes:
                high = middle
            else:
                low = middle + 1
        return low


class Outbox:
    """The cloud process's side: reads the oldest, deletes what was confirmed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = connect(path)
        self._inode = path.stat().st_ino

    def next_batch(self, limit: int) -> list[OutboxRecord]:
        """The oldest records, at most `limit`."""
        if self._path.exists() and self._path.stat().st_ino != self._inode:
            # The core has set a corrupt file aside and begun another one.
            self._database.close()
            self._database = connect(self._path)
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
