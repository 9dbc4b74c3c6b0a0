"""The whole box under the shim: busy, then killed at once."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import psutil

from appliance.bus import CoreClient
from appliance.model import AckErrors, GoToMode, GoToState, ResetEstop, State, Want
from appliance.processes import PARENT_VARIABLE
from tests.live.box import LiveBox
from tests.powercut.cuts import Life, Told
from tests.powercut.disk import read_log
from tests.powercut.judge import Kept
from tests.powercut.shim import environment, load
from tests.stories import HOME

MODES = ("passive", "self_consumption")
ESTOP = 401
READY_S = 120.0
"""The machine may have other work."""


@dataclass(frozen=True)
class Ask:
    """Something that was asked of the box, and when it said that it is done (None: it did not)."""

    want: Want
    sent_s: float
    done_s: float | None


class PowerCutBox(LiveBox):
    """The pretend site and the hub stay; the box loses its power again and again."""

    def __init__(self, folder: Path, library: Path, random: Random) -> None:
        text = HOME.read_text() + "\n[cloud]\nspot_period_s = 1.0\n"
        super().__init__(folder, site_toml=text)
        self.data = folder / "data"
        self.data.mkdir()
        self._library = library
        self._random = random
        self.asks: list[Ask] = []
        """Of all lives, in order."""
        self.estop: list[tuple[float, bool]] = []
        """When its button was pressed (True) and released."""

    def live(self) -> Life:
        """Start the box, keep it busy, kill it at a random instant."""
        log = self.folder / "shim.log"
        log.unlink(missing_ok=True)
        before, inodes = load(self.data)
        with _environment(environment(self._library, self.data, log)):
            self.start_box(without="gui")
        try:
            self._be_busy(log)
        finally:
            killed_at_s = self.kill_all()
        return Life(before, inodes, read_log(log), killed_at_s)

    def _be_busy(self, log: Path) -> None:
        if self._random.random() < 0.15:
            # Killed while it starts: from its first write on.
            wait_for(lambda: log.exists() and log.stat().st_size > 0, READY_S)
            time.sleep(self._random.uniform(0.0, 2.0))
            return
        self.wait(lambda _: True, READY_S, "a core that answers")
        until_s = time.monotonic() + self._random.uniform(0.2, 5.0)
        client = CoreClient(self.run_folder, "ctl")
        try:
            while time.monotonic() < until_s:
                self._do_something(client)
                time.sleep(self._random.uniform(0.0, 0.5))
        finally:
            client.close()

    def _do_something(self, client: CoreClient) -> None:
        chance = self._random.random()
        if chance < 0.6:
            self._ask(client, GoToMode(self._random.choice(MODES)))
        elif chance < 0.7:
            self._ask(client, GoToState(self._random.choice((State.IDLE, State.RUN))))
        elif chance < 0.75:
            self._ask(client, AckErrors())
        elif chance < 0.85:
            plug, fault = self._random.choice(("grid", "pv")), self._random.choice(("silent", "in"))
            self.world.plug(f"meter.{plug}", fault)
        else:
            self._use_estop(client)

    def _use_estop(self, client: CoreClient) -> None:
        if self.estop and self.estop[-1][1]:
            self.estop.append((self.world.estop(False), False))
            time.sleep(0.3)
            self._ask(client, ResetEstop())
            self._ask(client, GoToState(State.RUN))
        else:
            self.estop.append((self.world.estop(True), True))

    def _ask(self, client: CoreClient, want: Want) -> None:
        sent_s = time.monotonic()
        answer = client.ask(want)
        self.asks.append(Ask(want, sent_s, time.monotonic() if answer.ok else None))

    def kill_all(self) -> float:
        """SIGKILL to runner, core, cloud, bootstrapper; when (time.monotonic)."""
        runner = self.started.pop("run")
        family = [psutil.Process(runner.pid)]
        with contextlib.suppress(psutil.NoSuchProcess):
            family += family[0].children(recursive=True)
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                os.kill(one.pid, signal.SIGKILL)
        at_s = time.monotonic()
        psutil.wait_procs(family[1:], timeout=5.0)
        runner.wait(5.0)
        if runner.stdout is not None:
            runner.stdout.close()
        return at_s

    def goes_on_from(self, mode: str | None, killed_at_s: float) -> None:
        """What the last second of a life has taken is not asked of the next one."""
        others = [ask for ask in self.asks if not isinstance(ask.want, GoToMode)]
        left = [] if mode is None else [Ask(GoToMode(mode), killed_at_s, killed_at_s)]
        self.asks = others + left

    def told(self) -> Told:
        """The mode is one that was confirmed or asked for last; a pressed emergency stop is latched."""

        def kept(found: Kept, until_s: float) -> list[str]:
            wrong = self._wrong_mode(found, until_s)
            presses = [at_s for at_s, pressed in self.estop if pressed and at_s <= until_s - 0.5]
            resets = [ask for ask in self.asks if isinstance(ask.want, ResetEstop)]
            pressed = presses and not any(ask.sent_s > presses[-1] for ask in resets)
            latched = any(error.number == ESTOP for error in found.durable.latched)
            if pressed and not (latched and found.latch == b"1"):
                wrong.append(f"emergency stop: store {latched}, file {found.latch!r}")
            return wrong

        return kept

    def _wrong_mode(self, found: Kept, until_s: float) -> list[str]:
        asks = [ask for ask in self.asks if isinstance(ask.want, GoToMode)]
        done = [ask for ask in asks if ask.done_s is not None and ask.done_s <= until_s]
        if not done:
            return []
        possible = [done[-1], *(ask for ask in asks if ask.sent_s > done[-1].sent_s)]
        modes = {ask.want.mode for ask in possible if isinstance(ask.want, GoToMode)}
        return [] if found.durable.mode in modes else [f"mode {found.durable.mode}, not {modes}"]


def wait_for(condition: Callable[[], bool], timeout_s: float) -> None:
    """Returns when it holds, or when the time is over."""
    until_s = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < until_s:
        time.sleep(0.01)


@contextlib.contextmanager
def _environment(changed: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(changed)
    os.environ.pop(PARENT_VARIABLE, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
