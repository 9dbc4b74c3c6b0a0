"""Cuts the power at instants of a life that was recorded, and judges what is left."""

import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.powercut.disk import FATES, Disk, Op, read_log
from tests.powercut.judge import Kept, missing, read
from tests.powercut.shim import environment, lay, load

GRACE_S = 1.0
"""What a power cut may take, beside what the disk itself needs for one sync."""
Told = Callable[[Kept, float], list[str]]
"""What was promised to somebody up to an instant, and is not kept."""


@dataclass
class Life:
    """One run of the processes, from a folder to their kill."""

    before: dict[str, bytes]
    inodes: dict[str, int]
    ops: list[Op]
    killed_at_s: float
    said: str = ""

    @property
    def slowest_sync_s(self) -> float:
        """The longest that the disk took to keep something."""
        begun = {op.offset: op.at_s for op in self.ops if op.kind == "F"}
        return max((op.at_s - begun[op.offset] for op in self.ops if op.kind == "E"), default=0.0)


@dataclass
class Verdict:
    """One cut."""

    at_s: float
    fate: str
    lost: list[str]
    left: dict[str, bytes]
    mode: str | None
    """The mode that is left."""
    unsynced: int
    """Bytes of the log that the processes had written and the disk had not."""


def judge(
    life: Life, instants: Iterable[float], random: Random, told: Told, first_fate: int = 0
) -> list[Verdict]:
    """A cut at each instant, by one fate after the other."""
    grace_s = GRACE_S + life.slowest_sync_s
    verdicts: list[Verdict] = []
    disk = Disk(life.before)
    disk.know(life.inodes)
    marks = sorted({mark for at_s in instants for mark in ((at_s - grace_s, 0.0), (at_s, at_s))})
    earlier: deque[dict[str, bytes]] = deque()
    ops = iter(life.ops)
    op = next(ops, None)
    for mark_s, cut_s in marks:
        while op is not None and op.at_s <= mark_s:
            disk.play(op)
            op = next(ops, None)
        if not cut_s:
            earlier.append(disk.seen())
            continue
        fate = FATES[(first_fate + len(verdicts)) % len(FATES)]
        left = disk.cut(random, fate)
        with tempfile.TemporaryDirectory() as folder:
            before, last, found = (
                read(files, Path(folder)) for files in (earlier.popleft(), disk.seen(), left)
            )
        lost = missing(before, last, found) + told(found, cut_s - grace_s)
        verdicts.append(Verdict(cut_s, fate, lost, left, found.durable.mode, disk.waiting()))
    return verdicts


def write_for(folder: Path, library: Path, seed: int, seconds: float, *options: str) -> Life:
    """The recorder's busy life on this folder, killed after `seconds` of it."""
    before, inodes = load(folder)
    log = folder.with_suffix(".log")
    log.unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.powercut.writer", str(folder), str(seed), *options],
        stdout=subprocess.PIPE, text=True, env=environment(library, folder, log),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(seconds)
    finally:
        process.send_signal(signal.SIGKILL)
        killed_at_s = time.monotonic()
        rest = process.communicate(timeout=10)[0]
    return Life(before, inodes, read_log(log), killed_at_s, first + rest)


def told_by_writer(said: str) -> Told:
    """Each line that the writer has said must be in the journal, or among the errors."""
    lines = [line.split(" ", 2) for line in said.splitlines()]

    def kept(found: Kept, until_s: float) -> list[str]:
        modes = {text.split(",")[0] for _, kind, text in found.journal.values() if kind == "mode"}
        raised = {row[2] for row in found.occurrences.values()}
        return [
            f"{kind} {text} was told {until_s - float(at):.2f} s before"
            for at, kind, text in (line for line in lines if len(line) == 3)
            if float(at) <= until_s and text not in (modes if kind == "mode" else raised)
        ]

    return kept


def go_on(verdict: Verdict, folder: Path) -> None:
    """The next life begins with what this cut has left."""
    lay(verdict.left, folder)
