"""Requests and their answers: the cap, latched errors reset by hand, what survives a restart."""

from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from appliance.config import build_modes
from appliance.model import (
    NO_CAP,
    BatteryState,
    CapPower,
    GoToMode,
    GoToState,
    PowerCap,
    Request,
    ResetErrors,
    ResetEstop,
    SetPower,
    State,
)
from appliance.recall import starting_memory
from appliance.store import Durable, Store
from appliance.store.notebook import durable_of
from tests.core.boxes import ERROR, IDLE, PRESSED, RELEASED, RUN, box
from tests.stories import Story, battery, inverter, rack

OVERCHARGED = {"cell_max_v": 3.9}


def follow(story: Story, seconds: float, **changes: Any) -> None:
    """Time passes; the battery's contactors do what is commanded."""
    for _ in range(round(seconds / 0.1)):
        closed = story.cycle.memory.commanded.contactors_closed
        state = BatteryState.CONNECTED if closed else BatteryState.STANDBY
        racks = [rack(1, contactors_closed=closed, **changes)]
        story.step(battery=battery(*racks, state=state))


def discharging(power_w: float = 3_000.0) -> Story:
    """In local control, a power held for ten minutes."""
    story = box(RUN)
    story.ask(GoToMode("local_control"))
    story.ask(SetPower(power_w, 600.0))
    story.run(0.5, inverter=inverter(power_w))
    assert story.last.setpoints.power_w == power_w
    return story


# ------------------------------------------------------------------ cap


def test_a_cap_narrows_both_directions_and_says_so() -> None:
    story = discharging(3_000.0)
    answer = story.ask(CapPower(500.0, 1_200.0))
    assert (answer.ok, answer.reason) == (True, "no more than: charge 500 W, discharge 1200 W")
    assert story.last.setpoints.power_w == 1_200.0
    assert story.last.limits.binding == "owner's cap"
    assert "the owner's cap allows 1200 W" in story.last.why
    assert story.last.cap == PowerCap(500.0, 1_200.0, "ctl")
    story.ask(SetPower(-3_000.0, 60.0))
    assert story.last.setpoints.power_w == -500.0


def test_a_cap_of_one_direction_leaves_the_other_and_none_takes_it_away() -> None:
    story = discharging(3_000.0)
    assert story.ask(CapPower(max_charge_w=0.0)).reason == "no more than: charge 0 W"
    assert story.last.setpoints.power_w == 3_000.0
    story.ask(SetPower(-3_000.0, 60.0))
    assert story.last.setpoints.power_w == 0.0
    assert story.ask(CapPower()).reason == "no cap"
    assert story.step().setpoints.power_w == -3_000.0
    assert story.last.cap == NO_CAP


@pytest.mark.parametrize("source", ["touchscreen", "ctl", "cloud"])
def test_anybody_may_cap(source: str) -> None:
    assert box(RUN).ask(CapPower(1_000.0, None), source).ok


@pytest.mark.parametrize(
    ("want", "says"),
    [
        (CapPower(-1.0, None), "max_charge_w = -1 must be between 0 and 5000"),
        (CapPower(5_001.0, None), "max_charge_w = 5001 must be between 0 and 5000"),
        (CapPower(None, nan), "max_discharge_w = nan must be between 0 and 5000"),
        (CapPower(None, inf), "max_discharge_w = inf must be between 0 and 5000"),
        (CapPower(100.0, -0.5), "max_discharge_w = -0.5 must be between 0 and 5000"),
    ],
)
def test_a_cap_that_cannot_be_is_refused_and_changes_nothing(want: CapPower, says: str) -> None:
    story = box(RUN)
    story.ask(CapPower(700.0, 800.0))
    answer = story.ask(want)
    assert (answer.ok, answer.reason) == (False, says)
    assert story.last.cap == PowerCap(700.0, 800.0, "ctl")


def test_a_cap_is_there_again_after_a_restart(tmp_path: Path) -> None:
    story = box(RUN)
    story.ask(CapPower(None, 1_200.0))
    kept = durable_of(story.last, None)
    store = Store(tmp_path / "store.sqlite")
    store.remember(kept)
    store.close()
    again = Store(tmp_path / "store.sqlite")
    durable = again.recall()
    again.close()
    assert durable.cap == PowerCap(None, 1_200.0, "ctl")
    titles = set(build_modes(story.site)[1])
    assert starting_memory(durable, story.site, titles, 5.0).cap == PowerCap(None, 1_200.0, "ctl")
    assert starting_memory(Durable(), story.site, titles, 5.0).cap == NO_CAP


# ------------------------------------------------------------------ reset


def overcharged() -> Story:
    """Cell above its maximum: contactors open, latched."""
    story = box(RUN)
    follow(story, 3.0, **OVERCHARGED)
    assert [(error.number, error.latched) for error in story.last.errors][:1] == [(112, True)]
    assert story.last.state is ERROR
    return story


