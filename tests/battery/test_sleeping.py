"""The battery sleeps while the box rests, by itself or when asked; silence is no error then, and only then."""

from typing import Any

import pytest
from pydantic import ValidationError

from appliance.model import (
    Answer,
    BatteryState,
    BoardReading,
    GoToState,
    Memory,
    MeterReading,
    SleepBattery,
    State,
)
from appliance.site import Sleep
from tests.battery.sites import OFF, opened, site
from tests.stories import Story, battery, inverter, rack

FRAME = Sleep(means="frame", idle_after_s=600.0, longest_s=7_200.0)
SLEEPY = site(sleep=FRAME)
DOWN: dict[str, Any] = {"battery": opened(), "inverter": OFF}
UP: dict[str, Any] = {"battery": battery(), "inverter": inverter()}


def idle(chosen: Any = SLEEPY) -> Story:
    story = Story(site=chosen).running()
    assert story.ask(GoToState(State.IDLE)).ok
    story.run(0.5, **DOWN)
    assert story.last.state is State.IDLE
    return story


def asleep() -> Story:
    story = idle()
    assert story.ask(SleepBattery(True)).ok
    story.run(0.3, battery=None)
    assert story.last.setpoints.battery_asleep
    return story


def errors(story: Story) -> list[int]:
    return [error.number for error in story.last.errors]


def test_after_the_idle_time_it_sleeps_and_silence_is_no_error() -> None:
    story = idle()
    assert not story.step(598.0).setpoints.battery_asleep
    assert story.step(3.0).setpoints.battery_asleep
    story.run(5.0, battery=None)
    assert (errors(story), story.last.state) == ([], State.IDLE)


def test_without_means_it_never_sleeps() -> None:
    story = idle(site())
    assert not story.step(90_000.0).setpoints.battery_asleep
    answer = story.ask(SleepBattery(True))
    assert not answer.ok
    assert "no means" in answer.reason


def test_silence_that_was_not_asked_for_is_an_error() -> None:
    story = idle()
    story.run(1.5, battery=None)
    assert errors(story) == [101]
    story = Story(site=SLEEPY).running()
    story.run(1.5, battery=None)
    assert errors(story) == [101]


def test_what_is_silent_is_not_sent_to_sleep() -> None:
    story = idle()
    story.step(599.0)
    story.step(0.5, battery=None)
    assert not story.run(1.5).setpoints.battery_asleep
    assert errors(story) == [101]


@pytest.mark.parametrize(
    ("state", "closed"),
    [(BatteryState.UNKNOWN, None), (BatteryState.STANDBY, True), (BatteryState.PRECHARGE, None)],
)
def test_what_is_not_known_to_be_open_is_not_sent_to_sleep(
    state: BatteryState, closed: bool | None
) -> None:
    story = idle()
    story.run(1.0, battery=opened(rack(contactors_closed=closed), state=state))
    assert not story.ask(SleepBattery(True)).ok
    assert not story.step(601.0).setpoints.battery_asleep


def test_it_is_woken_on_demand_and_has_its_time_to_answer() -> None:
    story = asleep()
    assert story.ask(GoToState(State.RUN)).ok
    assert not story.last.setpoints.battery_asleep
    assert story.last.state is State.WAKING
    story.run(29.0)
    assert (errors(story), story.last.state) == ([], State.WAKING)
    story.run(1.0, battery=opened())
    story.run(1.0, **UP)
    assert (errors(story), story.last.state) == ([], State.RUN)


def test_a_battery_that_does_not_wake_is_an_error() -> None:
    story = asleep()
    story.ask(GoToState(State.RUN))
    story.run(31.5)
    assert 106 in errors(story)
    assert story.last.state is State.ERROR


def test_once_it_has_answered_its_silence_is_an_error_again() -> None:
    story = asleep()
    story.ask(SleepBattery(False))
    story.run(5.0)
    story.run(0.5, battery=opened())
    story.run(1.5, battery=None)
    assert errors(story) == [101]


