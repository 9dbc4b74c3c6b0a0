"""What waits long says for what: a start for the grid, maintenance for what is not known to be safe."""

from typing import Any

import pytest

from appliance.errors import ROWS
from appliance.errors.maintenance import unsafe
from appliance.model import (
    BatteryState,
    GoToState,
    GridView,
    InverterState,
    Memory,
    MeterReading,
    PhaseReading,
    State,
)
from appliance.watches.grid import GridWatch
from tests.core.boxes import OFF, OPEN, box
from tests.stories import Story, battery, inverter, rack, seen, with_grid_code

CODED = with_grid_code(Story().site)
STARTS = Memory(state=State.STARTING, state_since_s=0.0)
STANDBY = BatteryState.STANDBY
NAN = float("nan")


@pytest.mark.parametrize(
    ("hertz", "words"),
    [(50.15, "grid: at 50.15 Hz"), (None, "grid: its frequency is not known")],
)
def test_a_start_that_waits_for_the_grid_says_so(hertz: float | None, words: str) -> None:
    off = inverter(state=InverterState.OFF, frequency_hz=None)
    story = Story(site=CODED, changes={"inverter": off})
    watch = GridWatch(CODED.grid_code, CODED.grid, CODED.connection)
    told: dict[int, tuple[float, str]] = {}
    for second in range(400):
        story.now_s += 1.0
        phases = (PhaseReading(230.0 + second % 3),) * 3
        grid = MeterReading(500.0 + second % 7, phases=phases, frequency_hz=hertz)
        now = seen(story.now_s, **(story.changes | {"grid": grid}))
        story.last = story.cycle.step(watch.look(now))
        for error in story.last.errors:
            told.setdefault(error.number, (float(second), error.source))
    assert story.last.state is State.STARTING
    assert 178.0 < told[322][0] < 182.0
    assert told[322][1] == words
    assert 204 not in told, "contactors are not worn for that"


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (GridView(0.0, 60.0, frequency_hz=47.4), "grid: at 47.40 Hz"),
        (GridView(0.0, 60.0, frequency_hz=50.0, low_v=190.0, high_v=230.0), "grid: at 190 V"),
        (GridView(0.0, 60.0, frequency_hz=50.0, low_v=230.0, high_v=258.0), "grid: at 258 V"),
        (GridView(0.0, 60.0, frequency_hz=50.0), "grid: its voltage is not known"),
        (GridView(0.0, 60.0, frequency_hz=NAN), "grid: at nan Hz"),
        (GridView(3.0, 57.0, frequency_hz=50.0), "grid: does not stay as it should be"),
    ],
)
def test_what_of_the_grid_is_waited_for(view: GridView, words: str) -> None:
    holds = ROWS[322].holds
    assert holds(seen(180.1, grid_view=view), STARTS, CODED) == (words,)
    assert holds(seen(179.9, grid_view=view), STARTS, CODED) == ()
    assert holds(seen(180.1, grid_view=view), Memory(state=State.RUN), CODED) == ()
    assert holds(seen(180.1, grid_view=view), STARTS, Story().site) == ()
    steady = GridView(60.0, 0.0, frequency_hz=50.0)
    assert holds(seen(180.1, grid_view=steady), STARTS, CODED) == ()


WELL = rack(contactors_closed=False)
UNSAFE: list[tuple[dict[str, Any], set[str]]] = [
    ({"battery": battery(rack(contactors_closed=None), state=STANDBY)}, {"rack 1: does not say that it is open"}),
    ({"battery": battery(rack(contactors_closed=True), state=STANDBY)}, {"rack 1: is closed"}),
    ({"battery": battery(WELL, state=STANDBY).__class__(STANDBY, current_a=0.0)}, {"battery: says nothing of its racks"}),
    ({"battery": battery(WELL, state=BatteryState.UNKNOWN)}, {"battery: says that it is unknown"}),
    ({"battery": battery(WELL, state=BatteryState.PRECHARGE)}, {"battery: says that it is precharge"}),
    ({"battery": battery(WELL, state=STANDBY, current_a=3.0)}, {"battery: its current flows, or is not known"}),
    ({"battery": battery(has_contactors=False, current_a=None)}, {"battery: its current flows, or is not known"}),
    ({"inverter": inverter(state=InverterState.STARTING)}, {"inverter: says that it is starting"}),
    ({"inverter": inverter(state=InverterState.UNKNOWN)}, {"inverter: says that it is unknown"}),
    ({"battery": None, "inverter": None}, {"battery: is not heard", "inverter: is not heard"}),
]  # fmt: skip


@pytest.mark.parametrize(("odd", "words"), UNSAFE)
def test_what_is_not_known_to_be_safe(odd: dict[str, Any], words: set[str]) -> None:
    down: dict[str, Any] = {"battery": OPEN, "inverter": OFF}
    assert unsafe(seen(**down)) == ()
    assert set(unsafe(seen(**(down | odd)))) == words


@pytest.mark.parametrize("state", [State.STOPPING, State.IDLE])
@pytest.mark.parametrize("odd", [odd for odd, _ in UNSAFE[:9]])
def test_maintenance_that_does_not_begin_has_an_error_with_a_name(
    state: State, odd: dict[str, Any]
) -> None:
    story = box(state)
    story.changes |= {"battery": OPEN, "inverter": OFF} | odd
    story.ask(GoToState(State.MAINTENANCE))
    raised: set[int] = set()
    for _ in range(80):
        raised |= {error.number for error in story.step(0.5).errors}
    assert story.last.state is not State.MAINTENANCE
    assert 109 in raised


def test_it_is_not_told_while_all_goes_its_way() -> None:
    story = box(State.RUN)
    story.ask(GoToState(State.MAINTENANCE))
    raised = {error.number for _ in range(20) for error in story.step(0.5).errors}
    story.changes |= {"battery": OPEN, "inverter": OFF}
    raised |= {error.number for _ in range(100) for error in story.step(0.5).errors}
    assert story.last.state is State.MAINTENANCE
    assert 109 not in raised
