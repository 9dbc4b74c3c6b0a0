"""NIV chase: curves, rates, shifts, the pace to the end of the settlement period."""

from typing import Any

import pytest
from pydantic import ValidationError

from appliance.model import Market, Wish
from appliance.modes._curve import Point, curve_at
from appliance.modes._rates import Rates, TimedRate
from appliance.site.periods import Period
from tests.modes.flux_world import at, imbalance, look, make, memory

CHARGE = [(-1.0, 9_000.0), (0.05, 9_000.0), (0.10, 3_000.0), (0.10, 0.0), (9.0, 0.0)]
DISCHARGE = [(-1.0, 9_500.0), (0.30, 9_500.0), (0.40, 1_500.0), (9.0, 1_500.0)]


def points(pairs: list[tuple[float, float]]) -> list[dict[str, float]]:
    return [{"price_per_kwh": price, "soe_wh": wh} for price, wh in pairs]


def curve(*pairs: tuple[float, float]) -> tuple[Point, ...]:
    return tuple(Point(price_per_kwh=price, soe_wh=wh) for price, wh in pairs)


ENTRY: dict[str, Any] = {"charge_curve": points(CHARGE), "discharge_curve": points(DISCHARGE)}


def ask(
    price: float, soe_wh: float | None = 5_000.0, volume_kwh: float = 0.0, when: str = "12:10",
    entry: dict[str, Any] | None = None, **settings: Any,
) -> Wish:  # fmt: skip
    mode = make("niv_chase", entries=[ENTRY | (entry or {})], charge_efficiency=1.0, **settings)
    market = imbalance(price, volume_kwh, "2026-06-01T12:00")
    return mode.wish(look(f"2026-06-01T{when}", soe_wh=soe_wh, market=market), memory())


@pytest.mark.parametrize(
    ("price", "soe_wh", "when", "power_w"),
    [
        (0.00, 8_500.0, "12:10", -1_500.0),  # 500 Wh in 20 min
        (0.00, 8_500.0, "12:20", -3_000.0),
        (0.00, 5_000.0, "12:10", -5_000.0),  # 12 kW, as much as there is.
        (0.075, 5_000.0, "12:15", -4_000.0),  # The curve is at 6000 Wh.
        (0.20, 5_000.0, "12:10", None),
        (0.35, 5_750.0, "12:15", 1_000.0),  # The curve is at 5500 Wh.
        (0.35, 5_500.0, "12:15", None),
        (1.00, 2_000.0, "12:00:30", None),  # Not settled yet.
        (1.00, 1_510.0, "12:29:59", 600.0),
        (9.5, 9_000.0, "12:15", None),  # Outside the curves.
        (-1.5, 0.0, "12:15", None),
    ],
)
def test_to_the_curve_by_the_end_of_the_period(
    price: float, soe_wh: float, when: str, power_w: float | None
) -> None:
    wish = ask(price, soe_wh, when=when)
    assert wish.power_w == (None if power_w is None else pytest.approx(power_w))
    if power_w is not None:
        bounds = (None, wish.power_w) if power_w < 0.0 else (wish.power_w, None)
        assert (wish.lowest_w, wish.highest_w) == bounds


def test_charging_pays_the_import_rates_and_discharging_the_export_rates() -> None:
    day = [{"start": "00:00", "end": "24:00"}]
    rates: dict[str, Any] = {
        "import_rates": [{"rate_per_kwh": 0.04, "during": day}, {"rate_per_kwh": 0.035}],
        "export_rates": [{"rate_per_kwh": -0.15}, {"rate_per_kwh": 9.0, "during": [{"end": "00:01"}]}],
    }  # fmt: skip
    assert ask(0.0, 5_000.0, when="12:15", **rates).power_w == pytest.approx(-4_000.0)
    assert ask(0.2, 5_750.0, when="12:15", **rates).power_w == pytest.approx(1_000.0)


def test_a_long_system_makes_charging_likelier_and_a_short_one_discharging() -> None:
    shifts = {"curve_shift_long_per_kwh": 0.125, "curve_shift_short_per_kwh": 0.15}
    powers = [
        ask(0.20, 5_750.0, volume_kwh, "12:15", entry=shifts).power_w
        for volume_kwh in (-1.0, 0.0, 1.0)
    ]
    assert powers == [pytest.approx(-1_000.0), None, pytest.approx(1_000.0)]


def test_the_charge_counts_the_losses() -> None:
    mode = make("niv_chase", entries=[ENTRY], charge_efficiency=0.8)
    snapshot = look("2026-06-01T12:10", soe_wh=8_600.0, market=imbalance(0.0, 0.0, "2026-06-01T12:00"))  # fmt: skip
    assert mode.wish(snapshot, memory()).power_w == pytest.approx(-400.0 / 0.8 * 3.0)


def test_charge_wins_where_both_curves_want() -> None:
    both = {"charge_curve": points([(0.0, 9_000.0), (1.0, 9_000.0)]), "discharge_curve": points([(0.0, 0.0), (1.0, 0.0)])}  # fmt: skip
    power_w = ask(0.5, entry=both).power_w
    assert power_w is not None and power_w < 0.0


