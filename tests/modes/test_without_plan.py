"""Cost saving without a plan, by the price of the hour."""

from typing import Any

import pytest

from appliance.model import Market, PriceStep
from tests.modes.test_cost_saving import HOUR, LOAD, START, holds, mode, plan, wish


def priced(paid: float | None, got: float | None) -> Market:
    return Market(PriceStep(START, START + HOUR, paid, got))


PRICES: dict[str, Any] = {
    "without_plan": "prices",
    "charge_below_per_kwh": 0.10,
    "discharge_above_per_kwh": 0.40,
}


@pytest.mark.parametrize(
    ("paid", "got", "power_w", "why"),
    [
        (0.09, 0.05, -5_000.0, "importing costs 0.09, less than 0.1"),
        (-0.2, -0.3, -5_000.0, "importing costs -0.2, less than 0.1"),
        (0.10, 0.40, 2_000.0, "the price is between, so it avoids import and export"),
        (0.50, 0.41, 5_000.0, "exporting pays 0.41, more than 0.4"),
        (0.50, 0.30, 2_000.0, "the price is between, so it avoids import and export"),
        (0.09, None, -5_000.0, "importing costs 0.09, less than 0.1"),
        (None, 0.50, 5_000.0, "exporting pays 0.5, more than 0.4"),
        (None, None, 2_000.0, "no price is known, so it avoids import and export"),
        (0.05, 0.50, -5_000.0, "importing costs 0.05, less than 0.1"),
    ],
)
def test_thresholds(paid: float | None, got: float | None, power_w: float, why: str) -> None:
    said = wish(priced(paid, got), mode(**PRICES), **LOAD)
    holds(said, power_w)
    assert said.reason == f"no plan holds now; {why}"


def test_thresholds_with_powers_and_rest_between() -> None:
    one = mode(**PRICES, charge_w=1_200.0, discharge_w=800.0, between_prices="rest")
    assert [wish(priced(*prices), one, **LOAD).power_w for prices in ((0.05, 0.0), (0.2, 0.1), (0.6, 0.5))] == [
        -1_200.0, 0.0, 800.0,
    ]  # fmt: skip


def test_prices_do_not_count_while_nobody_knows_what_time_it_is() -> None:
    holds(wish(priced(0.05, 0.0), mode(**PRICES), clock_trusted=False, **LOAD), 2_000.0)


def test_thresholds_may_meet() -> None:
    one = mode(without_plan="prices", charge_below_per_kwh=0.2, discharge_above_per_kwh=0.2)
    said = [wish(priced(price, price), one, **LOAD).power_w for price in (0.19, 0.20, 0.21)]
    assert said == [-5_000.0, 2_000.0, 5_000.0]


def test_a_plan_goes_before_prices() -> None:
    market = Market(priced(0.05, 0.0).price, plan=plan(power_w=1_000.0).plan)
    holds(wish(market, mode(**PRICES)), 1_000.0)
