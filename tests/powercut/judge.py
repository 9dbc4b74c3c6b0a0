"""Compares what was in the store a second before a cut with what was found after it."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from appliance import latch
from appliance.model import SystemInfo
from appliance.store import FILE_NAME, Durable
from tests.powercut.shim import lay

COUNTS = ("starts", "boots", "contactor_closings", "mode_changes", "state_changes", "errors_raised")


@dataclass
class Kept:
    """All that a store held."""

    journal: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    occurrences: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    counts: dict[tuple[int, str], int] = field(default_factory=dict)
    outbox: dict[int, bytes] = field(default_factory=dict)
    hours: dict[tuple[str, str], float] = field(default_factory=dict)
    info: SystemInfo = field(default_factory=SystemInfo)
    durable: Durable = field(default_factory=Durable)
    latch: bytes | None = None
    faults: list[str] = field(default_factory=list)
    """What SQLite finds wrong with the file."""


def read(files: dict[str, bytes], folder: Path) -> Kept:
    """What a box finds that starts with these files. `folder` is made to hold exactly them."""
    lay(files, folder)
    kept = Kept(latch=files.get(latch.FILE_NAME))
    if FILE_NAME not in files:
        return kept
    try:
        with closing(sqlite3.connect(folder / FILE_NAME)) as database:
            _read(database, kept)
        for name in files:
            if name.endswith(".sqlite") and name != FILE_NAME:
                with closing(sqlite3.connect(folder / name)) as database:
                    kept.faults += _faults(database)
    except sqlite3.DatabaseError as error:
        kept.faults.append(str(error))
    return kept


def _faults(database: sqlite3.Connection) -> list[str]:
    rows = database.execute("PRAGMA integrity_check").fetchall()
    return [text for (text,) in rows if text != "ok"]


def _read(database: sqlite3.Connection, kept: Kept) -> None:
    kept.faults += _faults(database)
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    if "limit_seconds" not in tables:
        return  # cut in its very first moment
    rows = database.execute("SELECT id, at, kind, text FROM journal")
    kept.journal = {row[0]: row[1:] for row in rows}
    rows = database.execute(
        "SELECT id, number, name, raised_at, cleared_at, acknowledged_by FROM occurrences"
    )
    kept.occurrences = {row[0]: row[1:] for row in rows}
    rows = database.execute("SELECT number, source, count FROM errors")
    kept.counts = {(number, source): count for number, source, count in rows}
    kept.outbox = dict(database.execute("SELECT seq, body FROM outbox").fetchall())
    rows = database.execute("SELECT day, name, seconds FROM limit_seconds")
    kept.hours = {(day, name): seconds for day, name, seconds in rows}
    memory = dict(database.execute("SELECT key, value FROM memory").fetchall())
    if "system_info" in memory:
        kept.info = msgspec.json.decode(memory["system_info"], type=SystemInfo)
    if "durable" in memory:
        kept.durable = msgspec.json.decode(memory["durable"], type=Durable)


def missing(before: Kept, last: Kept, found: Kept) -> list[str]:
    """What `before` (a second before the cut) held and `found` does not; `last`: all that was ever written."""
    lost = [f"the file: {fault}" for fault in found.faults]
    lost += [
        f"journal {number}: {row}"
        for number, row in before.journal.items()
        if found.journal.get(number) != row
    ]
    lost += [
        f"occurrence {number}: {row}"
        for number, row in before.occurrences.items()
        if _gone_back(row, found.occurrences.get(number))
    ]
    lost += [
        f"count of {key}: {count}"
        for key, count in before.counts.items()
        if found.counts.get(key, 0) < count
    ]
    lost += [
        f"record {seq} for the cloud"
        for seq, body in before.outbox.items()
        if seq in last.outbox and found.outbox.get(seq) != body
    ]
    lost += [
        f"hours of {key}: {seconds:.1f} s"
        for key, seconds in before.hours.items()
        if found.hours.get(key, 0.0) < seconds - 1e-6
    ]
    lost += [
        f"{name} = {getattr(before.info, name)}, found {getattr(found.info, name)}"
        for name in (*COUNTS, "run_s", "charged_wh", "discharged_wh")
        if getattr(found.info, name) < getattr(before.info, name)
    ]
    return lost


def _gone_back(row: tuple[Any, ...], found: tuple[Any, ...] | None) -> bool:
    """An occurrence may since have cleared or been acknowledged, never the other way round."""
    if found is None or found[:3] != row[:3]:
        return True
    return any(was is not None and was != now for was, now in zip(row[3:], found[3:], strict=True))
