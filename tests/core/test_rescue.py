"""The rescue charge: a critically low battery gets a trickle from the grid, and only when that is safe."""

from typing import Any

import msgspec
import pytest

from appliance.config import load_site
from appliance.errors import ROWS
from appliance.errors.critically_low import critically_low, forbids_rescue, not_yet_up
from appliance.model import (
    ActiveError,
    BatteryReading,
    BatteryState,
    BoardReading,
    CapPower,
    Decision,
    GoToState,
    GridView,
    InverterState,
    Memory,
    MeterReading,
    PhaseReading,
    RescueCharge,
    ResetEstop,
    State,
)
from appliance.recall import starting_memory
from appliance.site import Battery, SiteSettings
from appliance.site.rescue import Rescue
from appliance.store.notebook import durable_of
from tests.stories import HOME, NOON, Story, battery, inverter, rack, seen

SITE = load_site(HOME)
TRICKLE_W = 0.02 * SITE.battery.capacity_wh
IMPORT: dict[str, Any] = {"grid": MeterReading(400.0)}


def low(
    cell_v: float = 2.78, soc_pct: float = 8.0, closed: bool = True, **changes: Any
) -> BatteryReading:
    """Cells far down, alike."""
    state = BatteryState.CONNECTED if closed else BatteryState.STANDBY
    cells = rack(cell_min_v=cell_v, cell_max_v=cell_v + 0.05, contactors_closed=closed, **changes)
    return battery(cells, soc_pct=soc_pct, state=state, power_w=-150.0 if closed else 0.0)


def with_rescue(**changes: Any) -> SiteSettings:
    wanted = SITE.battery.model_copy(update={"rescue": Rescue(**changes)})
    return SITE.model_copy(update={"battery": wanted})


def numbers(decision: Decision) -> list[int]:
    return [error.number for error in decision.errors]


def asleep_and_empty(site: SiteSettings = SITE) -> Story:
    """In SLEEP: 400 W are imported and there is nothing to store."""
    story = Story(site, changes=dict(IMPORT)).running()
    story.step(301.0, battery=battery(soc_pct=9.0))
    story.run(0.5, battery=low(3.05, closed=False), inverter=inverter(state=InverterState.OFF))
    assert story.last.state is State.SLEEP, story.last.why
    del story.changes["inverter"]
    return story


def resting() -> Story:
    story = Story(changes=dict(IMPORT)).running()
    story.ask(GoToState(State.IDLE))
    story.run(0.5, battery=low(3.05, closed=False), inverter=inverter(state=InverterState.OFF))
    assert story.last.state is State.IDLE
    del story.changes["inverter"]
    return story


def rescued(story: Story, seconds: float = 70.0) -> Decision:
    """Let it become critically low; it connects when it is told to."""
    story.run(0.1, battery=low(closed=False))
    for _ in range(round(seconds)):
        closed = story.last.setpoints.contactors_closed
        story.step(1.0, battery=low(closed=closed))
    return story.last


def test_from_empty_to_rescued_and_back_to_sleep() -> None:
    story = asleep_and_empty()
    assert story.run(59.9, battery=low(closed=False)).state is State.SLEEP
    while story.last.state == "sleep" and story.now_s < 600.0:
        story.step()
    assert story.last.why == "Connecting: the battery is critically low (error 113 A cell is empty)"
    story.run(0.3, battery=low())
    decision = story.run(0.3)
    assert (decision.state, decision.goal) == (State.RUN, State.RUN)
    assert decision.setpoints.power_w == pytest.approx(-TRICKLE_W)
    assert decision.why == "rescue charge wants -212 W, cell 1.7 at 2.78 V"
    assert 115 in numbers(decision) and 116 not in numbers(decision)
    story.step(3_600.0, battery=low(2.99, 9.9))
    assert story.last.setpoints.power_w == pytest.approx(-TRICKLE_W), "2.99 V is not enough"
    story.step(10.0, battery=low(3.0, 9.9))
    assert story.last.setpoints.power_w == pytest.approx(-TRICKLE_W), "9.9 % is not enough"
    story.step(10.0, battery=low(3.0, 10.0))
    story.step(1.0)  # the mode goes on from the power that it finds
    assert story.last.setpoints.power_w == 0.0
    assert "rescue" not in story.last.why
    story.step(11.0)
    assert 115 not in numbers(story.last)
    story.step(10.0)
    assert story.last.state is State.SLEEP


