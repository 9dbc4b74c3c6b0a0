"""The whole campaign: which events, in which order, each from a box that is well and carries power."""

import math
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from appliance.model import GoToMode, ResetEstop
from tests.kills.box import KillBox
from tests.kills.events import LOAD_W, PROCESSES, TOLD, Event, Outcome, happen, power_of
from tests.kills.report import line
from tests.live.box import error_numbers

PV_W = (0.0, 4_000.0)
"""Discharging 1.5 kW, charging 2.5 kW."""
CARRIES = 0.7
LATCHED_SHARE = 0.3
"""Of the kills of the core: while an emergency stop is latched."""
WELL_S = 40.0
SLOW = ("run", "bootstrapper", "core.parent")
"""Each of these is a whole start of the box: fewer of them."""


def draw(threads: tuple[str, ...], times: int, rng: Random) -> list[Event]:
    """All targets about equally often, the core three times as often, in random order."""
    targets = [*PROCESSES, *threads]
    weights = [3.0 if one == "core" else 0.5 if one in SLOW else 1.0 for one in targets]
    chosen = list(targets)[:times]
    chosen += rng.choices(targets, weights, k=max(0, times - len(chosen)))
    rng.shuffle(chosen)
    return [
        Event(
            number, target, rng.choice(PV_W), rng.uniform(0.0, 1.5), rng.randrange(6),
            target == "core" and rng.random() < LATCHED_SHARE,
        )
        for number, target in enumerate(chosen)
    ]  # fmt: skip


def make_well(box: KillBox, event: Event) -> bool:
    """Running, without errors, with power; False when it does not come to that."""
    box.world.set("load_w", LOAD_W)
    box.world.set("pv_w", event.pv_w)
    wanted_w = LOAD_W - event.pv_w
    box.wait(bool, 20.0, "an answer")
    box.forget_crashes()
    box.ask_run()
    deadline_s = time.monotonic() + WELL_S
    while time.monotonic() < deadline_s:
        status = box.status()
        well = bool(status) and status["state"] == "run" and error_numbers(status) <= TOLD
        if well and 601 not in error_numbers(status) and power_of(box.truth()) / wanted_w > CARRIES:
            return True
        time.sleep(0.05)
    return False


def latch(box: KillBox) -> None:
    """Pressed and released: the emergency stop is latched."""
    box.world.estop(pressed=True)
    box.wait(
        lambda status: status["state"] == "error" and status["estop"], 5.0, "an emergency stop"
    )
    box.world.estop(pressed=False)
    time.sleep(0.5)


def reset(box: KillBox) -> None:
    deadline_s = time.monotonic() + 20.0
    while not (answer := box.client.ask(ResetEstop(), 5.0)).ok:  # a new core hears its board first
        assert time.monotonic() < deadline_s, answer.reason
        time.sleep(0.2)


def play(box: KillBox, event: Event) -> Outcome:
    """One event from beginning to end."""
    if not make_well(box, event):
        outcome = Outcome(event)
        outcome.lost.append(f"the box was not well before it: {box.status().get('why')}")
        return outcome
    if event.latched:
        latch(box)
    outcome = happen(box, event)
    if event.latched:
        reset(box)
    return outcome


def campaign(folder: Path, times: int, seed: int, until_s: float = math.inf) -> Iterator[Outcome]:
    """Start a box, play all events, end it."""
    box = KillBox(folder)
    try:
        box.start()
        box.wait_running(60.0)
        answer = box.client.ask(GoToMode("self_consumption"), 10.0)
        assert answer.ok, answer.reason
        for event in draw(box.door.workers(), times, Random(seed)):
            if time.monotonic() > until_s:
                break
            yield play(box, event)
    finally:
        log = Path("build") / f"kills-{seed}.log"
        log.parent.mkdir(exist_ok=True)
        log.write_text(box.log_text())
        box.stop()


def one_box(number: int, times: int, seed: int, minutes: float) -> list[Outcome]:
    """A share of the campaign, in a box of its own."""
    outcomes, until_s = [], time.monotonic() + 60.0 * minutes
    with tempfile.TemporaryDirectory() as folder:
        for outcome in campaign(Path(folder), times, seed * 100 + number, until_s):
            outcomes.append(outcome)
            sys.stdout.write(line(outcome) + "\n")
            sys.stdout.flush()
    return outcomes
