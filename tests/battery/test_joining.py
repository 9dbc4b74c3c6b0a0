"""Racks join where their voltage fits, leave when they are faulty, and the others go on."""

from typing import Any

import msgspec
import pytest

from appliance.battery.joining import Joining
from appliance.model import (
    BatteryReading,
    GoToState,
    Memory,
    MeterReading,
    RackApart,
    RackReading,
    Setpoints,
    State,
)
from tests.battery.sites import OFF, both, opened, site
from tests.stories import Story, battery, inverter, rack, seen

TWO, THREE = site(racks=2), site(racks=3)
CLOSED = Setpoints(contactors_closed=True, inverter_on=True)


def volts(*racks_v: float | None) -> tuple[RackReading, ...]:
    return tuple(
        rack(number, voltage_v=one, contactors_closed=False)
        for number, one in enumerate(racks_v, start=1)
    )


def open_racks(*racks_v: float | None) -> tuple[int, ...]:
    told = Joining(THREE).apart(seen(battery=opened(*volts(*racks_v))), Memory())
    return tuple(one.rack for one in told)


@pytest.mark.parametrize(
    ("racks_v", "apart"),
    [
        ((400.0, 400.0, 400.0), ()),
        ((400.0, 403.9, 402.0), ()),
        ((400.0, 406.0, 401.0), (2,)),
        ((406.0, 400.0, 401.0), (1,)),
        ((400.0, 406.0), (2,)),
        ((406.0, 400.0), (1,)),
        ((400.0, 405.0, 410.0), (2, 3)),
        ((400.0, 402.0, None), (3,)),
        ((None, None, None), ()),
    ],
)
def test_the_largest_group_begins_and_the_lower_of_two(
    racks_v: tuple[float, ...], apart: tuple[int, ...]
) -> None:
    assert open_racks(*racks_v) == apart


def pair(high_v: float, low_v: float = 400.0, **changes: Any) -> BatteryReading:
    """Rack 1 works, rack 2 is open."""
    return battery(
        rack(1, voltage_v=low_v), rack(2, voltage_v=high_v, contactors_closed=False), **changes
    )


def started(high_v: float = 406.0) -> Story:
    """A box that runs with rack 1 alone: rack 2 is 6 V higher."""
    story = Story(site=TWO, changes={"battery": opened(*volts(400.0, high_v)), "inverter": OFF})
    story.run(0.5)
    assert story.last.setpoints.racks_open == (2,)
    story.run(1.0, battery=pair(high_v), inverter=inverter())
    assert (story.last.state, story.last.setpoints.racks_open) == (State.RUN, (2,))
    return story


def test_six_volts_away_does_not_join_until_they_have_met() -> None:
    story = started()
    assert story.run(20.0).setpoints.racks_open == (2,)
    assert [(e.number, e.source) for e in story.last.errors] == [
        (126, "rack 2: waits until its voltage fits")
    ]
    assert story.run(0.5, battery=pair(406.0, 401.9)).setpoints.racks_open == (2,)
    assert story.run(0.5, battery=pair(406.0, 402.1)).setpoints.racks_open == ()
    both = battery(rack(1, voltage_v=403.0), rack(2, voltage_v=403.0))
    story.run(4.0, battery=both)
    assert (story.last.errors, story.last.setpoints.racks_open) == ((), ())


def test_a_fault_of_the_only_rack_that_works_is_the_battery_s_also_while_another_waits() -> None:
    story = started()
    fault = ("rack 1: over-voltage",)
    faulty = rack(1, voltage_v=400.0, faults=("over-voltage",))
    waits = rack(2, voltage_v=406.0, contactors_closed=False)
    story.run(1.0, battery=battery(faulty, waits, faults=fault))
    assert story.last.state is State.ERROR
    assert [error.number for error in story.last.errors if error.effects] == [102]
    open_yet = msgspec.structs.replace(faulty, contactors_closed=False)
    story.run(20.0, battery=opened(open_yet, waits), inverter=OFF)
    assert (story.last.state, story.last.setpoints.racks_open) == (State.PRECHARGE, (1,))


