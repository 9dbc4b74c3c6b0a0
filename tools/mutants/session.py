"""One pytest session that runs its tests against every mutant, each in a fork of its own."""

import functools
import gc
import hashlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from math import inf
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import pytest

from appliance.config import load_site
from tests import stories
from tools.mutants.changes import Mutant, in_function
from tools.mutants.fresh import survives_anew, walk_survives
from tools.mutants.putting import put, read_all

Lines = set[tuple[str, int]]
KILLED, SURVIVED, STUCK = 1, 0, 2
LEAST_S, TIMES = 5.0, 10.0
"""A mutant may use so many times the processor time of its tests; then it hangs."""
TRACED = 400_000
"""So many lines of a test are looked at."""


class Session:
    """A pytest plugin: collects as usual, then takes the place of the loop that runs the tests."""

    def __init__(
        self, root: Path, mutants: list[Mutant], tests: list[str], jobs: int, walked: int,
        minutes: float,
    ) -> None:  # fmt: skip
        self._walked, self._ends_s = walked, time.monotonic() + 60.0 * minutes
        self._root, self._mutants, self._tests, self._jobs = root, mutants, tests, jobs
        self.durations: dict[str, float] = {}
        self._lines: dict[str, Lines] = {}
        self.survivors: list[Mutant] = []
        self._failed = False
        self._killers: dict[str, dict[str, None]] = {}
        """By function, tests that have killed, the last one last: they are tried first, for neighbours die alike."""
        self._told = Path(tempfile.mkdtemp())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that fails has killed the mutant."""
        self._failed = self._failed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Measure, then try every mutant."""
        from hypothesis import settings

        settings.register_profile("mutants", derandomize=True, database=None, deadline=None)
        settings.load_profile("mutants")
        read_once = functools.cache(load_site)
        vars(stories)["load_site"] = read_once  # not in every test
        items = {item.nodeid: item for item in session.items}
        self._measure(items)
        ordered = sorted(self.durations, key=lambda name: self.durations[name])
        read_all()
        gc.freeze()
        left, self._mutants = self._try(self._mutants, lambda m: self._run(m, items, ordered))
        self._ends_s = inf
        tables = [mutant for mutant in left if not in_function(mutant.function)]
        print(f"{len(left)} survive; {len(tables)} tables once more, anew", flush=True)
        again, _ = self._try(
            tables, lambda m: survives_anew(self._root, m, self._tests, self._walked)
        )
        self.survivors = [one for one in left if one not in tables or one in again]
        return True

    def _measure(self, items: dict[str, pytest.Item]) -> None:
        """In a fork: how long each test takes, and which lines of the mutated files it runs."""
        files = {str(self._root / mutant.file): mutant.file for mutant in self._mutants}
        known = self._root / "build" / f"mutants_lines_{self._digest(files)}.json"
        if not known.exists():
            known.parent.mkdir(parents=True, exist_ok=True)
            pid = os.fork()
            if pid == 0:
                _quiet()
                found = {name: self._measured(item, files) for name, item in items.items()}
                known.write_text(json.dumps(found))
                os._exit(0)
            os.waitpid(pid, 0)
        found = json.loads(known.read_text())
        for name, one in found.items():
            if one is None:
                print(f"fails unchanged, left out: {name}", flush=True)
                continue
            self.durations[name] = one["took_s"]
            if not one["all"]:
                self._lines[name] = {(file, line) for file, line in one["lines"]}

    def _digest(self, files: dict[str, str]) -> str:
        """Of all sources that matter, the files that are looked at and the tests that are run."""
        sources = [*(self._root / "appliance").rglob("*.py"), *(self._root / "tests").rglob("*.py")]
        told = [source.read_bytes() for source in sorted(sources)]
        told += [name.encode() for name in (*sorted(files.values()), *self._tests)]
        return hashlib.sha256(b"".join(told)).hexdigest()[:12]

    def _measured(self, item: pytest.Item, files: dict[str, str]) -> dict[str, Any] | None:
        lines: Lines = set()
        counted = 0

        def local(frame: FrameType, event: str, _arg: object) -> Any:
            nonlocal counted
            counted += 1
            if event == "line":
                lines.add((files[frame.f_code.co_filename], frame.f_lineno))
            return local

        def trace(frame: FrameType, _event: str, _arg: object) -> Any:
            if frame.f_code.co_filename not in files:
                return None
            if counted > TRACED:
                sys.settrace(None)  # it runs so much that it counts as running everything
                return None
            lines.add((files[frame.f_code.co_filename], frame.f_lineno))
            return local

        self._failed, began_s = False, time.process_time()
        sys.settrace(trace)
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        finally:
            sys.settrace(None)
        if self._failed:
            return None
        took_s = time.process_time() - began_s
        return {"took_s": took_s, "all": counted > TRACED, "lines": sorted(lines)}

    def _chosen(self, mutant: Mutant, ordered: list[str]) -> list[str]:
        """Those that run the changed function; first those that have killed its neighbours."""
        lines = _lines_of(mutant)
        if lines is None:
            chosen = ordered
        else:
            wanted = {(mutant.file, line) for line in lines}
            chosen = [
                name for name in ordered if not wanted.isdisjoint(self._lines.get(name, wanted))
            ]
        place = {name: at for at, name in enumerate(self._killers.get(_place(mutant), ()))}
        return sorted(chosen, key=lambda name: -place.get(name, -1))

    def _run(self, mutant: Mutant, items: dict[str, pytest.Item], ordered: list[str]) -> bool:
        """In a fork: does it survive?"""
        chosen = self._chosen(mutant, ordered)
        took_s = sum(self.durations[name] for name in chosen)
        signal.setitimer(signal.ITIMER_PROF, LEAST_S + TIMES * took_s)
        if not put(self._root, mutant):
            return True  # seen only when everything is imported anew
        for name in chosen:
            self._failed = False
            items[name].config.hook.pytest_runtest_protocol(item=items[name], nextitem=None)
            if self._failed:
                (self._told / str(os.getpid())).write_text(name)
                return False
        return walk_survives(self._walked)

    def _try(
        self, mutants: list[Mutant], survives: Callable[[Mutant], bool]
    ) -> tuple[list[Mutant], list[Mutant]]:
        """Each in a fork, some at a time, until the time is over; those that survive in order, and all that were tried."""
        waiting, left, tried = list(mutants), list[Mutant](), list[Mutant]()
        running = dict[int, Mutant]()
        Random(1).shuffle(
            waiting
        )  # so that the figures of a run that is not over yet say something
        done, began_s, total = 0, time.monotonic(), len(mutants)
        while waiting or running:
            if time.monotonic() > self._ends_s:
                waiting.clear()
                if not running:
                    break
            while waiting and len(running) < self._jobs:
                mutant = waiting.pop()
                tried.append(mutant)
                running[_forked(functools.partial(survives, mutant))] = mutant
            pid, status = os.wait()
            mutant = running.pop(pid)
            done += 1
            self._remember(pid, _place(mutant))
            if os.waitstatus_to_exitcode(status) == SURVIVED:
                left.append(mutant)
                print(f"  survives: {mutant.file}:{mutant.line} {mutant.what}", flush=True)
            if done % 100 == 0:
                print(
                    f"{done} of {total}, {len(left)} survive, {time.monotonic() - began_s:.0f} s",
                    flush=True,
                )
        return sorted(left, key=lambda mutant: (mutant.file, mutant.line, mutant.what)), tried

    def _remember(self, pid: int, place: str) -> None:
        """Which test has killed."""
        told = self._told / str(pid)
        if told.exists():
            name = told.read_text()
            killers = self._killers.setdefault(place, {})
            killers.pop(name, None)
            killers[name] = None
            told.unlink()

    @property
    def tried(self) -> int:
        """How many there was time for."""
        return len(self._mutants)

    def by_file(self) -> dict[str, dict[str, int]]:
        """How many there were, and how many survived."""
        files: dict[str, dict[str, int]] = {}
        for mutant in self._mutants:
            counts = files.setdefault(mutant.file, {"mutants": 0, "survived": 0})
            counts["mutants"] += 1
        for mutant in self.survivors:
            files[mutant.file]["survived"] += 1
        return files

    def told(self, mutant: Mutant) -> dict[str, object]:
        """One survivor, for the report."""
        return {"key": mutant.key, "file": mutant.file, "line": mutant.line,
                "function": mutant.function, "what": mutant.what, "text": mutant.text}  # fmt: skip


def _place(mutant: Mutant) -> str:
    return f"{mutant.file}:{mutant.function}"


def _lines_of(mutant: Mutant) -> range | None:
    """The lines of the changed function; None for tables and constants, which every test may use."""
    if not mutant.function.endswith(")"):
        return None
    return range(mutant.line, mutant.line + 1)


def _forked(survives: Callable[[], bool]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = KILLED
    try:
        _quiet()
        gc.disable()  # it would touch, and so copy, every page
        signal.signal(signal.SIGPROF, lambda *_: os._exit(STUCK))
        code = SURVIVED if survives() else KILLED
    finally:
        os._exit(code)


def _quiet() -> None:
    """What tests print is of no interest."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nothing, stream)
