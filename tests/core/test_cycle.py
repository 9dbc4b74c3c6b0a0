"""Cycles: hand-made snapshots in, Decision and `why` out."""

import pytest

from appliance.config import build_modes
from appliance.model import (
    AckErrors,
    BatteryState,
    BoardReading,
    Effect,
    GoToMode,
    GoToState,
    InverterState,
    Memory,
    MeterReading,
    ResetEstop,
    SensorReading,
    SetPower,
    Snapshot,
    State,
    Wish,
)
from tests.stories import Story, battery, inverter, rack


def test_starts_in_order_and_says_so() -> None:
    story = Story(
        changes={
            "battery": battery(state=BatteryState.STANDBY),
            "inverter": inverter(state=InverterState.OFF),
        }
    )
    assert story.last.why == "Connecting: all devices answer"
    assert story.step().why.startswith("Connecting: waiting for the battery to connect")
    assert story.last.setpoints.contactors_closed
    assert story.last.setpoints.inverter_on
    assert story.last.setpoints.power_w == 0.0
    story.step(battery=battery(), inverter=inverter())
    assert story.last.why == "Running: battery and inverter are ready"


def test_import_makes_it_discharge_and_export_makes_it_charge() -> None:
    story = Story().running()
    importing = story.run(1.0, grid=MeterReading(power_w=900.0)).setpoints.power_w
    assert importing > 100.0
    story = Story().running()
    assert story.run(1.0, grid=MeterReading(power_w=-900.0)).setpoints.power_w < -100.0


def test_why_names_wish_and_cell_that_holds_it_back() -> None:
    story = Story().running()
    full = battery(rack(1), rack(2, cell_max_v=3.61, cell_max_v_at="2.14"))
    decision = story.run(3.0, grid=MeterReading(power_w=-3_000.0), battery=full)
    assert decision.why == "Self-consumption wants -3000 W; cell 2.14 at 3.61 V allows -1250 W"
    assert decision.setpoints.power_w == -1250.0
    assert decision.limits.binding == "cell voltage"
    assert decision.wish_w == -3000.0


def test_within_the_dead_band_nothing_moves() -> None:
    story = Story().running()
    assert story.run(5.0, grid=MeterReading(power_w=8.0)).setpoints.power_w == 0.0


def test_hours_at_a_limit_do_not_wind_up() -> None:
    story = Story().running()
    story.run(600.0, grid=MeterReading(power_w=9_000.0), inverter=inverter(5_000.0))
    assert story.last.setpoints.power_w == 5_000.0
    story.run(1.0, grid=MeterReading(power_w=-3_000.0))
    assert story.last.setpoints.power_w < 3_000.0


def test_grid_meter_silent_means_no_power_but_stays_connected() -> None:
    story = Story().running()
    story.run(2.0, grid=MeterReading(power_w=2_000.0))
    decision = story.step(grid=None)
    assert decision.setpoints.power_w == 0.0
    assert decision.why == "Self-consumption cannot say: the grid meter is silent; 0 W"
    decision = story.run(1.5)
    assert [error.number for error in decision.errors] == [301]
    assert decision.state is State.RUN
    decision = story.run(3.5, grid=MeterReading(power_w=500.0))
    assert decision.errors == ()
    assert decision.setpoints.power_w > 0.0


def test_silent_battery_stops_and_comes_back_by_itself() -> None:
    story = Story().running()
    story.run(1.0, grid=MeterReading(power_w=2_000.0))
    assert story.step(battery=None).setpoints.power_w == 0.0
    decision = story.run(1.2)
    assert decision.state is State.ERROR
    assert "101" in decision.why
    story.run(12.0, battery=battery())
    assert story.last.state is State.RUN


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
    assert story.run(10.0).why.startswith("Connecting")
    assert story.run(0.2, battery=battery()).state is State.RUN


def test_going_down_is_power_then_inverter_then_contactors() -> None:
    story = Story().running()
    story.run(2.0, grid=MeterReading(power_w=2_000.0), battery=battery(current_a=5.0))
    assert story.ask(GoToState(State.IDLE)).ok
    first = story.last.setpoints
    assert (first.power_w, first.inverter_on, first.contactors_closed) == (0.0, True, True)
    second = story.step(battery=battery(current_a=0.3)).setpoints
    assert (second.inverter_on, second.contactors_closed) == (False, True)
    third = story.step(inverter=inverter(state=InverterState.OFF)).setpoints
    assert (third.inverter_on, third.contactors_closed) == (False, False)
    story.run(1.0, battery=battery(state=BatteryState.STANDBY))
    assert story.last.state is State.IDLE


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


def test_hot_box_holds_power_but_stays_connected() -> None:
    story = Story().running()
    decision = story.run(
        6.0, box=SensorReading(temperature_c=70.0), grid=MeterReading(power_w=900.0)
    )
    assert decision.setpoints.power_w == 0.0
    assert decision.state is State.RUN
    assert "502 Box too hot allows 0 W" in decision.why


