"""Brings a live box to a moment, lets the fault happen, takes it away. It steers; it does not judge."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from appliance import model
from appliance.bus import CoreClient
from appliance.model import (
    GoToMode,
    GoToState,
    ResetEstop,
    SleepBattery,
    State,
    Status,
    Want,
)
from simulator.wire import plugs
from simulator.wire.control import SiteControlError
from tests.chaos.places import Place
from tests.chaos.taps import Tap, Taps
from tests.chaos.watch import Watch
from tests.live.box import LiveBox

READY_S, BASE_S, MOMENT_S = 60.0, 60.0, 25.0
CARRIES = 0.6
"""Of the asked power: it flows."""
JUMPS = Path(__file__).parent / "jumps"
SOC_PCT = (35.0, 65.0)


class NotReachedError(Exception):
    """The box did not come to the moment in which the fault was to happen."""


class ChaosBox(LiveBox):
    """A box whose inverter and battery are behind recording proxies."""

    def __init__(self, folder: Path, place: Place) -> None:
        self.place = place
        self.clock_file = folder / "clock"
        super().__init__(folder, site_toml=place.toml)
        world = folder / "world.toml"
        text = self.site.read_text()
        world.write_text(text)
        self._world[self._world.index(str(self.site))] = str(world)
        self.heard: list = []  # type: ignore[type-arg]
        self.taps = Taps([
            Tap("inverter", self._real(place.inverter_port), place.inverter(), self.heard),
            Tap("bms", self._real(place.can_port), place.battery(), self.heard),
        ])  # fmt: skip
        for name, port in (("inverter", place.inverter_port), ("bms", place.can_port)):
            text = text.replace(f"port = {self._real(port)}", f"port = {self.taps[name].port}")
        self.site.write_text(text)
        self.watch: Watch | None = None
        self._asker: CoreClient | None = None
        self._newest: Status | None = None

    def _real(self, port: str) -> int:
        """Where LiveBox has put the device that the site file has at this port."""
        first, now = self.place.toml.splitlines(), self.folder.joinpath("world.toml")
        line = next(i for i, text in enumerate(first) if text.strip() == f"port = {port}")
        return int(now.read_text().splitlines()[line].split("=")[1])

    def begin(self) -> None:
        """Start everything, and look. Raises NotReachedError, AssertionError."""
        os.environ["PYTHONPATH"] = os.pathsep.join([str(JUMPS), os.environ.get("PYTHONPATH", "")])
        os.environ["CHAOS_CLOCK_FILE"] = str(self.clock_file)
        self.start(without=self.place.without)
        self.watch = Watch(self.folder)
        self._asker = CoreClient(self.run_folder, "ctl")
        self.until(lambda: self.state() is not None, READY_S, "the core answers")

    def end(self) -> None:
        """Stop everything that was started."""
        if self.watch is not None:
            self.watch.stop()
        if self._asker is not None:
            self._asker.close()
        self.stop()
        self.taps.stop()

    # ------------------------------------------------------------ steering

    @property
    def eyes(self) -> Watch:
        """The looks at the plant."""
        assert self.watch is not None
        return self.watch

    def ask(self, want: Want) -> bool:
        """Ask the core; whether it says yes."""
        assert self._asker is not None
        return self._asker.ask(want, 2.0).ok

    def state(self) -> State | None:
        """What the box says that it does; only to steer by."""
        assert self._asker is not None
        status = self._asker.status(0.3)
        self._newest = status or self._newest
        return None if status is None else status.decision.state

    def says(self) -> str:
        """Its own sentence, for people who read the results."""
        self.state()
        return "" if self._newest is None else self._newest.decision.why

    def signal(self, name: str, number: int) -> None:
        """To one of the box's processes."""
        with contextlib.suppress(ProcessLookupError, FileNotFoundError, ValueError):
            os.kill(int((self.run_folder / f"{name}.lock").read_text()), number)

    def until(self, holds: Callable[[], bool], timeout_s: float, what: str) -> float:
        """When it held. Raises NotReachedError."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            if holds():
                return time.monotonic()
            time.sleep(0.01)
        last = "" if self._newest is None else f"; {self._newest.decision.why}"
        msg = f"{what}: not within {timeout_s:.0f} s{last}"
        raise NotReachedError(msg)

    def flows(self, sign: int, share: float = CARRIES) -> bool:
        """The asked power flows at the plant, discharge with sign +."""
        return sign * self.eyes.newest.battery_w > share * self.place.asked_w

    def want_power(self, sign: int) -> None:
        """The house takes it (+), or the roof gives it (-)."""
        asked_w = self.place.asked_w
        self.world.set("load_w", asked_w if sign > 0 else 0.1 * asked_w)
        self.world.set("pv_w", 0.0 if sign > 0 else 1.1 * asked_w)

    def make_well(self) -> None:
        """No fault anywhere, nothing latched."""
        self.taps.mend()
        for name, fault in dict(self.world.order("show")["plugs"]).items():  # type: ignore[call-overload]
            if fault != plugs.IN:
                self.world.plug(str(name), plugs.IN)
        self.world.estop(False)
        self.signal("core", signal.SIGCONT)
        self.clock_file.unlink(missing_ok=True)

    def reset(self) -> None:
        """Somebody on site resets what is latched."""
        if hasattr(model, "ResetErrors"):
            self.ask(model.ResetErrors())
        self.state()
        ran = self._newest is not None and self._newest.decision.goal is State.RUN
        if self.ask(ResetEstop()) and ran:
            self.ask(GoToState(State.RUN))  # a reset alone starts nothing

    def settle(self, sign: int, soc_pct: float | None = None) -> None:
        """The state in which each scenario begins: running, power flows, nothing wrong. Raises NotReachedError."""
        self.make_well()
        soc_now_pct = self.eyes.newest.soc_pct
        if soc_pct is not None:
            self.world.set("soc_pct", soc_pct)
        elif not SOC_PCT[0] <= soc_now_pct <= SOC_PCT[1]:
            self.world.set("soc_pct", 50.0)
        self.want_power(sign)
        # Somebody on site asks: the box forgets how often it has stopped before.
        self.ask(GoToState(State.RUN))
        self.run(sign, 0.25 if soc_pct is not None else CARRIES)

    def run(self, sign: int, share: float = CARRIES) -> None:
        """Ask for RUN until it runs; power flows. Raises NotReachedError."""
        begun_s, asked_s = time.monotonic(), 0.0

        def carries() -> bool:
            nonlocal asked_s
            state = self.state()
            if state is State.RUN and self.flows(sign, share):
                return True
            if time.monotonic() > asked_s + 2.0:
                asked_s = time.monotonic()
                if asked_s > begun_s + 1.0:
                    self.reset()
                if state is not None:
                    self.ask(GoToMode("self_consumption"))
                self.ask(GoToState(State.RUN))
            return False

        self.until(carries, BASE_S, "power flows")

    def rest(self, state: State) -> None:
        """Ask for a state of rest and wait for it. Raises NotReachedError."""
        asked_s = 0.0

        def rests() -> bool:
            nonlocal asked_s
            if self.state() is state:
                return not self.eyes.newest.connected or not self.place.contactors
            if time.monotonic() > asked_s + 3.0:
                asked_s = time.monotonic()
                self.ask(GoToState(state))
            return False

        self.until(rests, MOMENT_S, f"{state}")

    def fall_asleep(self) -> None:
        """IDLE, and the battery asleep. Raises NotReachedError."""
        self.rest(State.IDLE)
        self.until(lambda: self.ask(SleepBattery(True)), MOMENT_S, "asleep")
        time.sleep(1.5)

    def was_said(self, kind: str, since_s: float, value: bool) -> bool:
        """It was said on a wire since then."""
        return any(
            s.kind == kind and s.at_s >= since_s and bool(s.value) is value for s in self.heard[-200:]
        )  # fmt: skip

    def is_there(self) -> bool:
        """The pretend site answers."""
        try:
            self.world.show()
        except (SiteControlError, OSError):
            return False
        return self.started["run"].poll() is None
