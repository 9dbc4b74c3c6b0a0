"""The longest, the shortest, the most and the least that may be asked for."""

import msgspec
import pytest

from appliance.model import CapPower, ForceClimate, PowerCap, SleepBattery, State
from tests.core.boxes import OFF, OPEN, RUN, box
from tests.core.test_by_hand_outputs import with_outputs
from tests.stories import Story

MONTH_S = 2_592_000.0
TEN_YEARS_S = 315_360_000.0


def resting(state: State = State.IDLE) -> Story:
    """A box at rest whose battery can sleep."""
    story = Story(with_outputs(), changes={"battery": OPEN, "inverter": OFF})
    goal = State.IDLE if state is State.IDLE else RUN
    memory = story.cycle.memory
    story.cycle.memory = msgspec.structs.replace(
        memory, state=state, state_since_s=story.now_s, goal=goal
    )
    assert story.step().state is state
    return story


@pytest.mark.parametrize("state", [State.IDLE, State.SLEEP])
@pytest.mark.parametrize(
    ("duration_s", "ok"),
    [(0.5, True), (MONTH_S, True), (MONTH_S + 1.0, False), (0.0, False)],
)
def test_a_battery_sleeps_up_to_a_month(state: State, duration_s: float, ok: bool) -> None:
    story = resting(state)
    answer = story.ask(SleepBattery(True, duration_s))
    assert answer.ok is ok, answer.reason
    if ok:
        assert story.cycle.memory.asleep_until_s == story.now_s + duration_s
        assert answer.reason == f"the battery sleeps for {duration_s:.0f} s"


def test_or_until_it_is_woken() -> None:
    story = resting()
    assert story.ask(SleepBattery(True)).reason == "the battery sleeps until it is woken"
    assert story.cycle.memory.asleep_until_s == story.now_s + TEN_YEARS_S
    asleep = story.last.setpoints
    assert asleep.battery_asleep
    assert story.ask(SleepBattery(False)).reason == "the battery is being woken"
    woken = story.last.setpoints
    assert not woken.battery_asleep
    assert story.ask(SleepBattery(False)).reason == "the battery is awake"


def test_where_there_are_means() -> None:
    answer = box(State.IDLE).ask(SleepBattery(True))
    says = "this battery has no means to sleep (battery.sleep.means in site.toml)"
    assert (answer.ok, answer.reason) == (False, says)


@pytest.mark.parametrize(
    ("cap", "says"),
    [
        (CapPower(5_000.0, 0.0), "no more than: charge 5000 W, discharge 0 W"),
        (CapPower(0.0, 5_000.0), "no more than: charge 0 W, discharge 5000 W"),
        (CapPower(0.5, None), "no more than: charge 0 W"),
    ],
)
def test_a_cap_from_nothing_to_the_rating(cap: CapPower, says: str) -> None:
    story = box(RUN)
    answer = story.ask(cap)
    assert (answer.ok, answer.reason) == (True, says)
    assert story.last.cap == PowerCap(cap.max_charge_w, cap.max_discharge_w, "ctl")


@pytest.mark.parametrize(
    ("percent", "duration_s", "ok"),
    [
        (0.0, 60.0, True), (0.5, 60.0, True), (100.0, 3_600.0, True), (100.1, 60.0, False),
        (-0.1, 60.0, False), (50.0, 3_600.1, False),
    ],
)  # fmt: skip
def test_a_fan_from_nothing_to_all(percent: float, duration_s: float, ok: bool) -> None:
    story = Story(with_outputs()).running()
    assert story.ask(ForceClimate("main", percent, duration_s)).ok is ok
    assert [(one.actuator, one.percent) for one in story.last.forced] == (
        [("main", percent)] if ok else []
    )
