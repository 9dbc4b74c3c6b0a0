"""The market in virtual time is what the profile's rows say, and one object a row."""

from datetime import timedelta
from timeit import repeat

from appliance.market.profiled import ProfileMarket
from appliance.model import Imbalance, Market, PlanStep, PriceStep
from simulator.models.profile import parse_profile
from tests.market.said import NOON, iso

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


def test_a_step_of_a_year_pays_less_than_half_a_microsecond() -> None:
    told, utc = market(), NOON + timedelta(seconds=30)
    took_s = min(repeat(lambda: told.at(utc), number=20_000, repeat=5)) / 20_000
    assert took_s < 0.5e-6, f"{1e9 * took_s:.0f} ns"
