"""Who leaves and for how long, who begins, who joins: at the very bounds."""

from typing import Any

import msgspec
import pytest

from appliance.model import (
    BatteryState,
    RackApart,
    RackPause,
    RackReading,
    Setpoints,
)
from tests.battery.racks import CLOSED, OUT, THREE, TWO, Bench, both, pair, three
from tests.battery.sites import opened, site
from tests.stories import battery, inverter, rack

# ------------------------------------------------------------------ who leaves, and for how long


def test_a_faulty_rack_rests_a_minute_after_its_fault() -> None:
    bench = Bench()
    assert bench.look(10.0, both()) == []
    assert bench.look(20.0, both(faults=("fuse",))) == [2]
    assert bench.second == RackApart(2, 20.0, 80.0, 1, "fuse", 20.0)
    bench.look(25.0, pair(faults=("fuse",)))
    assert bench.second == RackApart(2, 20.0, 85.0, 1, "fuse")
    assert bench.look(84.9, pair()) == [2]
    assert bench.second == RackApart(2, 20.0, 85.0, 1, "rests before it joins again")
    assert bench.look(85.0, pair()) == []


def test_each_time_it_rests_twice_as_long_up_to_an_hour() -> None:
    bench, now_s, rests = Bench(), 0.0, []
    for _ in range(9):
        bench.look(now_s, both())
        bench.look(now_s + 1.0, pair())
        rests.append(bench.second.not_before_s - now_s - 1.0)
        now_s = bench.second.not_before_s
        assert bench.look(now_s, pair()) == []
    assert rests == [60.0, 120.0, 240.0, 480.0, 960.0, 1_920.0, 3_600.0, 3_600.0, 3_600.0]


@pytest.mark.parametrize(("ran_s", "rest_s"), [(3_600.0, 120.0), (3_600.5, 60.0)])
def test_after_an_hour_of_work_it_is_forgiven(ran_s: float, rest_s: float) -> None:
    bench = Bench()
    bench.look(0.0, both())
    bench.look(1.0, pair())
    assert bench.look(61.0, pair()) == []
    bench.look(62.0, both())
    bench.look(61.0 + ran_s, pair())
    assert bench.second.not_before_s == 61.0 + ran_s + rest_s


def test_a_rack_that_has_left_a_hundred_times_still_rests_an_hour() -> None:
    bench = Bench(TWO, RackApart(2, 0.0, 0.0, 5_000))
    bench.look(10.0, pair(faults=("fuse",)))
    assert bench.second.not_before_s == 3_610.0


def test_who_counts_as_having_opened_by_itself() -> None:
    bench = Bench()
    assert bench.look(1.0, pair()) == [], "it never was closed: it is on its way"
    bench.look(2.0, both())
    assert bench.look(3.0, pair(contactors_closed=None)) == []
    bench.look(4.0, both())
    state = msgspec.structs.replace(pair(), state=BatteryState.STANDBY)
    assert bench.look(5.0, state) == []
    bench.look(6.0, both())
    bench.memory = msgspec.structs.replace(bench.memory, commanded=Setpoints())
    assert bench.look(7.0, pair()) == [], "it was told to"
    bench.memory = msgspec.structs.replace(bench.memory, commanded=CLOSED)
    bench.look(8.0, both())
    assert bench.look(9.0, pair()) == [2]


def test_it_keeps_what_it_knew_when_nothing_can_be_said() -> None:
    pause = RackPause(50.0, None, 5.0)
    for reading in (
        None,
        battery(rack(1)),
        battery(rack(1, faults=("a",)), rack(2, faults=("b",))),
    ):
        bench = Bench(TWO, OUT, rack_pause=pause)
        assert bench.look(10.0, reading) == [2]
        assert (bench.memory.racks_apart, bench.memory.rack_pause) == ((OUT,), pause)


def test_never_all_of_them() -> None:
    one, two = RackApart(1, 0.0, 500.0, 1), RackApart(2, 0.0, 500.0, 1)
    bench = Bench(TWO, one)
    assert bench.look(10.0, both(faults=("fuse",))) == [1], "then the battery as a whole is meant"
    bench = Bench(THREE, one, two)
    three = battery(rack(1), rack(2), rack(3, faults=("fuse",)))
    assert bench.look(10.0, three) == [1, 2]


def test_a_battery_of_one_rack_has_none_apart() -> None:
    pause = RackPause(5.0, 2, None)
    bench = Bench(TWO, rack_pause=pause)
    assert bench.look(10.0, battery(rack(1))) == []
    assert bench.memory.rack_pause == pause


