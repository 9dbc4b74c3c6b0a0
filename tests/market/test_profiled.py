"""The market in virtual time is what the profile's rows say, and one object a row."""

import csv
from datetime import timedelta
from pathlib import Path
from timeit import repeat

import pytest

from appliance.market.profiled import ProfileMarket
from appliance.model import Imbalance, Market, PlanStep, PriceStep
from appliance.simulate import simulate
from simulator.models.profile import parse_profile
from tests.market.said import HOUR, NOON, iso
from tests.stories import Story

COLUMNS = "utc,load_w,import_price_per_kwh,export_price_per_kwh,imbalance_price_per_kwh,imbalance_wh,plan_power_w,plan_soe_wh"
QUARTER = timedelta(minutes=15)
ROWS = (
    "500,0.30,0.05,0.09,250000000,-3000,",
    "500,0.30,,0.09,,,8000",
    "500,,,,,,",
    "500,-0.02,0,0.01,-1e8,0,",
)


def market() -> ProfileMarket:
    lines = [COLUMNS] + [f"{iso(NOON + n * QUARTER)},{row}" for n, row in enumerate(ROWS)]
    return ProfileMarket(parse_profile(lines))


def test_rows_become_what_holds() -> None:
    told = market()
    steps = [(NOON + n * QUARTER, NOON + (n + 1) * QUARTER) for n in range(4)]
    assert [told.at(start) for start, _ in steps] == [
        Market(
            PriceStep(*steps[0], 0.3, 0.05),
            Imbalance(0.09, NOON, 2.5e8, NOON),
            PlanStep(*steps[0], -3_000.0, None, NOON),
        ),
        Market(PriceStep(*steps[1], 0.3), None, PlanStep(*steps[1], None, 8_000.0, steps[1][0])),
        Market(),
        Market(
            PriceStep(*steps[3], -0.02, 0.0),
            Imbalance(0.01, NOON + 2 * QUARTER, -1e8, NOON + 2 * QUARTER),
            PlanStep(*steps[3], 0.0, None, steps[3][0]),
        ),
    ]


def test_the_same_object_while_a_row_holds() -> None:
    told = market()
    first = told.at(NOON)
    assert all(told.at(NOON + timedelta(seconds=s)) is first for s in range(0, 900, 7))
    assert told.at(NOON + QUARTER) is not first


def test_after_its_end_the_profile_begins_again_on_its_own_date() -> None:
    told, day = market(), NOON + 4 * QUARTER
    again = told.at(day + timedelta(seconds=10))
    assert again is not None
    assert again.price == PriceStep(day, day + QUARTER, 0.3, 0.05)
    assert again.imbalance == Imbalance(0.09, day, 2.5e8, day)


def test_the_clock_may_jump_back() -> None:
    told = market()
    later, sooner = told.at(NOON + QUARTER), told.at(NOON)
    assert (later, sooner) == (market().at(NOON + QUARTER), market().at(NOON))


def test_a_profile_without_such_columns_tells_nothing() -> None:
    plain = parse_profile(["utc,load_w", f"{iso(NOON)},1", f"{iso(NOON + QUARTER)},2"])
    told = ProfileMarket(plain)
    assert told.at(NOON) is None
    assert told.at(NOON + timedelta(days=400)) is None


def test_a_plan_in_a_profile_is_followed_in_simulation(tmp_path: Path) -> None:
    """An hour each: 1500 W into the battery, 7000 Wh in it at the end, and no plan but a load."""
    lines = ["utc,load_w,plan_power_w,plan_soe_wh", f"{iso(NOON)},500,-1500,", f"{iso(NOON + HOUR)},500,,7000",
             f"{iso(NOON + 2 * HOUR)},500,,", f"{iso(NOON + 3 * HOUR)},500,,"]  # fmt: skip
    profile = tmp_path / "profile.csv"
    profile.write_text("\n".join(lines))
    simulate(Story().site, profile, "cost_saving", 3 / 24, 5.0, 50.0, tmp_path / "out")
    with (tmp_path / "out" / "timeseries.csv").open() as file:
        minutes = list(csv.DictReader(file))
    setpoints_w = [float(row["setpoint_w"]) for row in minutes]
    assert setpoints_w[2:60] == [-1_500.0] * 58
    assert -sum(float(row["battery_w"]) for row in minutes[:60]) / 60.0 == pytest.approx(
        1_490, abs=25
    )
    assert minutes[119]["why"].endswith("the plan's 7000 Wh are in the battery")
    assert float(minutes[119]["soc_pct"]) == pytest.approx(66.5, abs=0.7)
    assert setpoints_w[125:] == pytest.approx([500.0] * len(minutes[125:]), abs=30.0)
    assert "as planned until 13:00 UTC" in minutes[30]["why"]


def test_a_step_of_a_year_pays_less_than_half_a_microsecond() -> None:
    told, utc = market(), NOON + timedelta(seconds=30)
    took_s = min(repeat(lambda: told.at(utc), number=20_000, repeat=5)) / 20_000
    assert took_s < 0.5e-6, f"{1e9 * took_s:.0f} ns"
