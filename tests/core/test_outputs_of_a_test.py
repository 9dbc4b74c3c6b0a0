"""What a test of the box may hold by the site's settings, and what its end leaves behind."""

from typing import Any

import msgspec
import pytest

from appliance.model import (
    EndTest,
    ForcedActuator,
    ForceOutput,
    HoldPower,
    Memory,
    MeterReading,
    RunningTest,
    SleepBattery,
    State,
)
from appliance.site import SiteSettings, Sleep
from appliance.testing import Output, forced_now, look, outputs_of, without_test
from tests.core.boxes import IDLE, PRESSED, RUN, box
from tests.core.by_hand import with_pin
from tests.core.rig import SITE
from tests.core.test_answers_to_tests import resting
from tests.core.test_by_hand_outputs import with_outputs
from tests.stories import Story, seen


def test_each_output_is_of_its_kind() -> None:
    assert outputs_of(with_outputs()) == {
        "horn": Output.RELAY, "main": Output.CLIMATE, "mat": Output.CLIMATE,
        "led_run": Output.LIGHT, "led_error": Output.LIGHT,
        "battery_sleep": Output.BATTERY, "balancing": Output.BATTERY,
    }  # fmt: skip


def changed(site: SiteSettings, **battery: Any) -> SiteSettings:
    return site.model_copy(update={"battery": site.battery.model_copy(update=battery)})


def test_a_relay_that_puts_the_battery_to_sleep_is_held_by_the_sleep_alone() -> None:
    site = changed(with_outputs(), sleep=Sleep(means="relay", relay="horn"))
    assert "horn" not in outputs_of(site)
    assert outputs_of(site)["battery_sleep"] is Output.BATTERY
    assert "battery_sleep" not in outputs_of(changed(site, sleep=Sleep()))


def test_without_climate_every_relay_is_free() -> None:
    site = with_outputs().model_copy(update={"climate": None})
    kinds = outputs_of(site)
    assert (kinds["horn"], kinds["mat"], "main" in kinds) == (Output.RELAY, Output.RELAY, False)


def test_a_sleep_of_the_test_ends_with_it_and_another_goes_on() -> None:
    bench = resting()
    bench.asked(ForceOutput("battery_sleep", 100.0, 300.0))
    held = bench.last.setpoints
    assert held.battery_asleep
    bench.asked(EndTest())
    assert bench.story.cycle.memory.asleep_until_s in (0.0, None)
    assert not bench.last.setpoints.battery_asleep
    bench = resting()
    bench.asked(SleepBattery(True, 300.0))
    until_s = bench.story.cycle.memory.asleep_until_s
    bench.asked(ForceOutput("led_run", 100.0, 300.0))
    ended = without_test(bench.story.cycle.memory, "so")
    assert ended.asleep_until_s == until_s


HELD = ForcedActuator("main", 80.0, 160.0)
TEST = RunningTest("ctl", "me", 700.0, 100.0, True, RUN, outputs=(HELD,))
MEMORY = Memory(state=RUN, goal=IDLE, test=TEST, asleep_until_s=5_000.0)


def test_the_end_of_a_test_gives_back_the_goal_and_says_why() -> None:
    ended = without_test(MEMORY, "its time is over")
    assert (ended.test, ended.goal, ended.test_ended) == (None, RUN, "its time is over")
    assert ended.asleep_until_s == 5_000.0
    sleeping = msgspec.structs.replace(
        TEST, outputs=(HELD, ForcedActuator("battery_sleep", 100.0, 160.0))
    )
    ended = without_test(msgspec.structs.replace(MEMORY, test=sleeping), "so")
    assert ended.asleep_until_s == 0.0
    nothing = msgspec.structs.replace(MEMORY, test=None)
    assert without_test(nothing, "so") == nothing


@pytest.mark.parametrize(
    ("now_s", "ended"),
    [
        (100.0, None), (110.0, None), (110.001, "ctl was not heard for 10 s"),
        (700.0, "its time is over"), (699.999, "ctl was not heard for 10 s"),
    ],
)  # fmt: skip
def test_a_test_is_over_when_it_is(now_s: float, ended: str | None) -> None:
    after = look(MEMORY, seen(now_s))
    assert (after.test is None) is (ended is not None)
    assert after.test_ended == (ended or "")
    assert look(msgspec.structs.replace(MEMORY, test=None), seen(now_s)).test is None


def test_what_is_held_by_the_test_goes_before_what_was_asked() -> None:
    site = with_outputs()
    asked = (ForcedActuator("main", 10.0, 900.0), ForcedActuator("mat", 0.0, 900.0))
    assert forced_now(MEMORY, asked, site) == (asked[1], HELD)
    assert forced_now(msgspec.structs.replace(MEMORY, test=None), asked, site) == asked
    light = msgspec.structs.replace(TEST, outputs=(ForcedActuator("led_run", 0.0, 160.0),))
    assert forced_now(msgspec.structs.replace(MEMORY, test=light), asked, site) == asked
    assert forced_now(MEMORY, (), SITE) == ()


# ---------------------------------------------------------------- what the cycle tells


def test_a_decision_tells_the_test_and_why_the_last_one_ended() -> None:
    bench = with_pin()
    assert bench.last.update_allowed is False
    bench.asked(HoldPower(900.0, 60.0))
    assert (bench.last.wish_w, bench.last.setpoints.power_w) == (900.0, 900.0)
    bench.asked(EndTest())
    assert (bench.last.test, bench.last.test_ended) == (None, "ctl ended it")


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        (State.INIT, False), (State.PRECHARGE, False), (State.STARTING, False), (State.RUN, False),
        (State.STOPPING, False), (State.SLEEP, True), (State.IDLE, True), (State.MAINTENANCE, True),
        (State.RESTART, False), (State.REBOOT, False),
    ],
)  # fmt: skip
def test_software_is_replaced_at_rest_only(state: State, allowed: bool) -> None:
    assert box(state).last.update_allowed is allowed


def test_a_mode_that_cannot_say_holds_0_w_and_says_so() -> None:
    story = Story().running()
    decision = story.run(0.5, grid=None)
    assert decision.wish_w is None
    assert decision.setpoints.power_w == 0.0
    assert "Self-consumption cannot say" in decision.why


def test_a_decision_tells_where_the_mode_is_heading() -> None:
    story = Story().running()
    first = story.step(grid=MeterReading(3_000.0))
    assert first.wish_w is not None
    assert first.wish_w > first.setpoints.power_w >= 0.0


@pytest.mark.parametrize(
    ("trouble", "allowed"),
    [({}, True), ({"board": PRESSED}, False), ({"clock_trusted": False}, False), ({"pv": None}, True)],
)  # fmt: skip
def test_nor_in_an_emergency_nor_where_an_error_forbids_it(
    trouble: dict[str, Any], allowed: bool
) -> None:
    story = box(IDLE)
    story.run(6.0, **trouble)
    assert not story.last.setpoints.contactors_closed
    assert story.last.update_allowed is allowed
