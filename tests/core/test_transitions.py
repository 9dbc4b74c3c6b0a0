"""Transitions: one walk for each way out of each state, and what each way waits for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from appliance.config import build_modes
from appliance.cycle import Cycle
from appliance.model import (
    BackupTrial,
    BatteryState,
    BlackStart,
    GoToState,
    Memory,
    MeterReading,
    ResetEstop,
    State,
)
from appliance.statemachine.states import STATES
from appliance.statemachine.transitions import TRANSITIONS
from tests.core.boxes import (
    ALARM,
    DOWN,
    ERROR,
    IDLE,
    INIT,
    ISLAND,
    LIVE,
    LOST,
    MAINTENANCE,
    OFF,
    OPEN,
    PRECHARGE,
    PRESSED,
    REBOOT,
    RELEASED,
    RESTART,
    RUN,
    SLEEP,
    STARTING,
    STOPPING,
    UP,
    WAKING,
    at_the_switch,
    box,
    closing,
    on_island_site,
)
from tests.stories import NOON, Story, battery, inverter, rack

# ---------------------------------------------------------------- one walk for each row


@dataclass
class Walk:
    """From a state, with a request or a change, to another within `seconds`."""

    leave: State
    enter: State
    why: str
    goal: State | None = None
    seconds: float = 0.1
    changes: dict[str, Any] | None = None
    start: Callable[[], Story] | None = None
    """None: as `box` gets there."""

    @property
    def name(self) -> str:
        """For the list of tests."""
        return f"{self.leave}-{self.enter}-{self.why}".replace(" ", "_")


def starting_on_island_site() -> Story:
    story = on_island_site()
    story.ask(GoToState(IDLE))
    story.run(0.5, **DOWN)
    story.ask(GoToState(RUN))
    story.step(battery=battery())
    return story


def black_starting() -> Story:
    """No grid, and somebody asked for a start without one."""
    story = on_island_site()
    story.ask(GoToState(IDLE))
    story.run(0.5, **DOWN)
    story.run(2.0, **LOST)
    assert story.last.state is ERROR
    assert story.ask(BlackStart()).ok
    story.run(4.0)
    return story


def asked_to_try() -> Story:
    """In the cycle of the request it still runs: the way is chosen before."""
    story = on_island_site()
    backup = msgspec.structs.replace(
        story.cycle.memory.backup, test=BackupTrial("ctl", 60.0, story.now_s, NOON)
    )
    story.cycle.memory = msgspec.structs.replace(story.cycle.memory, backup=backup)
    return story


LOW = battery(rack(contactors_closed=False), state=BatteryState.STANDBY, soc_pct=4.0)
LOW_ASLEEP = battery(*LOW.racks, state=BatteryState.STANDBY, soc_pct=4.0, asleep=True)


# fmt: off
WALKS = (
    *(Walk(state, ERROR, "emergency stop", changes={"board": PRESSED})
      for state in (*LIVE, MAINTENANCE)),
    *(Walk(state, goal, "asked to start again", goal, changes={"battery": OPEN})
      for state in (ERROR, MAINTENANCE, IDLE) for goal in (RESTART, REBOOT)),
    Walk(ERROR, MAINTENANCE, "asked for maintenance", MAINTENANCE),
    *(Walk(state, ERROR, "an error stops the box", changes={"inverter": ALARM}) for state in LIVE),
    Walk(ERROR, INIT, "the error is gone", seconds=6.0, changes=UP),
    Walk(INIT, STOPPING, "rest was asked for", IDLE),
    Walk(INIT, WAKING, "the battery slept", changes={"battery": battery(asleep=True)}),
    Walk(INIT, PRECHARGE, "all devices answer", changes={"board": RELEASED}),
    Walk(WAKING, PRECHARGE, "all devices answer", changes=DOWN),
    *(Walk(state, STOPPING, "asked to stop", IDLE) for state in (WAKING, PRECHARGE, STARTING, RUN, ISLAND, SLEEP)),
    *(Walk(state, ISLAND, "the grid is lost", seconds=2.0, changes=LOST, start=start)
      for state, start in ((STARTING, starting_on_island_site), (RUN, on_island_site))),
    Walk(PRECHARGE, ISLAND, "starts without a grid", changes={"battery": battery()}, start=black_starting),
    Walk(RUN, ISLAND, "its backup is tested", start=asked_to_try),
    Walk(ISLAND, STARTING, "the grid is back", changes=at_the_switch(False), start=closing),
    Walk(PRECHARGE, STARTING, "the battery is connected", changes={"battery": battery()}),
    Walk(STARTING, RUN, "battery and inverter are ready", changes=UP),
    Walk(RUN, SLEEP, "the battery is empty", seconds=301.0, changes={"battery": battery(soc_pct=10.2)}),
    *(Walk(state, WAKING, "the battery is critically low", seconds=90.0, changes={"battery": LOW_ASLEEP})
      for state in (SLEEP, IDLE)),
    *(Walk(state, PRECHARGE, "the battery is critically low", seconds=90.0, changes={"battery": LOW})
      for state in (SLEEP, IDLE)),
    Walk(SLEEP, WAKING, "there is energy to store", seconds=61.0,
         changes={"grid": MeterReading(-400.0), "battery": battery(rack(contactors_closed=False), state=BatteryState.STANDBY, soc_pct=10.2, asleep=True)}),
    Walk(SLEEP, PRECHARGE, "there is energy to store", seconds=61.0, changes={"grid": MeterReading(-400.0)}),
    Walk(STOPPING, PRECHARGE, "asked to run", RUN),
    Walk(STOPPING, MAINTENANCE, "power is off", MAINTENANCE, changes=DOWN),
    *(Walk(STOPPING, goal, "power is off", goal, changes=DOWN) for goal in (IDLE, RESTART, REBOOT)),
    Walk(IDLE, WAKING, "asked to run", RUN, changes={"battery": battery(asleep=True)}),
    Walk(IDLE, PRECHARGE, "asked to run", RUN),
    Walk(IDLE, MAINTENANCE, "asked for maintenance", MAINTENANCE),
    Walk(MAINTENANCE, INIT, "maintenance is over", RUN),
    Walk(MAINTENANCE, IDLE, "maintenance is over", IDLE),
    *(Walk(state, INIT, "the box was not started again", seconds=31.0) for state in (RESTART, REBOOT)),
)
# fmt: on


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.name)
def test_each_way_is_walked(walk: Walk) -> None:
    story = box(walk.leave) if walk.start is None else walk.start()
    assert story.last.state is walk.leave, story.last.why
    story.changes |= walk.changes or {}
    if walk.goal is not None:
        assert story.ask(GoToState(walk.goal)).ok
    elif walk.seconds > 1.0:
        # Large steps, and none that hides a state in between.
        end_s = story.now_s + walk.seconds
        while story.last.state is walk.leave and story.now_s < end_s:
            story.step(1.0)
    else:
        story.step()
    assert story.last.state is walk.enter, story.last.why
    assert story.last.why.startswith(f"{STATES[walk.enter].title}: {walk.why}")
    assert story.last.setpoints.power_w == 0.0


def test_every_row_has_its_walk() -> None:
    walked = {(walk.leave, walk.enter, walk.why) for walk in WALKS}
    known = set()
    for row in TRANSITIONS:
        for leave in row.leave:
            ways = {
                (of, to, why)
                for of, to, why in walked
                if (of, why) == (leave, row.why) and (callable(row.enter) or to is row.enter)
            }
            assert ways, f"{leave}: {row.why}"
            known |= ways
    assert known == walked


# ---------------------------------------------------------------- what each way waits for


@pytest.mark.parametrize("silent", ["battery", "inverter", "board"])
def test_the_start_waits_for_everyone(silent: str) -> None:
    story = Story(changes={**DOWN, silent: None})
    assert story.run(0.5).state is INIT
    assert not story.last.setpoints.contactors_closed


def test_it_runs_only_when_both_are_ready() -> None:
    story = box(PRECHARGE)
    first = story.run(1.0, battery=OPEN, inverter=inverter())
    assert (first.state, first.setpoints.inverter_on) == (PRECHARGE, False)
    then = story.step(battery=battery(), inverter=OFF)
    assert (then.state, then.setpoints.inverter_on) == (STARTING, True)
    assert (story.run(1.0).state, story.step(inverter=inverter()).state) == (STARTING, RUN)


@pytest.mark.parametrize("goal", [RESTART, REBOOT])
@pytest.mark.parametrize("still_on", [{"battery": battery()}, {"inverter": inverter()}])
def test_the_end_waits_for_power_off_but_not_for_ever(
    goal: State, still_on: dict[str, Any]
) -> None:
    story = box(STOPPING)
    assert story.ask(GoToState(goal)).ok
    story.changes |= {**DOWN, **still_on}
    story.step(4.5)
    assert story.last.state is STOPPING
    story.step(1.0)
    assert story.last.state is goal
    assert STATES[goal].ends_process
    assert not story.last.setpoints.contactors_closed


def test_a_restart_out_of_an_error_waits_for_open_contactors() -> None:
    story = box(RUN)
    story.step(inverter=ALARM, battery=battery(current_a=20.0))
    assert story.ask(GoToState(RESTART)).ok
    assert story.run(1.0).state is ERROR
    assert story.run(0.1, battery=OPEN).state is RESTART


# fmt: off
NOT_KNOWN_OPEN: dict[str, dict[str, Any]] = {
    "battery silent": {"battery": None},
    "battery connected": {"battery": battery(rack(contactors_closed=False))},
    "one rack closed": {"battery": battery(rack(1, contactors_closed=False), rack(2), state=BatteryState.STANDBY)},
    "one rack silent": {"battery": battery(rack(contactors_closed=None), state=BatteryState.STANDBY)},
    "inverter silent": {"inverter": None},
    "inverter runs": {"inverter": inverter()},
}
# fmt: on


@pytest.mark.parametrize("unknown", NOT_KNOWN_OPEN.values(), ids=NOT_KNOWN_OPEN)
@pytest.mark.parametrize("before", [STOPPING, IDLE, ERROR])
def test_maintenance_needs_known_open_contactors(before: State, unknown: dict[str, Any]) -> None:
    story = box(before)
    story.changes |= {**DOWN, **unknown}
    if before is ERROR:
        story.changes["inverter"] = unknown.get("inverter", ALARM)
    story.ask(GoToState(MAINTENANCE))
    for _ in range(200):
        assert story.step().state is not MAINTENANCE
    assert story.run(0.5, **DOWN).state is MAINTENANCE


def test_an_error_does_not_end_maintenance() -> None:
    story = box(MAINTENANCE)
    assert story.run(20.0, inverter=ALARM, battery=None).state is MAINTENANCE
    assert not story.last.setpoints.contactors_closed
    assert not story.last.setpoints.reset_faults


def test_maintenance_is_taken_up_again_after_an_emergency_stop() -> None:
    story = box(MAINTENANCE)
    assert story.run(5.0, board=PRESSED).state is ERROR
    assert story.run(5.0, board=RELEASED).state is ERROR
    assert story.ask(ResetEstop()).ok
    assert story.last.state is MAINTENANCE


@pytest.mark.parametrize("goal", [RUN, IDLE, RESTART, REBOOT])
@pytest.mark.parametrize("source", ["touchscreen", "ctl", "cloud", "button"])
def test_maintenance_is_ended_on_site_by_whoever_reads_the_screen(source: str, goal: State) -> None:
    story = box(MAINTENANCE)
    granted = story.ask(GoToState(goal), source).ok
    assert granted is (source in ("touchscreen", "ctl"))
    assert (story.last.state is MAINTENANCE) is not granted


def test_maintenance_that_is_on_its_way_is_kept_from_the_cloud_too() -> None:
    story = box(STOPPING)
    story.ask(GoToState(MAINTENANCE))
    assert not story.ask(GoToState(RUN), "cloud").ok
    assert story.run(0.5, **DOWN).state is MAINTENANCE


def test_maintenance_survives_a_restart_of_the_core() -> None:
    story = Story()
    story.cycle = Cycle(story.site, *build_modes(story.site))
    story.cycle.adopt(Memory(state_since_s=story.now_s, goal=MAINTENANCE))
    states = [story.step(**DOWN).state for _ in range(5)]
    assert states == [STOPPING, MAINTENANCE, MAINTENANCE, MAINTENANCE, MAINTENANCE]


@pytest.mark.parametrize("state", list(State))
def test_no_state_but_these_closes_contactors(state: State) -> None:
    story = box(state)
    closed = story.last.setpoints.contactors_closed
    assert closed is (state in (PRECHARGE, STARTING, RUN, ISLAND, STOPPING)), (
        "stopping opens them when it is time"
    )
    assert story.last.setpoints.inverter_on is (state in (STARTING, RUN, ISLAND, STOPPING))
