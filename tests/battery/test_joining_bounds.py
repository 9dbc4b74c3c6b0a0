"""Joining of racks at its very bounds: windows, rests that double, pauses, the sag under load, what is told."""

from typing import Any

import msgspec
import pytest

from appliance.battery.joining import Joining
from appliance.model import (
    BatteryReading,
    BatteryState,
    Memory,
    RackApart,
    RackPause,
    RackReading,
    Setpoints,
    State,
)
from appliance.site import SiteSettings
from tests.battery.sites import opened, site
from tests.stories import battery, inverter, rack, seen

TWO, THREE = site(racks=2), site(racks=3)
CLOSED = Setpoints(contactors_closed=True, inverter_on=True)
RUNS = Memory(state=State.RUN, commanded=CLOSED)
OUT = RackApart(2, 0.0, 0.0, 1, "waits for a low current")


class Bench:
    """Racks and what was remembered of them."""

    def __init__(self, chosen: SiteSettings = TWO, *apart: RackApart, **memory: Any) -> None:
        self.joining = Joining(chosen)
        self.memory = msgspec.structs.replace(RUNS, racks_apart=apart, **memory)

    def look(self, now_s: float, reading: BatteryReading | None, **changes: Any) -> list[int]:
        """The racks that stay apart."""
        told = self.joining.apart(seen(now_s, battery=reading, **changes), self.memory)
        pause = self.joining.pause
        self.memory = msgspec.structs.replace(self.memory, racks_apart=told, rack_pause=pause)
        return [one.rack for one in told]

    @property
    def second(self) -> RackApart:
        (found,) = (one for one in self.memory.racks_apart if one.rack == 2)
        return found


def pair(
    open_v: float | None = 400.0, current_a: float | None = 0.0, **second: Any
) -> BatteryReading:
    """Rack 1 works at 400 V, rack 2 is open."""
    other = rack(2, **({"voltage_v": open_v, "contactors_closed": False} | second))
    return battery(rack(1, voltage_v=400.0), other, current_a=current_a)


def both(**second: Any) -> BatteryReading:
    return pair(contactors_closed=True, **second)


# ------------------------------------------------------------------ who leaves, and for how long


def test_a_faulty_rack_rests_a_minute_after_its_fault() -> None:
    bench = Bench()
    assert bench.look(10.0, both()) == []
    assert bench.look(20.0, both(faults=("fuse",))) == [2]
    assert bench.second == RackApart(2, 20.0, 80.0, 1, "fuse")
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


def three(second_v: float, third_v: float, second_closed: bool = False) -> BatteryReading:
    second = rack(2, voltage_v=second_v, contactors_closed=second_closed)
    third = rack(3, voltage_v=third_v, contactors_closed=False)
    return battery(rack(1, voltage_v=400.0), second, third)


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


# ------------------------------------------------------------------ power pauses for it


def test_who_is_let_in_has_half_a_minute_to_close() -> None:
    bench = Bench(TWO, OUT)
    bench.look(10.0, pair())
    assert bench.memory.rack_pause == RackPause(40.0, 2, None)
    assert bench.look(39.9, pair()) == []
    assert bench.memory.rack_pause == RackPause(40.0, 2, None)
    assert bench.look(40.0, pair()) == [2]
    assert bench.memory.rack_pause == RackPause(40.0, None, None)
    assert bench.second == RackApart(2, 40.0, 100.0, 1, "rests before it joins again")


def test_the_pause_ends_when_it_has_closed() -> None:
    bench = Bench(TWO, OUT)
    bench.look(10.0, pair())
    assert bench.look(15.0, both()) == []
    assert bench.memory.rack_pause == RackPause(15.0, None, None)
    bench.look(16.0, both())
    assert bench.memory.rack_pause == RackPause(15.0, None, None)
    bench = Bench(rack_pause=RackPause(40.0, 2, 7.0))
    bench.look(50.0, both())
    assert bench.memory.rack_pause == RackPause(40.0, None, 7.0)


def test_the_pause_ends_when_it_fails_on_the_way() -> None:
    bench = Bench(TWO, OUT)
    bench.look(10.0, pair())
    assert bench.look(15.0, pair(faults=("fuse",))) == [2]
    assert bench.memory.rack_pause == RackPause(15.0, None, None)


@pytest.mark.parametrize(("now_s", "apart"), [(20.0, []), (20.5, [2]), (29.9, [2]), (30.0, [])])
def test_ten_seconds_of_a_pause_are_left_for_the_contactor(now_s: float, apart: list[int]) -> None:
    bench = Bench(TWO, OUT, rack_pause=RackPause(30.0, None, 5.0))
    assert bench.look(now_s, pair()) == apart
    until_s = {20.0: 30.0, 30.0: 60.0}.get(now_s)
    expected = RackPause(30.0, None, 5.0) if until_s is None else RackPause(until_s, 2, 5.0)
    assert bench.memory.rack_pause == expected


