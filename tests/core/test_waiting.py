"""Waiting has an end with a name, and a stop has three paces."""

from typing import Any

import pytest

from appliance.errors import ROWS
from appliance.model import GoToState, InverterState, State
from appliance.statemachine.states import STATES
from tests.core.boxes import DOWN, LOST, OFF, PRESSED, box, on_island_site
from tests.stories import Story, battery, inverter, rack

WAITS = (
    State.INIT, State.WAKING, State.PRECHARGE, State.STARTING, State.ISLAND, State.STOPPING,
    State.RESTART, State.REBOOT,
)  # fmt: skip
NOTHING_COMES: dict[State, dict[str, Any]] = {
    State.INIT: {"board": None},
    State.WAKING: {"battery": None},
    State.STOPPING: {"battery": battery(current_a=20.0), "inverter": inverter()},
}
ENDLESS = 120.0
HOT, STUCK_ON = rack(cell_max_c=58.1), {"inverter": inverter(), "battery": battery(current_a=30.0)}


def switch_stays() -> Story:
    """The grid is lost, and the switch does not open."""
    story = on_island_site()
    story.run(0.5, **LOST)
    assert story.last.state is State.ISLAND
    return story


def test_the_states_that_wait_are_those_with_a_timeout() -> None:
    assert {state for state, row in STATES.items() if row.too_long} == set(WAITS)
    assert all(number in ROWS for row in STATES.values() for number in row.too_long)


@pytest.mark.parametrize("state", WAITS)
def test_no_state_waits_for_ever_and_the_error_has_a_name(state: State) -> None:
    story = switch_stays() if state is State.ISLAND else box(state)
    story.changes |= NOTHING_COMES.get(state, {})
    seen: set[int] = set()
    states = []
    until_s = story.now_s + ENDLESS
    while story.now_s < until_s:
        seen |= {error.number for error in story.step(0.5).errors}
        states.append(story.last.state)
    assert seen & set(STATES[state].too_long), f"{state} waits without an error: {seen}"
    assert states[-1] is not state


@pytest.mark.parametrize(
    ("changes", "inverter_off_s", "open_s"),
    [
        ({"inverter": inverter(state=InverterState.FAULT)}, 2.0, 3.0),
        ({"battery": battery(HOT, current_a=30.0)}, 0.4, 0.8),
        ({"board": PRESSED}, 0.0, 0.5),
    ],
    ids=["stop", "open contactors", "emergency stop"],
)
def test_how_long_a_stop_waits_while_current_flows(
    changes: dict[str, Any], inverter_off_s: float, open_s: float
) -> None:
    story = box(State.RUN)
    story.run(1.0, **STUCK_ON)
    while story.step(0.05, **changes).state is State.RUN:
        pass
    began_s, off_s = story.now_s, None
    while story.last.setpoints.contactors_closed:
        assert story.last.setpoints.power_w == 0.0
        if off_s is None and not story.last.setpoints.inverter_on:
            off_s = story.now_s - began_s
        story.step(0.05)
    assert off_s == pytest.approx(inverter_off_s, abs=0.06)
    assert story.now_s - began_s == pytest.approx(open_s, abs=0.06)


def test_a_hurry_comes_into_a_stop_that_is_under_way() -> None:
    story = box(State.RUN)
    story.run(1.0, **STUCK_ON)
    story.step(inverter=inverter(state=InverterState.FAULT))
    assert story.run(0.5).setpoints.contactors_closed
    assert not story.run(0.2, board=PRESSED).setpoints.contactors_closed


def test_people_may_work_at_a_battery_without_contactors_once_no_current_is_known_to_flow() -> None:
    story = box(State.STOPPING)
    story.changes |= {"inverter": OFF, "battery": battery(has_contactors=False, current_a=1.5)}
    assert story.ask(GoToState(State.MAINTENANCE)).ok
    assert story.run(4.0).state is not State.MAINTENANCE
    story.changes["battery"] = battery(has_contactors=False, current_a=None)
    assert story.run(1.0).state is not State.MAINTENANCE
    story.changes["battery"] = battery(has_contactors=False, current_a=0.3)
    assert story.run(0.5).state is State.MAINTENANCE


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        (State.IDLE, True), (State.SLEEP, True), (State.MAINTENANCE, True), (State.ERROR, True),
        (State.RUN, False), (State.STARTING, False), (State.PRECHARGE, False),
        (State.STOPPING, False), (State.INIT, False), (State.REBOOT, False),
    ],
)  # fmt: skip
def test_new_software_is_put_in_place_only_at_rest(state: State, allowed: bool) -> None:
    story = box(state)
    assert story.last.update_allowed is allowed
    if state is State.IDLE:
        assert story.run(1.0, **DOWN).update_allowed
