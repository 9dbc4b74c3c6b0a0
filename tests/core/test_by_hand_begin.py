"""A test of the box by hand: who may begin one, who owns it."""

from math import inf, nan

import pytest

from appliance.model import (
    BeatTest,
    ForceOutput,
    GoToState,
    HoldPower,
    Request,
    StartTest,
    State,
    StepTo,
    TryMode,
    Want,
)
from tests.core.boxes import (
    BOXES,
    ERROR,
    INIT,
    MAINTENANCE,
    PRESSED,
    RUN,
    box,
)
from tests.core.by_hand import Bench, maintained
from tests.stories import Story

PIN_NEEDED = "outside maintenance a test needs the installer's PIN"


def test_in_maintenance_it_needs_no_pin_and_is_told_everywhere() -> None:
    bench = maintained()
    test = bench.last.test
    assert test is not None
    assert (test.by, test.by_pin, test.returns_to) == ("ctl", False, MAINTENANCE)
    assert bench.last.why == (
        "test by ctl, 600 s left: Maintenance: no power while people work on it"
    )
    assert bench.last.update_allowed is False
    assert bench.last.setpoints.contactors_closed is False


@pytest.mark.parametrize("state", [s for s in BOXES if s not in (MAINTENANCE, ERROR)])
def test_elsewhere_it_needs_the_pin(state: State) -> None:
    story = box(state)
    ends = state in (State.RESTART, State.REBOOT)
    answer = story.ask(StartTest())
    assert (answer.ok, answer.reason) == (
        False,
        "the box is about to start again" if ends else PIN_NEEDED,
    )
    story = box(state)
    story.changes["requests"] = (Request("r", "ctl", StartTest(60.0), authorised=True),)
    (answer,) = story.step().answers
    assert answer.ok is not ends
    assert answer.reason == (
        "the box is about to start again" if ends else "a test with the installer's PIN for 60 s"
    )


def test_nor_on_its_way_out_of_maintenance() -> None:
    story = box(MAINTENANCE)
    story.changes["requests"] = (
        Request("a", "ctl", GoToState(RUN)), Request("b", "ctl", StartTest()),
    )  # fmt: skip
    assert [answer.reason for answer in story.step().answers][1] == PIN_NEEDED


@pytest.mark.parametrize("source", ["cloud", "button", "modbus", "planner"])
def test_only_somebody_on_site_begins_one(source: str) -> None:
    bench = Bench(box(MAINTENANCE))
    says = "a test is begun on site, by somebody who sees the box"
    assert bench.refused(StartTest(), source=source) == says
    assert bench.refused(StartTest(), source=source, pin=True) == says


def test_a_wrong_pin_is_refused_in_maintenance_too() -> None:
    bench = Bench(box(MAINTENANCE))
    assert bench.refused(StartTest(), wrong="wrong PIN") == "wrong PIN"
    assert bench.last.test is None


@pytest.mark.parametrize("duration_s", [0.0, -1.0, 3_601.0, nan, inf])
def test_it_has_an_end(duration_s: float) -> None:
    bench = Bench(box(MAINTENANCE))
    says = f"duration_s = {duration_s:g} must be above 0, at most 3600"
    assert bench.refused(StartTest(duration_s)) == says


def test_there_is_one_at_a_time_and_it_has_one_owner() -> None:
    bench = maintained()
    bench.step(4.9)
    assert bench.refused(StartTest()) == "a test by ctl runs for another 595 s"
    assert bench.refused(StartTest(), key="you", pin=True).startswith("a test by ctl runs")
    others: tuple[Want, ...] = (
        BeatTest(), HoldPower(0.0, 1.0), StepTo(INIT), TryMode(None), ForceOutput("led_run", 0.0),
    )  # fmt: skip
    for want in others:
        says = "the test belongs to somebody else (ctl)"
        assert bench.refused(want, key="you") == says
        assert bench.refused(want, key="") == says


def test_while_an_error_stops_the_box_there_is_none() -> None:
    bench = Bench(Story().running())
    bench.step(board=PRESSED)
    says = "error 401 stops the box: Emergency stop"
    assert bench.refused(StartTest(), pin=True) == says
