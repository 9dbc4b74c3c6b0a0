"""Power pauses for a rack that joins; how much a sag explains; what is told of one that waits."""

import msgspec
import pytest

from appliance.model import (
    BatteryReading,
    RackApart,
    RackPause,
    RackReading,
    State,
)
from tests.battery.racks import OUT, THREE, TWO, Bench, both, pair, three
from tests.stories import battery, inverter, rack

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


def test_new_words_for_one_that_leaves_anew() -> None:
    bench = Bench(TWO, OUT)
    bench.look(10.0, pair(410.0))
    assert bench.second.waits == "waits until its voltage fits"
    bench.look(20.0, pair(400.0, 12.0))
    assert bench.second.waits == "waits for a low current"
    assert bench.look(21.0, pair(400.0)) == []
    assert bench.look(22.0, pair(faults=("fuse",))) == [2]
    assert bench.second.waits == "fuse"


def test_words_of_an_earlier_run_are_judged_anew() -> None:
    bench = Bench(TWO, RackApart(2, 0.0, 50.0, 1, "waits for a low current"))
    bench.look(10.0, pair())
    assert bench.second.waits == "rests before it joins again"


# ------------------------------------------------------------------ odd batteries


def test_one_of_two_that_wait_is_reason_enough_for_a_pause() -> None:
    bench = Bench(THREE, RackApart(2, 0.0, 0.0), RackApart(3, 0.0, 90.0))
    loaded = msgspec.structs.replace(three(400.0, 400.0), current_a=12.0)
    bench.look(100.0, loaded)
    assert bench.memory.rack_pause == RackPause(130.0, None, 100.0)


def test_racks_that_are_gone_explain_no_sag() -> None:
    gone = RackApart(3, 0.0, 0.0)
    bench = Bench(THREE, OUT, gone)
    bench.look(100.0, pair(404.5, 12.0))
    assert bench.memory.rack_pause is None
    bench = Bench(THREE, gone, RackApart(4, 0.0, 0.0))
    assert bench.look(100.0, battery(rack(1), rack(2), current_a=12.0)) == [3, 4]


def test_a_very_small_battery_sags_by_its_own_measure() -> None:
    """200 Wh at 400 V are half an ampere-hour: 12 C are 288 V."""
    small = TWO.battery.model_copy(update={"capacity_wh": 400.0})
    bench = Bench(TWO.model_copy(update={"battery": small}), OUT)
    bench.look(100.0, pair(690.0, 6.0))
    assert bench.memory.rack_pause == RackPause(130.0, None, 100.0)
