"""What the cycle adds for the battery: asleep, balancing, racks that stay apart; what it remembers."""

from typing import Any

import msgspec

from appliance.battery.care import Care
from appliance.model import BatteryReading, Memory, RackApart, RackPause, Setpoints, State
from appliance.site import Balancing, SiteSettings, Sleep
from tests.battery.racks import CLOSED, pair
from tests.battery.sites import opened, site
from tests.stories import rack, seen

FRAME, ON = Sleep(means="frame", idle_after_s=600.0), Balancing(enabled=True)
RESTS = Memory(state=State.IDLE, goal=State.IDLE)
TOP = rack(contactors_closed=False, cell_max_v=3.5, cell_min_v=3.4)


def added(chosen: SiteSettings, reading: BatteryReading, now_s: float = 1_000.0, may_sleep: bool = True,
          memory: Memory = RESTS) -> tuple[Setpoints, Memory]:  # fmt: skip
    setpoints = CLOSED if memory.state is State.RUN else Setpoints()
    known = seen(now_s, battery=reading)
    return Care(chosen).add(setpoints, memory.state, may_sleep, 0.0, known, memory)


def test_asleep_it_is_not_balanced() -> None:
    both = site(sleep=FRAME, balancing=ON)
    setpoints, memory = added(both, opened(TOP))
    assert (setpoints.battery_asleep, setpoints.balancing) == (True, False)
    assert memory.asleep_since_s == 1_000.0
    setpoints, memory = added(both, opened(TOP), may_sleep=False)
    assert (setpoints.battery_asleep, setpoints.balancing) == (False, True)
    assert memory.asleep_since_s is None
    setpoints, _memory = added(site(balancing=ON), opened(TOP))
    assert (setpoints.battery_asleep, setpoints.balancing) == (False, True)
    alike = rack(contactors_closed=False, cell_max_v=3.5, cell_min_v=3.495)
    assert not added(site(balancing=ON), opened(alike))[0].balancing


def test_nothing_to_add_changes_nothing() -> None:
    setpoints, memory = added(site(), opened(TOP))
    assert setpoints == Setpoints() and memory is RESTS


def test_a_battery_that_may_not_sleep_any_more_still_wakes() -> None:
    waking = msgspec.structs.replace(RESTS, waking=True)
    setpoints, memory = added(site(), opened(), now_s=9_999.0, memory=waking)
    assert (setpoints.battery_asleep, memory.waking) == (False, False)


def test_a_site_of_one_rack_opens_none() -> None:
    before = msgspec.structs.replace(RESTS, racks_apart=(RackApart(2, 0.0, 9e9, 1),))
    setpoints, memory = added(site(racks=1), opened(), memory=before)
    assert (setpoints.racks_open, memory) == ((), before)


def test_racks_that_stay_apart_are_opened_and_remembered() -> None:
    runs = Memory(state=State.RUN, commanded=CLOSED)
    setpoints, memory = added(site(racks=2), pair(faults=("fuse",)), memory=runs)
    assert setpoints.racks_open == (2,)
    assert memory.racks_apart == (RackApart(2, 1_000.0, 1_060.0, 1, "fuse"),)
    assert memory.rack_pause is None


def test_a_pause_that_ends_is_remembered() -> None:
    closes: dict[str, Any] = {"rack_pause": RackPause(1_020.0, 2, 990.0)}
    runs = Memory(state=State.RUN, commanded=CLOSED, **closes)
    setpoints, memory = added(site(racks=2), pair(contactors_closed=True), memory=runs)
    assert (setpoints, memory.racks_apart) == (CLOSED, ())
    assert memory.rack_pause == RackPause(1_000.0, None, 990.0)