def test_a_bms_that_speaks_in_its_sleep_may_fall_silent_to_wake() -> None:
    story = idle()
    assert story.ask(SleepBattery(True)).ok
    story.run(1.0, battery=opened(asleep=True))
    story.ask(GoToState(State.RUN))
    story.run(1.0)
    story.run(20.0, battery=None)
    assert (errors(story), story.last.state) == ([], State.WAKING)
    story.run(0.5, battery=opened())
    assert story.last.state is State.PRECHARGE
    story.run(1.5, battery=None)
    assert 101 in errors(story)


def test_maintenance_wakes_it() -> None:
    """Hands go on it only when its contactors are known to be open."""
    story = asleep()
    story.ask(GoToState(State.MAINTENANCE))
    story.run(2.0)
    assert not story.last.setpoints.battery_asleep
    assert story.last.state is State.IDLE
    assert story.run(0.5, battery=opened()).state is State.MAINTENANCE


def test_a_timer_ends_the_sleep() -> None:
    story = idle()
    assert story.ask(SleepBattery(True, 60.0)) == Answer("r1", True, "the battery sleeps for 60 s")
    story.step(30.0, battery=None)
    assert story.last.setpoints.battery_asleep
    assert not story.step(31.0).setpoints.battery_asleep
    story.run(0.5, battery=opened())
    assert not story.step(598.0).setpoints.battery_asleep, "it stays awake as long as after work"
    assert story.step(3.0).setpoints.battery_asleep


def test_until_woken_is_until_woken() -> None:
    story = asleep()
    assert story.step(20.0 * 86_400.0).setpoints.battery_asleep
    assert story.ask(SleepBattery(False)).reason == "the battery is being woken"
    assert not story.last.setpoints.battery_asleep


def test_by_itself_it_sleeps_no_longer_than_a_person_would_leave_it() -> None:
    story = idle()
    assert story.step(601.0).setpoints.battery_asleep
    assert story.step(7_100.0, battery=None).setpoints.battery_asleep
    assert not story.step(101.0).setpoints.battery_asleep


@pytest.mark.parametrize(
    ("story", "want", "says"),
    [
        (lambda: Story(site=SLEEPY).running(), SleepBattery(True), "only while the box rests"),
        (idle, SleepBattery(True, -5.0), "duration_s = -5"),
        (idle, SleepBattery(True, 1e9), "at most"),
    ],
)
def test_refusals_say_why(story: Any, want: SleepBattery, says: str) -> None:
    told = story()
    answer = told.ask(want)
    assert not answer.ok
    assert says in answer.reason
    assert not told.last.setpoints.battery_asleep


def test_an_empty_battery_sleeps_and_is_woken_by_the_sun() -> None:
    story = Story(site=SLEEPY).running()
    story.step(301.0, battery=battery(soc_pct=10.2), grid=MeterReading(400.0))
    story.run(0.5, battery=opened(soc_pct=10.2), inverter=OFF)
    assert story.last.state is State.SLEEP
    assert story.step(601.0).setpoints.battery_asleep
    story.step(100.0, battery=None)
    woken = story.run(0.3, grid=MeterReading(-2_000.0))
    assert woken.state is State.WAKING
    assert not story.last.setpoints.battery_asleep
    assert errors(story) == []


def test_an_emergency_wakes_it() -> None:
    story = asleep()
    story.step(board=BoardReading(estop_pressed=True))
    assert not story.last.setpoints.battery_asleep


def test_another_cycle_goes_on_where_this_one_was() -> None:
    story = asleep()
    memory: Memory = story.cycle.memory
    fresh = Story(site=SLEEPY, now_s=story.now_s, changes=dict(story.changes))
    fresh.cycle.adopt(memory)
    assert fresh.step().setpoints.battery_asleep
    assert errors(fresh) == []


def test_a_relay_needs_a_name() -> None:
    with pytest.raises(ValidationError, match="relay must be named"):
        Sleep(means="relay")
    with pytest.raises(ValidationError, match="relay must be named"):
        Sleep(means="frame", relay="bms_sleep")
