"""Recordings on disk: `<time>-error-<number>.jsonl.gz`, written as `.part` and renamed when whole.

A recording is gzip: any tool reads it, a line is a Snapshot with its Decision. Its first member is empty and
carries the header in the extra field (RFC 1952, 2.3.1.1, subfield "BB"): always the first HEADER_BYTES of
the file, so that it can be written anew while the recording grows, and listing reads nothing else.
"""

import contextlib
import os
import zlib
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from appliance.model import ActiveError, Severity

ENDING: Final = ".jsonl.gz"
UNFINISHED: Final = ".part"
HEADER_BYTES: Final = 4_096
"""One page of the disk: it is written whole or not at all."""
_MEMBER: Final = b"\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff"
"""A gzip member with an extra field, no time, no system."""
_EMPTY: Final = b"\x03\x00" + bytes(8)
"""Nothing, deflated, with its checksum and size."""
_LABEL: Final = b"BB"
_TEXT_BYTES: Final = HEADER_BYTES - len(_MEMBER) - 2 - 4 - len(_EMPTY)
MOST_NAMED: Final = 12
MOST_FILES: Final = 500
LEAVES_BYTES: Final = 64_000_000
"""Free on the disk for the store, which matters more: older recordings go before there is less."""
LEAST_BYTES: Final = 16_000_000
"""With less than this nothing is recorded."""
_READ_BYTES: Final = 1 << 16


class Named(msgspec.Struct, frozen=True):
    """An error that a recording is about."""

    number: int
    source: str
    severity: Severity
    title: str
    at: datetime

    @classmethod
    def of(cls, error: ActiveError) -> "Named":
        """Its name, without effects and remedies."""
        source = error.source if len(error.source) <= 80 else error.source[:79] + "…"
        return cls(error.number, source, error.severity, error.title[:60], error.since_at)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording says of itself."""

    site: str
    version: str
    errors: tuple[Named, ...]
    """In the order in which they were raised."""
    more_errors: int = 0
    """That had no room above."""
    began_at: datetime
    ended_at: datetime
    cycles: int = 0
    continues: str | None = None
    """The recording that holds the time before this one."""
    whole: bool = False
    """False: the box ended before the time after the error was over."""
    size: int = HEADER_BYTES
    """Bytes that are on the disk for certain."""

    @property
    def critical(self) -> bool:
        """It is about a critical error."""
        return any(error.severity is Severity.CRITICAL for error in self.errors)


class Entry(NamedTuple):
    """One recording."""

    path: Path
    size: int
    header: Header | None
    """None: somebody else's file, or an older one."""

    @property
    def name(self) -> str:
        """Without the ending."""
        return self.path.name.removesuffix(UNFINISHED).removesuffix(ENDING)


def packed(header: Header) -> bytes:
    """The header as the first member of a recording."""
    text = msgspec.json.encode(header)
    while len(text) > _TEXT_BYTES:
        fewer = header.errors[: len(header.errors) - 1]
        header = msgspec.structs.replace(header, errors=fewer, more_errors=header.more_errors + 1)
        text = msgspec.json.encode(header)
    field = _LABEL + _TEXT_BYTES.to_bytes(2, "little") + text.ljust(_TEXT_BYTES)
    return _MEMBER + len(field).to_bytes(2, "little") + field + _EMPTY


