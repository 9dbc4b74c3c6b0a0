"""To the cycle: what is held, asked or counted ends exactly when it was said to end."""

import msgspec
import pytest

from appliance.model import (
    BatteryState,
    ForceClimate,
    ForceOutput,
    GoToMode,
    GoToState,
    HoldPower,
    InverterState,
    ManualPower,
    RescueCharge,
    SetPower,
    StartTest,
    State,
)
from appliance.statemachine.steps import held
from appliance.testing import Rest
from tests.core.boxes import (
    DOWN,
    ERROR,
    IDLE,
    INIT,
    MAINTENANCE,
    OFF,
    PRECHARGE,
    RUN,
    STARTING,
    STOPPING,
    WAKING,
    box,
)
from tests.core.by_hand import maintained, with_pin
from tests.core.test_by_hand_outputs import with_outputs
from tests.stories import Story, battery, inverter, rack, seen


def test_a_manual_power_is_over_at_its_instant() -> None:
    story = box(RUN)
    story.ask(GoToMode("local_control"))
    story.ask(SetPower(500.0, 60.0))
    manual = story.last.manual
    assert manual is not None
    story.step(manual.until_s - 0.001 - story.now_s)
    assert story.last.manual == manual
    story.now_s = manual.until_s
    assert story.step(0.0).manual is None


def test_a_fan_that_is_held_is_let_go_at_its_instant() -> None:
    story = Story(with_outputs()).running()
    story.ask(ForceClimate("main", 40.0, 20.0))
    (held,) = story.last.forced
    story.now_s = held.until_s - 0.001
    assert story.step(0.0).forced == (held,)
    story.now_s = held.until_s
    assert story.step(0.0).forced == ()
    assert story.cycle.memory.forced == (), "and is forgotten"


def test_a_power_in_a_test_is_over_at_its_instant_and_a_light_too() -> None:
    bench = with_pin()
    bench.asked(HoldPower(900.0, 5.0))
    bench.asked(ForceOutput("led_run", 100.0, 5.0))
    test = bench.last.test
    assert test is not None
    assert test.power is not None
    power_s, light_s = test.power.until_s, test.outputs[0].until_s
    assert light_s > power_s
    bench.story.changes["requests"] = ()
    bench.story.now_s = power_s
    now = bench.story.step(0.0).test
    assert now is not None
    assert (now.power, len(now.outputs)) == (None, 1), "one ends, the other goes on"
    bench.story.now_s = light_s
    now = bench.story.step(0.0).test
    assert now is not None
    assert now.outputs == ()


def test_a_light_that_ends_leaves_the_power_as_it_is() -> None:
    bench = with_pin()
    bench.asked(ForceOutput("led_run", 100.0, 2.0))
    bench.asked(HoldPower(900.0, 60.0))
    test = bench.last.test
    assert test is not None
    held = test.power
    bench.run(3.0)
    now = bench.last.test
    assert now is not None
    assert (now.outputs, now.power) == ((), held)
    assert bench.last.setpoints.power_w == 900.0


def test_cycles_are_counted_one_by_one() -> None:
    story = Story()
    first = story.last.cycle
    assert [story.step().cycle for _ in range(4)] == [first + n for n in (1, 2, 3, 4)]
    assert first == 1


@pytest.mark.parametrize("state", [IDLE, MAINTENANCE, ERROR])
def test_a_box_at_rest_wishes_nothing(state: State) -> None:
    decision = box(state).last
    assert (decision.wish_w, decision.limits.max_charge_w, decision.limits.binding) == (0.0, 0.0, None)  # fmt: skip


def test_a_waking_box_that_is_to_rest_does_not_connect_first() -> None:
    story = box(WAKING)
    story.changes |= DOWN
    assert story.ask(GoToState(IDLE)).ok
    assert story.last.state is STOPPING
    assert not story.last.setpoints.contactors_closed


def test_a_faulty_battery_that_is_known_to_be_open_lets_people_work() -> None:
    story = box(IDLE)
    faulty = battery(rack(contactors_closed=False), state=BatteryState.FAULT)
    story.changes |= {"battery": faulty, "inverter": OFF}
    story.ask(GoToState(MAINTENANCE))
    story.run(1.0)
    assert story.last.goal is MAINTENANCE
    assert story.last.state is MAINTENANCE, story.last.why


@pytest.mark.parametrize("state", [InverterState.OFF, InverterState.FAULT])
def test_an_inverter_that_is_off_or_faulty_lets_people_work(state: InverterState) -> None:
    story = box(IDLE)
    story.changes |= {**DOWN, "inverter": inverter(state=state)}
    story.ask(GoToState(MAINTENANCE))
    assert story.run(0.5).state is MAINTENANCE


def test_a_box_under_test_never_wakes_a_battery_by_itself() -> None:
    story = box(INIT)
    assert Rest().wakes(seen(story.now_s), story.cycle.memory) is False


def test_the_wish_of_a_test_is_its_power_and_says_for_how_long() -> None:
    bench = with_pin()
    memory = bench.story.cycle.memory
    assert memory.test is not None
    now = seen(1_000.0)
    rest = Rest().wish(now, memory)
    assert (rest.power_w, rest.reason) == (0.0, "no power was asked for")
    test = msgspec.structs.replace(memory.test, power=ManualPower(-700.0, 1_012.0))
    held = Rest().wish(now, msgspec.structs.replace(memory, test=test))
    assert (held.power_w, held.reason) == (-700.0, "for another 12 s")
    assert Rest().wish(now, msgspec.structs.replace(memory, test=None)).power_w == 0.0


@pytest.mark.parametrize(("asked_s", "ok"), [(3_600.0, True), (3_600.1, False), (0.1, True)])
def test_the_longest_and_the_shortest_test(asked_s: float, ok: bool) -> None:
    assert box(MAINTENANCE).ask(StartTest(asked_s)).ok is ok


def test_a_test_holds_back_on_the_way_up_alone() -> None:
    bench = maintained().up(INIT, PRECHARGE, STARTING, RUN)
    memory = bench.story.cycle.memory
    assert memory.test is not None
    assert memory.test.step is RUN
    for state in (State.SLEEP, STOPPING, ERROR, IDLE, MAINTENANCE, INIT, WAKING, STARTING, RUN):
        assert held(memory, state) is False
    below = msgspec.structs.replace(memory.test, step=PRECHARGE)
    memory = msgspec.structs.replace(memory, test=below)
    assert [held(memory, one) for one in (PRECHARGE, WAKING, STARTING, RUN, State.SLEEP)] == [
        False, False, True, True, False,
    ]  # fmt: skip
    assert held(msgspec.structs.replace(memory, test=None), RUN) is False


def test_an_empty_battery_rests_in_a_test_too() -> None:
    bench = maintained().up(INIT, PRECHARGE, STARTING, RUN)
    empty = battery(soc_pct=10.0)
    bench.story.cycle.memory = msgspec.structs.replace(
        bench.story.cycle.memory, state_since_s=bench.story.now_s - 301.0
    )
    assert bench.step(battery=empty).state is State.SLEEP


def test_a_rescue_of_a_battery_that_is_well_ends_although_no_error_is_there() -> None:
    story = box(RUN)
    memory = story.cycle.memory
    story.cycle.memory = msgspec.structs.replace(memory, rescue=RescueCharge(story.now_s - 60.0))
    assert story.step().errors == ()
    rescue = story.cycle.memory.rescue
    assert rescue is None or rescue.rests_until_s is not None