def test_without_a_price_the_default_and_without_one_nothing() -> None:
    default = {"default_pricing": [
        {"rate_per_kwh": 0.35, "during": [{"start": "13:00", "end": "14:00", "zone": "UTC"}]},
        {"rate_per_kwh": 0.0},
    ]}  # fmt: skip
    for entry, powers in ((default, [-2_000.0, 4_500.0]), ({}, [None, None])):
        mode = make("niv_chase", entries=[ENTRY | entry], charge_efficiency=1.0)
        for when, soe_wh, power_w in (("12:00", 8_000.0, powers[0]), ("13:00", 7_750.0, powers[1])):
            for market in (None, Market()):
                wish = mode.wish(look(f"2026-06-01T{when}", soe_wh=soe_wh, market=market), memory())
                assert wish.power_w == (None if power_w is None else pytest.approx(power_w))
                assert not wish.missing


def test_a_default_price_is_not_shifted() -> None:
    entry = {"default_pricing": [{"rate_per_kwh": 0.2}], "curve_shift_long_per_kwh": 0.5, "curve_shift_short_per_kwh": 0.5}  # fmt: skip
    mode = make("niv_chase", entries=[ENTRY | entry])
    assert mode.wish(look(market=None), memory()).power_w is None


def test_of_the_period_before_only_where_it_is_allowed() -> None:
    rule = {"allow": True, "volume_cutoff_wh": 1_000.0, "time_cutoff_s": 300.0}
    market = imbalance(0.0, -5.0, "2026-06-01T12:00")
    for entry, expected in (({"when_long": rule}, True), ({"when_short": rule}, False), ({}, False)):  # fmt: skip
        mode = make("niv_chase", entries=[ENTRY | entry])
        wish = mode.wish(look("2026-06-01T12:32", market=market), memory())
        assert (wish.power_w is not None) == expected


def test_what_is_not_known() -> None:
    assert ask(0.0, None).missing == "the battery does not say how full it is"
    mode = make("niv_chase", entries=[ENTRY | {"period": {"start": "17:00", "end": "18:00"}}])
    market = imbalance(0.0, 0.0, "2026-06-01T12:00")
    assert mode.wish(look("2026-06-01T12:20", market=market), memory()).reason == "no entry holds now"  # fmt: skip
    blind = look("2026-06-01T12:20", market=market, clock_trusted=False)
    assert make("niv_chase", entries=[ENTRY]).wish(blind, memory()).power_w is None
    assert make("niv_chase").wish(look(market=market), memory()).power_w is None


def test_why_names_price_energy_and_period() -> None:
    reason = ask(0.0, 8_500.0).reason
    assert reason == "at 0.000 from 8500 to 9000 Wh by the end of settlement period 27"


def test_it_wakes_an_empty_battery_that_it_would_charge() -> None:
    mode = make("niv_chase", entries=[ENTRY])
    market = imbalance(0.0, 0.0, "2026-06-01T12:00")
    assert mode.wakes(look("2026-06-01T12:10", soe_wh=None, market=market), memory())
    assert not mode.wakes(look("2026-06-01T12:10", soe_wh=None), memory())


def test_a_step_counts_as_what_was_before_it() -> None:
    step = curve((0.0, 9_000.0), (1.0, 9_000.0), (1.0, 1_000.0), (2.0, 1_000.0))
    assert [curve_at(step, x) for x in (0.999, 1.0, 1.001)] == [9_000.0, 9_000.0, 1_000.0]
    first = curve((1.0, 9_000.0), (1.0, 1_000.0), (2.0, 0.0))
    assert [curve_at(first, x) for x in (0.9, 1.0, 1.5)] == [None, 1_000.0, 500.0]
    assert curve_at(curve((1.0, 9_000.0), (1.0, 1_000.0)), 1.0) is None


def test_fewer_than_two_points_are_no_curve() -> None:
    assert curve_at((), 1.0) is None
    assert curve_at(curve((1.0, 5.0)), 1.0) is None


def test_prices_that_fall_are_refused() -> None:
    with pytest.raises(ValidationError, match="prices must not fall: 1 before 0"):
        ask(0.0, entry={"charge_curve": points([(1.0, 5.0), (0.0, 5.0)])})


def test_rates_are_added_and_the_first_is_the_first() -> None:
    noon = Period(start="12:00", end="13:00", zone="UTC")
    rates = Rates((TimedRate(rate_per_kwh=1.0, during=(noon,)), TimedRate(rate_per_kwh=0.5)), "UTC")
    inside, outside = at("2026-06-01T12:30"), at("2026-06-01T13:00")
    assert [(rates.total(utc), rates.first(utc)) for utc in (inside, outside)] == [(1.5, 1.0), (0.5, 0.5)]  # fmt: skip
    assert (Rates((), "UTC").total(inside), Rates((), "UTC").first(inside)) == (0.0, None)
