"""Fans of every kind, nights, several zones, and the files that rule them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.io.climate._algorithm import Curve, load, names
from appliance.io.climate._plan import Plan, Wired, is_night
from appliance.model import SensorReading
from appliance.site import Climate, Fan, Heater, Night, Pwm, Zone
from tests.climate.cabinet import PERIOD_S, find, home, seen
from tests.climate.told import Told, settled
from tests.stories import inverter


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
