"""Going down, to the tenth of a second: which step comes when, and what shortens the wait."""

import pytest
from msgspec.structs import replace

from appliance.model import (
    ActiveError,
    Effect,
    GoToState,
    GridView,
    InverterState,
    Setpoints,
    Severity,
    State,
)
from appliance.statemachine.machine import HURRIED, USUAL, Patience, grid_ready, outputs
from appliance.statemachine.transitions import Scene
from tests.core.boxes import ERROR, IDLE, PRECHARGE, RUN, STARTING, STOPPING, box
from tests.stories import NOON, battery, inverter, seen

FLOWS = battery(current_a=20.0)
UP_AND_ON = Setpoints(inverter_on=True, contactors_closed=True)


def scene(now_s: float, *effects: Effect, slow: bool = False, **changes: object) -> Scene:
    """Going down since 0 s with the inverter still on, current flowing unless told otherwise."""
    story = box(RUN)
    memory = story.cycle.memory.__class__(state=ERROR, state_since_s=0.0, commanded=UP_AND_ON)
    readings: dict[str, object] = {"battery": FLOWS, "inverter": inverter(follows_slowly=slow)}
    return Scene(seen(now_s, **(readings | changes)), memory, frozenset(effects), 10.0, False)


def told(now_s: float, *effects: Effect, slow: bool = False) -> tuple[bool, bool, bool]:
    """Inverter on, contactors closed, opened in a hurry."""
    out = outputs(ERROR, 0.0, 900.0, scene(now_s, *effects, slow=slow))
    assert out.power_w == 0.0
    return out.inverter_on, out.contactors_closed, out.open_at_once


STOP, OPEN, EMERGENCY = Effect.STOP, Effect.OPEN_CONTACTORS, Effect.EMERGENCY_STOP


@pytest.mark.parametrize(
    ("effect", "slow", "off_s", "open_s", "hurried"),
    [
        (STOP, False, 2.0, 3.0, False),
        (STOP, True, 8.0, 12.0, False),
        (OPEN, False, 0.4, 0.8, True),
        (OPEN, True, 0.4, 0.8, True),
        (EMERGENCY, False, 0.0, 0.5, True),
        (EMERGENCY, True, 0.0, 0.5, True),
    ],
)
def test_each_step_has_its_time(
    effect: Effect, slow: bool, off_s: float, open_s: float, hurried: bool
) -> None:
    if off_s:
        assert told(off_s - 0.01, effect, slow=slow) == (True, True, False)
    assert told(off_s, effect, slow=slow) == (False, True, False)
    assert told(open_s - 0.01, effect, slow=slow) == (False, True, False)
    assert told(open_s, effect, slow=slow) == (False, False, hurried)


def test_the_greater_hurry_wins() -> None:
    assert told(0.1, OPEN, EMERGENCY)[0] is False
    assert told(0.5, OPEN, EMERGENCY)[1] is False


@pytest.mark.parametrize("state", [STOPPING, ERROR, IDLE, State.SLEEP])
def test_at_rest_contactors_open_once_the_inverter_is_off(state: State) -> None:
    still = scene(0.1, battery=battery(current_a=0.9))
    out = outputs(state, 0.0, 0.0, still)
    assert (out.inverter_on, out.contactors_closed) == (False, True)
    off = scene(0.1, battery=battery(current_a=0.9), inverter=inverter(state=InverterState.OFF))
    assert not outputs(state, 0.0, 0.0, off).contactors_closed
    silent = scene(0.1, battery=battery(current_a=-0.9), inverter=None)
    assert not outputs(state, 0.0, 0.0, silent).contactors_closed


def test_in_an_emergency_nobody_waits_for_the_inverter_to_confirm() -> None:
    still = battery(current_a=0.0)
    out = outputs(ERROR, 0.0, 0.0, scene(0.0, EMERGENCY, battery=still))
    assert (out.inverter_on, out.contactors_closed, out.open_at_once) == (False, False, True)
    out = outputs(ERROR, 0.0, 0.0, scene(0.0, OPEN, battery=still))
    assert (out.inverter_on, out.contactors_closed) == (False, True)


