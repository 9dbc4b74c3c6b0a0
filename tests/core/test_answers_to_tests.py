"""What is asked in a test of the box: what each answer changes, and what it leaves."""

import msgspec
import pytest

from appliance.model import (
    BatteryState,
    BeatTest,
    EndTest,
    ForceOutput,
    GoToMode,
    GoToState,
    HoldPower,
    InverterState,
    Request,
    RunningTest,
    SetPower,
    SleepBattery,
    StartTest,
    State,
    StepTo,
    TryMode,
)
from tests.core.boxes import ERROR, IDLE, INIT, MAINTENANCE, PRECHARGE, RUN, STARTING, box
from tests.core.by_hand import Bench, maintained, with_pin
from tests.core.test_by_hand_outputs import with_outputs
from tests.stories import Story, battery, inverter, rack


def now(bench: Bench) -> RunningTest:
    test = bench.last.test
    assert test is not None
    return test


@pytest.mark.parametrize("down", [IDLE, MAINTENANCE])
def test_down_forgets_step_power_and_mode(down: State) -> None:
    bench = maintained().up(INIT, PRECHARGE, STARTING, RUN)
    bench.asked(HoldPower(900.0, 60.0))
    assert (now(bench).step, now(bench).power is None) == (RUN, False)
    bench.asked(StepTo(down))
    assert (now(bench).step, now(bench).power, now(bench).mode) == (None, None, None)
    bench = with_pin()
    bench.asked(TryMode("passive"))
    assert now(bench).mode == "passive"
    bench.asked(StepTo(down))
    assert (now(bench).step, now(bench).power, now(bench).mode) == (None, None, None)


def test_up_forgets_power_and_mode() -> None:
    bench = maintained()
    bench.asked(TryMode("passive"))
    bench.asked(StepTo(INIT))
    assert (now(bench).step, now(bench).mode) == (INIT, None)


@pytest.mark.parametrize(
    ("down", "home"),
    [(IDLE, RUN), (MAINTENANCE, MAINTENANCE)],
)
def test_who_steps_into_maintenance_stays_there(down: State, home: State) -> None:
    bench = with_pin()
    bench.asked(StepTo(down))
    assert (bench.last.goal, now(bench).returns_to) == (down, home)


def test_who_came_from_maintenance_goes_back_there_after_a_rest() -> None:
    bench = maintained().up(INIT)
    bench.asked(StepTo(IDLE))
    assert (bench.last.goal, now(bench).returns_to) == (IDLE, MAINTENANCE)


@pytest.mark.parametrize("percent", [0.0, 0.5, 100.0])
def test_a_fan_is_held_at_any_share(percent: float) -> None:
    bench = maintained(with_outputs())
    assert bench.asked(ForceOutput("main", percent, 60.0)) == f"main at {percent:.0f} % for 60 s"
    assert [(one.actuator, one.percent) for one in bench.last.forced] == [("main", percent)]


def test_an_output_never_outlives_its_test() -> None:
    bench = Bench(Story(with_outputs()).running())
    bench.asked(StartTest(15.0), pin=True)
    assert bench.asked(ForceOutput("horn", 100.0, 600.0)) == "horn at 100 % for 15 s"
    assert now(bench).outputs[0].until_s == now(bench).until_s
    assert bench.asked(ForceOutput("horn", 100.0, 5.0)) == "horn at 100 % for 5 s"
    assert len(now(bench).outputs) == 1, "the last word counts"
    assert bench.asked(ForceOutput("led_run", 0.0, 5.0)) == "led_run at 0 % for 5 s"
    assert [one.actuator for one in now(bench).outputs] == ["horn", "led_run"]
    assert bench.asked(ForceOutput("horn", None)) == "horn is not held any more"
    assert [one.actuator for one in now(bench).outputs] == ["led_run"]


def test_an_output_that_is_none_is_refused_without_a_hint() -> None:
    bench = maintained()
    assert bench.refused(ForceOutput("horn", 100.0)) == (
        "output = 'horn' cannot be held; this box has: led_error, led_run"
    )


