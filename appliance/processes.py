"""The processes of the box: one row each. `appliance run` supervises them; on the box systemd does."""

import ctypes
import fcntl
import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

PARENT_VARIABLE: Final = "APPLIANCE_RUNNER_PID"
"""Set by `appliance run`: its processes end when it does, however it ended."""
PR_SET_PDEATHSIG: Final = 1
LOCK_TRIES, LOCK_PAUSE_S = 50, 0.02
"""Somebody who only looks whether a process lives holds its lock for an instant; one that ends, for longer."""
Restart = Literal["always", "until done"]
"""`until done`: a one-shot that is run again later while it ends with 1."""


@dataclass(frozen=True, slots=True)
class Process:
    """One row. `{site}`, `{data}`, `{run}`, `{boot}` in the command are filled in at the start."""

    name: str
    module: str
    arguments: tuple[str, ...]
    needs: tuple[str, ...] = ()
    """One-shot processes that must have ended once before. The core needs none: a home runs without internet."""
    restart: Restart = "always"
    hangs_after_s: float | None = None
    """Not fed for so long: it hangs, and is killed and started again."""
    urgent: bool = False
    """It is run before the others, also while it starts; where that is permitted."""


# fmt: off
PROCESSES: Final = (
    Process("bootstrapper", "bootstrapper", ("--boot-folder", "{boot}", "--data-folder", "{data}", "--run-folder", "{run}"), restart="until done"),
    Process("core",         "appliance",    ("core", "--site", "{site}"), hangs_after_s=10.0, urgent=True),
    Process("gui",          "appliance",    ("gui", "--site", "{site}")),
    Process("cloud",        "appliance",    ("cloud", "--site", "{site}"), needs=("bootstrapper",)),
)
# fmt: on


class AlreadyRunningError(RuntimeError):
    """Another process holds this name in the same run folder."""


class ProcessLock:
    """Held while a process lives: says its pid, and keeps a second one out. The kernel lets go of it."""

    def __init__(self, run_folder: Path, name: str) -> None:
        run_folder.mkdir(parents=True, exist_ok=True)
        self._path = run_folder / f"{name}.lock"
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not self._lock():
            os.close(self._file)
            msg = f"{name} runs already ({self._path}); end it first"
            raise AlreadyRunningError(msg)
        os.truncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def _lock(self) -> bool:
        for _ in range(LOCK_TRIES):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                select.select([], [], [], LOCK_PAUSE_S)
            else:
                return True
        return False

    def __enter__(self) -> Self:
        """Hold it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go."""
        os.close(self._file)


def end_with_runner() -> None:
    """Let the kernel end this process when the runner that started it has gone."""
    runner = os.environ.get(PARENT_VARIABLE)
    if runner is None:
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if str(os.getppid()) != runner:
        os.kill(os.getpid(), signal.SIGTERM)


def end_with_parent(parent: int) -> None:
    """Let the kernel end this forked child in order when its parent has gone, however it ended."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Alive:
    """What a lock file says about a process."""

    name: str
    pid: int | None
    alive: bool


def look(run_folder: Path) -> list[Alive]:
    """Every process of the table: its pid if it ever ran here, and whether it lives."""
    return [_look(run_folder, row.name) for row in PROCESSES]


def _look(run_folder: Path, name: str) -> Alive:
    try:
        file = os.open(run_folder / f"{name}.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return Alive(name, None, alive=False)
    pid = None
    try:
        text = os.read(file, 20).decode(errors="replace").strip()
        pid = int(text) if text.isdigit() else None
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return Alive(name, pid, alive=True)
    finally:
        os.close(file)
    return Alive(name, pid, alive=False)