@pytest.mark.parametrize("current_a", [1.0, -1.0, float("nan")])
def test_the_bound_is_one_ampere(current_a: float) -> None:
    out = outputs(ERROR, 0.0, 0.0, scene(0.1, battery=battery(current_a=current_a)))
    assert (out.inverter_on, out.contactors_closed) == (True, True)


def test_an_inverter_that_is_off_stays_off_on_the_way_down() -> None:
    down = scene(0.1)
    commanded = Setpoints(inverter_on=False, contactors_closed=True)
    memory = down.memory.__class__(state=ERROR, commanded=commanded)
    assert not outputs(ERROR, 0.0, 0.0, replace(down, memory=memory)).inverter_on


@pytest.mark.parametrize(
    ("state", "effects", "after_s", "resets", "at_once"),
    [
        (ERROR, (STOP,), 2.99, False, False),
        (ERROR, (STOP,), 3.0, True, False),
        (ERROR, (OPEN,), 3.0, True, True),
        (ERROR, (OPEN,), 2.0, False, True),
        (ERROR, (EMERGENCY,), 9.0, False, True),
        (IDLE, (), 9.0, False, False),
        (STOPPING, (), 9.0, False, False),
    ],
)
def test_down_it_acknowledges_faults_in_error_after_a_while(
    state: State, effects: tuple[Effect, ...], after_s: float, resets: bool, at_once: bool
) -> None:
    down = scene(after_s, *effects)
    estop = ActiveError(401, "emergency stop", Severity.CRITICAL, "", "", (EMERGENCY,), NOON, True)
    errors = (estop,) if EMERGENCY in effects else ()
    memory = down.memory.__class__(state=state, commanded=Setpoints(), errors=errors)
    out = outputs(state, 0.0, 900.0, replace(down, memory=memory))
    assert out == Setpoints(reset_faults=resets, open_at_once=at_once)


@pytest.mark.parametrize(
    ("state", "power_w", "inverter_on", "resets"),
    [(PRECHARGE, 0.0, False, True), (STARTING, 0.0, True, True), (RUN, 900.0, True, False)],
)
def test_up_each_state_has_its_outputs(
    state: State, power_w: float, inverter_on: bool, resets: bool
) -> None:
    out = outputs(state, 0.0, 900.0, scene(1.0))
    assert out == Setpoints(
        power_w=power_w, inverter_on=inverter_on, contactors_closed=True, reset_faults=resets
    )


def test_the_inverter_starts_when_the_grid_has_been_steady_and_runs_on_when_it_is_not() -> None:
    steady, shaky = GridView(60.0, 0.0), GridView(59.5, 0.5)
    assert grid_ready(seen(grid_view=steady))
    assert grid_ready(seen(grid_view=None))
    assert not grid_ready(seen(grid_view=shaky))
    assert not outputs(STARTING, 0.0, 0.0, scene(1.0, grid_view=shaky)).inverter_on
    assert outputs(STARTING, 0.0, 0.0, scene(1.0, grid_view=steady)).inverter_on
    assert outputs(RUN, 0.0, 0.0, scene(1.0, grid_view=shaky)).inverter_on


def test_the_whole_box_opens_within_a_second() -> None:
    story = box(RUN)
    story.step(battery=FLOWS)
    hot = battery(*FLOWS.racks, current_a=20.0)
    assert story.ask(GoToState(IDLE)).ok
    assert story.run(2.9, battery=hot).setpoints.contactors_closed
    assert not story.run(0.3).setpoints.contactors_closed
    assert HURRIED[0][1] == Patience(0.0, 0.5)
    assert HURRIED[1][1] == Patience(0.4, 0.8)
    assert Patience(2.0, 3.0) == USUAL
