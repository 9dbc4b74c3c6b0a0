"""`appliance ctl tune`: small steps of power within a test, and the settings that follow from the answers.

Nothing is changed: the lines are printed for site.toml. The test ends with this command, however that ends, and
with all that ends a test (docs/decisions/0024).
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from getpass import getpass
from pathlib import Path
from typing import TextIO

import msgspec

from appliance.bus import NO_ANSWER, CoreClient
from appliance.clock import Clock, SystemClock
from appliance.ctl.failing import pin_hint, silence
from appliance.ctl.hands import Core
from appliance.ctl.keyboard import Keyboard
from appliance.ctl.tuning import HOLD_S, Found, Sample, excitation, measure
from appliance.model import BeatTest, EndTest, HoldPower, StartTest, State, Status
from appliance.site import SiteSettings
from appliance.supervisor import Lease

OK, FAILED, WRONG_INPUT = 0, 1, 2
BEAT_S, LOOK_S, SILENT_S = 1.0, 0.02, 5.0
OWN_USE, PEAKS = "self_consumption", "peak_shaving"
SHARE, LEAST_W = 0.2, 300.0
"""The power of a step, of the site's rating, where none is given."""


class TuneError(Exception):
    """It cannot be measured; the text says why."""


class Tuner:
    """One measurement, from the begin of its test to the end."""

    def __init__(self, core: Core, clock: Clock, rest: Callable[[float], object]) -> None:
        """`rest` lets so many seconds pass."""
        self._core, self._clock, self._rest = core, clock, rest
        self._beat_s = self._heard_s = clock.now_s()
        self.samples: list[Sample] = []

    def run(self, pin: str | None, power_w: float) -> Found:
        """Make the steps; what they tell. Raises TuneError."""
        plan = excitation(power_w)
        self._ask(StartTest(2.0 * sum(held_s for _, held_s in plan), pin))
        try:
            until_s = self._clock.now_s()
            for asked_w, held_s in plan:
                until_s += held_s
                self._ask(HoldPower(asked_w, 2.0 * HOLD_S))
                self._watch(until_s, asked_w)
        finally:
            self._core.ask(EndTest())
        try:
            return measure(self.samples)
        except ValueError as error:
            raise TuneError(str(error)) from error

    def _ask(self, want: StartTest | HoldPower) -> None:
        answer = self._core.ask(want)
        if not answer.ok:
            raise TuneError(pin_hint(answer.reason))

    def _watch(self, until_s: float, power_w: float) -> None:
        """Note every status, say that somebody is there."""
        settled_s = self._clock.now_s() + 0.5 * HOLD_S
        while (now_s := self._clock.now_s()) < until_s:
            status = self._core.newest()
            if status is not None:
                self._heard_s = now_s
                self._note(status, power_w, now_s > settled_s)
            if now_s - self._heard_s > SILENT_S:
                raise TuneError(NO_ANSWER)
            if now_s - self._beat_s >= BEAT_S:
                self._beat_s = now_s
                self._core.send(BeatTest())
            self._core.answers()
            self._rest(LOOK_S)

    def _note(self, status: Status, power_w: float, settled: bool) -> None:
        seen, decision = status.snapshot, status.decision
        if decision.test is None and self.samples:
            raise TuneError(f"the test is over: {decision.test_ended}")
        commanded_w = decision.setpoints.power_w
        if settled and abs(commanded_w - power_w) > 1.0:
            raise TuneError(f"the power is held back: {decision.why}")
        battery_w = None if seen.inverter is None else seen.inverter.power_w
        grid_w = None if seen.grid is None else seen.grid.power_w
        if battery_w is None or grid_w is None:
            raise TuneError(f"the {'grid meter' if grid_w is None else 'inverter'} is silent")
        self.samples.append(Sample(decision.now_s, commanded_w, battery_w, grid_w))


def run(chosen: argparse.Namespace, site: SiteSettings, out: TextIO) -> int:
    """One call of `appliance ctl tune`; the exit code."""
    rating_w = min(site.inverter.max_charge_w, site.inverter.max_discharge_w)
    usual_w = min(rating_w, max(LEAST_W, SHARE * rating_w))
    power_w: float = usual_w if chosen.power_w is None else chosen.power_w
    if not 0.0 < power_w <= rating_w:
        sys.stderr.write(f"--power = {power_w:g} must be above 0, at most {rating_w:g}\n")
        return WRONG_INPUT
    client, clock = CoreClient(Path(site.run_folder), "ctl"), SystemClock()
    try:
        status = client.status(2.0)
        if status is None:
            raise TuneError(silence(Path(site.run_folder)))
        if status.decision.state is not State.RUN:
            raise TuneError(f"the box must run; it is in the state {status.decision.state}")
        pin = _pin() if chosen.pin else None
        lasts_s = sum(held_s for _, held_s in excitation(power_w))
        if not chosen.json:
            out.write(f"steps and slopes of {power_w:.0f} W for {lasts_s:.0f} s\n")
            out.flush()
        found = Tuner(client, clock, Lease(clock).wait).run(pin, power_w)
        return told(found, out, regulating(site, status.decision.mode), as_json=chosen.json)
    except TuneError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    finally:
        client.close()


def _pin() -> str:
    keyboard = Keyboard()
    return getpass("Installer's PIN: ").strip() if keyboard.is_terminal else keyboard.line()


def regulating(site: SiteSettings, in_use: str) -> tuple[str, ...]:
    """The modes for which settings are proposed: self-consumption, and peak shaving where this site uses it."""
    control = site.control
    used = {in_use, control.start_mode}
    used |= {one.mode for one in control.beside} | {one.mode for one in control.schedule}
    return (OWN_USE, PEAKS) if PEAKS in used else (OWN_USE,)


def told(
    found: Found, out: TextIO, modes: tuple[str, ...] = (OWN_USE,), *, as_json: bool = False
) -> int:
    """Say what was found, and the lines for site.toml; the exit code."""
    complaint = found.complaint()
    if as_json:
        lines = [] if complaint else found.lines(modes)
        words = {"ok": not complaint, "reason": complaint, "found": asdict(found), "lines": lines}
        out.write(msgspec.json.encode(words).decode() + "\n")
        return FAILED if complaint else OK
    out.write(
        f"inverter: begins to follow after {found.dead_s:.1f} s, with {100 * found.gain:.0f} % of what it is told\n"
        f"grid meter: a new value every {found.meter_s:.1f} s, {found.meter_late_s:.1f} s behind the inverter's, "
        f"{100 * found.meter_gain:.0f} % of it\n"
    )
    if complaint:
        sys.stderr.write(f"{complaint}\n")
        return FAILED
    out.write("for site.toml (nothing was changed):\n\n" + "\n".join(found.lines(modes)) + "\n")
    return OK
