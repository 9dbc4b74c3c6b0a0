"""Settlement periods on days of 23, 24 and 25 hours, and which imbalance may be used in one."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model import Market
from appliance.modes._prediction import NEVER, Allowance, predicted
from appliance.modes._settlement import (
    settlement_number,
    settlement_start,
    settlements_on,
    start_of,
)
from tests.modes.flux_world import at, imbalance

ALWAYS = Allowance(allow=True, time_cutoff_s=1_800.0)


@pytest.mark.parametrize(
    ("day", "count", "first", "last"),
    [
        (date(2026, 3, 28), 48, "2026-03-28T00:00", "2026-03-28T23:30"),
        (date(2026, 3, 29), 46, "2026-03-29T00:00", "2026-03-29T22:30"),
        (date(2026, 6, 1), 48, "2026-05-31T23:00", "2026-06-01T22:30"),
        (date(2026, 10, 25), 50, "2026-10-24T23:00", "2026-10-25T23:30"),
    ],
)
def test_a_day_has_46_48_or_50(day: date, count: int, first: str, last: str) -> None:
    assert settlements_on(day) == count
    assert (start_of(day, 1), start_of(day, count)) == (at(first), at(last))
    for number in (0, count + 1):
        with pytest.raises(ValueError, match=f"must be 1 to {count}"):
            start_of(day, number)


@given(st.integers(0, 3 * 365 * 1_440).map(lambda minutes: at("2025-01-01") + timedelta(minutes=minutes)))  # fmt: skip
def test_every_instant_is_in_the_period_of_its_number(utc: datetime) -> None:
    start_at = start_of(*settlement_number(utc))
    assert start_at == settlement_start(utc)
    assert start_at <= utc < start_at + timedelta(minutes=30)


def test_the_hour_that_comes_twice_has_four_numbers() -> None:
    half_hours = [at("2026-10-25T00:00") + timedelta(minutes=30 * n) for n in range(4)]
    assert [settlement_number(utc)[1] for utc in half_hours] == [3, 4, 5, 6]


@pytest.mark.parametrize(
    ("start", "minutes", "usable"),
    [
        ("2026-06-01T12:00", 0.0, False),
        ("2026-06-01T12:00", 9.99, False),
        ("2026-06-01T12:00", 10.0, True),
        ("2026-06-01T12:00", 29.9, True),
        ("2026-06-01T11:30", 0.0, True),
        ("2026-06-01T11:30", 7.0, True),
        ("2026-06-01T11:30", 8.0, False),
        ("2026-06-01T11:00", 1.0, False),
        ("2026-06-01T12:30", 1.0, False),
    ],
)
@pytest.mark.parametrize("volume_kwh", [40.0, -40.0])
def test_of_this_period_from_ten_minutes_on_of_the_last_if_allowed(
    start: str, minutes: float, usable: bool, volume_kwh: float
) -> None:
    rule = Allowance(allow=True, volume_cutoff_wh=40_000.0, time_cutoff_s=480.0)
    rules = (rule, NEVER) if volume_kwh > 0.0 else (NEVER, rule)
    market = imbalance(0.1, volume_kwh, start)
    utc = at("2026-06-01T12:00") + timedelta(minutes=minutes)
    assert predicted(market, utc, *rules) == (market.imbalance if usable else None)


def test_the_rule_is_that_of_the_direction() -> None:
    utc, before = at("2026-06-01T12:01"), "2026-06-01T11:30"
    short, long = imbalance(0.1, 40.0, before), imbalance(0.1, -40.0, before)
    assert predicted(short, utc, ALWAYS, NEVER) and not predicted(short, utc, NEVER, ALWAYS)
    assert predicted(long, utc, NEVER, ALWAYS) and not predicted(long, utc, ALWAYS, NEVER)
    small = Allowance(allow=True, volume_cutoff_wh=40_001.0)
    assert not predicted(short, utc, small, small)
    assert not predicted(long, utc, small, small)


def test_price_and_volume_must_be_of_one_period() -> None:
    told = imbalance(0.1, 40.0, "2026-06-01T12:00").imbalance
    assert told is not None
    utc = at("2026-06-01T12:20")
    for one in (
        msgspec.structs.replace(told, price_start_at=at("2026-06-01T11:30")),
        msgspec.structs.replace(told, volume_start_at=at("2026-06-01T11:30")),
        msgspec.structs.replace(told, volume_wh=float("nan")),
        msgspec.structs.replace(told, price_per_kwh=float("inf")),
    ):
        assert predicted(Market(imbalance=one), utc, ALWAYS, ALWAYS) is None
    assert predicted(None, utc, ALWAYS, ALWAYS) is None
    assert predicted(Market(), utc, ALWAYS, ALWAYS) is None


def test_across_the_clock_change_the_period_before_is_half_an_hour_before() -> None:
    for now in ("2026-03-29T01:01", "2026-10-25T01:01"):
        utc = datetime.fromisoformat(now).replace(tzinfo=UTC)
        market = imbalance(0.1, 40.0, settlement_start(utc) - timedelta(minutes=30))
        assert predicted(market, utc, ALWAYS, NEVER) is market.imbalance