def test_a_beat_says_what_is_left() -> None:
    bench = maintained()
    bench.step(4.9)
    assert bench.asked(BeatTest()) == "another 595 s"
    assert now(bench).heard_s == bench.story.now_s


@pytest.mark.parametrize("pin", [True, False])
def test_a_test_says_by_what_right_it_runs(pin: bool) -> None:
    bench = Bench(Story().running())
    bench.asked(GoToState(MAINTENANCE))
    bench.until(MAINTENANCE)
    right = "with the installer's PIN" if pin else "in maintenance"
    assert bench.asked(StartTest(60.0), pin=pin) == f"a test {right} for 60 s"
    assert now(bench).by_pin is pin


@pytest.mark.parametrize(
    ("mode", "says"),
    [(None, "the test's mode is none, 0 W"), ("passive", "the test's mode is Passive")],
)
def test_a_mode_takes_the_place_of_a_power(mode: str | None, says: str) -> None:
    bench = with_pin()
    bench.asked(HoldPower(900.0, 60.0))
    assert bench.asked(TryMode(mode)) == says
    assert (now(bench).mode, now(bench).power) == (mode, None)
    bench.asked(HoldPower(900.0, 60.0))
    assert now(bench).mode is None


@pytest.mark.parametrize("silent", ["inverter", "board"])
def test_a_step_to_connect_needs_both_to_answer(silent: str) -> None:
    bench = maintained().up(INIT)
    request = Request("r", "ctl", StepTo(PRECHARGE), key="me")
    (answer,) = bench.step(0.1, request, **{silent: None}).answers
    assert (answer.ok, answer.reason) == (False, f"the {silent} does not answer")


@pytest.mark.parametrize("seen", [None, battery(rack(), state=BatteryState.PRECHARGE)])
def test_a_step_to_start_needs_a_connected_battery(seen: object) -> None:
    bench = maintained().up(INIT, PRECHARGE)
    request = Request("r", "ctl", StepTo(STARTING), key="me")
    (answer,) = bench.step(0.1, request, battery=seen).answers
    assert (answer.ok, answer.reason) == (False, "the battery is not connected")


@pytest.mark.parametrize("seen", [None, inverter(state=InverterState.STARTING)])
def test_a_step_to_run_needs_a_running_inverter(seen: object) -> None:
    bench = maintained().up(INIT, PRECHARGE, STARTING)
    request = Request("r", "ctl", StepTo(RUN), key="me")
    (answer,) = bench.step(0.1, request, inverter=seen).answers
    assert (answer.ok, answer.reason) == (False, "the inverter does not run")


def resting() -> Bench:
    """A test with a PIN in IDLE, of a battery that can sleep."""
    bench = Bench(Story(with_outputs()).running())
    bench.asked(StartTest(600.0), pin=True)
    bench.asked(StepTo(IDLE))
    bench.until(IDLE)
    bench.step()
    return bench


@pytest.mark.parametrize("percent", [0.0, None])
def test_a_sleep_that_is_held_ends_with_its_time_or_at_once(percent: float | None) -> None:
    bench = resting()
    bench.asked(ForceOutput("battery_sleep", 100.0, 20.0))
    assert bench.story.cycle.memory.asleep_until_s == bench.story.now_s + 20.0
    assert bench.last.setpoints.battery_asleep
    bench.asked(ForceOutput("battery_sleep", percent, 20.0))
    assert not bench.last.setpoints.battery_asleep


def test_to_keep_a_battery_awake_needs_no_rest() -> None:
    bench = Bench(Story(with_outputs()).running())
    bench.asked(StartTest(600.0), pin=True)
    says = "battery_sleep at 0 % for 60 s"
    assert bench.asked(ForceOutput("battery_sleep", 0.0, 60.0)) == says


def test_another_output_leaves_the_sleep_that_was_asked_for() -> None:
    bench = resting()
    bench.asked(SleepBattery(True, 5_000.0))
    until_s = bench.story.cycle.memory.asleep_until_s
    bench.asked(ForceOutput("led_run", 0.0, 5.0))
    bench.asked(ForceOutput("led_run", None))
    assert bench.story.cycle.memory.asleep_until_s == until_s