def test_it_does_not_join_while_current_flows() -> None:
    story = started()
    assert story.run(0.5, battery=pair(402.0, current_a=6.0)).setpoints.racks_open == (2,)
    assert story.run(0.5, battery=pair(402.0, current_a=-6.0)).setpoints.racks_open == (2,)
    assert story.run(0.5, battery=pair(402.0, current_a=None)).setpoints.racks_open == (2,)
    assert story.run(0.5, battery=pair(402.0, current_a=-4.0)).setpoints.racks_open == ()


def test_it_does_not_join_against_another_voltage_of_the_dc_bus() -> None:
    story = started()
    far = story.run(0.5, battery=pair(402.0), inverter=inverter(dc_voltage_v=380.0))
    assert far.setpoints.racks_open == (2,)
    near = story.run(0.5, inverter=inverter(dc_voltage_v=401.0))
    assert near.setpoints.racks_open == ()


def running() -> Story:
    story = Story(site=TWO, changes={"battery": both()}).running()
    story.run(1.0)
    assert story.last.setpoints.racks_open == ()
    return story


def test_a_faulty_rack_leaves_and_the_other_goes_on() -> None:
    story = running()
    story.step(battery=both(faults=("fuse",)))
    assert (story.last.state, story.last.setpoints.racks_open) == (State.RUN, (2,))
    story.run(1.0)
    gone = {"faults": ("fuse",), "contactors_closed": False, "cell_max_v": 3.9, "cell_min_v": 1.0}
    story.run(60.0, battery=both(**gone), grid=MeterReading(2_000.0))
    assert story.last.state is State.RUN
    assert [(e.number, e.source) for e in story.last.errors] == [(126, "rack 2: fuse")]
    assert story.last.limits.max_discharge_w > 1_000.0, "its cells do not hold the others back"


def test_a_faulty_rack_that_does_not_open_stops_the_battery() -> None:
    story = running()
    story.run(2.5, battery=both(faults=("welded",)))
    assert story.last.state is State.RUN
    stopped = story.run(1.0)
    assert stopped.state is State.ERROR
    assert 102 in [error.number for error in story.last.errors]


def test_when_no_rack_is_sound_the_battery_stops() -> None:
    story = running()
    faults = ("rack 1: fuse", "rack 2: fuse")
    bad = battery(rack(1, faults=("fuse",)), rack(2, faults=("fuse",)), faults=faults)
    assert story.step(battery=bad).state is State.ERROR


def test_a_fault_of_the_battery_itself_stops_it() -> None:
    story = running()
    assert (
        story.step(battery=battery(rack(1), rack(2), faults=("insulation",))).state is State.ERROR
    )


def test_a_fault_of_the_battery_beside_one_of_a_rack_stops_it() -> None:
    story = running()
    faults = ("rack 2: fuse", "insulation")
    reading = battery(rack(1), rack(2, faults=("fuse",), contactors_closed=False), faults=faults)
    assert story.step(battery=reading).state is State.ERROR


def test_without_a_voltage_to_compare_with_none_joins() -> None:
    story = started()
    unknown = battery(rack(1, voltage_v=None), rack(2, voltage_v=402.0, contactors_closed=False))
    assert story.run(1.0, battery=unknown).setpoints.racks_open == (2,)


def test_a_single_rack_at_fault_stops_the_box() -> None:
    story = Story().running()
    story.step(battery=battery(rack(1, faults=("fuse",)), faults=("rack 1: fuse",)))
    assert story.last.state is State.ERROR


def test_a_rack_that_falls_silent_leaves_the_others_at_work() -> None:
    story = running()
    silent = RackReading(2, faults=("state is not heard",))
    reading = battery(rack(1), silent, faults=("rack 2: state is not heard",))
    story.run(20.0, battery=reading, grid=MeterReading(2_000.0))
    assert (story.last.state, story.last.setpoints.racks_open) == (State.RUN, (2,))
    assert story.last.limits.max_discharge_w > 1_000.0
    assert 126 in [error.number for error in story.last.errors]


