"""Charge and discharge to a state of energy: the pace, the ends of periods, what is not known."""

import msgspec
import pytest

from appliance.model import Wish
from appliance.modes._pace import pace_w
from appliance.modes._soe import soe_wh
from tests.modes.flux_world import World, at, look, make, memory, site
from tests.stories import battery

NIGHT = {"start": "01:00", "end": "03:00", "zone": "UTC"}


def ask(name: str, when: str, now_wh: float | None, goal_wh: float = 8_000.0) -> Wish:
    mode = make(name, entries=[{"period": NIGHT, "soe_wh": goal_wh}])
    return mode.wish(look(when, soe_wh=now_wh), memory())


@pytest.mark.parametrize(
    ("when", "now_wh", "power_w"),
    [
        ("2026-06-01T01:00", 4_200.0, -2_000.0),  # 3800 Wh / 0.95 in 2 h
        ("2026-06-01T02:00", 4_200.0, -4_000.0),
        ("2026-06-01T02:30", 4_200.0, -5_000.0),  # 8 kW, as much as there is.
        ("2026-06-01T02:59:59", 7_990.5, -600.0),  # 10 Wh in the last minute
        ("2026-06-01T01:00", 8_000.0, None),
        ("2026-06-01T01:00", 9_000.0, None),
        ("2026-06-01T00:59:59", 4_200.0, None),
        ("2026-06-01T03:00", 4_200.0, None),
    ],
)
def test_charge_what_is_missing_over_the_time_left(
    when: str, now_wh: float, power_w: float | None
) -> None:
    wish = ask("charge_to_soe", when, now_wh)
    assert wish.power_w == (None if power_w is None else pytest.approx(power_w))
    assert (wish.lowest_w, wish.highest_w) == (None, wish.power_w)


@pytest.mark.parametrize(
    ("when", "now_wh", "power_w"),
    [
        ("2026-06-01T01:00", 8_000.0, 2_000.0),
        ("2026-06-01T02:00", 8_000.0, 4_000.0),
        ("2026-06-01T02:30", 8_000.0, 5_000.0),
        ("2026-06-01T02:59:59", 4_010.0, 600.0),
        ("2026-06-01T01:00", 4_000.0, None),
        ("2026-06-01T03:00", 8_000.0, None),
    ],
)
def test_discharge_what_is_too_much_without_losses(
    when: str, now_wh: float, power_w: float | None
) -> None:
    wish = ask("discharge_to_soe", when, now_wh, 4_000.0)
    assert wish.power_w == (None if power_w is None else pytest.approx(power_w))
    assert (wish.lowest_w, wish.highest_w) == (wish.power_w, None)


@pytest.mark.parametrize("name", ["charge_to_soe", "discharge_to_soe"])
def test_what_is_not_known(name: str) -> None:
    missing = "the battery does not say how full it is"
    assert ask(name, "2026-06-01T01:30", None) == Wish(missing=missing)
    assert ask(name, "2026-06-01T04:30", None).missing == ""
    mode = make(name, entries=[{"soe_wh": 8_000.0 if name == "charge_to_soe" else 1_000.0}])
    wish = mode.wish(look(clock_trusted=False), memory())
    assert (wish.power_w, wish.reason) == (None, "nobody knows what time it is")


def test_the_first_entry_that_holds_counts() -> None:
    entries = [
        {"period": {"start": "02:00", "end": "04:00", "zone": "UTC"}, "soe_wh": 5_000.0},
        {"period": NIGHT, "soe_wh": 9_000.0},
    ]
    mode = make("charge_to_soe", entries=entries, charge_efficiency=1.0)
    said = [mode.wish(look(f"2026-06-01T{hour}", soe_wh=4_000.0), memory()) for hour in ("01:30", "02:30")]  # fmt: skip
    assert [wish.power_w for wish in said] == pytest.approx([-3_333.333, -666.667], abs=0.01)


def test_an_empty_battery_that_sleeps_is_woken_for_it() -> None:
    mode = make("charge_to_soe", entries=[{"period": NIGHT, "soe_wh": 8_000.0}])
    asleep = msgspec.structs.replace(look("2026-06-01T01:30"), battery=None)
    assert mode.wakes(asleep, memory())
    assert not mode.wakes(look("2026-06-01T01:30", soe_wh=7_900.0), memory())
    assert not mode.wakes(look("2026-06-01T04:30", soe_wh=0.0), memory())
    other = make("discharge_to_soe", entries=[{"period": NIGHT, "soe_wh": 0.0}])
    assert not other.wakes(look("2026-06-01T01:30"), memory())


def test_where_the_energy_comes_from() -> None:
    home = site()
    told = battery(soe_wh=4_000.0, soc_pct=90.0)
    assert soe_wh(told, home) == 4_000.0
    assert soe_wh(msgspec.structs.replace(told, soe_wh=-3.0), home) == 0.0
    by_soc = msgspec.structs.replace(told, soe_wh=None, soc_pct=50.0, soh_pct=90.0)
    assert soe_wh(by_soc, home) == pytest.approx(10_600.0 * 0.5 * 0.9)
    estimated = msgspec.structs.replace(by_soc, capacity_wh=9_000.0)
    assert soe_wh(estimated, home) == pytest.approx(4_500.0)
    new = msgspec.structs.replace(by_soc, soh_pct=None, soe_wh=float("nan"))
    assert soe_wh(new, home) == pytest.approx(5_300.0)
    for nothing in (None, msgspec.structs.replace(by_soc, soc_pct=None)):
        assert soe_wh(nothing, home) is None


def test_no_time_left_is_no_power() -> None:
    end = at("2026-06-01T03:00")
    assert pace_w(500.0, end, end, 5_000.0) == 0.0
    assert pace_w(-1.0, at("2026-06-01T02:00"), end, 5_000.0) == 0.0


LOCAL = {"start": "00:30", "end": "04:30", "zone": "Europe/London"}


@pytest.mark.parametrize(
    ("day", "start", "hours"),
    [
        ("spring", "2026-03-29T00:30", 3.0),
        ("summer", "2026-06-01T23:30", 4.0),
        ("autumn", "2026-10-24T23:30", 5.0),
    ],
)
def test_the_pace_is_that_of_the_hours_there_are(day: str, start: str, hours: float) -> None:
    world = World(
        {"charge_to_soe": {"entries": [{"period": LOCAL, "soe_wh": 8_000.0}]}}, soe_wh=2_300.0
    )
    midnight = {"spring": "2026-03-29T00:00", "summer": "2026-06-01T23:00", "autumn": "2026-10-24T23:00"}  # fmt: skip
    world.run(midnight[day], f"{start[:8]}{int(start[8:10]) + (day != 'spring'):02d}T06:00")
    assert world.powers_w[180] == pytest.approx(-6_000.0 / hours)
    assert min(world.powers_w) == pytest.approx(-6_000.0 / hours, rel=1e-3)
    # The last minute counts as a whole one, so 22 s of it are left undone.
    assert world.soe_wh == pytest.approx(8_000.0, abs=0.4 / 60.0 * 5_700.0 / hours)
    assert world.charge_wh == pytest.approx(6_000.0, rel=0.003)
