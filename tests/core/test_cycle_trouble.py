"""What one cycle decides when something is wrong: emergencies, resets, maintenance."""

from typing import NoReturn

import pytest

from appliance.config import build_modes
from appliance.model import (
    BatteryState,
    BoardReading,
    GoToState,
    InverterState,
    Memory,
    MeterReading,
    ResetEstop,
    Snapshot,
    State,
    Wish,
)
from tests.stories import Story, battery, inverter, rack


def test_emergency_stop_is_immediate_latched_and_needs_hands() -> None:
    story = Story().running()
    story.run(2.0, grid=MeterReading(power_w=2_000.0), battery=battery(current_a=5.0))
    decision = story.step(board=BoardReading(estop_pressed=True))
    assert decision.setpoints.power_w == 0.0
    assert not decision.setpoints.inverter_on
    assert decision.state is State.ERROR
    assert "Emergency stop" in decision.why
    assert not story.run(0.6).setpoints.contactors_closed
    assert not story.ask(ResetEstop()).ok
    assert "still pressed" in story.ask(ResetEstop()).reason
    story.changes["battery"] = battery(state=BatteryState.STANDBY)
    story.run(60.0, board=BoardReading(estop_pressed=False))
    assert story.last.why.startswith("Fault")
    assert not story.ask(GoToState(State.RUN)).ok
    assert not story.ask(ResetEstop(), "cloud").ok
    assert story.ask(ResetEstop()).ok
    assert story.run(60.0).state is State.IDLE
    assert story.ask(GoToState(State.RUN)).ok
    assert story.run(10.0).why.startswith("Connecting")
    assert story.run(0.2, battery=battery()).state is State.RUN


def test_contactors_open_after_a_limit_when_the_current_does_not_fall() -> None:
    story = Story().running()
    story.run(1.0, battery=battery(current_a=9.0))
    story.ask(GoToState(State.IDLE))
    assert story.run(2.5).setpoints.contactors_closed
    assert not story.run(1.0).setpoints.contactors_closed


def test_start_that_does_not_succeed_is_an_error_with_a_name() -> None:
    story = Story(changes={"battery": battery(state=BatteryState.STANDBY)})
    decision = story.run(21.0)
    assert decision.state is State.ERROR
    assert 105 in [error.number for error in decision.errors]
    story = Story(changes={"inverter": inverter(state=InverterState.OFF)})
    assert story.run(59.0).state is State.STARTING
    decision = story.run(2.0)
    assert decision.state is State.ERROR
    assert 204 in [error.number for error in decision.errors]


def test_a_device_that_stopped_by_itself_is_reset_once_the_box_has_settled() -> None:
    story = Story().running()
    alarm = inverter(state=InverterState.FAULT, faults=("communication",))
    story.run(2.0, inverter=alarm, battery=battery(state=BatteryState.STANDBY))
    assert story.last.state == "error"
    assert not story.last.setpoints.reset_faults
    assert story.run(2.0).setpoints.reset_faults
    assert not story.last.setpoints.inverter_on
    story.run(10.0, inverter=inverter(state=InverterState.OFF))
    assert story.last.state is State.PRECHARGE


def test_nothing_is_reset_in_an_emergency() -> None:
    story = Story().running()
    alarm = inverter(state=InverterState.FAULT, faults=("communication",))
    pressed = BoardReading(estop_pressed=True)
    story.run(20.0, inverter=alarm, board=pressed, battery=battery(state=BatteryState.STANDBY))
    assert not story.last.setpoints.reset_faults


def test_an_emergency_stop_survives_a_mode_that_crashes_in_the_same_cycle() -> None:
    story = Story().running()

    class Broken:
        def wish(self, _seen: Snapshot, _memory: Memory) -> Wish:
            raise ZeroDivisionError

        def wakes(self, _seen: Snapshot, _memory: Memory) -> bool:
            raise ZeroDivisionError

    modes, titles = build_modes(story.site)
    story.cycle._programme._modes = {**modes, "self_consumption": Broken()}
    with pytest.raises(ZeroDivisionError):
        story.step(board=BoardReading(estop_pressed=True))
    story.cycle._programme._modes = modes
    decision = story.step()
    assert [error.number for error in decision.errors] == [401]
    assert decision.state is State.ERROR
    assert set(titles) == set(modes)


