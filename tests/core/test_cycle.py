"""Cycles: hand-made snapshots in, Decision and `why` out."""

from appliance.model import (
    AckErrors,
    BatteryState,
    Effect,
    GoToMode,
    GoToState,
    InverterState,
    MeterReading,
    SensorReading,
    SetPower,
    State,
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
    assert story.step().why == "Connecting: waiting for the battery's contactors to close"
    closing = story.last.setpoints
    assert (closing.contactors_closed, closing.inverter_on, closing.power_w) == (True, False, 0.0)
    assert story.step(battery=battery()).why == "Starting: the battery is connected"
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