def well_again(story: Story) -> Story:
    follow(story, 90.0)
    assert [error.number for error in story.last.errors] == [112], (
        "latched, though its cause is gone"
    )
    assert story.last.state is ERROR
    return story


@pytest.mark.parametrize("number", [112, None])
def test_a_latched_error_is_reset_when_its_cause_is_gone(number: int | None) -> None:
    story = well_again(overcharged())
    answer = story.ask(ResetErrors(number))
    assert (answer.ok, answer.reason) == (True, "reset: 112 A cell is overcharged")
    assert story.last.errors == ()
    follow(story, 20.0)
    assert story.last.state is RUN


def test_it_is_not_reset_while_its_cause_is_there() -> None:
    story = overcharged()
    answer = story.ask(ResetErrors(112))
    assert (answer.ok, answer.reason) == (
        False,
        "the cause is still there: A cell is overcharged (rack 1)",
    )
    assert 112 in {error.number for error in story.last.errors}


def test_nor_while_nobody_knows() -> None:
    story = well_again(overcharged())
    story.step(battery=None)
    answer = story.ask(ResetErrors(112))
    assert answer.reason == "the battery does not answer, so nobody knows whether the cause is gone"
    assert 112 in {error.number for error in story.last.errors}


@pytest.mark.parametrize("source", ["cloud", "button", "modbus"])
def test_only_somebody_on_site_resets(source: str) -> None:
    story = well_again(overcharged())
    for want in (ResetErrors(112), ResetErrors()):
        answer = story.ask(want, source)
        assert (
            answer.reason
            == "a latched error is reset on site, by somebody who has seen to its cause"
        )
    assert [error.number for error in story.last.errors] == [112]


def test_what_is_not_latched_cannot_be_reset() -> None:
    story = box(RUN)
    assert story.ask(ResetErrors()).reason == "no latched error is there to be reset"
    assert story.ask(ResetErrors(112)).reason == "error 112 is not latched"
    story.run(5.0, pv=None)
    assert {error.number for error in story.last.errors} == {302}
    assert story.ask(ResetErrors(302)).reason == "error 302 is not latched"


def test_the_emergency_stop_has_its_own_reset() -> None:
    story = box(RUN)
    story.step(board=PRESSED)
    story.step(board=RELEASED)
    reason = "the emergency stop has a reset of its own: reset-estop"
    assert story.ask(ResetErrors(401)).reason == reason
    assert story.ask(ResetErrors()).reason == reason
    assert [error.number for error in story.last.errors] == [401]
    assert story.ask(ResetEstop()).ok


def test_a_reset_of_all_takes_those_whose_cause_is_gone() -> None:
    story = box(RUN)
    follow(story, 3.0, cell_max_v=3.9, cell_max_c=70.0)
    assert {112, 123} <= {error.number for error in story.last.errors}
    follow(story, 90.0, cell_max_c=70.0)
    answer = story.ask(ResetErrors())
    assert (answer.ok, answer.reason) == (
        True,
        "reset: 112 A cell is overcharged; not reset: the cause is still there: "
        "Battery temperature at its limit (rack 1)",
    )
    assert 123 in {error.number for error in story.last.errors}


def test_a_reset_forgets_a_power_that_was_held() -> None:
    story = discharging(2_000.0)
    follow(story, 3.0, **OVERCHARGED)
    follow(story, 90.0)
    assert story.ask(ResetErrors(112)).ok
    assert story.last.manual is None


def test_a_latched_error_is_latched_still_after_a_restart() -> None:
    story = well_again(overcharged())
    kept = durable_of(story.last, None)
    fresh = Story(story.site)
    titles = set(build_modes(story.site)[1])
    fresh.cycle.adopt(starting_memory(kept, story.site, titles, fresh.now_s))
    follow(fresh, 30.0)
    assert fresh.last.state is ERROR
    assert fresh.ask(ResetErrors()).ok
    follow(fresh, 20.0)
    assert fresh.last.state is RUN


# ------------------------------------------------------------------ all requests


def test_every_request_gets_one_answer_in_its_order() -> None:
    story = box(IDLE)
    wants: tuple[Any, ...] = (
        GoToMode("passive"),
        GoToMode("x"),
        CapPower(1.0),
        GoToState(State.INIT),
    )
    asked = tuple(Request(f"r{number}", "ctl", want) for number, want in enumerate(wants))
    decision = story.step(requests=asked)
    assert [(answer.id, answer.ok) for answer in decision.answers] == [
        ("r0", True), ("r1", False), ("r2", True), ("r3", False),
    ]  # fmt: skip
    assert all(answer.reason for answer in decision.answers)