@pytest.mark.parametrize(
    ("state", "goal", "reason"),
    [
        (ERROR, RUN, "the box runs again once its errors are gone"),
        (ERROR, IDLE, "going to Resting"),
        (IDLE, RUN, "going to Running"),
        (RUN, RUN, "going to Running"),
    ],
)
def test_an_answer_says_where_the_box_goes(state: State, goal: State, reason: str) -> None:
    assert box(state).ask(GoToState(goal)).reason == reason


@pytest.mark.parametrize("goal", [IDLE, RUN, MAINTENANCE, State.RESTART])
@pytest.mark.parametrize("source", ["cloud", "button", "ctl", "touchscreen"])
def test_a_running_box_is_stopped_from_everywhere(source: str, goal: State) -> None:
    story = box(RUN)
    assert story.ask(GoToState(goal), source).ok
    assert story.last.goal is goal


def test_a_box_that_is_about_to_start_again_begins_no_test_whatever_its_goal() -> None:
    story = box(State.RESTART)
    assert story.ask(GoToState(RUN)).ok
    assert (story.last.state, story.last.goal) == (State.RESTART, RUN)
    story.changes["requests"] = (Request("r", "ctl", StartTest(60.0), authorised=True),)
    (answer,) = story.step().answers
    assert (answer.ok, answer.reason) == (False, "the box is about to start again")


def test_who_ends_a_test_by_asking_for_rest_begins_anew_with_the_count_of_stops() -> None:
    bench = with_pin()
    bench.story.cycle.memory = msgspec.structs.replace(bench.story.cycle.memory, stops=4)
    assert bench.asked(GoToState(IDLE)) == "the test by ctl is over; going to Resting"
    assert bench.story.cycle.memory.stops == 0


SLEEP_REFUSED = "the battery is connected or silent; it must be heard and open before it sleeps"


def test_a_battery_that_is_silent_is_not_sent_to_sleep_unless_it_sleeps() -> None:
    bench = resting()
    bench.story.changes |= {"requests": (), "battery": None}
    answer = bench.story.ask(SleepBattery(True))
    assert (answer.ok, answer.reason) == (False, SLEEP_REFUSED)
    bench = resting()
    bench.asked(SleepBattery(True))
    assert bench.last.setpoints.battery_asleep
    bench.story.changes |= {"battery": None}
    answer = bench.story.ask(SleepBattery(True, 900.0))
    assert (answer.ok, answer.reason) == (True, "the battery sleeps for 900 s")


def test_one_that_sleeps_and_is_heard_connected_is_not_sent_to_sleep_again() -> None:
    bench = resting()
    bench.asked(SleepBattery(True))
    bench.story.changes |= {"battery": battery()}
    answer = bench.story.ask(SleepBattery(True))
    assert (answer.ok, answer.reason) == (False, SLEEP_REFUSED)


def test_a_new_test_forgets_a_power_that_was_held_and_why_the_last_one_ended() -> None:
    bench = with_pin()
    bench.asked(EndTest())
    bench.asked(GoToMode("local_control"))
    bench.asked(SetPower(500.0, 600.0))
    assert (bench.last.test_ended, bench.last.manual is None) == ("ctl ended it", False)
    bench.asked(StartTest(60.0), pin=True)
    assert (bench.last.test_ended, bench.last.manual) == ("", None)


def test_who_asks_a_box_that_awaits_its_start_to_run_has_started_it() -> None:
    for goal, waits in ((IDLE, True), (RUN, False)):
        story = box(IDLE)
        story.cycle.memory = msgspec.structs.replace(story.cycle.memory, awaits_start=True)
        assert story.ask(GoToState(goal)).ok
        assert story.last.awaits_start is waits


def test_a_restart_asked_for_in_a_test_that_never_comes_leads_back_to_maintenance() -> None:
    bench = maintained().up(INIT)
    assert bench.ask(GoToState(State.RESTART)).ok
    assert bench.story.cycle.memory.goal_before is MAINTENANCE
