"""Contactors open when no current is known to flow; where nobody knows, they wait."""

from typing import Any

import pytest

from appliance.errors.resting import at_rest, flowing_a, flows
from appliance.model import BatteryReading, GoToState, InverterState, State
from tests.core.boxes import OFF, OPEN, RELEASED, box
from tests.stories import Story, battery, inverter, rack, seen

NAN = float("nan")


@pytest.mark.parametrize(
    ("told", "amps"),
    [
        ({"current_a": -12.0}, 12.0),
        ({"current_a": 0.5, "power_w": 4_200.0}, 10.0),
        ({"current_a": None, "power_w": -4_200.0}, 10.0),
        ({"current_a": None, "power_w": 4_000.0, "voltage_v": None}, 40.0),
        ({"current_a": None, "power_w": 4_000.0, "voltage_v": NAN}, 40.0),
        ({"current_a": None, "power_w": 4_000.0, "voltage_v": 0.0}, 40.0),
        ({"current_a": None, "power_w": 0.0}, 0.0),
        ({"current_a": None, "power_w": None}, None),
        ({"current_a": None, "power_w": NAN}, None),
        ({"current_a": 3.0, "power_w": NAN}, 3.0),
    ],
)  # fmt: skip
def test_what_flows_is_told_by_current_or_power(told: dict[str, Any], amps: float | None) -> None:
    assert flowing_a(battery(**told)) == flowing_a(rack(**told)) == amps


MUTE = battery(current_a=None, power_w=None)


@pytest.mark.parametrize("mute", [None, MUTE])
@pytest.mark.parametrize(
    ("changes", "rests"),
    [
        ({"state": InverterState.OFF}, True),
        ({"state": InverterState.FAULT, "power_w": None}, True),
        ({"state": InverterState.FAULT, "power_w": 99.9}, True),
        ({"state": InverterState.FAULT, "power_w": -100.0}, False),
        ({"state": InverterState.OFF, "power_w": NAN}, False),
        ({"state": InverterState.UNKNOWN}, False),
        ({"state": InverterState.STARTING}, False),
        ({"state": InverterState.RUNNING}, False),
        (None, False),
    ],
)  # fmt: skip
def test_where_the_battery_is_mute_the_inverter_says_whether_it_rests(
    mute: BatteryReading | None, changes: dict[str, Any] | None, rests: bool
) -> None:
    now = seen(battery=mute, inverter=None if changes is None else inverter(**changes))
    assert at_rest(now) is rests
    assert not flows(now), "nobody says so: nothing is gained by leaving the inverter on"


def opened_after_s(**changes: Any) -> float:
    """The box is asked to rest at 5 kW; the readings change in the same cycle."""
    story = box(State.RUN)
    story.run(1.0, battery=battery(current_a=None, power_w=5_000.0), inverter=inverter(5_000.0))
    began_s = story.now_s
    story.changes |= changes
    story.ask(GoToState(State.IDLE))
    while story.last.setpoints.contactors_closed:
        assert story.now_s < began_s + 20.0
        story.step()
    return round(story.now_s - began_s - 0.1, 2)


@pytest.mark.parametrize("state", [InverterState.FAULT, InverterState.OFF, InverterState.UNKNOWN])
def test_a_power_without_a_current_is_waited_for(state: InverterState) -> None:
    assert opened_after_s(inverter=inverter(5_000.0, state=state)) == pytest.approx(3.0, abs=0.11)


@pytest.mark.parametrize("mute", [None, MUTE])
def test_where_all_are_silent_they_open_after_the_limit_not_at_once(
    mute: BatteryReading | None,
) -> None:
    story = box(State.RUN)
    story.run(1.0, battery=battery(current_a=12.0, power_w=5_000.0), inverter=inverter(5_000.0))
    while story.step(battery=mute, inverter=None).state is State.RUN:
        pass
    assert story.last.state is State.ERROR
    assert not story.last.setpoints.inverter_on, "for that nothing has to be known"
    assert story.run(2.9).setpoints.contactors_closed
    assert not story.run(0.2).setpoints.contactors_closed


def test_there_is_nothing_to_wait_for_once_the_inverter_is_off() -> None:
    assert opened_after_s(battery=MUTE, inverter=OFF) <= 0.11
    assert opened_after_s(battery=None, inverter=OFF) <= 0.11


def test_one_sample_without_current_does_not_outweigh_the_power() -> None:
    contradictory = battery(current_a=0.0, power_w=5_000.0)
    assert opened_after_s(battery=contradictory, inverter=OFF) == pytest.approx(3.0, abs=0.11)


@pytest.mark.parametrize("current_a", [None, 0.0])
def test_people_do_not_work_where_power_flows(current_a: float | None) -> None:
    story: Story = box(State.RUN)
    story.changes |= {"inverter": OFF, "board": RELEASED}
    assert story.ask(GoToState(State.MAINTENANCE)).ok
    live = battery(*OPEN.racks, state=OPEN.state, current_a=current_a, power_w=4_000.0)
    assert story.run(10.0, battery=live).state is not State.MAINTENANCE
    still = battery(*OPEN.racks, state=OPEN.state, current_a=current_a, power_w=0.0)
    assert story.run(0.3, battery=still).state is State.MAINTENANCE
