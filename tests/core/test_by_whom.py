"""Who may end what, what counts as safe for people, and what a restart must not forget."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance import latch
from appliance.clock import SystemClock
from appliance.errors import ROWS
from appliance.model import (
    ActiveError,
    BatteryState,
    GoToState,
    InverterState,
    Request,
    ResetErrors,
    State,
    Want,
)
from appliance.recall import remembered, starting_memory
from appliance.store import FILE_NAME, Durable, Store
from appliance.store.notebook import durable_of
from tests.core.boxes import ALARM, DOWN, OFF, OPEN, PRESSED, box
from tests.stories import NOON, Story, battery, inverter, rack

CLOCK = SystemClock()


def asked(story: Story, *wants: tuple[str, Want]) -> list[bool]:
    """All in one cycle; which were granted."""
    requests = tuple(Request(str(n), who, want) for n, (who, want) in enumerate(wants))
    decision = story.step(requests=requests)
    story.changes["requests"] = ()
    return [answer.ok for answer in decision.answers]


@pytest.mark.parametrize("goal", [State.RESTART, State.REBOOT])
def test_maintenance_is_not_ended_from_outside_around_a_restart(goal: State) -> None:
    story = box(State.MAINTENANCE)
    granted = asked(story, ("ctl", GoToState(goal)), ("cloud", GoToState(State.RUN)))
    assert granted == [True, False]
    assert story.last.goal is goal


def test_a_restart_that_does_not_come_goes_back_to_maintenance() -> None:
    story = box(State.MAINTENANCE)
    assert story.ask(GoToState(State.RESTART)).ok
    story.run(40.0, **DOWN)
    assert (story.last.state, story.last.goal) == (State.MAINTENANCE, State.MAINTENANCE)
    assert not story.ask(GoToState(State.RUN), "cloud").ok


@pytest.mark.parametrize(
    "unsure",
    [
        {"inverter": inverter(3_000.0, state=InverterState.UNKNOWN)},
        {"inverter": inverter(state=InverterState.STARTING)},
        {"battery": msgspec.structs.replace(OPEN, racks=())},
        {"battery": msgspec.structs.replace(OPEN, state=BatteryState.UNKNOWN)},
        {"battery": msgspec.structs.replace(OPEN, state=BatteryState.PRECHARGE)},
    ],
)
def test_people_do_not_put_their_hands_where_nobody_knows(unsure: dict[str, Any]) -> None:
    story = box(State.IDLE)
    story.changes |= {**DOWN, **unsure}
    story.ask(GoToState(State.MAINTENANCE))
    story.run(20.0)
    assert story.last.state is not State.MAINTENANCE


@pytest.mark.parametrize(
    ("hurt", "unknown", "fine"),
    [
        ({"cell_max_v": 3.75}, {"cell_max_v": None}, {"cell_max_v": 3.4}),
        ({"cell_min_v": 2.3}, {"cell_min_v": float("nan")}, {"cell_min_v": 3.1}),
        ({"cell_max_c": 60.0}, {"cell_max_c": None}, {"cell_max_c": 30.0}),
    ],
)
def test_a_reset_needs_the_rack_to_say_how_it_is(
    hurt: dict[str, Any], unknown: dict[str, Any], fine: dict[str, Any]
) -> None:
    story = box(State.RUN)
    story.run(3.0, battery=battery(rack(**hurt)))
    assert story.last.state is State.ERROR
    story.run(3.0, inverter=OFF, battery=battery(rack(**unknown), state=BatteryState.STANDBY))
    assert not story.ask(ResetErrors()).ok
    story.step(battery=msgspec.structs.replace(OPEN, racks=()))
    assert "nobody knows" in story.ask(ResetErrors()).reason
    story.run(3.0, battery=battery(rack(**fine), state=BatteryState.STANDBY))
    assert story.ask(ResetErrors()).ok


def test_one_that_stays_does_not_keep_another_from_its_reset() -> None:
    story = box(State.RUN)
    hurt = battery(rack(1, cell_max_c=60.0), rack(2, cell_max_v=3.75), state=BatteryState.STANDBY)
    story.run(3.0, battery=hurt, inverter=OFF)
    well = battery(rack(1, cell_max_c=60.0), rack(2), state=BatteryState.STANDBY)
    story.run(1.0, battery=well)
    answer = story.ask(ResetErrors())
    assert answer.ok
    assert answer.reason == (
        "reset: 112 A cell is overcharged; not reset: the cause is still there: "
        "Battery temperature at its limit (rack 1)"
    )
    assert [error.number for error in story.last.errors if error.latched] == [123]


def test_the_emergency_stop_is_sent_to_its_own_reset() -> None:
    story = box(State.RUN)
    story.step(board=PRESSED)
    assert "reset-estop" in story.ask(ResetErrors()).reason


def test_devices_are_not_reset_while_somebody_must_look_first() -> None:
    story = box(State.RUN)
    story.run(
        20.0, battery=battery(rack(cell_max_c=60.0), state=BatteryState.STANDBY), inverter=OFF
    )
    assert story.last.state is State.ERROR
    assert not story.last.setpoints.reset_faults


def test_software_is_not_replaced_before_the_contactors_are_open() -> None:
    story = box(State.RUN)
    story.run(1.0, battery=battery(current_a=20.0))
    story.step(inverter=ALARM)
    assert (story.last.state, story.last.update_allowed) == (State.ERROR, False)
    assert story.run(4.0, battery=OPEN).update_allowed


def test_somebody_far_away_does_not_shorten_the_rests() -> None:
    story = box(State.RUN)
    story.cycle.memory = msgspec.structs.replace(story.cycle.memory, stops=4)
    story.ask(GoToState(State.RUN), "cloud")
    assert story.cycle.memory.stops == 4
    story.ask(GoToState(State.RUN), "touchscreen")
    assert story.cycle.memory.stops == 0


SOURCES = {104: "battery", 112: "rack 1"}


def error(number: int) -> ActiveError:
    row = ROWS[number]
    return ActiveError(
        number, SOURCES[number], row.severity, row.title, row.remedy, row.effects, NOON, row.latched
    )


def test_the_stop_is_latched_beside_another_latched_error(tmp_path: Path) -> None:
    store = Store(tmp_path / FILE_NAME)
    store.remember(Durable(mode="passive", latched=(error(112),)))
    store.close()
    latch.write(tmp_path, latched=True)
    assert [one.number for one in remembered(tmp_path, CLOCK).latched] == [401, 112]


def test_welded_contactors_are_known_after_a_restart() -> None:
    story = box(State.RUN)
    decision = msgspec.structs.replace(story.last, errors=(error(104),))
    durable = durable_of(decision, None)
    again = Story()
    again.cycle.adopt(starting_memory(durable, again.site, {"passive"}, again.now_s))
    assert again.step(battery=battery(), inverter=OFF).state is State.ERROR
    assert not again.run(2.0).setpoints.contactors_closed


def test_an_error_of_another_version_is_left_out_and_ends_no_thread() -> None:
    strange = msgspec.structs.replace(error(112), number=999)
    story = Story()
    story.cycle.adopt(msgspec.structs.replace(story.cycle.memory, errors=(strange, error(112))))
    decision = story.step()
    assert [one.number for one in decision.errors] == [112]
    durable = durable_of(msgspec.structs.replace(decision, errors=(strange,)), None)
    assert durable.latched == (strange,)


def test_lost_memory_ends_in_rest(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"rubbish" * 1_000)
    durable = remembered(tmp_path, CLOCK)
    assert durable.goal is State.IDLE
    assert [one.number for one in durable.latched] == [401]