def test_one_that_is_silent_leaves() -> None:
    bench = Bench()
    bench.look(10.0, both())
    assert bench.look(11.0, battery(rack(1), RackReading(2))) == [2]
    assert bench.second == RackApart(2, 11.0, 71.0, 1, "is not heard", 11.0)


def test_one_that_was_sent_away_has_not_opened_by_itself() -> None:
    bench = Bench()
    bench.look(10.0, both())
    bench.look(20.0, both(faults=("fuse",)))
    bench.look(30.0, pair())
    assert (bench.second.not_before_s, bench.second.times) == (80.0, 1)


def test_they_are_told_by_number() -> None:
    bench = Bench(THREE)
    bench.look(1.0, battery(rack(1), rack(2), rack(3)))
    assert bench.look(2.0, battery(rack(1), rack(2), rack(3, faults=("fuse",)))) == [3]
    faulty = [rack(number, faults=("fuse",)) for number in (1, 3)]
    assert bench.look(3.0, battery(*faulty, rack(2))) == [1, 3]


# ------------------------------------------------------------------ who begins together


def begins(*volts: float | None, apart: tuple[RackApart, ...] = (), **third: Any) -> list[int]:
    racks = [rack(n, voltage_v=v, contactors_closed=False) for n, v in enumerate(volts, 1)]
    racks[-1] = msgspec.structs.replace(racks[-1], **third)
    bench = Bench(THREE, *apart, commanded=Setpoints())
    return bench.look(10.0, opened(*racks))


@pytest.mark.parametrize(
    ("volts", "apart"),
    [
        ((400.0, 404.0), []), ((400.0, 404.125), [2]), ((404.0, 400.0), []), ((404.125, 400.0), [1]),
        ((400.0, 403.0, 405.0), [3]), ((399.0, 403.0, 405.0), [3]), ((398.0, 403.0, 405.0), [1]),
        ((400.0, 404.0, 408.0), [3]), ((400.0, None), [2]), ((None, 400.0), [1]),
    ],
)  # fmt: skip
def test_who_fits_begins(volts: tuple[float | None, ...], apart: list[int]) -> None:
    assert begins(*volts) == apart


def test_one_that_was_apart_begins_with_the_others_when_it_has_rested() -> None:
    assert begins(400.0, 400.0, apart=(RackApart(2, 0.0, 10.0, 1),)) == []
    assert begins(400.0, 400.0, apart=(RackApart(2, 0.0, 10.5, 1),)) == [2]
    assert begins(None, None, apart=(RackApart(2, 0.0, 10.0, 1),)) == []
    assert begins(None, None, apart=(RackApart(2, 0.0, 10.5, 1),)) == [2]


def test_those_that_do_not_begin_may_join_at_once() -> None:
    bench = Bench(TWO, commanded=Setpoints())
    racks = [rack(n, voltage_v=v, contactors_closed=False) for n, v in ((1, 400.0), (2, 410.0))]
    bench.look(10.0, opened(*racks))
    assert bench.second == RackApart(2, 10.0, 10.0, 0, "waits until its voltage fits")
    bench = Bench(TWO, commanded=Setpoints())
    bench.look(10.0, opened(racks[0], rack(2, contactors_closed=False, cell_max_c=None)))
    assert bench.second == RackApart(2, 10.0, 10.0, 0, "does not say how its cells are")


def test_a_longer_rest_is_not_shortened_by_a_group() -> None:
    rests = RackApart(2, 0.0, 5.0, 3)
    bench = Bench(TWO, rests, commanded=Setpoints())
    racks = [rack(n, voltage_v=v, contactors_closed=False) for n, v in ((1, 400.0), (2, 410.0))]
    bench.look(10.0, opened(*racks))
    assert (bench.second.since_s, bench.second.not_before_s, bench.second.times) == (0.0, 5.0, 3)


def test_a_longer_rest_is_not_forgotten_for_its_cells() -> None:
    bench = Bench(TWO, RackApart(2, 0.0, 5.0, 3), commanded=Setpoints())
    unknown = rack(2, contactors_closed=False, cell_max_c=None)
    bench.look(10.0, opened(rack(1, contactors_closed=False), unknown))
    assert (bench.second.since_s, bench.second.not_before_s, bench.second.times) == (0.0, 5.0, 3)


def test_of_two_equally_large_groups_the_lower_also_when_its_racks_are_alike() -> None:
    volts = {1: 400.0, 2: 400.0, 3: 410.0, 4: 410.5}
    racks = [rack(n, voltage_v=v, contactors_closed=False) for n, v in volts.items()]
    bench = Bench(site(racks=4), commanded=Setpoints())
    assert bench.look(10.0, opened(*racks)) == [3, 4]


