"""A rack that leaves the others under load is not torn off; a destroyed cell is remembered."""

from typing import Any

import pytest

from appliance.config import build_modes
from appliance.cycle import Cycle
from appliance.errors.battery import rack_leaves
from appliance.model import (
    BatteryReading,
    BatteryState,
    BoardReading,
    GoToMode,
    Memory,
    RackApart,
    RackReading,
    SetPower,
    State,
)
from appliance.recall import starting_memory
from appliance.store.notebook import durable_of
from tests.battery.sites import opened, site
from tests.stories import Story, battery, inverter, rack, seen

THREE = site(racks=3)
ALL: BatteryReading = battery(rack(1), rack(2), rack(3))
X = ("rack 1: x",)
SILENT = RackReading(1, faults=("state is not heard",))


def loaded(each_a: float = 4.0, **first: Any) -> BatteryReading:
    """Three racks of which each carries so much; the first is odd."""
    one = rack(1, **({"current_a": each_a} | first))
    return battery(
        one, rack(2, current_a=each_a), rack(3, current_a=each_a),
        current_a=3.0 * each_a, power_w=1_260.0 * each_a, faults=X if first.get("faults") else (),
    )  # fmt: skip


def silent(each_a: float, whole_a: float | None) -> BatteryReading:
    """The first of three is not heard any more."""
    return battery(
        SILENT, rack(2, current_a=each_a), rack(3, current_a=each_a),
        current_a=whole_a, power_w=5_000.0, faults=("rack 1: state is not heard",),
    )  # fmt: skip


def under_load() -> Story:
    story = Story(site=THREE, changes={"battery": ALL}).running()
    story.ask(GoToMode("local_control"))
    assert story.ask(SetPower(5_000.0, 3_600.0)).ok
    story.run(2.0, battery=loaded(), inverter=inverter(5_000.0))
    assert story.last.setpoints.power_w == 5_000.0
    return story


def test_power_falls_in_the_same_cycle_and_the_rack_stays_closed() -> None:
    told = under_load().step(battery=loaded(faults=("x",)))
    assert (told.setpoints.power_w, told.setpoints.racks_open) == (0.0, ())
    assert (told.limits.binding, told.state) == ("a rack joins", State.RUN)
    assert "a rack that leaves" in told.why


def test_it_opens_once_its_own_current_is_low() -> None:
    story = under_load()
    story.step(battery=loaded(faults=("x",)))
    for amps, told in ((2.0, ()), (-1.0, ()), (0.99, (1,))):
        falling = loaded(amps, faults=("x",))
        assert story.step(battery=falling).setpoints.racks_open == told


def test_a_current_that_does_not_fall_is_waited_for_at_most_0_8_s() -> None:
    story = under_load()
    story.step(battery=loaded(faults=("x",)))
    assert story.run(0.7).setpoints.racks_open == ()
    assert story.run(0.2).setpoints.racks_open == (1,)
    assert story.last.setpoints.power_w == 0.0


def test_power_comes_back_when_the_rack_has_opened() -> None:
    story = under_load()
    story.step(battery=loaded(faults=("x",)))
    told = story.run(0.5, battery=loaded(0.0, faults=("x",)), inverter=inverter())
    assert (told.setpoints.racks_open, told.setpoints.power_w) == ((1,), 0.0)
    away = loaded(0.0, faults=("x",), contactors_closed=False)
    assert story.run(0.3, battery=away).setpoints.power_w > 0.0
    assert story.last.setpoints.racks_open == (1,)


@pytest.mark.parametrize(
    ("whole_a", "told"), [(12.0, ()), (8.0, (1,)), (9.1, ()), (None, ())],
)  # fmt: skip
def test_one_that_falls_silent_opens_at_once_only_where_the_others_carry_all(
    whole_a: float | None, told: tuple[int, ...]
) -> None:
    story = under_load()
    first = story.step(battery=silent(4.0, whole_a)).setpoints
    assert (first.power_w, first.racks_open) == (0.0, told)
    assert story.run(0.9).setpoints.racks_open == (1,)


def test_power_waits_two_seconds_for_a_silent_one_that_carries_nothing() -> None:
    story = under_load()
    calm = battery(SILENT, rack(2), rack(3), faults=("rack 1: state is not heard",))
    assert story.run(1.9, battery=calm, inverter=inverter()).setpoints.power_w == 0.0
    assert story.run(0.4).setpoints.power_w > 0.0
    assert story.last.setpoints.racks_open == (1,)