def test_cold_cells_discharge_but_do_not_charge() -> None:
    cold = battery(rack(cell_min_c=-3.0))
    story = Story().running()
    assert story.run(3.0, battery=cold, grid=MeterReading(power_w=-900.0)).setpoints.power_w == 0.0
    assert story.run(3.0, grid=MeterReading(power_w=900.0)).setpoints.power_w > 100.0


def test_requests_are_answered_with_a_reason() -> None:
    story = Story().running()
    assert story.ask(GoToMode("passive"), "cloud").ok
    assert (story.last.mode, story.last.mode_by) == ("passive", "cloud")
    refused = story.ask(GoToMode("perpetual_motion"))
    assert not refused.ok
    assert "perpetual_motion" in refused.reason
    assert "passive" in refused.reason
    assert "cannot be asked for" in story.ask(GoToState(State.ERROR)).reason
    assert "not an error" in story.ask(AckErrors(999)).reason
    assert "local_control only" in story.ask(SetPower(100.0, 10.0)).reason


def test_manual_power_ends_by_itself() -> None:
    story = Story().running()
    story.ask(GoToMode("local_control"))
    assert "between -5000 and 5000" in story.ask(SetPower(9_000.0, 10.0)).reason
    assert "at most 3600" in story.ask(SetPower(900.0, 9_999.0)).reason
    assert story.ask(SetPower(-900.0, 10.0)).ok
    assert story.run(5.0).setpoints.power_w == -900.0
    assert story.run(6.0).setpoints.power_w == 0.0


def test_acknowledging_clears_nothing() -> None:
    story = Story().running()
    story.run(3.0, grid=None)
    assert story.ask(AckErrors(301), "touchscreen").ok
    (error,) = story.last.errors
    assert error.acknowledged_by == "touchscreen"
    assert Effect.NO_CHARGE in error.effects


def test_connection_is_not_overloaded() -> None:
    story = Story().running()
    story.ask(GoToMode("local_control"))
    story.ask(SetPower(-5_000.0, 600.0))
    decision = story.step(grid=MeterReading(power_w=14_000.0), inverter=inverter(0.0))
    assert decision.setpoints.power_w == -3_000.0
    assert decision.limits.binding == "grid connection"


def test_reserve_is_kept() -> None:
    story = Story().running()
    empty = battery(soc_pct=10.0)
    assert story.run(3.0, battery=empty, grid=MeterReading(power_w=900.0)).setpoints.power_w == 0.0
    assert "state of charge 10.0 %" in story.last.why


def test_goes_on_from_what_was_left() -> None:
    story = Story().running()
    story.run(2.0, grid=MeterReading(power_w=1_000.0))
    again = Story()
    again.cycle.adopt(story.cycle.memory)
    again.changes, again.now_s = dict(story.changes), story.now_s
    assert again.step().state is State.RUN
    assert again.last.setpoints.power_w > 0.0


def test_an_empty_battery_sleeps_and_wakes_for_the_sun() -> None:
    story = Story().running()
    empty = battery(soc_pct=10.2)
    story.run(295.0, battery=empty, grid=MeterReading(power_w=400.0))
    assert story.last.state is State.RUN
    assert story.run(10.0).state is State.SLEEP
    assert not story.last.setpoints.contactors_closed
    story.run(70.0, battery=battery(soc_pct=10.2, state=BatteryState.STANDBY))
    assert story.last.why == "Sleeping: the battery is empty and waits for energy to store"
    decision = story.run(0.1, grid=MeterReading(power_w=-400.0))
    assert decision.why == "Connecting: there is energy to store"
    assert story.run(5.0, battery=empty).setpoints.power_w < -100.0


def test_a_passive_box_sleeps_on() -> None:
    story = Story().running()
    story.ask(GoToMode("passive"))
    empty = battery(soc_pct=10.2)
    story.run(305.0, battery=empty, grid=MeterReading(power_w=-4_000.0))
    assert story.last.state is State.SLEEP
    asleep = battery(soc_pct=10.2, state=BatteryState.STANDBY)
    assert story.run(400.0, battery=asleep).state is State.SLEEP
    assert story.ask(GoToMode("self_consumption")).ok
    assert story.run(1.0, battery=empty).state is State.RUN


def test_a_device_that_stopped_by_itself_is_reset_once_the_box_has_settled() -> None:
    story = Story().running()
    alarm = inverter(state=InverterState.FAULT, faults=("communication",))
    story.run(2.0, inverter=alarm, battery=battery(state=BatteryState.STANDBY))
    assert story.last.state == "error"
    assert not story.last.setpoints.reset_faults
    assert story.run(2.0).setpoints.reset_faults
    assert not story.last.setpoints.inverter_on
    story.run(10.0, inverter=inverter(state=InverterState.OFF))
    assert story.last.state is State.STARTING


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
    story.cycle._modes = {**modes, "self_consumption": Broken()}
    with pytest.raises(ZeroDivisionError):
        story.step(board=BoardReading(estop_pressed=True))
    story.cycle._modes = modes
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
    decision = story.run(6.0, inverter=inverter(4_000.0))
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