def test_a_rack_that_opened_by_itself_rests_before_it_joins_again() -> None:
    story = running()
    story.run(1.0, battery=both(contactors_closed=False))
    assert story.last.setpoints.racks_open == (2,)
    assert story.step(57.0).setpoints.racks_open == (2,)
    assert story.step(3.0).setpoints.racks_open == ()
    story.run(1.0, battery=both())
    story.run(1.0, battery=both(contactors_closed=False))
    assert story.step(100.0).setpoints.racks_open == (2,), "twice as long the second time"
    assert story.step(20.0).setpoints.racks_open == ()


def test_a_fault_that_is_gone_is_followed_by_a_rest() -> None:
    story = running()
    story.run(30.0, battery=both(faults=("hot",), contactors_closed=False))
    story.run(1.0, battery=both(contactors_closed=False))
    assert story.step(55.0).setpoints.racks_open == (2,)
    assert story.step(5.0).setpoints.racks_open == ()


def test_racks_join_one_at_a_time() -> None:
    joining, memory = Joining(THREE), Memory(commanded=CLOSED)
    far = Joining(THREE).apart(seen(battery=opened(*volts(400.0, 405.0, 410.0))), Memory())
    memory = msgspec.structs.replace(memory, racks_apart=far)
    met = battery(
        rack(1, voltage_v=404.0),
        rack(2, voltage_v=405.0, contactors_closed=False),
        rack(3, voltage_v=404.5, contactors_closed=False),
    )
    memory = msgspec.structs.replace(memory, racks_apart=joining.apart(seen(battery=met), memory))
    assert [one.rack for one in memory.racks_apart] == [2]
    again = joining.apart(seen(battery=met), memory)
    assert [one.rack for one in again] == [2], "rack 3 is on its way"


def test_people_work_on_it_only_when_every_rack_is_open() -> None:
    story = started()
    story.ask(GoToState(State.MAINTENANCE))
    story.run(6.0, battery=pair(406.0), inverter=OFF)
    assert story.last.state is not State.MAINTENANCE


def test_a_single_rack_never_stays_apart() -> None:
    story = Story().running()
    assert story.run(0.5, battery=battery(rack(faults=("x",)))).setpoints.racks_open == ()


def test_a_battery_silent_as_a_whole_counts_for_no_rack() -> None:
    """Else each outage of the BMS would double the time that a rack rests when it once leaves."""
    joining, memory = Joining(TWO), Memory()
    silent = battery(RackReading(rack=1), RackReading(rack=2))
    for now_s in range(100, 104):
        joining.apart(seen(float(now_s), battery=silent), memory)
        joining.apart(seen(now_s + 0.5, battery=battery(rack(1), rack(2))), memory)
    bad = rack(2, faults=("state is not heard",))
    (told,) = joining.apart(seen(200.0, battery=battery(rack(1), bad)), memory)
    assert (told.rack, told.times) == (2, 1)
    assert told.not_before_s == pytest.approx(260.0), "a minute"


SICK: list[tuple[dict[str, Any], str]] = [
    ({"cell_min_v": 2.49}, "cell 2.7 at 2.49 V"),
    ({"cell_max_v": 3.71}, "cell 2.14 at 3.71 V"),
    ({"cell_min_c": -20.1}, "cell 2.1 at -20 °C"),
    ({"cell_max_c": 58.1}, "cell 2.60 at 58 °C"),
]
NEARLY: list[dict[str, Any]] = [
    {"cell_min_v": 2.5}, {"cell_max_v": 3.7}, {"cell_min_c": -20.0}, {"cell_max_c": 58.0},
]  # fmt: skip


def joins(guards: bool = False, **second: Any) -> tuple[bool, bool, str]:
    """Does rack 2 begin together with rack 1; does it join later; what it waits for."""
    cells = {"contactors_closed": False, **second}
    first = opened(rack(1, contactors_closed=False), rack(2, **cells), guards_cells=guards)
    begins = not Joining(TWO).apart(seen(battery=first), Memory())
    apart = (RackApart(2, 0.0, 0.0),)
    memory = Memory(state=State.RUN, commanded=CLOSED, racks_apart=apart)
    later = battery(rack(1), rack(2, **cells), guards_cells=guards)
    told = Joining(TWO).apart(seen(battery=later), memory)
    return begins, not told, told[0].waits if told else ""