@pytest.mark.parametrize(("now_s", "asks"), [(169.9, False), (170.0, True)])
def test_under_load_a_pause_is_asked_for_after_a_minute(now_s: float, asks: bool) -> None:
    ready = RackApart(2, 50.0, 110.0, 1)
    for state, wanted in ((State.RUN, asks), (State.STOPPING, False)):
        bench = Bench(TWO, ready, state=state)
        assert bench.look(now_s, pair(400.0, 12.0)) == [2]
        expected = RackPause(now_s + 30.0, None, now_s) if wanted else None
        assert bench.memory.rack_pause == expected


@pytest.mark.parametrize(("now_s", "asks"), [(899.9, False), (900.0, True)])
def test_pauses_are_ten_minutes_apart(now_s: float, asks: bool) -> None:
    before = RackPause(330.0, None, 300.0)
    bench = Bench(TWO, OUT, rack_pause=before)
    bench.look(now_s, pair(400.0, 12.0))
    expected = RackPause(now_s + 30.0, None, now_s) if asks else before
    assert bench.memory.rack_pause == expected
    bench = Bench(TWO, OUT, rack_pause=RackPause(330.0, None, None))
    bench.look(now_s, pair(400.0, 12.0))
    assert bench.memory.rack_pause == RackPause(now_s + 30.0, None, now_s)


@pytest.mark.parametrize(
    ("open_v", "current_a", "asks"),
    [
        (428.0, 13.25, True), (428.125, 13.25, False), (396.0, 13.25, True), (395.875, 13.25, False),
        (372.0, -13.25, True), (371.875, -13.25, False), (404.0, -13.25, True), (404.125, -13.25, False),
        (416.0, 6.625, True), (416.125, 6.625, False),
    ],
)  # fmt: skip
def test_a_sag_explains_six_percent_at_the_current_of_one_hour(
    open_v: float, current_a: float, asks: bool
) -> None:
    """5,300 Wh at 400 V are 13.25 Ah: 24 V, and 4 V of the window beyond."""
    bench = Bench(TWO, OUT)
    bench.look(100.0, pair(open_v, current_a))
    assert (bench.memory.rack_pause is not None) == asks


@pytest.mark.parametrize(
    ("dc_v", "asks"), [(366.0, True), (365.875, False), (410.0, True), (410.125, False)]
)
def test_a_sag_explains_the_dc_bus_as_well(dc_v: float, asks: bool) -> None:
    bench = Bench(TWO, OUT)
    bench.look(100.0, pair(400.0, 13.25), inverter=inverter(dc_voltage_v=dc_v))
    assert (bench.memory.rack_pause is not None) == asks


def test_two_racks_share_the_current() -> None:
    """Of 10,600 Wh in three racks two are 17.67 Ah: 24 V at 17.67 A."""
    for open_v, asks in ((427.9, True), (428.1, False)):
        bench = Bench(THREE, RackApart(3, 0.0, 0.0))
        third = rack(3, voltage_v=open_v, contactors_closed=False)
        reading = battery(rack(1, voltage_v=400.0), rack(2, voltage_v=400.0), third, current_a=53.0 / 3.0)  # fmt: skip
        bench.look(100.0, reading)
        assert (bench.memory.rack_pause is not None) == asks


# ------------------------------------------------------------------ what is told


def test_words_stay_for_ten_seconds() -> None:
    bench = Bench(TWO, RackApart(2, 0.0, 15.0, 1))
    bench.look(10.0, pair(410.0))
    assert bench.second.waits == "rests before it joins again"
    bench.look(19.9, pair(410.0))
    assert bench.second.waits == "rests before it joins again"
    bench.look(20.0, pair(410.0))
    assert bench.second.waits == "waits until its voltage fits"
    bench.look(29.9, pair(400.0, 12.0))
    assert bench.second.waits == "waits until its voltage fits"
    bench.look(30.0, pair(400.0, 12.0))
    assert bench.second.waits == "waits for a low current"


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (pair(faults=("fuse", "relay")), "fuse, relay"),
        (battery(rack(1, voltage_v=400.0), RackReading(2)), "is not heard"),
        (pair(None), "waits for voltages to compare"),
        (battery(rack(1, voltage_v=None), rack(2, contactors_closed=False)), "waits for voltages to compare"),
        (pair(cell_max_v=3.8), "cell 2.14 at 3.80 V"),
        (pair(405.0), "waits until its voltage fits"),
        (pair(427.0, 13.25), "waits for a low current"),
    ],
)  # fmt: skip
def test_why_it_is_out(reading: BatteryReading, words: str) -> None:
    bench = Bench(TWO, RackApart(2, 0.0, 0.0, 1))
    assert bench.look(10.0, reading) == [2]
    assert bench.second.waits == words


def test_one_that_is_gone_is_not_heard() -> None:
    bench = Bench(THREE, RackApart(3, 0.0, 0.0, 1))
    assert bench.look(10.0, battery(rack(1), rack(2))) == [3]
    assert bench.memory.racks_apart[0].waits == "is not heard"
