"""`appliance ctl test`: somebody tests a running box by hand (docs/decisions/0024).

The test lives as long as this command: it says every second that somebody is there, and ends the test when
it ends, however it ends. Killed, it falls silent, and the core ends the test after 10 s.
"""

import argparse
import contextlib
import io
import math
import signal
import sys
from getpass import getpass
from pathlib import Path
from types import FrameType
from typing import Final, TextIO

import msgspec

from appliance.bus import CoreClient
from appliance.clock import Clock, SystemClock
from appliance.ctl.failing import silence
from appliance.ctl.hands import ByHand
from appliance.ctl.keyboard import HELP, Command, Keyboard, Quit, Step, Wait, percent
from appliance.ctl.wants import known_mode
from appliance.model import EndTest, ForceOutput, HoldPower, StartTest, State, StepTo, TryMode
from appliance.site import SiteSettings
from appliance.statemachine.steps import NEXT
from appliance.supervisor import Lease

OK, FAILED, WRONG_INPUT = 0, 1, 2
STEP_S: Final = 30.0
"""A step that has been begun is waited for so long."""
MARGIN_S: Final = 120.0
"""A test of one thing may last so much longer than the thing itself: for the way there."""
LONGEST_S: Final = 3_600.0


def plan(chosen: argparse.Namespace, state: State | None) -> tuple[Command, ...]:
    """The commands of one that is not typed. Raises ValueError."""
    hold_s: float = chosen.hold_s
    if not 0.0 < hold_s <= LONGEST_S - MARGIN_S:
        msg = f"--for = {hold_s:g} must be above 0, at most {LONGEST_S - MARGIN_S:g}"
        raise ValueError(msg)
    asked: tuple[Command, ...]
    match chosen.test:
        case "power":
            asked = (HoldPower(chosen.power_w, hold_s),)
        case "mode":
            asked = (TryMode(known_mode(chosen.name)),)
        case "output":
            asked = (ForceOutput(chosen.name, percent(chosen.value), hold_s),)
        case _:
            asked = way(state, State(chosen.name))
    return (*asked, Wait(hold_s), Quit())


def way(state: State | None, goal: State) -> tuple[Command, ...]:
    """Every step from `state` up to `goal`; where there is none, what the box says to it."""
    steps: list[Command] = []
    at = state
    while at is not goal and at in NEXT:
        at = NEXT[at]
        steps += [Step(), Wait(STEP_S, at)]
    return tuple(steps) if at is goal and steps else (StepTo(goal), Wait(STEP_S, goal))


def run(chosen: argparse.Namespace, site: SiteSettings, out: TextIO) -> int:
    """One call of `appliance ctl test`; the exit code."""
    client, clock = CoreClient(Path(site.run_folder), "ctl"), SystemClock()
    try:
        return _in_words(chosen, client, clock, Path(site.run_folder), out)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_INPUT
    finally:
        client.close()


def _in_words(
    chosen: argparse.Namespace, client: CoreClient, clock: Clock, folder: Path, out: TextIO
) -> int:
    """For programs one object at the end, with all that was said."""
    if not chosen.json:
        return _run(chosen, client, clock, folder, out)
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(complained):
        code = _run(chosen, client, clock, folder, said)
    reason = complained.getvalue().strip()
    words = {"ok": code == OK, "reason": reason, "said": said.getvalue().splitlines()}
    out.write(msgspec.json.encode(words).decode() + "\n")
    return code


def _run(
    chosen: argparse.Namespace, client: CoreClient, clock: Clock, folder: Path, out: TextIO
) -> int:
    if chosen.test == "end":
        answer = client.ask(EndTest())
        (out if answer.ok else sys.stderr).write(f"{answer.reason}\n")
        return OK if answer.ok else FAILED
    status = client.status(2.0)
    if status is None:
        sys.stderr.write(f"{silence(folder)}\n")
        return FAILED
    keyboard = Keyboard()
    commands: tuple[Command, ...] = ()
    test_s: float = chosen.test_s
    if chosen.test is not None:
        commands = plan(chosen, status.decision.state)
        test_s = chosen.hold_s + MARGIN_S
    if not math.isfinite(test_s):
        msg = f"--for = {test_s:g} is not a number of seconds"
        raise ValueError(msg)
    pin = None
    if chosen.pin:
        pin = getpass("Installer's PIN: ").strip() if keyboard.is_terminal else keyboard.line()
    if keyboard.is_terminal and not commands:
        out.write(f"{HELP}\n")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    typed = None if commands else keyboard
    return ByHand(client, typed, clock, out, sys.stderr, Lease(clock).wait).run(
        StartTest(test_s, pin), commands
    )


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """The terminal is closed: end as with Ctrl-C."""
    raise KeyboardInterrupt