def test_the_group_is_chosen_only_while_all_are_open() -> None:
    bench = Bench(TWO, commanded=Setpoints())
    closed = rack(1, voltage_v=400.0)
    assert bench.look(10.0, opened(closed, rack(2, voltage_v=420.0, contactors_closed=False))) == []
    bench = Bench(TWO)
    racks = [rack(n, voltage_v=v, contactors_closed=False) for n, v in ((1, 400.0), (2, 420.0))]
    assert bench.look(10.0, opened(*racks)) == [], "they were told to close"


# ------------------------------------------------------------------ who joins


@pytest.mark.parametrize(
    ("open_v", "current_a", "apart"),
    [
        (404.0, 0.0, []), (404.125, 0.0, [2]), (396.0, 0.0, []), (395.875, 0.0, [2]),
        (400.0, 5.0, []), (400.0, 5.1, [2]), (400.0, -5.0, []), (400.0, -5.1, [2]),
        (400.0, None, [2]), (None, 0.0, [2]),
    ],
)  # fmt: skip
def test_a_rack_joins_where_it_fits(
    open_v: float | None, current_a: float | None, apart: list[int]
) -> None:
    assert Bench(TWO, OUT).look(10.0, pair(open_v, current_a)) == apart


@pytest.mark.parametrize(
    ("dc_v", "apart"), [(410.0, []), (410.125, [2]), (390.0, []), (389.875, [2]), (None, [])]
)
def test_against_the_dc_bus(dc_v: float | None, apart: list[int]) -> None:
    plant = inverter(dc_voltage_v=dc_v)
    assert Bench(TWO, OUT).look(10.0, pair(), inverter=plant) == apart
    assert Bench(TWO, OUT).look(10.0, pair(), inverter=None) == []


def test_the_mean_is_that_of_the_joined_racks() -> None:
    def look(first_v: float | None, second_v: float | None, third_v: float) -> list[int]:
        bench = Bench(THREE, RackApart(3, 0.0, 0.0))
        third = rack(3, voltage_v=third_v, contactors_closed=False)
        return bench.look(
            10.0, battery(rack(1, voltage_v=first_v), rack(2, voltage_v=second_v), third)
        )

    assert look(400.0, 404.0, 406.0) == []
    assert look(400.0, 404.0, 406.125) == [3]
    assert look(400.0, None, 404.0) == []
    assert look(400.0, None, 404.125) == [3]
    assert look(None, None, 400.0) == [3]
    assert look(0.0, 0.0, 1.0) == [3], "a voltage of nothing is none"
    assert look(0.0, None, 1.0) == [3]
    assert look(0.25, 0.25, 0.5) == []


def test_one_at_a_time_the_one_that_fits_best() -> None:
    waiting = RackApart(2, 0.0, 0.0), RackApart(3, 0.0, 0.0)
    for second_v, third_v, apart in (
        (402.0, 401.0, [2]), (398.0, 401.0, [2]), (401.0, 402.0, [3]), (401.0, 401.0, [3]), (410.0, 402.0, [2]),
    ):  # fmt: skip
        assert Bench(THREE, *waiting).look(10.0, three(second_v, third_v)) == apart
    bench = Bench(THREE, *waiting)
    assert bench.look(10.0, three(400.0, 400.0)) == [3]
    assert bench.look(11.0, three(400.0, 400.0)) == [3], "another one is on its way"
    assert bench.look(12.0, three(400.0, 400.0, second_closed=True)) == []


@pytest.mark.parametrize("ails", [{"faults": ("fuse",)}, {"cell_min_v": 2.4}, {"cell_max_c": None}])
def test_one_that_ails_does_not_join(ails: dict[str, Any]) -> None:
    assert Bench(TWO, OUT).look(10.0, pair(**ails)) == [2]


def test_a_suspect_waits_until_its_cells_are_well_inside() -> None:
    bench = Bench(TWO, OUT)
    bench.look(10.0, pair(cell_min_v=2.4))
    assert (bench.second.waits, bench.second.not_before_s) == ("cell 2.7 at 2.40 V", 70.0)
    assert bench.look(100.0, pair(cell_min_v=2.79)) == [2]
    assert bench.second.waits == "had a cell beyond its limits"
    assert bench.look(120.0, pair(cell_min_v=2.8)) == []
    closed = Bench()
    closed.look(10.0, both(cell_min_v=2.4))
    closed.look(11.0, pair(cell_min_v=2.79))
    assert closed.second.waits == "rests before it joins again", "it was closed then"