def test_it_goes_back_to_rest_when_it_rested() -> None:
    story = resting()
    decision = rescued(story)
    assert (decision.state, decision.goal) == (State.RUN, State.IDLE)
    assert decision.setpoints.power_w == pytest.approx(-TRICKLE_W)
    story.run(0.2, battery=low(3.01, 10.0))
    assert (story.last.state, story.last.goal) == (State.STOPPING, State.IDLE)
    story.run(0.5, battery=low(3.01, 10.0, closed=False))
    assert story.last.state is State.IDLE


@pytest.mark.parametrize("goal", [State.MAINTENANCE, State.RESTART])
def test_who_asks_for_more_than_rest_gets_it(goal: State) -> None:
    story = asleep_and_empty()
    assert rescued(story).state is State.RUN
    story.ask(GoToState(goal))
    assert story.last.state is State.STOPPING
    assert story.last.setpoints.power_w == 0.0
    assert story.run(5.0, battery=low(closed=False)).state is goal


def test_never_out_of_maintenance_nor_out_of_a_fault() -> None:
    story = resting()
    story.ask(GoToState(State.MAINTENANCE))
    assert story.run(0.5).state is State.MAINTENANCE
    assert rescued(story, 200.0).state is State.MAINTENANCE
    assert story.cycle.memory.rescue is None
    story = asleep_and_empty()
    story.run(2.0, board=BoardReading(estop_pressed=True))
    assert rescued(story, 200.0).state is State.ERROR
    assert story.cycle.memory.rescue is None


@pytest.mark.parametrize(
    ("settings", "begins"), [({}, True), ({"from_idle": False}, False), ({"enabled": False}, False)]
)
def test_settings_say_whether_it_wakes_a_box_at_rest(
    settings: dict[str, Any], begins: bool
) -> None:
    story = Story(with_rescue(**settings), changes=dict(IMPORT)).running()
    story.ask(GoToState(State.IDLE))
    story.run(0.5, battery=low(3.05, closed=False), inverter=inverter(state=InverterState.OFF))
    del story.changes["inverter"]
    assert (rescued(story).state is State.RUN) == begins


def test_without_leave_somebody_is_told() -> None:
    story = asleep_and_empty(with_rescue(enabled=False))
    decision = rescued(story)
    assert decision.state is State.SLEEP
    (error,) = [one for one in decision.errors if one.number == 116]
    assert error.source == "battery: the rescue charge is switched off in the settings"


def test_while_it_runs_and_limits_still_apply() -> None:
    story = Story(changes=dict(IMPORT)).running()
    story.run(61.0, battery=low())
    assert story.last.setpoints.power_w == pytest.approx(-TRICKLE_W)
    story.run(0.1, battery=battery(*low().racks, soc_pct=8.0, max_charge_w=110.0))
    assert story.last.setpoints.power_w == -110.0
    assert story.last.why.endswith("the battery's own limit allows -110 W")


def test_the_mode_never_discharges_it_meanwhile() -> None:
    story = Story(changes={"grid": MeterReading(4_000.0)}).running()
    lowest_w = [story.step(0.5, battery=low()).setpoints.power_w for _ in range(400)]
    assert max(lowest_w) == 0.0
    assert min(lowest_w) == pytest.approx(-TRICKLE_W)


def test_any_stop_ends_it_and_it_pauses() -> None:
    story = asleep_and_empty()
    assert rescued(story).state is State.RUN
    story.step(0.1, inverter=inverter(state=InverterState.FAULT))
    assert story.last.state is State.ERROR
    assert story.last.setpoints.power_w == 0.0
    rescue = story.cycle.memory.rescue
    assert rescue is not None
    assert rescue.ended == "error 202 Inverter reports a fault"
    del story.changes["inverter"]
    story.run(30.0, battery=low(closed=False))
    decision = rescued(story, 120.0)
    assert decision.setpoints.power_w == 0.0
    (error,) = [one for one in decision.errors if one.number == 116]
    assert error.source == "battery: the rescue charge pauses: error 202 Inverter reports a fault"
    story.step(3_500.0)
    assert rescued(story, 150.0).setpoints.power_w == pytest.approx(-TRICKLE_W), story.last.why


