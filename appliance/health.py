"""The box looks at itself, every few seconds: disk, memory that wears, buses, store, update.

Each source is one function or one slot; nothing here decides anything: `health_errors` does. Every call is bounded:
files are small or read in part, slots never wait.
"""

import contextlib
import json
import logging
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from appliance.clock import Clock
from appliance.mailbox import Slots
from appliance.model import (
    CAN_ACTIVE,
    CAN_PASSIVE,
    CanHealth,
    HealthReading,
    PollHealth,
    WearHealth,
)
from appliance.site import SiteSettings
from appliance.store import set_aside_files
from appliance.supervisor import Lease, Worker

log = logging.getLogger(__name__)

PERIOD_S: Final = 5.0
SILENT_AFTER_S: Final = 60.0
"""A disk that is failing may hold a call for long; the box need not restart for that."""
MINUTE_S: Final = 60.0
SAVE_S: Final = 600.0
"""Counts of wear are written no more often: a power cut loses so much of them."""
WEAR_FILE: Final = "wear.json"
UPDATE_FILE: Final = "update.json"
ASIDE_FILE: Final = "stores-at-boot.json"
MOST_BYTES: Final = 4_096
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class UpdateResult(msgspec.Struct, frozen=True):
    """`update.json` in the data folder: how the last update went. Whoever updates writes it."""

    state: str
    """failed; anything else is no trouble."""
    version: str = ""
    reason: str = ""
    at: str = ""
    """Instant, ISO 8601."""


def failed_update(data_folder: Path) -> str | None:
    """Which update failed, and why; None when none did, or nobody says so."""
    try:
        with (data_folder / UPDATE_FILE).open("rb") as file:
            result = msgspec.json.decode(file.read(MOST_BYTES), type=UpdateResult)
    except (OSError, msgspec.MsgspecError):
        return None
    if result.state != "failed":
        return None
    return ": ".join(part for part in (result.version[:40], result.reason[:120]) if part) or "?"


def stores_at_boot(run_folder: Path, data_folder: Path, boot_id: Path = BOOT_ID) -> frozenset[str]:
    """Stores that had been set aside when this computer was started; ask before a store is opened.

    The first run after the start notes them, later runs read the note.
    """
    note, known = run_folder / ASIDE_FILE, frozenset(set_aside_files(data_folder))
    with contextlib.suppress(OSError):
        boot = boot_id.read_text(encoding="ascii").strip()
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            noted = json.loads(note.read_text(encoding="utf-8"))
            if noted["boot"] == boot:
                return frozenset(str(name) for name in noted["stores"])
        note.write_text(json.dumps({"boot": boot, "stores": sorted(known)}), encoding="utf-8")
    return known


class LastMinute:
    """Counters that only grow, and by how much they did within the last minute."""

    def __init__(self) -> None:
        self._past: deque[tuple[float, dict[str, int]]] = deque()

    def add(self, now_s: float, counts: dict[str, int]) -> dict[str, int]:
        """What each has grown by. One that is smaller than before has begun anew."""
        self._past.append((now_s, counts))
        while len(self._past) > 2 and self._past[1][0] <= now_s - MINUTE_S:
            self._past.popleft()
        return {name: sum(self._steps(name)) for name in counts}

    def _steps(self, name: str) -> Iterator[int]:
        first = self._past[0][1]
        before = first.get(name, 0)
        for _, counts in self._past:
            now = counts.get(name, before)
            yield now - before if now >= before else now
            before = now


class Wear:
    """Writes into memory that wears out, over the life of the box."""

    def __init__(self, data_folder: Path, now_s: float) -> None:
        self._path = data_folder / WEAR_FILE
        self._kept = self.total = self._read()
        self._seen: dict[str, int] = {}
        self._save_at_s = now_s + SAVE_S

    def add(self, name: str, since_start: int) -> int:
        """`since_start`: as its driver counts. Returns the total."""
        before = self._seen.get(name, 0)
        grown = since_start - before if since_start >= before else since_start
        self._seen[name] = since_start
        if grown:
            self.total = {**self.total, name: self.total.get(name, 0) + grown}
        return self.total.get(name, 0)

    def save(self, now_s: float, *, now: bool = False) -> None:
        """When it has changed and it is time."""
        if self.total == self._kept or (now_s < self._save_at_s and not now):
            return
        self._save_at_s = now_s + SAVE_S
        part = self._path.with_suffix(".part")
        try:
            with part.open("w", encoding="utf-8") as file:
                json.dump(self.total, file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
            self._kept = self.total
        except OSError as error:
            log.warning("counts of wear cannot be kept: %s", error)

    def _read(self) -> dict[str, int]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, int])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("counts of wear are lost, and begin anew: %s", error)
            return {}


