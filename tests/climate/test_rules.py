"""Rules of fans and heaters: temperatures in, percent out."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model import BatteryReading, SensorReading
from appliance.site import CELLS, Heater, Zone
from tests.climate.cabinet import PERIOD_S, find, home, seen
from tests.climate.told import Told, settled
from tests.stories import battery, inverter, rack


def test_cool_cells_need_no_fan_and_warm_ones_the_curve() -> None:
    told = settled()
    assert (told.fan(), told.mat()) == (0.0, 0.0)
    told.run(60.0, seen(high_c=36.0))
    assert told.fan() == pytest.approx(20.0 + 80.0 * 6.0 / 12.0), (
        "bat10: 20 % at 30 °C, 100 % at 42 °C"
    )
    told.run(60.0, seen(high_c=42.0))
    assert told.fan() == 100.0
    assert "cells 42.0 °C" in told.last.why


def test_the_hottest_of_all_sources_decides() -> None:
    told = settled()
    told.run(60.0, seen(inverter=inverter(temperature_c=65.0)))
    assert told.fan() == pytest.approx(60.0)
    assert "inverter 65.0 °C" in told.last.why


def test_speed_stays_within_the_dead_band_and_falls_below_it() -> None:
    told = settled()
    told.run(60.0, seen(high_c=36.0))
    assert told.fan() == pytest.approx(60.0)
    told.run(60.0, seen(high_c=34.5))
    assert told.fan() == pytest.approx(60.0), "less than 2 K cooler"
    told.run(60.0, seen(high_c=33.0))
    assert told.fan() == pytest.approx(20.0 + 80.0 * 5.0 / 12.0)


def test_the_speed_changes_along_a_ramp() -> None:
    told = settled()
    told.run(60.0, seen(high_c=32.0))
    before = told.fan()
    told.run(2.0, seen(high_c=41.0))
    assert told.fan() == pytest.approx(before + 2.0 * 5.0), "5 % a second"


def test_a_standing_fan_starts_with_a_kick_and_never_creeps() -> None:
    told = settled()
    told.run(0.5, seen(high_c=28.1))
    assert told.fan() == 60.0
    told.run(1.0, seen(high_c=28.1))
    assert told.fan() == 60.0
    told.run(30.0, seen(high_c=28.1))
    assert told.fan() == 20.0, "the curve says less, but then it may stand still"


def test_a_fan_runs_and_rests_for_its_least_times() -> None:
    told = settled()
    told.run(1.0, seen(high_c=29.0))
    told.run(50.0, seen(high_c=20.0))
    assert told.fan() == 20.0, "on for less than a minute"
    told.run(12.0, seen(high_c=20.0))
    assert told.fan() == 0.0
    told.run(20.0, seen(high_c=30.0))
    assert told.fan() == 0.0, "off for less than half a minute"
    told.run(15.0, seen(high_c=30.0))
    assert told.fan() > 0.0


UNKNOWN: list[dict[str, Any]] = [
    {"battery": None},
    {"battery": BatteryReading(battery().state)},
    {"battery": battery(rack(cell_max_c=None))},
    {"battery": battery(rack(), rack(2, cell_min_c=None))},
    {"decided": False},
]


@pytest.mark.parametrize("missing", UNKNOWN, ids=lambda one: str(list(one)))
def test_whatever_is_not_known_means_full_speed_at_once_and_no_heat(
    missing: dict[str, Any],
) -> None:
    told = settled()
    cold = seen(low_c=0.0)
    told.run(5.0, cold)
    assert told.mat() == 100.0
    told.run(PERIOD_S, replace(cold, **missing))
    assert (told.fan(), told.mat()) == (100.0, 0.0)
    forced = {"main": 0.0, "mat": 100.0}
    told.run(PERIOD_S, replace(cold, **missing, forced=forced))
    assert (told.fan(), told.mat()) == (100.0, 0.0), "also when somebody wants it otherwise"


def test_at_the_start_the_fan_is_full_and_the_heater_off() -> None:
    told = Told()
    assert (told.fan(), told.mat()) == (100.0, 0.0)


def test_an_inverter_that_does_not_tell_is_left_out() -> None:
    told = settled(seen(inverter=None))
    assert told.fan() == 0.0


def test_a_sensor_that_is_named_must_be_known() -> None:
    settings = home().model_copy(update={"zones": {"cabinet": Zone(sensors=("plate",))}})
    told = Told(settings)
    told.run(300.0, seen())
    assert told.fan() == 0.0
    told.run(PERIOD_S, seen(plate_c=None))
    assert told.fan() == 100.0
    assert told.last.zones[0].unknown == ("plate sensor",)


def test_the_heater_has_a_band_and_least_times() -> None:
    told = settled()
    told.run(PERIOD_S, seen(low_c=4.9))
    assert told.mat() == 100.0
    told.run(30.0, seen(low_c=8.1))
    assert told.mat() == 100.0, "on for less than a minute"
    told.run(31.0, seen(low_c=8.1))
    assert told.mat() == 0.0
    told.run(70.0, seen(low_c=5.1))
    assert told.mat() == 0.0, "within the band"
    told.run(PERIOD_S, seen(low_c=4.9))
    assert told.mat() == 100.0
    told.run(70.0, seen(low_c=7.9))
    assert told.mat() == 100.0, "within the band"


def test_a_heater_never_heats_without_its_sensor_nor_when_that_is_hot() -> None:
    cold = seen(low_c=0.0)
    told = settled(cold)
    assert told.mat() == 100.0
    for plate_c in (None, 50.0, 49.0, 41.0):
        told.run(PERIOD_S, seen(low_c=0.0, plate_c=plate_c))
        assert told.mat() == 0.0, plate_c
    told.run(100.0, seen(low_c=0.0, plate_c=39.9))
    assert told.mat() == 100.0
    forced = seen(low_c=20.0, plate_c=50.1, forced={"mat": 100.0})
    told.run(PERIOD_S, forced)
    assert told.mat() == 0.0, "also by hand"


def test_a_heater_may_be_guarded_by_the_cells() -> None:
    heaters = {"mat": Heater(zone="cabinet", relay="mat", sensor=CELLS)}
    told = Told(home().model_copy(update={"heaters": heaters}))
    told.run(5.0, seen(low_c=0.0, high_c=3.0, plate_c=None))
    assert told.mat() == 100.0
    told.run(PERIOD_S, seen(low_c=0.0, high_c=26.0, plate_c=None))
    assert told.mat() == 0.0, "one cell is hot"


def test_the_emergency_stop_ends_heating() -> None:
    told = settled(seen(low_c=0.0))
    told.run(PERIOD_S, seen(low_c=0.0, stopped=True))
    assert told.mat() == 0.0


def test_moist_air_is_told_and_heated_against() -> None:
    told = settled(seen(low_c=15.0))
    moist = {"plate": SensorReading(20.0), "box": SensorReading(22.0, 70.0, dew_point_c=12.9)}
    told.run(PERIOD_S, seen(low_c=15.0, sensors=moist))
    assert not told.wet(), "2.1 K away"
    moist["box"] = SensorReading(22.0, 70.0, dew_point_c=13.1)
    told.run(PERIOD_S, seen(low_c=15.0, sensors=moist))
    assert told.wet()
    assert told.mat() == 100.0
    told.run(90.0, seen(low_c=16.5, sensors=moist))
    assert told.wet(), "3.4 K away, not clear yet"
    told.run(90.0, seen(low_c=16.7, sensors=moist))
    assert not told.wet()
    assert told.mat() == 0.0


def test_what_is_held_by_hand_is_held_at_once_and_says_so() -> None:
    told = settled()
    told.run(PERIOD_S, seen(forced={"main": 70.0, "mat": 100.0}))
    told.run(3.0, seen(forced={"main": 70.0, "mat": 100.0}))
    fan, mat = find(told.last, "main"), find(told.last, "mat")
    assert (fan.percent, fan.forced, mat.percent, mat.forced) == (70.0, True, 100.0, True)
    assert "main 70 % by hand" in told.last.why
    told.run(PERIOD_S, seen(high_c=36.0, forced={"main": 0.0}))
    assert told.fan() == 0.0
    told.run(PERIOD_S, seen(high_c=42.0, forced={"main": 0.0}))
    fan = find(told.last, "main")
    assert (fan.percent, fan.forced) == (100.0, False), "hot wins"


MAYBE_C = st.none() | st.floats(-40, 100)


@given(
    st.lists(
        st.tuples(MAYBE_C, MAYBE_C, MAYBE_C, st.none() | st.floats(0, 100), st.booleans()),
        min_size=1,
        max_size=40,
    )
)
def test_whatever_comes_heat_needs_a_cool_sensor_and_hot_cells_have_all_the_air(
    steps: list[tuple[float | None, float | None, float | None, float | None, bool]],
) -> None:
    told = Told()
    for low_c, high_c, plate_c, percent, decided in steps:
        forced = {} if percent is None else {"main": percent, "mat": percent}
        world = seen(plate_c=plate_c, decided=decided, forced=forced)
        cells = battery(rack(cell_min_c=low_c, cell_max_c=high_c))
        told.run(PERIOD_S, replace(world, battery=cells))
        assert 0.0 <= told.fan() <= 100.0
        if told.mat() > 0.0:
            assert decided
            assert plate_c is not None and plate_c < 50.0
            assert high_c is not None and high_c < 25.0 and low_c is not None
        if not decided or high_c is None or low_c is None or high_c >= 42.0:
            assert told.fan() == 100.0


def test_the_coldest_rack_is_heated_and_the_hottest_cooled() -> None:
    told = settled()
    mild = rack(1, cell_min_c=10.0, cell_max_c=12.0)
    told.run(60.0, seen(battery=battery(mild, rack(2, cell_min_c=4.0, cell_max_c=11.0))))
    assert (told.fan(), told.mat()) == (0.0, 100.0)
    assert told.last.zones[0].coldest_c == 4.0
    told.run(60.0, seen(battery=battery(mild, rack(2, cell_min_c=11.0, cell_max_c=36.0))))
    assert told.fan() == pytest.approx(60.0)
    assert told.mat() == 0.0
