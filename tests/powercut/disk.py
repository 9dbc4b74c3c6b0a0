"""What a power cut leaves of a folder: the record of shim.c, and what of it was on the disk."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

SECTOR: Final = 512
_HEADER: Final = struct.Struct("<cIIQqd")
FATES: Final = ("nothing", "all", "prefix", "subset", "rubbish")


@dataclass(frozen=True, slots=True)
class Op:
    """One record of the shim."""

    kind: str
    inode: int
    offset: int
    at_s: float
    name: str
    data: bytes


def read_log(path: Path) -> list[Op]:
    """Everything that was noted, in order; a record that the kill has cut off is none."""
    if not path.exists():
        return []
    raw = path.read_bytes()
    ops, place = [], 0
    while place + _HEADER.size <= len(raw):
        kind, name_length, data_length, inode, offset, at_s = _HEADER.unpack_from(raw, place)
        place += _HEADER.size
        name, data = raw[place : place + name_length], raw[place + name_length :][:data_length]
        place += name_length + data_length
        if place > len(raw):
            break
        ops.append(Op(kind.decode(), inode, offset, at_s, name.decode(), data))
    return ops


@dataclass
class File:
    """One inode: what it holds for sure, and what was written since."""

    content: bytearray = field(default_factory=bytearray)
    waiting: list[Op] = field(default_factory=list)


def _apply(content: bytearray, op: Op, low: int = 0, high: int | None = None) -> None:
    """A truncation, or the bytes `low` to `high` of a write."""
    if op.kind == "T":
        content[op.offset :] = bytes(max(0, op.offset - len(content)))
        return
    data = op.data[low:high]
    begin = op.offset + low
    if len(content) < begin:
        content.extend(bytes(begin - len(content)))
    content[begin : begin + len(data)] = data


def _sectors(op: Op) -> Iterator[tuple[int, int]]:
    """Parts of a write that lie in different sectors of the disk."""
    low = 0
    while low < len(op.data):
        high = min(len(op.data), low + SECTOR - (op.offset + low) % SECTOR)
        yield low, high
        low = high


@dataclass(eq=False)
class Name:
    """A creation, renaming or deletion that is not for sure on the disk."""

    op: Op
    file: File | None


class Disk:
    """The folder as the processes see it, and as the disk holds it."""

    def __init__(self, folder: dict[str, bytes]) -> None:
        self._sure = {name: File(bytearray(content)) for name, content in folder.items()}
        self._seen = dict(self._sure)
        """By name, as the processes see it."""
        self._inodes: dict[int, File] = {}
        self._names: list[Name] = []
        self._syncs: dict[int, tuple[dict[int, int], tuple[Name, ...]]] = {}
        """By number: how much waited of its file, and which names, when it began."""
        self.syncs = self.bytes = 0

    def know(self, inodes: dict[str, int]) -> None:
        """The inodes of the files that were there before."""
        self._inodes |= {number: self._seen[name] for name, number in inodes.items()}

    def play(self, op: Op) -> None:
        """One record."""
        {
            "C": self._create, "W": self._change, "T": self._change, "F": self._begin_sync,
            "E": self._end_sync, "U": self._rename, "R": self._rename,
        }[op.kind](op)  # fmt: skip

    def _create(self, op: Op) -> None:
        self._inodes[op.inode] = self._seen[op.name] = file = File()
        self._names.append(Name(op, file))

    def _change(self, op: Op) -> None:
        self._inodes[op.inode].waiting.append(op)
        self.bytes += len(op.data)

    def _begin_sync(self, op: Op) -> None:
        file = self._inodes.get(op.inode)
        waits = {} if file is None else {op.inode: len(file.waiting)}
        self._syncs[op.offset] = waits, tuple(self._names)

    def _end_sync(self, op: Op) -> None:
        waits, names = self._syncs.pop(op.offset)
        self.syncs += 1
        file = self._inodes.get(op.inode)
        if file is None:
            # The folder itself: every name so far.
            self._fix([name for name in self._names if name in names])
            return
        done = min(waits[op.inode], len(file.waiting))
        for one in file.waiting[:done]:
            _apply(file.content, one)
        del file.waiting[:done]
        for waiting, _ in self._syncs.values():
            if op.inode in waiting:
                waiting[op.inode] = max(0, waiting[op.inode] - done)
        for name in [one for one in self._names if one.file is file and one.op.kind == "C"]:
            # With what happened to that name before: it has one place in the folder.
            before = self._names[: self._names.index(name)]
            same = [one for one in before if name.op.name in (one.op.name, _target(one.op))]
            self._fix([*same, name])

    def _fix(self, names: list[Name]) -> None:
        for name in names:
            _put(self._sure, name)
            self._names.remove(name)

    def _rename(self, op: Op) -> None:
        file = self._seen.pop(op.name, None)
        if op.kind == "R" and file is not None:
            self._seen[op.data.decode()] = file
        self._names.append(Name(op, file))

    # ------------------------------------------------------------ looking

    def seen(self) -> dict[str, bytes]:
        """What a process reads now."""
        return {name: bytes(_whole(file)) for name, file in self._seen.items()}

    def waiting(self) -> int:
        """Bytes that were written and not synced."""
        return sum(len(op.data) for file in self._seen.values() for op in file.waiting)

    def cut(self, random: Random, fate: str | None = None) -> dict[str, bytes]:
        """What is left when the power goes now."""
        fate = fate or random.choice(FATES)
        kept = len(self._names) if fate == "all" else 0 if fate == "nothing" else None
        names = random.randint(0, len(self._names)) if kept is None else kept
        left = dict(self._sure)
        for name in self._names[:names]:
            _put(left, name)
        return {name: bytes(_left(file, fate, random)) for name, file in left.items()}


def _target(op: Op) -> str:
    return op.data.decode() if op.kind == "R" else op.name


def _put(folder: dict[str, File], name: Name) -> None:
    op = name.op
    if op.kind == "C" and name.file is not None:
        folder[op.name] = name.file
        return
    folder.pop(op.name, None)
    if op.kind == "R" and name.file is not None:
        folder[_target(op)] = name.file


def _whole(file: File) -> bytearray:
    content = bytearray(file.content)
    for op in file.waiting:
        _apply(content, op)
    return content


def _left(file: File, fate: str, random: Random) -> bytearray:
    if fate == "all":
        return _whole(file)
    content = bytearray(file.content)
    if fate == "prefix" and file.waiting:
        whole = random.randrange(len(file.waiting))
        for op in file.waiting[:whole]:
            _apply(content, op)
        _tear(content, file.waiting[whole], 0.5, 0.0, random)
    elif fate in ("subset", "rubbish"):
        share = random.choice((0.1, 0.5, 0.9, 0.99))
        for op in file.waiting:
            _tear(content, op, share, 0.05 if fate == "rubbish" else 0.0, random)
    return content


def _tear(content: bytearray, op: Op, share: float, rubbish: float, random: Random) -> None:
    """Some of its sectors: old, new, or neither."""
    if op.kind == "T":
        if random.random() < share:
            _apply(content, op)
        return
    for low, high in _sectors(op):
        if random.random() >= share:
            continue
        if random.random() < rubbish:
            wrong = Op("W", op.inode, op.offset + low, op.at_s, "", random.randbytes(high - low))
            _apply(content, wrong)
        else:
            _apply(content, op, low, high)
