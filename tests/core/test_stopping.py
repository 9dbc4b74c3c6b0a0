"""Stopping: how long it waits for what, how it rests, and who may end an emergency stop."""

import pytest

from appliance.model import GoToMode, GoToState, ResetEstop, SetPower, State
from appliance.statemachine.transitions import settle_s
from tests.core.boxes import (
    ALARM,
    DOWN,
    ERROR,
    IDLE,
    INIT,
    OPEN,
    PRECHARGE,
    PRESSED,
    RELEASED,
    RUN,
    STOPPING,
    UP,
    box,
)
from tests.stories import Story, battery, inverter

NAN, INF = float("nan"), float("inf")

# ---------------------------------------------------------------- rest after an error


def test_an_error_rests_three_seconds_even_when_it_is_gone_at_once() -> None:
    story = box(RUN)
    story.step(board=PRESSED, battery=OPEN)
    assert story.step(board=RELEASED).state is ERROR
    assert story.ask(ResetEstop()).ok
    assert story.last.errors == ()
    story.step(2.7)
    assert story.last.state is ERROR, "2.9 s"
    story.step(0.2)
    assert story.last.state is INIT, "3.1 s"


@pytest.mark.parametrize(
    ("stops", "rest_s"), [(0, 3.0), (1, 3.0), (2, 6.0), (3, 12.0), (8, 384.0), (9, 768.0),
                          (10, 900.0), (10_000, 900.0)],
)  # fmt: skip
def test_the_rest_grows_to_a_quarter_of_an_hour(stops: int, rest_s: float) -> None:
    assert settle_s(stops) == rest_s


def stops_in_a_row(*ran_s: float) -> list[int]:
    """The count after each stop, having run that long before it."""
    story, counts = box(RUN), []
    for one_s in ran_s:
        story.step(one_s)
        story.step(inverter=ALARM, battery=OPEN)
        assert story.last.state is ERROR
        counts.append(story.cycle.memory.stops)
        story.run(0.2, **DOWN)
        story.step(1_000.0)
        story.step()
        assert story.last.state is PRECHARGE, story.last.why
        assert story.run(0.2, **UP).state is RUN
    return counts


def test_stops_are_counted_until_it_has_run_well() -> None:
    assert stops_in_a_row(70.0, 50.0, 50.0, 70.0) == [1, 2, 3, 1]


# ---------------------------------------------------------------- emergency


@pytest.mark.parametrize("current_a", [20.0, -20.0, 1.1])
def test_in_an_emergency_contactors_wait_half_a_second_for_the_current(current_a: float) -> None:
    story = box(RUN)
    story.run(1.0, battery=battery(current_a=current_a))
    story.step(board=PRESSED)
    first = story.last.setpoints
    assert (first.power_w, first.inverter_on, first.contactors_closed) == (0.0, False, True)
    assert story.run(0.4).setpoints.contactors_closed
    assert not story.run(0.2).setpoints.contactors_closed


@pytest.mark.parametrize("current_a", [0.9, -0.9, 0.0, None])
def test_in_an_emergency_contactors_open_at_once_when_no_current_is_known(
    current_a: float | None,
) -> None:
    story = box(RUN)
    story.run(1.0, battery=battery(current_a=current_a))
    assert not story.step(board=PRESSED).setpoints.contactors_closed


def test_opened_contactors_stay_open_when_current_is_reported() -> None:
    story = box(RUN)
    story.step(board=PRESSED)
    assert not story.run(1.0, battery=battery(current_a=20.0)).setpoints.contactors_closed


def test_contactors_wait_for_the_inverter_to_be_off_at_most_three_seconds() -> None:
    story = box(RUN)
    story.ask(GoToState(IDLE))
    assert not story.last.setpoints.inverter_on
    assert story.run(2.8, inverter=inverter()).setpoints.contactors_closed
    assert not story.run(0.3).setpoints.contactors_closed


def test_the_inverter_goes_off_after_two_seconds_of_current() -> None:
    story = box(STOPPING)
    assert story.run(1.8).setpoints.inverter_on
    assert not story.run(0.4).setpoints.inverter_on


def test_a_reset_needs_the_board_to_speak() -> None:
    story = box(RUN)
    story.step(board=PRESSED, battery=OPEN)
    story.step(board=None)
    answer = story.ask(ResetEstop())
    assert (answer.ok, answer.reason) == (False, "the emergency stop's wire cannot be read")
    assert story.run(10.0).state is ERROR
    assert 401 in [error.number for error in story.last.errors]


@pytest.mark.parametrize("source", ["cloud", "button", "anybody"])
def test_a_reset_needs_somebody_on_site(source: str) -> None:
    story = box(RUN)
    story.step(board=PRESSED)
    story.step(board=RELEASED)
    assert not story.ask(ResetEstop(), source).ok
    assert story.ask(ResetEstop(), "touchscreen").ok