def test_it_has_a_longest_time() -> None:
    story = asleep_and_empty()
    rescued(story)
    story.step(8.0 * 3_600.0 - 60.0)
    assert story.last.setpoints.power_w == pytest.approx(-TRICKLE_W)
    story.step(61.0)
    story.run(3.0)
    assert story.last.setpoints.power_w == 0.0
    rescue = story.cycle.memory.rescue
    assert rescue is not None
    assert rescue.ended == "it took longer than 8.0 h"


def test_too_cold_on_the_way_ends_it() -> None:
    story = asleep_and_empty()
    rescued(story)
    story.step(0.1, battery=low(cell_min_c=2.0))
    assert story.last.setpoints.power_w == 0.0


# ------------------------------------------------------------------ the questions, at their edges


@pytest.mark.parametrize(
    ("reading", "answer"),
    [
        (low(2.79, 50.0), "cell 1.7 at 2.79 V"),
        (low(2.8, 50.0), ""),
        (low(3.2, 4.9), "state of charge 4.9 %"),
        (low(3.2, 5.0), ""),
        (low(2.79, 4.9), "cell 1.7 at 2.79 V"),
        (battery(*low(2.79, 50.0).racks, power_w=531.0), ""),
        (battery(*low(2.79, 50.0).racks, power_w=529.0), "cell 1.7 at 2.79 V"),
        (battery(*low(2.79, 50.0).racks, power_w=-4_000.0), "cell 1.7 at 2.79 V"),
        (battery(*low(2.79, 50.0).racks, power_w=None), ""),
        (battery(rack(), rack(2, cell_min_v=2.6, cell_min_v_at=None)), "cell 2 at 2.60 V"),
        (battery(rack(cell_min_v=None), soc_pct=None), ""),
        (None, ""),
    ],
)
def test_what_is_critically_low(reading: BatteryReading | None, answer: str) -> None:
    assert critically_low(reading, SITE) == answer


@pytest.mark.parametrize(
    ("reading", "answer"),
    [
        (low(2.99, 50.0), "cell 1.7 at 2.99 V"),
        (low(3.0, 50.0), ""),
        (low(3.2, 9.9), "state of charge 9.9 %"),
        (low(3.2, 10.0), ""),
    ],
)
def test_when_it_is_up_again(reading: BatteryReading, answer: str) -> None:
    assert not_yet_up(reading, SITE) == answer


def view(steady_s: float, hertz: float | None = 50.0) -> GridView:
    return GridView(steady_s=steady_s, wait_s=0.0, frequency_hz=hertz)


@pytest.mark.parametrize(
    ("picture", "answer"),
    [
        ({"battery": low()}, ""),
        ({"battery": low(2.51)}, ""),
        ({"battery": low(2.5)}, "cell 1.7 at 2.50 V is too low to be charged"),
        ({"battery": low(cell_min_c=2.0)}, "cells of rack 1 at 2 °C"),
        ({"battery": low(cell_min_c=2.1)}, ""),
        ({"battery": low(cell_max_c=53.0)}, "cells of rack 1 at 53 °C"),
        ({"battery": low(cell_max_c=52.9)}, ""),
        ({"battery": low(cell_min_c=None)}, "cells of rack 1 are unknown"),
        ({"battery": battery(rack(cell_min_v=None), guards_cells=True)}, ""),
        ({"battery": low(), "inverter": inverter(grid_forming=True)}, "the inverter makes the grid itself"),
        ({"battery": low(), "inverter": inverter(grid_forming=False)}, ""),
        ({"battery": low(), "inverter": None}, ""),
        ({"battery": low(), "grid": None}, "the grid meter is silent"),
        ({"battery": low(), "grid": MeterReading(phases=(PhaseReading(230.0),))}, "the grid meter is silent"),
        ({"battery": low(), "grid_view": view(0.0)}, "the grid is outside its window"),
        ({"battery": low(), "grid_view": view(0.1)}, ""),
        ({"battery": low(), "grid_view": view(0.0, None)}, ""),
    ],
)  # fmt: skip
def test_what_forbids_it(picture: dict[str, Any], answer: str) -> None:
    assert forbids_rescue(seen(**picture), Memory(), SITE) == answer