def test_a_box_that_stops_again_and_again_waits_longer_each_time() -> None:
    story = Story().running()
    closings = 0
    closed = True
    for _ in range(6_000):
        faulty = story.cycle.memory.state is State.RUN
        on = story.last.setpoints.inverter_on
        state = InverterState.RUNNING if on else InverterState.OFF
        state = InverterState.FAULT if faulty else state
        connected = (
            BatteryState.CONNECTED
            if story.last.setpoints.contactors_closed
            else BatteryState.STANDBY
        )
        decision = story.step(inverter=inverter(state=state), battery=battery(state=connected))
        closings += decision.setpoints.contactors_closed and not closed
        closed = decision.setpoints.contactors_closed
    assert 3 <= closings <= 9
    assert story.ask(GoToState(State.RUN)).ok
    assert story.cycle.memory.stops == 0


def maintained() -> Story:
    story = Story().running()
    story.ask(GoToState(State.MAINTENANCE))
    story.run(1.0, inverter=inverter(state=InverterState.OFF))
    open_ = battery(rack(contactors_closed=False), state=BatteryState.STANDBY)
    story.run(1.0, battery=open_)
    assert story.last.state is State.MAINTENANCE
    return story


def test_maintenance_begins_only_when_all_is_known_to_be_off() -> None:
    story = Story().running()
    story.ask(GoToState(State.MAINTENANCE))
    story.run(9.0, battery=battery(state=BatteryState.STANDBY), inverter=None)
    assert story.last.state is not State.MAINTENANCE


def test_maintenance_is_ended_on_site_only_and_bears_a_pressed_stop() -> None:
    story = maintained()
    refused = story.ask(GoToState(State.RUN), "cloud")
    assert (refused.ok, refused.reason) == (
        False, "the box is in maintenance; only somebody on site may end it",
    )  # fmt: skip
    assert not story.ask(GoToState(State.RESTART), "cloud").ok
    states = {story.step(board=BoardReading(estop_pressed=True)).state for _ in range(100)}
    assert states == {State.ERROR}


def test_more_power_than_asked_for_stops_the_box() -> None:
    story = Story().running()
    decision = story.run(6.0, inverter=inverter(4_000.0), grid=MeterReading(power_w=-4_000.0))
    assert 205 in [error.number for error in decision.errors]
    assert decision.state is State.ERROR
    story = Story().running()
    story.run(6.0, grid=MeterReading(power_w=3_000.0), inverter=inverter(0.0))
    assert story.last.errors == (), "less than asked for is the inverter's own right"


def test_a_battery_that_stays_connected_is_critical() -> None:
    story = Story().running()
    story.ask(GoToState(State.IDLE))
    decision = story.run(15.0, inverter=inverter(state=InverterState.OFF))
    assert 104 in [error.number for error in decision.errors]


def test_a_reset_in_a_cycle_that_crashes_is_none() -> None:
    """Its answer never came, and the memory that nothing starts by itself went with it."""
    story = Story().running()
    story.run(0.2, board=BoardReading(estop_pressed=True))
    story.run(4.0, board=BoardReading(estop_pressed=False))
    add = story.cycle._care.add

    def crash(*_: object) -> NoReturn:
        story.cycle._care.add = add  # type: ignore[method-assign]
        raise RuntimeError

    story.cycle._care.add = crash  # type: ignore[method-assign,assignment]
    with pytest.raises(RuntimeError):
        story.ask(ResetEstop())
    story.changes["requests"] = ()
    story.run(10.0)
    assert 401 in [error.number for error in story.last.errors]
    assert story.last.state is State.ERROR
