"""`appliance run`: keeps the processes of the box running, as systemd does on the box."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.clock import Clock
from appliance.processes import PARENT_VARIABLE, PROCESSES, Process, look
from appliance.supervisor import Lease

log = logging.getLogger(__name__)

BACK_OFF_S: Final = (0.0, 0.5, 1.0, 2.0, 4.0)
"""At once after it ran well: the new core's first act is zero on the wire, while contactors still hold."""
SETTLED_S: Final = 30.0
LATER: Final = 1
"""Exit code of a one-shot that could not finish yet."""
LATER_S: Final = 60.0
SOON_S: Final = 1.0
"""A one-shot that was killed is started again after this."""
START_PRIORITY: Final = 10
"""Real-time, until the process chooses for itself: it must be there before a BMS and an inverter give up."""
LOOK_S: Final = 0.02
END_S: Final = 10.0
"""How long processes may take to end in order before they are killed."""


@dataclass(slots=True)
class _Kept:
    """One row, and what became of it."""

    row: Process
    process: subprocess.Popen[bytes] | None = None
    started_at_s: float = 0.0
    touched_at: float = 0.0
    touch_seen_s: float = 0.0
    """When its lock file was last seen to have been touched."""
    starts_at_s: float = 0.0
    failures: int = 0
    done: bool = False
    done_once: bool = False


class Runner:
    """Starts, restarts and ends the rows."""

    def __init__(
        self,
        folders: dict[str, str],
        left_out: set[str],
        clock: Clock,
        extra: Mapping[str, tuple[str, ...]] | None = None,
        afterwards: Mapping[str, Callable[[], None]] | None = None,
    ) -> None:
        """`afterwards`: what to do each time a process has ended, however it ended, by its name."""
        self._folders = folders
        self._extra = extra or {}
        self._afterwards = afterwards or {}
        self._clock = clock
        self._kept = [_Kept(row) for row in PROCESSES if row.name not in left_out]

    def run(self, lease: Lease) -> int:
        """Until the lease ends; then every process is ended, the core first."""
        try:
            while not lease.wait(LOOK_S):
                for kept in self._kept:
                    self._care(kept)
        finally:
            self._end()
        return 0

    def _care(self, kept: _Kept) -> None:
        now_s = self._clock.now_s()
        if kept.process is not None:
            code = kept.process.poll()
            if code is not None:
                self._ended(kept, code, now_s)
            elif self._hangs(kept, now_s):
                log.error("%s hangs; killed", kept.row.name)
                self._kill(kept.row.name, kept.process)
        elif not kept.done and now_s >= kept.starts_at_s and self._needs_met(kept.row):
            kept.process = self._start(kept.row)
            kept.started_at_s = now_s

    def _kill(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Also the child that does its work, where it has one: it holds the lock."""
        pids = [
            one.pid for one in look(Path(self._folders["run"])) if one.name == name and one.alive
        ]
        process.kill()
        for pid in pids:
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _hangs(self, kept: _Kept, now_s: float) -> bool:
        """Its lock file, which it touches while it is well, stays as it is for too long; also while it starts."""
        limit_s = kept.row.hangs_after_s
        if limit_s is None:
            return False
        try:
            touched_at = (Path(self._folders["run"]) / f"{kept.row.name}.lock").stat().st_mtime
        except OSError:
            return False
        if touched_at != kept.touched_at:
            # Only that it changes says something: the wall clock may have been set meanwhile.
            kept.touched_at, kept.touch_seen_s = touched_at, now_s
        started = now_s - kept.started_at_s >= 2.0 * limit_s
        return started and now_s - kept.touch_seen_s > limit_s

    def _needs_met(self, row: Process) -> bool:
        return all(kept.done_once for kept in self._kept if kept.row.name in row.needs)

    def _start(self, row: Process) -> subprocess.Popen[bytes]:
        arguments = [part.format(**self._folders) for part in row.arguments]
        arguments += self._extra.get(row.name, ())
        command = [sys.executable, "-m", row.module, *arguments]
        log.info("start %s", row.name)
        # A session of its own: Ctrl-C reaches only the runner, which ends the others in order.
        environment = os.environ | {PARENT_VARIABLE: str(os.getpid())}
        process = subprocess.Popen(command, start_new_session=True, env=environment)
        if row.urgent:
            with contextlib.suppress(OSError):  # not permitted, or it has ended already
                os.sched_setscheduler(process.pid, os.SCHED_FIFO, os.sched_param(START_PRIORITY))
        return process

    def _ended(self, kept: _Kept, code: int, now_s: float) -> None:
        kept.process = None
        self._tidy(kept.row.name)
        if kept.row.restart == "until done":
            killed = code < 0
            kept.done_once, kept.done = True, code != LATER and not killed
            kept.starts_at_s = now_s + (SOON_S if killed else LATER_S)
            if code:
                log.warning("%s ended with %d; the box starts all the same", kept.row.name, code)
            return
        if now_s - kept.started_at_s > SETTLED_S:
            kept.failures = 0
        wait_s = BACK_OFF_S[min(kept.failures, len(BACK_OFF_S) - 1)]
        kept.failures += 1
        kept.starts_at_s = now_s + wait_s
        log.warning("%s ended with %d; starts again in %g s", kept.row.name, code, wait_s)

    def _end(self) -> None:
        running = [kept.process for kept in self._kept if kept.process is not None]
        for process in running:
            process.terminate()
        deadline_s = self._clock.now_s() + END_S
        for process in running:
            try:
                process.wait(max(0.1, deadline_s - self._clock.now_s()))
            except subprocess.TimeoutExpired:
                log.warning("process %d did not end; killed", process.pid)
                process.kill()
                process.wait(1.0)
        for name in self._afterwards:
            self._tidy(name)

    def _tidy(self, name: str) -> None:
        """Nothing that goes wrong here may keep the processes from being restarted."""
        try:
            self._afterwards.get(name, lambda: None)()
        except Exception:
            log.exception("after the end of %s", name)


def folders(site_file: Path, data: str, run: str, boot: str) -> dict[str, str]:
    """What fills the placeholders of a row's command."""
    return {"site": str(site_file), "data": data, "run": run, "boot": boot}
