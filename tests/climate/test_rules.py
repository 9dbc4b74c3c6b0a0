"""Rules of fans and heaters: temperatures in, percent out."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.io.climate._algorithm import Curve, load, names
from appliance.io.climate._plan import Plan, Wired, is_night
from appliance.io.climate._zone import Seen
from appliance.model import BatteryReading, ClimateReading, SensorReading
from appliance.site import CELLS, Climate, Fan, Heater, Night, Pwm, Zone
from tests.climate.cabinet import PERIOD_S, find, home, seen
from tests.stories import battery, inverter, rack

TURNS = Wired({"main": 2_000.0})


class Told:
    """A plan in virtual time."""

    def __init__(self, settings: Climate | None = None) -> None:
        self.plan = Plan(settings or home())
        self.now_s = 1_000.0
        self.last: ClimateReading = self.plan.step(self.now_s, Seen())

    def run(self, seconds: float, world: Seen, wired: Wired = TURNS) -> ClimateReading:
        for _ in range(max(1, round(seconds / PERIOD_S))):
            self.now_s += PERIOD_S
            self.last = self.plan.step(self.now_s, world, wired)
        return self.last

    def fan(self, name: str = "main") -> float:
        return find(self.last, name).percent

    def mat(self) -> float:
        return find(self.last, "mat").percent

    def wet(self) -> bool:
        return self.last.zones[0].condensing


def settled(world: Seen | None = None) -> Told:
    told = Told()
    told.run(300.0, world or seen())
    return told


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


def test_a_fan_that_does_not_turn_is_named_after_its_time_and_gets_all() -> None:
    told = settled()
    told.run(60.0, seen(high_c=36.0))
    told.run(4.5, seen(high_c=36.0), Wired({"main": 99.0}))
    assert not find(told.last, "main").stalled
    told.run(2.0, seen(high_c=36.0), Wired({"main": 99.0}))
    assert find(told.last, "main").stalled
    assert told.fan() == 100.0
    assert "main does not turn" in told.last.why
    told.run(1.0, seen(high_c=36.0))
    assert not find(told.last, "main").stalled


def test_a_fan_at_rest_does_not_stand_still() -> None:
    told = settled()
    told.run(60.0, seen(), Wired({"main": 0.0}))
    assert not find(told.last, "main").stalled


def test_an_on_off_fan_is_on_or_off() -> None:
    fan = Fan(zone="cabinet", relay="fan_off")
    told = Told(home().model_copy(update={"fans": {"main": fan}}))
    told.run(300.0, seen())
    assert told.fan() == 0.0
    for _ in range(100):
        told.run(PERIOD_S, seen(high_c=30.0))
        assert told.fan() == 100.0
    told.run(60.0, seen())
    assert told.fan() == 0.0


def test_nights_are_quiet_unless_it_is_hot() -> None:
    night = Night(begins="22:00", ends="06:00", most_pct=40.0)
    told = Told(home().model_copy(update={"night": night}))
    told.run(120.0, seen(high_c=36.0, minute=23 * 60))
    assert told.fan() == 40.0
    told.run(60.0, seen(high_c=36.0, minute=12 * 60))
    assert told.fan() == pytest.approx(60.0)
    told.run(60.0, seen(high_c=36.0, minute=None))
    assert told.fan() == pytest.approx(60.0), "nobody knows the hour"
    told.run(PERIOD_S, seen(high_c=42.0, minute=23 * 60))
    assert told.fan() == 100.0


@pytest.mark.parametrize(
    ("begins", "ends", "inside", "outside"),
    [("22:00", "06:00", (1320, 0, 359), (360, 1319)), ("01:00", "02:00", (60, 119), (0, 120))],
)
def test_a_night_may_pass_midnight(
    begins: str, ends: str, inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    night = Night(begins=begins, ends=ends)
    assert all(is_night(night, minute) for minute in inside)
    assert not any(is_night(night, minute) for minute in outside)


def business() -> Climate:
    fans = {
        f"{zone}_{number}": Fan(zone=zone, pwm=Pwm(bus="sys", channel=place))
        for place, (zone, number) in enumerate(
            [("batteries", 1), ("batteries", 2), ("inverter", 1), ("electronics", 1)]
        )
    }
    heaters = {
        f"mat_{number}": Heater(zone="batteries", relay=f"mat_{number}", sensor=f"plate_{number}")
        for number in (1, 2)
    }
    zones = {
        "batteries": Zone(air="hall"),
        "inverter": Zone(),
        "electronics": Zone(sensors=("box",)),
    }
    return Climate(algorithm="bat80", zones=zones, fans=fans, heaters=heaters)


def test_zones_of_a_business_are_cooled_one_by_one() -> None:
    sensors = {"plate_1": SensorReading(20.0), "plate_2": None, "box": SensorReading(45.0)}
    world = seen(low_c=6.0, high_c=8.0, sensors=sensors, inverter=inverter(temperature_c=59.0))
    told = Told(business())
    told.run(400.0, world)
    percent = {one.name: round(one.percent) for one in told.last.actuators}
    assert percent == {
        "batteries_1": 0, "batteries_2": 0, "inverter_1": 60, "electronics_1": 71,
        "mat_1": 100, "mat_2": 0,
    }, "the second mat has no sensor"  # fmt: skip


def test_an_inverter_zone_of_which_nothing_is_known_is_at_full_speed() -> None:
    told = Told(business())
    told.run(
        400.0, seen(inverter=inverter(temperature_c=None), sensors={"box": SensorReading(20.0)})
    )
    assert (told.fan("inverter_1"), told.fan("electronics_1")) == (100.0, 0.0)


def test_the_fans_beside_one_that_stands_do_its_work() -> None:
    fans = business().fans | {
        "inverter_1": home().fans["main"].model_copy(update={"zone": "inverter"})
    }
    told = Told(business().model_copy(update={"fans": fans | {
        "inverter_2": Fan(zone="inverter", pwm=Pwm(bus="sys", channel=9)),
    }}))  # fmt: skip
    world = seen(inverter=inverter(temperature_c=59.0), sensors={"box": SensorReading(20.0)})
    told.run(300.0, world, Wired({"inverter_1": 2_000.0}))
    assert told.fan("inverter_2") == pytest.approx(60.0)
    told.run(10.0, world, Wired({"inverter_1": 0.0}))
    assert told.fan("inverter_2") == 100.0
    assert told.fan("batteries_1") == 0.0


def test_every_algorithm_loads_and_ends_at_full_speed() -> None:
    assert names() == ("bat10", "bat5", "bat80")
    for name in names():
        for rules in load(name).zones.values():
            for curve in rules.curves.values():
                assert curve.points_c_pct[-1][1] == 100.0
                assert curve.points_c_pct[0][1] == 0.0


def test_an_algorithm_that_does_not_fit_the_site_is_refused() -> None:
    with pytest.raises(LookupError, match="there is: bat10, bat5, bat80"):
        Plan(home("bat11"))
    with pytest.raises(ValueError, match="bat80 has no such zone; it has: batteries"):
        Plan(home("bat80"))
    unheated = business().model_copy(
        update={"heaters": {"x": Heater(zone="inverter", relay="x", sensor="box")}}
    )
    with pytest.raises(ValueError, match="does not heat the zone inverter"):
        Plan(unheated)


@given(st.lists(st.floats(-60, 150), min_size=2, max_size=2))
def test_a_curve_never_falls(two_c: list[float]) -> None:
    curve = Curve(points_c_pct=((20.0, 0.0), (30.0, 20.0), (31.0, 20.0), (50.0, 100.0)))
    low_c, high_c = sorted(two_c)
    assert 0.0 <= curve.percent(low_c) <= curve.percent(high_c) <= 100.0


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
