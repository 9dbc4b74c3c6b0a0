"""The last minutes of every cycle, in memory; written to disk around every error.

All is done in the recorder's thread and in small pieces, so that nothing that the recorder must write waits
for long: a cycle is encoded when it comes, some hundred of them are compressed together, and of a recording no
more than SLICE_BYTES are written in a round (docs/decisions/0022).
"""

import errno
import logging
import math
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import appliance
from appliance.blackbox import files
from appliance.blackbox.files import Header, Named, Part
from appliance.blackbox.memory import Chunk, Ring, line
from appliance.model import ActiveError, Moment, Severity
from appliance.site.blackbox import BlackBox as Settings

__all__ = ["BlackBox", "line"]

log = logging.getLogger(__name__)

SLICE_BYTES: Final = 1 << 19
"""Written to disk in one round."""
PIECE_S: Final = 1.0
"""While a recording is written, this much is on the way to the disk at most."""
REPEAT_S: Final = 3_600.0
"""The same number again within this: a warning is not recorded, another error without the time that is on disk already."""
LONGEST_S: Final = 900.0
"""Of errors that follow each other; what comes later gets a recording of its own."""


@dataclass(slots=True)
class _Recording:
    """What is being written."""

    name: str
    errors: list[Named]
    until_s: float
    latest_s: float
    """It ends then, whatever comes."""
    waiting: deque[Chunk]
    continues: str | None
    began_at: datetime
    ended_at: datetime
    cycles: int = 0
    part: Part | None = None

    def header(self, site: str, *, whole: bool = False) -> Header:
        """What it says of itself now."""
        named, more = tuple(self.errors[: files.MOST_NAMED]), len(self.errors) - files.MOST_NAMED
        return Header(
            site=site, version=appliance.__version__, errors=named, more_errors=max(0, more),
            began_at=self.began_at, ended_at=self.ended_at, cycles=self.cycles,
            continues=self.continues, whole=whole,
        )  # fmt: skip