def read_header(path: Path) -> Header | None:
    """What a recording says of itself; None when it says nothing. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES)
    start = len(_MEMBER) + 6
    if len(head) < HEADER_BYTES or head[start - 4 : start - 2] != _LABEL:
        return None
    try:
        return msgspec.json.decode(head[start : start + _TEXT_BYTES], type=Header)
    except msgspec.MsgspecError:
        return None


class Part:
    """A recording that is being written. All calls raise OSError."""

    def __init__(self, folder: Path, name: str, header: Header) -> None:
        self.path = folder / f"{_free(folder, name)}{UNFINISHED}"
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self.size = HEADER_BYTES
        try:
            os.pwrite(self._file, packed(header), 0)
            _sync(folder)
        except OSError:
            self.drop()
            raise

    def append(self, data: bytes, header: Header) -> None:
        """On the disk when this returns; all of it or, when it raises, nothing."""
        try:
            done = 0
            while done < len(data):
                done += os.pwrite(self._file, data[done:], self.size + done)
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, self.size)
            raise
        self.size += len(data)
        os.pwrite(self._file, packed(msgspec.structs.replace(header, size=self.size)), 0)

    def finish(self, header: Header) -> Path:
        """Give it its name; returns where it is."""
        os.pwrite(self._file, packed(msgspec.structs.replace(header, size=self.size)), 0)
        os.fsync(self._file)
        os.close(self._file)
        return _named(self.path)

    def drop(self) -> None:
        """Nothing of it is left."""
        with contextlib.suppress(OSError):
            os.close(self._file)
        with contextlib.suppress(OSError):
            self.path.unlink()


def recover(folder: Path) -> list[Path]:
    """Name what an earlier run has left unfinished, up to the last cycle that is whole; remove what holds none."""
    found = []
    for part in sorted(folder.glob(f"*{UNFINISHED}")):
        header = read_header(part)
        size = _whole_bytes(part, HEADER_BYTES if header is None else header.size)
        if size <= HEADER_BYTES:
            part.unlink()
            continue
        os.truncate(part, size)
        found.append(_named(part))
    return found


def entries(folder: Path) -> list[Entry]:
    """Every finished recording, oldest first by its name."""
    return _found(folder, ENDING)


def parts(folder: Path) -> list[Entry]:
    """What is being written."""
    return _found(folder, UNFINISHED)


def _found(folder: Path, ending: str) -> list[Entry]:
    found = []
    for path in sorted(folder.glob(f"*{ending}")):
        with contextlib.suppress(FileNotFoundError):  # the core has just removed or named it
            found.append(Entry(path, path.stat().st_size, read_header(path)))
    return found


def make_room(folder: Path, budget: int, size: int, new: int) -> bool:
    """Remove recordings until one of `size` fits into the budget, and its `new` bytes on the disk; False when not.

    The oldest goes first, but a critical one only when no other is left, or when those hold more than half.
    """
    free = _free_bytes(folder) - new
    sizes = [path.stat().st_size for path in folder.glob(f"*{ENDING}")]
    if sum(sizes) + size <= budget and len(sizes) < MOST_FILES and free >= LEAVES_BYTES:
        return True  # Nearly always, and without opening any.
    kept = entries(folder)
    while kept and (
        sum(entry.size for entry in kept) + size > budget
        or len(kept) >= MOST_FILES
        or free < LEAVES_BYTES
    ):
        kept.remove(oldest := _least_worth(kept, budget))
        oldest.path.unlink(missing_ok=True)
        free += oldest.size
    return size <= budget and free >= LEAST_BYTES


def _free_bytes(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    told = os.statvfs(folder)
    return told.f_bavail * told.f_frsize


def drop_oldest(folder: Path) -> bool:
    """The disk is full: give one back. False when there is none."""
    kept = entries(folder)
    if kept:
        _least_worth(kept, budget=0).path.unlink(missing_ok=True)
    return bool(kept)


def _least_worth(kept: list[Entry], budget: int) -> Entry:
    critical = [entry for entry in kept if entry.header is not None and entry.header.critical]
    others = [entry for entry in kept if entry not in critical]
    too_many = budget and sum(entry.size for entry in critical) > budget / 2
    return critical[0] if critical and (too_many or not others) else others[0]


def _free(folder: Path, name: str) -> str:
    """The name, with a number behind it when it is taken: the clock may have been set back."""
    number, free = 1, name
    while any((folder / f"{free}{ending}").exists() for ending in (ENDING, UNFINISHED)):
        number += 1
        free = f"{name}-{number}"
    return free


def _named(part: Path) -> Path:
    path = part.with_name(part.name.removesuffix(UNFINISHED) + ENDING)
    part.replace(path)
    _sync(part.parent)
    return path


def _sync(folder: Path) -> None:
    """Its names are on the disk, too."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _whole_bytes(path: Path, known: int) -> int:
    """Where the last whole member ends; up to `known` all are."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size < known:
            known = HEADER_BYTES
        file.seek(known)
        whole = at = known
        member = zlib.decompressobj(wbits=31)
        while data := file.read(_READ_BYTES):
            while data:
                try:
                    member.decompress(data)
                except zlib.error:
                    return whole
                left = member.unused_data
                at += len(data) - len(left)
                if member.eof:
                    whole, member = at, zlib.decompressobj(wbits=31)
                data = left
    return whole