class Health:
    """One worker; the only writer of the slot."""

    def __init__(
        self, site: SiteSettings, clock: Clock, slots: Slots, stores_before: frozenset[str]
    ) -> None:
        self._site = site
        self._clock = clock
        self._slots = slots
        self._data = Path(site.data_folder)
        self._stores_before = stores_before
        self._minute = LastMinute()
        self._wear = Wear(self._data, clock.now_s())

    def run(self, lease: Lease) -> None:
        """Look and tell until the lease ends."""
        try:
            while not lease.ended:
                lease.beat()
                now_s = self._clock.now_s()
                self._slots.health.put(self.look(now_s), now_s)
                self._wear.save(now_s)
                lease.wait(PERIOD_S)
        finally:
            self._wear.save(self._clock.now_s(), now=True)

    def look(self, now_s: float) -> HealthReading:
        """Everything, once."""
        free_bytes, free_pct, inodes_pct = disk(self._data)
        can, polled = self._wires(now_s)
        aside = set_aside_files(self._data)
        return HealthReading(
            disk_free_bytes=free_bytes,
            disk_free_pct=free_pct,
            inodes_free_pct=inodes_pct,
            store_corrupt=tuple(name for name in aside if name not in self._stores_before),
            update_failed=failed_update(self._data),
            can=can,
            polled=polled,
            worn=self._worn(),
        )

    def _worn(self) -> tuple[WearHealth, ...]:
        newest = self._slots.inverter.newest()
        writes = self._wear.add("inverter", 0 if newest is None else newest.value.stored_writes)
        if not writes:
            return ()
        allowed = self._site.inverter.stored_writes_allowed
        return (WearHealth("inverter", writes, 100.0 * writes / allowed),)

    def _wires(self, now_s: float) -> tuple[tuple[CanHealth, ...], tuple[PollHealth, ...]]:
        newest = {name: slot.newest() for name, slot in self._slots.wires.items()}
        told = {name: one.value for name, one in newest.items() if one is not None}
        cans = {name: one.can for name, one in told.items() if one.can is not None}
        devices = [device for one in told.values() for device in one.devices]
        counts = {f"{name} errors": can.error_frames for name, can in cans.items()}
        counts |= {f"{name} lost": can.lost for name, can in cans.items()}
        counts |= {f"{one.device} polls": one.polls for one in devices}
        counts |= {f"{one.device} failed": one.failed for one in devices}
        grown = self._minute.add(now_s, counts)
        can = tuple(
            CanHealth(
                bus=name, state=_settled(one.state, grown[f"{name} errors"]),
                error_frames=grown[f"{name} errors"], lost=grown[f"{name} lost"],
            )
            for name, one in cans.items()
        )  # fmt: skip
        polled = tuple(_polled(one.device, grown) for one in devices)
        return can, polled


def _settled(state: str, errors: int) -> str:
    """Not every controller says that it is well again: after a minute without errors it is."""
    return CAN_ACTIVE if state == CAN_PASSIVE and not errors else state


def _polled(device: str, grown: dict[str, int]) -> PollHealth:
    """A write that failed counts too, so there may be more failures than polls."""
    polls, failed = grown[f"{device} polls"], grown[f"{device} failed"]
    return PollHealth(device, polls, min(failed, polls))


def disk(folder: Path) -> tuple[int | None, float | None, float | None]:
    """Free bytes, % of them and % of inodes, for those who are not root; None: nobody knows."""
    try:
        told = os.statvfs(folder)
    except OSError:
        return None, None, None
    usable = told.f_blocks - told.f_bfree + told.f_bavail
    free_pct = 100.0 * told.f_bavail / usable if usable else None
    inodes_pct = 100.0 * told.f_favail / told.f_files if told.f_files else None
    return told.f_bavail * told.f_frsize, free_pct, inodes_pct


def health_workers(
    site: SiteSettings, clock: Clock, slots: Slots, stores_before: frozenset[str]
) -> tuple[Worker, ...]:
    """The one that looks at the box itself."""
    health = Health(site, clock, slots, stores_before)
    return (Worker("health", health.run, SILENT_AFTER_S),)
