"""The live box with a door in its core, whose processes may be killed and started again."""

import os
import signal
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from typing_extensions import override

from appliance.bus import CoreClient
from appliance.model import GoToState, State
from appliance.store import FILE_NAME
from simulator.wire.control import Json
from tests.kills.door import Knocker
from tests.live.box import LiveBox
from tests.stories import HOME

SITE = HOME.parent / "home_climate.toml"
TIMEOUT_S = 1
"""The inverter's own, in the site under test: no command is older than this while power flows."""
MORE = f"comm_timeout_s = {TIMEOUT_S}"


@dataclass(frozen=True)
class Kept:
    """What no kill may lose."""

    mode: str
    mode_by: str
    goal: str
    latched: frozenset[tuple[int, str]]
    errors: dict[tuple[int, str], int]
    journal: int
    outbox: int

    def lost(self, after: "Kept") -> list[str]:
        """What is not there any more, in words."""
        words = []
        for name in ("mode", "mode_by", "goal", "latched"):
            before, now = getattr(self, name), getattr(after, name)
            if before != now:
                words.append(f"{name} was {before}, is {now}")
        fewer = [key for key, count in self.errors.items() if after.errors.get(key, 0) < count]
        words += [f"error {key} counted less" for key in fewer]
        if after.journal < self.journal:
            words.append("the journal is shorter")
        if after.outbox < self.outbox:
            words.append("a record's number was used twice")
        return words


class KillBox(LiveBox):
    """See LiveBox."""

    def __init__(self, folder: Path) -> None:
        # As on the box, where all modules are compiled: a start is not a compilation.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
        text = SITE.read_text()
        assert text.count("comm_timeout_s = 2") == 1
        super().__init__(folder, site_toml=text.replace("comm_timeout_s = 2", MORE))
        self.client = CoreClient(self.run_folder, "ctl")
        self._knocker: Knocker | None = None

    @property
    def door(self) -> Knocker:
        if self._knocker is None:
            self._knocker = Knocker(self.run_folder)
        return self._knocker

    @override
    def _spawn(self, name: str, *command: str) -> None:
        module, *rest = command
        super()._spawn(name, "tests.kills.box_with_door" if name == "run" else module, *rest)

    @override
    def stop(self) -> None:
        self.client.close()
        if self._knocker is not None:
            self._knocker.close()
        super().stop()

    # ------------------------------------------------------------ breaking it

    def kill_runner(self) -> None:
        """SIGKILL of `run`; whoever supervises it starts it again."""
        runner = self.started["run"]
        runner.kill()
        runner.wait(5.0)
        if runner.stdout is not None:
            runner.stdout.close()
        self.start_box()

    def kill_bootstrapper(self) -> bool:
        """SIGKILL of the one-shot while it runs, after a start of everything."""
        self.kill_runner()
        runner = psutil.Process(self.started["run"].pid)
        deadline_s = time.monotonic() + 3.0
        while time.monotonic() < deadline_s:
            for child in runner.children():
                try:
                    if "bootstrapper" in child.cmdline()[:3]:
                        time.sleep(0.05)
                        os.kill(child.pid, signal.SIGKILL)
                        return True
                except (psutil.Error, ProcessLookupError):
                    continue
            time.sleep(0.002)
        return False

    # ------------------------------------------------------------ looking

    def ask_run(self) -> bool:
        """Somebody on site asks it to run: it forgets how often it has stopped before."""
        return self.client.ask(GoToState(State.RUN)).ok

    def truth(self) -> Json:
        return self.world.show()

    def kept(self) -> Kept:
        """What is remembered now, by the core and on disk."""
        status = self.status()
        with sqlite3.connect(f"file:{self.folder}/data/{FILE_NAME}?mode=ro", uri=True) as store:
            counted = store.execute("SELECT number, source, count FROM errors").fetchall()
            errors = {(int(number), str(source)): int(count) for number, source, count in counted}
            journal = store.execute("SELECT max(id) FROM journal").fetchone()[0] or 0
            outbox = store.execute("SELECT max(seq) FROM sqlite_sequence WHERE name='outbox'")
            last = outbox.fetchone()[0] or 0
        store.close()
        latched = frozenset((e["number"], e["source"]) for e in status["errors"] if e["latched"])
        decision = self.client.status(2.0)
        goal = "" if decision is None else str(decision.decision.goal)
        return Kept(status["mode"], status["mode_by"], goal, latched, errors, journal, last)

    def store_is_whole(self) -> bool:
        with sqlite3.connect(f"file:{self.folder}/data/{FILE_NAME}?mode=ro", uri=True) as store:
            answer = store.execute("PRAGMA quick_check").fetchone()[0]
        store.close()
        return bool(answer == "ok")
