"""Resets and acknowledgements: who is refused with which words, and what a granted one changes."""

from typing import Any

import msgspec
import pytest

from appliance.model import (
    AckErrors,
    BatteryView,
    BoardReading,
    GoToMode,
    GoToState,
    GridView,
    ManualPower,
    Request,
    ResetErrors,
    ResetEstop,
    SetPower,
    StartTest,
    State,
)
from tests.core.boxes import (
    ERROR,
    IDLE,
    MAINTENANCE,
    OFF,
    OPEN,
    PRESSED,
    RELEASED,
    RUN,
    STOPPING,
    box,
)
from tests.stories import Story, battery, rack

ON_SITE_ONLY = "an emergency stop is reset on site, by somebody who sees that all is safe"
ASK_AGAIN = "the box is about to start again; ask once it has"


def stopped(before: State = RUN) -> Story:
    """The button was pressed and is released; power is off."""
    story = box(before)
    story.step(board=PRESSED)
    story.run(1.0, battery=OPEN, inverter=OFF, board=RELEASED)
    assert story.last.state is ERROR
    return story


# ---------------------------------------------------------------- the emergency stop


@pytest.mark.parametrize(
    ("source", "board", "says"),
    [
        ("cloud", RELEASED, ON_SITE_ONLY),
        ("button", RELEASED, ON_SITE_ONLY),
        ("ctl", None, "the emergency stop's wire cannot be read"),
        ("ctl", PRESSED, "the emergency stop is still pressed; release it first"),
    ],
)
def test_a_stop_is_not_reset(source: str, board: BoardReading | None, says: str) -> None:
    story = stopped()
    story.changes["board"] = board
    answer = story.ask(ResetEstop(), source)
    assert (answer.ok, answer.reason) == (False, says)
    assert 401 in {error.number for error in story.last.errors}
    assert story.last.goal is RUN, "nothing has changed"


def test_nor_while_the_box_is_about_to_start_again() -> None:
    story = stopped()
    assert story.ask(GoToState(State.RESTART)).ok
    answer = story.ask(ResetEstop())
    assert (answer.ok, answer.reason) == (False, ASK_AGAIN)
    assert story.last.goal is State.RESTART


def test_nor_where_there_is_none() -> None:
    story = box(RUN)
    answer = story.ask(ResetEstop())
    assert (answer.ok, answer.reason) == (False, "there is no emergency stop to reset")
    assert (story.last.goal, story.last.awaits_start) == (RUN, False)


@pytest.mark.parametrize(
    ("before", "home", "says"),
    [
        (RUN, IDLE, "the emergency stop is reset; the box rests until somebody starts it"),
        (MAINTENANCE, MAINTENANCE, "the emergency stop is reset; maintenance goes on"),
    ],
)
def test_a_reset_starts_nothing_and_forgets_the_power(
    before: State, home: State, says: str
) -> None:
    story = stopped(before)
    memory = story.cycle.memory
    held = ManualPower(500.0, story.now_s + 600.0)
    story.cycle.memory = msgspec.structs.replace(memory, manual=held, stops=3)
    answer = story.ask(ResetEstop(), "touchscreen")
    assert (answer.ok, answer.reason) == (True, says)
    assert (story.last.goal, story.last.awaits_start, story.last.manual) == (home, True, None)
    assert story.cycle.memory.stops == 0
    assert story.last.errors == ()


def test_nobody_runs_a_box_whose_stop_is_latched_but_may_let_it_rest() -> None:
    story = stopped()
    answer = story.ask(GoToState(RUN))
    assert (answer.ok, answer.reason) == (
        False,
        "the emergency stop is latched; release the button, then reset it",
    )
    assert story.ask(GoToState(IDLE)).ok


# ---------------------------------------------------------------- latched errors


def rising(rise_c: float) -> BatteryView:
    return BatteryView(rises_c=((1, rise_c),))


def latched(number: int, **hurts: Any) -> Story:
    story = box(RUN)
    story.run(5.0, **hurts)
    assert number in {error.number for error in story.last.errors if error.latched}
    story.run(5.0, battery=OPEN, inverter=OFF, battery_view=None, grid_view=None)
    return story


def unclear(**changes: Any) -> Any:
    return battery(rack(contactors_closed=False, **changes), state=OPEN.state)


@pytest.mark.parametrize(
    ("number", "hurts", "unknown"),
    [
        (112, {"battery": battery(rack(cell_max_v=3.9))}, {"cell_max_v": None}),
        (114, {"battery": battery(rack(cell_min_v=2.3))}, {"cell_min_v": None}),
        (123, {"battery": battery(rack(cell_max_c=70.0))}, {"cell_max_c": None}),
        (123, {"battery": battery(rack(cell_max_c=70.0))}, {"cell_min_c": None}),
        (133, {"battery_view": rising(60.0)}, {"cell_max_c": None}),
        (133, {"battery_view": rising(60.0)}, {"cell_max_c": float("inf")}),
    ],
)
def test_a_reset_needs_to_know_that_the_cause_is_gone(
    number: int, hurts: dict[str, Any], unknown: dict[str, Any]
) -> None:
    story = latched(number, **hurts)
    story.step(battery=unclear(**unknown))
    answer = story.ask(ResetErrors(number))
    says = "rack 1 does not answer, so nobody knows whether the cause is gone"
    assert (answer.ok, answer.reason) == (False, says)
    story.step(battery=None)
    answer = story.ask(ResetErrors(number))
    says = "the battery does not answer, so nobody knows whether the cause is gone"
    assert (answer.ok, answer.reason) == (False, says)
    story.step(battery=OPEN)
    assert story.ask(ResetErrors(number)).ok
    assert number not in {error.number for error in story.last.errors}


