"""Plays scenarios in several boxes at once, one process each, and writes a line of JSON for each verdict."""

import json
import multiprocessing as mp
import shutil
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection, wait
from pathlib import Path

from tests.chaos.judge import judge
from tests.chaos.play import Play
from tests.chaos.rows import Scenario, scenarios
from tests.chaos.seen import NOT_TRIED, Verdict
from tests.chaos.steer import ChaosBox

TRIES = 2
FRESH_AFTER = 60
"""Scenarios; then the box starts anew, so that nothing of it grows for ever."""
Report = dict[str, object]


class Bench:
    """One box at a time, kept while the site stays the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._box: ChaosBox | None = None
        self._played = self._number = 0

    def try_it(self, row: Scenario) -> Verdict:
        """One scenario; a box that cannot be brought to its moment is replaced once."""
        reason = ""
        for _ in range(TRIES):
            try:
                box = self.ready(row)
                verdict = judge(Play(box, row).play())
                verdict.note = box.says()
                self._played += 1
                return verdict
            except Exception as error:  # noqa: BLE001 one scenario must not end the campaign
                reason = f"{type(error).__name__}: {str(error)[:300]}"
                self.drop()
        name, fault = row.name, row.fault
        return Verdict(name, row.place.name, fault.device, fault.fault, row.moment, row.kind, NOT_TRIED, [reason])  # fmt: skip

    def ready(self, row: Scenario) -> ChaosBox:
        """A box of its site."""
        box = self._box
        if box is not None and (
            box.place is not row.place or self._played >= FRESH_AFTER or not box.is_there()
        ):
            self.drop()
        if self._box is None:
            self._number += 1
            folder = self._folder / str(self._number)
            folder.mkdir(parents=True)
            self._box, self._played = ChaosBox(folder, row.place), 0
            self._box.begin()
        return self._box

    def drop(self) -> None:
        """End the box."""
        if self._box is not None:
            box, self._box = self._box, None
            try:
                box.end()
            except (OSError, RuntimeError, AssertionError):
                traceback.print_exc()


def _work(talk: Connection, folder: Path) -> None:
    """A worker: scenarios by name in, verdicts out; None ends it."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent says when
        signal.signal(number, signal.SIG_IGN)
    bench, rows = Bench(folder), {row.name: row for row in scenarios()}
    try:
        while (name := talk.recv()) is not None:
            began_s = time.monotonic()
            verdict = bench.try_it(rows[name])
            verdict.took_s = time.monotonic() - began_s
            talk.send(verdict.words())
    except EOFError:
        pass
    finally:
        bench.drop()


@dataclass
class _Worker:
    process: "mp.context.SpawnProcess"
    talk: Connection
    site: str = ""
    busy: bool = False


class Campaign:
    """Gives scenarios to workers; each keeps to its site while there is work on it."""

    def __init__(self, rows: Sequence[Scenario], boxes: int, folder: Path) -> None:
        self._left = list(rows)
        self._boxes = min(boxes, len(rows))
        self._folder = folder
        self._workers: list[_Worker] = []

    def run(self, done: Callable[[Report], None]) -> None:
        """Until all are played."""
        context = mp.get_context("spawn")
        shutil.rmtree(self._folder, ignore_errors=True)
        for number in range(self._boxes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, self._folder / f"b{number}"))
            process.start()
            theirs.close()
            self._workers.append(_Worker(process, ours))
        try:
            self._give(done)
        finally:
            self._end()

    def _give(self, done: Callable[[Report], None]) -> None:
        for worker in self._workers:
            self._next(worker)
        while any(worker.busy for worker in self._workers):
            ready = wait([worker.talk for worker in self._workers if worker.busy], 1.0)
            for worker in self._workers:
                if worker.talk not in ready:
                    continue
                try:
                    report = worker.talk.recv()
                except EOFError:
                    worker.busy = False
                    continue
                done(report | {"at": datetime.now(UTC).isoformat(timespec="seconds")})
                self._next(worker)

    def _next(self, worker: _Worker) -> None:
        if not self._left:
            worker.busy = False
            return
        taken = {one.site for one in self._workers if one is not worker}
        same = [row for row in self._left if row.place.name == worker.site]
        free = [row for row in self._left if row.place.name not in taken]
        row = next(iter(same or free or self._left))
        self._left.remove(row)
        worker.site, worker.busy = row.place.name, True
        worker.talk.send(row.name)

    def _end(self) -> None:
        for worker in self._workers:
            try:
                worker.talk.send(None)
            except OSError:
                continue
        for worker in self._workers:
            worker.process.join(90.0)
            if worker.process.is_alive():
                worker.process.kill()


def written(file: Path) -> dict[str, Report]:
    """Results of an earlier run, by name; the last line of each counts."""
    if not file.exists():
        return {}
    lines = [json.loads(line) for line in file.read_text().splitlines() if line.startswith("{")]
    return {str(line["name"]): line for line in lines}