def test_a_pause_forbids_it() -> None:
    pausing = Memory(rescue=RescueCharge(0.0, 200.0, "too hot"))
    answer = forbids_rescue(seen(battery=low()), pausing, SITE)
    assert answer == "the rescue charge pauses: too hot"


@pytest.mark.parametrize(
    ("rescue", "said"),
    [
        ({"below_v": 2.4}, "cell_voltage.minimum_v = 2.5 must be below rescue.below_v = 2.4"),
        ({"below_v": 3.1}, "rescue.below_v = 3.1 must be below rescue.until_v = 3.0"),
        ({"until_v": 2.8}, "rescue.below_v = 2.8 must be below rescue.until_v = 2.8"),
        ({"below_pct": 12.0}, "rescue.below_pct = 12.0 must be below rescue.until_pct = 10.0"),
        ({"until_pct": 5.0}, "rescue.below_pct = 5.0 must be below rescue.until_pct = 5.0"),
    ],
)
def test_contradictions_are_refused_with_both_values(rescue: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Battery(driver="foxbms2", bus="can0", capacity_wh=10_600.0, rescue=Rescue(**rescue))


def test_levels_that_contradict_each_other_are_refused() -> None:
    for wrong, said in (
        ({"cell_temperature": {"charge_min_c": 8.0}}, "charge_min_c = 8.0 must be below charge_cool_c = 7.0"),
        ({"cell_temperature": {"discharge_min_c": 1.0, "discharge_cool_c": 5.0, "charge_min_c": 0.0}},
         "charge_min_c = 0.0 must not be below discharge_min_c = 1.0"),
        ({"cell_temperature": {"hot_c": 50.0}}, "charge_hot_c = 53.0 must not be above hot_c = 50.0"),
        ({"current": {"charge": {"operating_a": 9.0, "recommended_a": 9.0, "maximum_a": 12.0}}},
         "operating_a = 9.0 must be below recommended_a = 9.0"),
        ({"balancing": {"alarm_v": 0.5}}, "alarm_v = 0.5 must be below maximum_v = 0.4"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            Battery.model_validate(
                {"driver": "foxbms2", "bus": "can0", "capacity_wh": 10_600.0, **wrong}
            )


def test_a_reserve_of_nothing_needs_no_rescue_by_charge() -> None:
    wanted = Battery.model_validate(
        {"driver": "foxbms2", "bus": "can0", "capacity_wh": 1e4, "soc": {"reserve_pct": 0.0}}
    )
    assert wanted.rescue_pct == (0.0, 0.0)
    assert wanted.rescue_v == (2.8, 3.0)


# ------------------------------------------------------------------ a charge that charges nothing


def why_116(story: Story) -> list[str]:
    return [error.source for error in story.last.errors if error.number == 116]


@pytest.mark.parametrize(("cap_w", "begins"), [(0.0, False), (105.9, False), (106.0, True)])
def test_it_does_not_begin_under_a_cap_that_leaves_too_little(cap_w: float, begins: bool) -> None:
    story = resting()
    assert story.ask(CapPower(cap_w, None)).ok
    decision = rescued(story, 200.0)
    assert (decision.state is State.RUN) == begins
    expected = [] if begins else [f"battery: the owner's cap allows {cap_w:.0f} W"]
    assert why_116(story) == expected
    if not begins:
        story.ask(CapPower(None, None))
        assert rescued(story, 100.0).setpoints.power_w == pytest.approx(-TRICKLE_W)


def test_a_cap_on_the_way_ends_it() -> None:
    story = resting()
    assert rescued(story).state is State.RUN
    assert story.ask(CapPower(0.0, None)).ok
    story.run(5.0, battery=low(closed=False))
    assert story.last.state is State.IDLE, story.last.why


@pytest.mark.parametrize(("limit_w", "goes_on"), [(0.0, False), (105.9, False), (106.0, True)])
def test_a_bms_that_takes_nothing_ends_it(limit_w: float, goes_on: bool) -> None:
    story = resting()
    story.run(0.1, battery=low(closed=False))
    connected_s = None
    for _ in range(900):
        told = low(closed=story.last.setpoints.contactors_closed)
        story.step(0.1, battery=msgspec.structs.replace(told, max_charge_w=limit_w))
        if story.last.state is State.RUN and connected_s is None:
            connected_s = story.now_s
    assert connected_s is not None
    assert (story.last.state is State.RUN) == goes_on
    if not goes_on:
        rescue = story.cycle.memory.rescue
        assert rescue is not None and rescue.rests_until_s is not None
        assert rescue.ended == f"the battery's own limit allows {limit_w:.0f} W"
        assert rescue.rests_until_s - connected_s == pytest.approx(3_610.0, abs=0.2), "ten seconds"
        story.step(61.0)
        assert why_116(story) == [f"battery: the rescue charge pauses: {rescue.ended}"]


@pytest.mark.parametrize(
    ("power_w", "ends"), [(-43.0, False), (-42.0, True), (0.0, True), (30.0, True), (None, True)]
)
def test_a_charge_that_does_not_arrive_ends(power_w: float | None, ends: bool) -> None:
    story = resting()
    rescued(story)
    arrives = msgspec.structs.replace(low(), power_w=power_w, current_a=None)
    story.run(119.5, battery=arrives)
    assert story.last.state is State.RUN
    story.run(1.0)
    rescue = story.cycle.memory.rescue
    assert rescue is not None
    assert rescue.ended == ("nothing of it arrives in the battery" if ends else "")
    if ends:
        assert story.run(5.0, battery=low(closed=False)).state is State.IDLE
        story.step(61.0)
        assert why_116(story) == [f"battery: the rescue charge pauses: {rescue.ended}"]


def test_a_charge_that_arrives_now_and_then_goes_on() -> None:
    story = resting()
    rescued(story)
    for _ in range(3):
        story.run(100.0, battery=msgspec.structs.replace(low(), power_w=0.0))
        story.run(0.1, battery=low())
    assert story.last.setpoints.power_w == pytest.approx(-TRICKLE_W)


def test_what_an_error_leaves_must_be_worth_it() -> None:
    def answer(derate_pct: float) -> str:
        row = ROWS[128]
        error = ActiveError(
            128, "rack 1", row.severity, row.title, row.remedy, row.effects, NOON,
            derate_pct=derate_pct,
        )  # fmt: skip
        return forbids_rescue(seen(battery=low()), Memory(errors=(error,)), SITE)

    assert answer(2.2) == ""
    assert answer(2.1) == "error 128 Battery current too high"


def test_after_an_emergency_stop_nothing_starts_before_somebody_starts_it() -> None:
    story = resting()
    story.step(board=BoardReading(estop_pressed=True))
    story.run(1.0, board=BoardReading(estop_pressed=False))
    assert story.ask(ResetEstop()).ok
    story.run(80.0, battery=low(closed=False))
    assert story.last.state is State.IDLE
    told = [error.source for error in story.last.errors if error.number == 116]
    assert told == ["battery: after the emergency stop somebody has to start the box"]
    again = Story(changes=dict(story.changes))
    durable = durable_of(story.last, None)
    again.cycle.adopt(starting_memory(durable, SITE, set(), again.now_s))
    again.run(80.0)
    assert again.last.state is State.IDLE, "nor after a restart"
    assert story.ask(GoToState(State.IDLE)).ok
    assert story.run(80.0).state is State.IDLE
    assert story.ask(GoToState(State.RUN)).ok
    assert story.run(1.0).state is State.PRECHARGE
