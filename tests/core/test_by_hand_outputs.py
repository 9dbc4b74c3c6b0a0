"""A test of the box by hand: the outputs it may hold."""

from math import inf, nan

import msgspec
import pytest

from appliance.io.board._lights import DARK, EMERGENCY_STOP, LIGHTS, STEADY, lights
from appliance.io.relays._coils import coils_now
from appliance.mailbox import Slots
from appliance.model import (
    EndTest,
    ForcedActuator,
    ForceOutput,
    Request,
    SleepBattery,
    StartTest,
    StepTo,
)
from appliance.site import PinRelay, SiteSettings
from appliance.testing import outputs_of
from tests.climate.cabinet import home
from tests.core.boxes import (
    IDLE,
    MAINTENANCE,
)
from tests.core.by_hand import Bench, maintained
from tests.core.rig import SITE
from tests.stories import Story, battery, rack


def with_outputs() -> SiteSettings:
    """Fan and heater, a relay that is driven, one that is free."""
    relay = {
        name: PinRelay(driver="gpio", bus="pins", pin=pin)
        for name, pin in (("mat", 5), ("horn", 6))
    }
    sleep = SITE.battery.sleep.model_copy(update={"means": "frame"})
    balancing = SITE.battery.balancing.model_copy(update={"enabled": True})
    own = SITE.battery.model_copy(update={"sleep": sleep, "balancing": balancing})
    return SITE.model_copy(update={"climate": home(), "relays": relay, "battery": own})


def test_what_may_be_held_is_what_moves_no_power() -> None:
    names = outputs_of(with_outputs())
    assert set(names) == {
        "horn",
        "main",
        "mat",
        "led_run",
        "led_error",
        "battery_sleep",
        "balancing",
    }
    assert set(outputs_of(SITE)) == {"led_run", "led_error"}


def test_a_light_is_held_for_its_time() -> None:
    bench = maintained(with_outputs())
    assert bench.asked(ForceOutput("led_run", 100.0, 20.0)) == "led_run at 100 % for 20 s"
    assert lights(bench.last, False).run == STEADY
    assert lights(bench.last, False).error == LIGHTS[MAINTENANCE].error
    assert lights(bench.last, True) == EMERGENCY_STOP
    bench.asked(ForceOutput("led_error", 0.0, 20.0))
    assert (lights(bench.last, False).run, lights(bench.last, False).error) == (STEADY, DARK)
    bench.asked(ForceOutput("led_run", None))
    assert lights(bench.last, False).run == LIGHTS[MAINTENANCE].run
    bench.run(20.0)
    assert lights(bench.last, False) == LIGHTS[MAINTENANCE]
    assert bench.last.test is not None
    assert bench.last.test.outputs == ()


def test_a_free_relay_is_held_and_lets_go_with_the_test() -> None:
    site = with_outputs()
    bench = maintained(site)
    bench.asked(ForceOutput("horn", 100.0, 600.0))
    slots = Slots.create()

    def coils(at_s: float) -> bool:
        return coils_now(site, slots, at_s)["horn"]

    slots.decision.put(bench.last, bench.story.now_s)
    assert coils(bench.story.now_s) is True
    assert coils(bench.story.now_s + 1.1) is False, "nobody decides any more"
    bench.asked(EndTest())
    slots.decision.put(bench.last, bench.story.now_s)
    assert coils(bench.story.now_s) is False


def actuators(bench: Bench) -> list[tuple[str, float]]:
    return [(one.actuator, one.percent) for one in bench.last.forced]


def test_a_fan_is_held_over_what_was_asked_before_and_given_back() -> None:
    bench = maintained(with_outputs())
    bench.asked(ForceOutput("main", 35.0, 600.0))
    assert actuators(bench) == [("main", 35.0)]
    bench.asked(EndTest())
    assert bench.last.forced == ()
    memory = bench.story.cycle.memory
    bench.story.cycle.adopt(
        msgspec.structs.replace(memory, forced=(ForcedActuator("main", 10.0, 1e9),))
    )
    bench.asked(StartTest(600.0))
    bench.asked(ForceOutput("main", 80.0, 600.0))
    assert actuators(bench) == [("main", 80.0)]
    bench.asked(ForceOutput("main", None))
    assert actuators(bench) == [("main", 10.0)]


def test_the_battery_sleeps_for_a_test_under_the_same_conditions() -> None:
    bench = Bench(Story(with_outputs()).running())
    bench.asked(StartTest(600.0), pin=True)
    says = "the battery sleeps only while the box rests; it is Running"
    assert bench.refused(ForceOutput("battery_sleep", 100.0)) == says
    bench.asked(StepTo(IDLE))
    bench.until(IDLE)
    bench.step()
    bench.asked(ForceOutput("battery_sleep", 100.0, 20.0))
    bench.step()
    assert bench.last.setpoints.battery_asleep
    bench.run(21.0)
    assert not bench.last.setpoints.battery_asleep


def test_balancing_is_forbidden_for_a_test() -> None:
    bench = Bench(Story(with_outputs()).running())
    uneven = battery(rack(cell_max_v=3.50, cell_min_v=3.40))
    bench.asked(StartTest(600.0), pin=True)
    bench.run(1.0, battery=uneven)
    allowed = bench.last.setpoints.balancing
    (answer,) = bench.step(
        0.1, Request("r", "ctl", ForceOutput("balancing", 0.0, 10.0), key="me"), battery=uneven
    ).answers
    assert answer.ok
    assert bench.last.setpoints.balancing is False
    bench.run(11.0, battery=uneven)
    assert bench.last.setpoints.balancing is allowed is True


@pytest.mark.parametrize(
    ("want", "says"),
    [
        (ForceOutput("contactors", 100.0), "output = 'contactors' cannot be held; this box has: balancing, "),
        (ForceOutput("battery_mat", 100.0), "output = 'battery_mat' cannot be held; this box has: "),
        (ForceOutput("led_run", 50.0), "percent = 50: a light is on (100) or off (0)"),
        (ForceOutput("horn", nan), "percent = nan: a relay is on (100) or off (0)"),
        (ForceOutput("main", 101.0), "percent = 101 must be between 0 and 100"),
        (ForceOutput("main", nan), "percent = nan must be between 0 and 100"),
        (ForceOutput("main", 10.0, 0.0), "duration_s = 0 must be above 0, at most 3600"),
        (ForceOutput("main", 10.0, inf), "duration_s = inf must be above 0, at most 3600"),
    ],
)  # fmt: skip
def test_an_output_that_cannot_be_is_refused(want: ForceOutput, says: str) -> None:
    bench = maintained(with_outputs())
    assert bench.refused(want).startswith(says)
    assert bench.last.test is not None
    assert bench.last.test.outputs == ()


def test_a_relay_that_is_driven_is_not_an_output_of_its_own() -> None:
    site = with_outputs()
    renamed = {"heat": site.relays["mat"], "horn": site.relays["horn"]}
    assert site.climate is not None
    heater = site.climate.heaters["mat"].model_copy(update={"relay": "heat"})
    climate = site.climate.model_copy(update={"heaters": {"mat": heater}})
    bench = maintained(site.model_copy(update={"relays": renamed, "climate": climate}))
    assert bench.refused(ForceOutput("heat", 100.0)).startswith(
        "output = 'heat' cannot be held; what is driven is held by its name; this box has:"
    )
    assert bench.ask(SleepBattery(False)).ok