class BlackBox:
    """Belongs to one thread (the recorder)."""

    def __init__(self, folder: Path, settings: Settings | None = None, site: str = "") -> None:
        self._folder = folder
        self._settings = settings or Settings()
        self._site = site
        self._budget = self._settings.disk_mb * 1_000_000
        self._ring = Ring(self._settings.before_s)
        self._errors: tuple[ActiveError, ...] | None = None
        self._recorded_s: dict[int, float] = {}
        """By number of an error: when it was recorded in full."""
        self._recording: _Recording | None = None
        self._last_name: str | None = None
        self._last_number = 0
        """The chunk that ended the last recording."""
        self._recovered = False
        self._next: tuple[ActiveError, float] | None = None
        """Raised when the recording could not become longer: it gets its own."""

    @property
    def held_bytes(self) -> int:
        """Compressed, in memory."""
        return self._ring.held_bytes

    @property
    def held_s(self) -> float:
        """So far back the memory reaches."""
        chunks = self._ring.chunks
        return chunks[-1].last_s - chunks[0].first_s if chunks else 0.0

    def add(self, moment: Moment) -> None:
        """Keep one cycle, and look whether an error was raised in it."""
        self._ring.add(moment)
        if moment.decision.errors is not self._errors:
            self._notice(moment)
        if self._ring.due or (self._recording is not None and self._ring.waits_s >= PIECE_S):
            self._compress()

    def look(self, now_s: float) -> None:
        """Once a round: write a piece of what shall be on disk. Raises nothing: the recorder has more to do."""
        if not self._recovered:
            self._recovered = True
            self._recover()
        recording = self._recording
        if recording is None:
            return
        part = recording.part
        over = now_s >= recording.until_s or (part is not None and part.size > self._budget / 2)
        if over:
            self._compress()
        try:
            self._write(recording, SLICE_BYTES)
            if over and not recording.waiting:
                self._finish(recording, whole=True)
                self._go_on()
        except OSError as error:
            self._failed(recording, error)

    def close(self) -> None:
        """The box ends: write what there is of a recording, without waiting for the time after the error."""
        recording = self._recording
        if recording is None:
            return
        self._compress()
        try:
            while recording.waiting:
                self._write(recording, SLICE_BYTES)
            self._finish(recording, whole=False)
        except OSError as error:
            self._failed(recording, error)

    def freeze(self, name: str) -> Path:
        """Write all that is kept now, whatever happened; returns where it is. Raises OSError."""
        self._compress()
        first, last = self._ring.chunks[0], self._ring.chunks[-1]
        recording = _Recording(
            name, [], 0.0, 0.0, deque(self._ring.chunks), None, first.began_at, last.ended_at
        )
        while recording.waiting:
            self._write(recording, SLICE_BYTES)
        assert recording.part is not None
        return recording.part.finish(recording.header(self._site, whole=True))

    def _notice(self, moment: Moment) -> None:
        """Which errors are new? What an earlier run has left raised is not."""
        before, errors = self._errors, moment.decision.errors
        self._errors = errors
        known = {(error.number, error.source_name) for error in before or ()}
        for error in errors:
            adopted = before is None and error.since_at != moment.decision.utc
            if (error.number, error.source_name) not in known and not adopted:
                self._raised(error, moment.snapshot.now_s)

    def _raised(self, error: ActiveError, now_s: float) -> None:
        again = now_s - self._recorded_s.get(error.number, -math.inf) < REPEAT_S
        recording = self._recording
        if again and error.severity is Severity.WARNING:
            if recording is not None:
                recording.errors.append(Named.of(error))
            return
        if not again:
            self._recorded_s[error.number] = now_s
        until_s = now_s + self._settings.after_s
        if recording is not None and until_s <= recording.latest_s:
            recording.errors.append(Named.of(error))
            recording.until_s = until_s
        elif recording is None:
            self._begin(error, now_s, again=again)
        else:
            recording.errors.append(Named.of(error))
            recording.until_s = min(recording.until_s, now_s)
            self._next = error, now_s

    def _begin(self, error: ActiveError, now_s: float, *, again: bool) -> None:
        self._compress()
        from_s = now_s - self._settings.before_s
        after = self._last_number if again else 0
        waiting = deque(c for c in self._ring.chunks if c.last_s >= from_s and c.number > after)
        joins = again and bool(self._ring.chunks) and self._ring.chunks[0].number <= after
        last = self._ring.chunks[-1]
        first = waiting[0] if waiting else last
        self._recording = _Recording(
            name=f"{error.since_at:%Y%m%dT%H%M%S}-error-{error.number}",
            errors=[Named.of(error)],
            until_s=now_s + self._settings.after_s,
            latest_s=now_s + max(LONGEST_S, self._settings.after_s),
            waiting=waiting,
            continues=self._last_name if joins else None,
            began_at=first.began_at,
            ended_at=last.ended_at,
        )

    def _compress(self) -> None:
        chunk = self._ring.compress()
        if chunk is not None and self._recording is not None:
            self._recording.waiting.append(chunk)

    def _write(self, recording: _Recording, most: int) -> None:
        """At least one chunk, and no more than `most` bytes else. Raises OSError; nothing is lost then."""
        if not recording.waiting:
            return
        taken = [recording.waiting[0]]
        size = len(taken[0].data)
        for chunk in list(recording.waiting)[1:]:
            size += len(chunk.data)
            if size > most:
                break
            taken.append(chunk)
        data = b"".join(chunk.data for chunk in taken)
        if recording.part is None:
            whole = sum(len(chunk.data) for chunk in recording.waiting) + files.HEADER_BYTES
            self._make_room(whole, whole)
            recording.part = Part(self._folder, recording.name, recording.header(self._site))
        else:
            self._make_room(recording.part.size + len(data), len(data))
        if recording.cycles == 0:
            recording.began_at = taken[0].began_at
        recording.cycles += sum(chunk.cycles for chunk in taken)
        recording.ended_at = taken[-1].ended_at
        try:
            recording.part.append(data, recording.header(self._site))
        except OSError:
            recording.cycles -= sum(chunk.cycles for chunk in taken)
            raise
        for _ in taken:
            recording.waiting.popleft()
        self._last_number = taken[-1].number

    def _make_room(self, size: int, new: int) -> None:
        if not files.make_room(self._folder, self._budget, size, new):
            raise OSError(errno.ENOSPC, "no room for a recording")

    def _finish(self, recording: _Recording, *, whole: bool) -> None:
        self._recording = None
        if recording.part is None:
            return  # Not one cycle has come since the recording before it.
        path = recording.part.finish(recording.header(self._site, whole=whole))
        self._last_name = path.name.removesuffix(files.ENDING)
        log.info("black box kept: %s", path)

    def _go_on(self) -> None:
        if self._next is not None:
            (error, at_s), self._next = self._next, None
            self._begin(error, at_s, again=True)

    def _failed(self, recording: _Recording, error: OSError) -> None:
        """A full disk: an older recording gives room, and it goes on. Anything else: there is no recording."""
        if error.errno in (errno.ENOSPC, errno.EDQUOT) and files.drop_oldest(self._folder):
            return
        log.error("black box cannot be written: %s", error)
        if recording.part is not None:
            recording.part.drop()
        self._recording, self._next = None, None
        self._recorded_s.clear()

    def _recover(self) -> None:
        try:
            for path in files.recover(self._folder):
                log.warning("black box: %s was left unfinished, and is kept", path)
        except OSError as error:
            log.error("black box cannot be read: %s", error)