@pytest.mark.parametrize(("number", "other"), [(112, "cell_min_c"), (133, "cell_min_c")])
def test_what_it_is_not_judged_by_may_be_unknown(number: int, other: str) -> None:
    hurts: dict[int, dict[str, Any]] = {
        112: {"battery": battery(rack(cell_max_v=3.9))},
        133: {"battery_view": rising(60.0)},
    }
    story = latched(number, **hurts[number])
    story.step(battery=unclear(**{other: None}))
    assert story.ask(ResetErrors(number)).ok


def test_one_of_the_grid_needs_the_inverter_to_answer() -> None:
    story = box(RUN)
    story.step(grid_view=GridView(60.0, 0.0, outlasted=("voltage",)))
    story.run(1.0, grid_view=GridView(60.0, 0.0), battery=OPEN, inverter=OFF)
    assert 211 in {error.number for error in story.last.errors if error.latched}
    story.step(inverter=None)
    answer = story.ask(ResetErrors(211))
    says = "the inverter does not answer, so nobody knows whether the cause is gone"
    assert (answer.ok, answer.reason) == (False, says)
    story.step(inverter=OFF)
    assert story.ask(ResetErrors(211)).reason == "reset: 211 Grid protection is suspect"


def test_a_reset_forgets_the_count_of_stops_and_the_power() -> None:
    story = latched(112, battery=battery(rack(cell_max_v=3.9)))
    held = ManualPower(500.0, story.now_s + 600.0)
    story.cycle.memory = msgspec.structs.replace(story.cycle.memory, manual=held, stops=5)
    assert story.ask(ResetErrors()).reason == "reset: 112 A cell is overcharged"
    assert story.last.manual is None
    assert story.cycle.memory.stops == 0


def test_a_reset_by_number_leaves_the_others() -> None:
    story = latched(112, battery=battery(rack(cell_max_v=3.9)), battery_view=rising(60.0))
    both = [error.number for error in story.last.errors if error.latched]
    assert both == [112, 133]
    answer = story.ask(ResetErrors(302))
    assert (answer.ok, answer.reason) == (False, "error 302 is not latched")
    assert story.ask(ResetErrors(133)).reason == "reset: 133 Battery heats up too fast"
    assert [error.number for error in story.last.errors if error.latched] == [112]
    assert story.ask(ResetErrors(133)).reason == "error 133 is not latched"


# ---------------------------------------------------------------- acknowledgements


def test_acknowledging_counts_what_was_raised() -> None:
    story = box(RUN)
    assert story.ask(AckErrors()).reason == "0 acknowledged"
    answer = story.ask(AckErrors(302))
    assert (answer.ok, answer.reason) == (False, "error 302 is not raised")
    story.run(6.0, pv=None)
    answer = story.ask(AckErrors(302), "touchscreen")
    assert (answer.ok, answer.reason) == (True, "1 acknowledged")
    assert [(error.number, error.acknowledged_by) for error in story.last.errors] == [
        (302, "touchscreen")
    ]
    answer = story.ask(AckErrors(100))
    assert answer.reason.startswith("number = 100 is not an error of this box (101 to 6")


# ---------------------------------------------------------------- states and modes


def test_a_box_that_will_start_again_is_left_to_it_from_outside_and_begins_no_test() -> None:
    story = box(STOPPING)
    assert story.ask(GoToState(State.RESTART)).ok
    assert (story.last.state, story.last.goal) == (STOPPING, State.RESTART)
    answer = story.ask(GoToState(IDLE), "cloud")
    assert (answer.ok, answer.reason) == (False, ASK_AGAIN)
    story.changes["requests"] = (Request("r", "ctl", StartTest(60.0), authorised=True),)
    (answer,) = story.step().answers
    assert (answer.ok, answer.reason) == (False, "the box is about to start again")
    story.changes["requests"] = ()
    assert story.ask(GoToState(IDLE), "touchscreen").ok


def test_another_mode_ends_a_power_and_says_who_asked() -> None:
    story = box(RUN)
    story.ask(GoToMode("local_control"))
    answer = story.ask(SetPower(500.0, 60.0))
    assert (answer.ok, answer.reason) == (True, "500 W for 60 s")
    assert story.ask(GoToMode("passive"), "cloud").reason == "mode is Passive"
    assert (story.last.mode, story.last.mode_by, story.last.manual) == ("passive", "cloud", None)
    answer = story.ask(SetPower(500.0, 60.0))
    says = "mode is passive; a power can be set in local_control only"
    assert (answer.ok, answer.reason) == (False, says)


@pytest.mark.parametrize(
    ("power_w", "duration_s", "ok"),
    [
        (5_000.0, 3_600.0, True), (-5_000.0, 0.5, True), (5_000.1, 1.0, False), (-5_000.1, 1.0, False),
        (0.0, 3_600.1, False), (0.0, 0.0, False),
    ],
)  # fmt: skip
def test_a_power_up_to_the_rating_and_an_hour(power_w: float, duration_s: float, ok: bool) -> None:
    story = box(RUN)
    story.ask(GoToMode("local_control"))
    assert story.ask(SetPower(power_w, duration_s)).ok is ok