@pytest.mark.parametrize(("cells", "words"), SICK)
def test_a_rack_with_a_destroyed_cell_is_never_let_in(cells: dict[str, Any], words: str) -> None:
    assert joins(**cells) == joins(guards=True, **cells) == (False, False, words)
    assert joins(contactors_closed=None, **cells)[1:] == (False, words)


@pytest.mark.parametrize("cells", NEARLY)
def test_a_rack_at_its_very_limits_may_join(cells: dict[str, Any]) -> None:
    assert joins(**cells) == (True, True, "")


@pytest.mark.parametrize("name", ["cell_min_v", "cell_max_v", "cell_min_c", "cell_max_c"])
def test_a_rack_of_whose_cells_nobody_knows_is_not_let_in(name: str) -> None:
    for unknown in (None, float("nan")):
        known: dict[str, Any] = {name: unknown}
        assert joins(**known) == (False, False, "does not say how its cells are")
    unsaid: dict[str, Any] = {name: None}
    assert joins(guards=True, **unsaid) == (True, True, "")


def test_where_no_rack_tells_of_its_cells_none_is_kept_out_for_that() -> None:
    mute = [rack(one, cell_min_v=None, contactors_closed=False) for one in (1, 2)]
    assert Joining(TWO).apart(seen(battery=opened(*mute)), Memory()) == ()


def test_a_closed_rack_is_not_opened_alone_for_its_cells() -> None:
    memory = Memory(state=State.RUN, commanded=CLOSED)
    for cells in ({"cell_min_v": 1.9}, {"cell_min_v": None}):
        assert Joining(TWO).apart(seen(battery=both(**cells)), memory) == ()


@pytest.mark.parametrize(
    ("number", "cells", "words"),
    [(114, {"cell_min_v": 1.9}, "cell 2.7 at 1.90 V"), (112, {"cell_max_v": 3.95}, "cell 2.14 at 3.95 V")],
)  # fmt: skip
def test_a_destroyed_cell_of_an_open_rack_is_named_and_latched_when_all_are_open(
    number: int, cells: dict[str, Any], words: str
) -> None:
    story = running()
    story.run(200.0, battery=both(contactors_closed=False, **cells))
    assert (story.last.state, story.last.setpoints.racks_open) == (State.RUN, (2,))
    assert [(e.number, e.source) for e in story.last.errors] == [(126, f"rack 2: {words}")]
    story.ask(GoToState(State.IDLE))
    sick = rack(2, contactors_closed=False, **cells)
    story.run(2.0, battery=opened(rack(1, contactors_closed=False), sick), inverter=OFF)
    assert (number, "rack 2") in [(error.number, error.source) for error in story.last.errors]


def test_a_cell_that_has_crept_back_over_its_limit_is_not_well_yet() -> None:
    story = running()
    story.run(2.0, battery=both(contactors_closed=False, cell_min_v=1.9))
    for crept_v in (2.6, 2.79):
        story.run(200.0, battery=both(contactors_closed=False, cell_min_v=crept_v))
        assert story.last.setpoints.racks_open == (2,)
    (told,) = [error.source for error in story.last.errors if error.number == 126]
    assert told == "rack 2: had a cell beyond its limits"
    story.run(200.0, battery=both(contactors_closed=False, cell_min_v=None))
    assert story.last.setpoints.racks_open == (2,)
    last = story.run(0.2, battery=both(contactors_closed=False, cell_min_v=2.8))
    assert last.setpoints.racks_open == ()


def test_a_silent_rack_that_still_carries_stops_the_battery() -> None:
    story = running()
    silent = RackReading(2, faults=("state is not heard",))
    heard = battery(rack(1, current_a=-6.0), silent, current_a=-12.0, power_w=-5_040.0)
    assert story.run(2.5, battery=heard).state is State.RUN
    assert story.run(1.0).state is State.ERROR
    assert (136, "rack 2") in [(error.number, error.source) for error in story.last.errors]