def test_nothing_to_reset_is_refused() -> None:
    assert box(RUN).ask(ResetEstop()).reason == "there is no emergency stop to reset"


STARTS = "the emergency stop is reset; the box rests until somebody starts it"


def stopped_and_released(goal: State = RUN) -> Story:
    """The emergency stop is latched, its button released."""
    story = box(RUN)
    story.run(5.0, board=PRESSED, **DOWN)
    if goal is not RUN:
        assert story.ask(GoToState(goal)).ok
    story.run(5.0, board=RELEASED)
    return story


@pytest.mark.parametrize("source", ["touchscreen", "ctl"])
@pytest.mark.parametrize("goal", [RUN, IDLE])
def test_a_reset_starts_nothing(goal: State, source: str) -> None:
    story = stopped_and_released(goal)
    answer = story.ask(ResetEstop(), source)
    assert (answer.ok, answer.reason) == (True, STARTS)
    assert story.last.goal is IDLE
    seen = {story.step(0.5).state for _ in range(1_000)}
    assert seen <= {ERROR, INIT, STOPPING, IDLE}
    assert story.last.state is IDLE
    assert not story.last.setpoints.contactors_closed


@pytest.mark.parametrize("source", ["touchscreen", "ctl", "button"])
def test_after_a_reset_anybody_on_site_may_start_it(source: str) -> None:
    story = stopped_and_released()
    assert not story.ask(GoToState(RUN), source).ok
    assert story.ask(ResetEstop()).ok
    assert story.ask(GoToState(RUN), source).ok
    assert story.run(10.0, **UP).state is RUN


def test_a_reset_leaves_maintenance_as_it_is() -> None:
    story = stopped_and_released(State.MAINTENANCE)
    answer = story.ask(ResetEstop())
    assert answer.reason == "the emergency stop is reset; maintenance goes on"
    assert story.run(10.0).state is story.last.goal is State.MAINTENANCE


@pytest.mark.parametrize("goal", [State.RESTART, State.REBOOT])
def test_nothing_is_reset_while_a_restart_is_on_its_way(goal: State) -> None:
    """After it the box would run: that is what was kept for it."""
    story = stopped_and_released()
    assert story.ask(GoToState(goal)).ok
    answer = story.ask(ResetEstop())
    assert (answer.ok, answer.reason) == (False, "the box is about to start again; ask once it has")
    assert [error.number for error in story.last.errors] == [401]


def test_after_a_reset_it_is_started_without_the_manual_power() -> None:
    story = box(RUN)
    story.ask(GoToMode("local_control"))
    story.ask(SetPower(1_000.0, 600.0))
    assert story.run(1.0).setpoints.power_w == 1_000.0
    story.run(5.0, board=PRESSED, **DOWN)
    story.run(5.0, board=RELEASED)
    assert story.cycle.memory.manual is not None
    assert story.ask(ResetEstop()).ok
    assert story.ask(GoToState(RUN)).ok
    decision = story.run(1.0, **UP)
    assert (decision.state, decision.setpoints.power_w) == (RUN, 0.0)
    assert decision.manual is None


def test_rest_may_be_asked_for_before_the_reset() -> None:
    story = box(RUN)
    story.run(5.0, board=PRESSED, **DOWN)
    story.run(5.0, board=RELEASED)
    assert story.ask(GoToState(IDLE)).ok
    assert story.ask(ResetEstop()).ok
    assert {story.step().state for _ in range(50)} <= {INIT, STOPPING, IDLE}
    assert story.last.state is IDLE


# ---------------------------------------------------------------- requests


@pytest.mark.parametrize(
    "want", [SetPower(NAN, 10.0), SetPower(INF, 10.0), SetPower(-INF, 10.0), SetPower(100.0, NAN),
             SetPower(100.0, INF), SetPower(100.0, 0.0), SetPower(100.0, -1.0),
             SetPower(5_000.1, 10.0), SetPower(-5_000.1, 10.0)], ids=repr,
)  # fmt: skip
def test_a_power_that_is_no_power_is_refused(want: SetPower) -> None:
    story = box(RUN)
    story.ask(GoToMode("local_control"))
    assert not story.ask(want).ok
    assert (story.last.manual, story.last.setpoints.power_w) == (None, 0.0)


def test_a_slow_inverter_gets_four_times_as_long_but_not_in_an_emergency() -> None:
    slow = inverter(3_000.0, follows_slowly=True)
    story = box(RUN)
    story.run(1.0, inverter=slow, battery=battery(current_a=9.0))
    story.ask(GoToState(IDLE))
    assert story.run(7.5).setpoints.inverter_on
    assert story.run(4.0).setpoints.contactors_closed
    assert not story.run(1.0).setpoints.contactors_closed