def test_in_an_emergency_it_opens_with_the_others() -> None:
    story = under_load()
    story.step(battery=loaded(faults=("x",)))
    told = story.step(board=BoardReading(estop_pressed=True)).setpoints
    assert (told.contactors_closed, told.racks_open) == (True, ())
    told = story.run(0.6).setpoints
    assert (told.contactors_closed, told.racks_open) == (False, (1,))


def test_meanwhile_no_other_rack_joins() -> None:
    story = under_load()
    waits = (RackApart(3, 0.0, 0.0),)
    memory = Memory(state=State.RUN, commanded=story.last.setpoints, racks_apart=waits)
    story.cycle.adopt(memory)
    third = rack(3, contactors_closed=False)
    sick = rack(1, faults=("x",), current_a=3.0)
    both = battery(sick, rack(2, current_a=-3.0), third, current_a=0.0, faults=X)
    assert story.step(battery=both).setpoints.racks_open == (3,)
    assert story.step().setpoints.racks_open == (3,)


def test_its_time_begins_when_no_power_is_asked_for_any_more() -> None:
    """A cycle that comes late, and a rack of which only the cycle before could tell that it leaves."""
    story = under_load()
    unsaid = loaded(contactors_closed=None, cell_max_v=3.8)
    story.step(battery=unsaid)
    assert story.step(3.0).setpoints.racks_open == ()
    assert story.last.setpoints.power_w == 0.0
    assert story.run(0.9).setpoints.racks_open == (1,)


def test_who_is_on_the_way_out() -> None:
    bad = rack(1, faults=("x",))
    left = Memory(racks_apart=(RackApart(1, 0.0, 0.0),))
    leaving = Memory(racks_apart=(RackApart(1, 0.0, 0.0, opens_s=5.0),))

    def leaves(memory: Memory, *racks: RackReading) -> bool:
        return rack_leaves(seen(battery=battery(*racks) if racks else None), memory)

    assert leaves(Memory(), bad, rack(2)) and leaves(leaving, rack(1), rack(2))
    assert not leaves(left, bad, rack(2)), "it was told long ago"
    assert not leaves(Memory(), rack(1, faults=("x",), contactors_closed=False), rack(2))
    assert not leaves(Memory(), bad, rack(2, faults=("y",))), "the battery as a whole"
    assert not leaves(Memory(), bad) and not leaves(leaving)
    assert not leaves(Memory(), rack(1), rack(2))


# ------------------------------------------------------------------ what a restart must not forget


def at_start(**first: Any) -> BatteryReading:
    closed: dict[str, Any] = {"contactors_closed": False}
    return opened(rack(1, **(closed | first)), rack(2, **closed), rack(3, **closed))


def restarted(story: Story) -> Story:
    modes = build_modes(THREE)
    again = Story(site=THREE, changes={"battery": at_start(cell_min_v=2.55)})
    again.cycle = Cycle(THREE, *modes)
    kept = durable_of(story.last, None)
    again.cycle.adopt(starting_memory(kept, THREE, set(modes[1]), again.now_s))
    return again


def test_a_destroyed_cell_is_remembered_over_a_restart() -> None:
    story = Story(site=THREE, changes={"battery": ALL}).running()
    sick = battery(rack(1, cell_min_v=2.4, contactors_closed=False), rack(2), rack(3))
    story.run(1.0, battery=sick)
    again = restarted(story)
    again.run(0.5)
    assert again.last.setpoints.racks_open == (1,), "2.55 V: crept back, and not well"
    third = restarted(again)
    third.run(0.5)
    assert third.last.setpoints.racks_open == (1,), "a second restart does not forget it either"
    mended = rack(1, contactors_closed=False, cell_min_v=2.81)
    well = third.run(0.5, battery=battery(mended, rack(2), rack(3)))
    assert (well.setpoints.racks_open, well.racks_suspect) == ((), ())


def test_a_sound_box_remembers_nothing_of_its_racks() -> None:
    story = Story(site=THREE, changes={"battery": ALL}).running()
    story.run(1.0, battery=battery(rack(1, cell_min_v=2.4), rack(2), rack(3)))
    assert durable_of(story.last, None).racks_suspect == (), "closed: its own errors judge it"
    open_all = battery(*at_start(cell_min_v=2.55).racks, state=BatteryState.STANDBY)
    assert restarted(story).run(0.5, battery=open_all).setpoints.racks_open == ()
