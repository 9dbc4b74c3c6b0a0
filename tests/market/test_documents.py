"""What files may say, and with which words a mistake is refused."""

import contextlib
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.market.csv_prices import csv_prices
from appliance.market.documents import MarketError, dispatch, imbalance, plan, prices
from appliance.model import Dispatch, Imbalance, PlanStep, PriceStep
from tests.market.said import (
    HEAD,
    HOUR,
    NOON,
    imbalance_text,
    iso,
    order,
    orders_text,
    plan_text,
    price_row,
)

READERS = (prices, plan, dispatch, imbalance, csv_prices)
STEP = {"start": iso(NOON), "end": iso(NOON + HOUR)}


def plan_of(*steps: dict[str, Any], made_at: str = iso(NOON)) -> bytes:
    return json.dumps({"made_at": made_at, "steps": steps}).encode()


def test_prices_in_both_forms() -> None:
    said = (
        PriceStep(NOON, NOON + HOUR, 0.3, 0.05),
        PriceStep(NOON + HOUR, NOON + 2 * HOUR, -0.02, None),
    )
    table = "# day-ahead\n" + HEAD + price_row(0) + price_row(1, "-0.02", "")
    assert csv_prices(table.encode()) == said
    rows = [
        STEP | {"import_price_per_kwh": 0.3, "export_price_per_kwh": 0.05},
        {
            "start": "2026-11-21T14:00:00+01:00",
            "end": iso(NOON + 2 * HOUR),
            "import_price_per_kwh": -0.02,
        },
    ]
    assert prices(json.dumps({"prices": rows}).encode()) == said
    read = prices(json.dumps({"prices": rows[::-1]}).encode())
    assert read == said
    assert [one.start_at.tzinfo for one in read] == [UTC, UTC]
    assert prices(b'{"prices": []}') == () == csv_prices(HEAD.encode())


def test_a_plan_of_power_and_of_energy() -> None:
    said = plan_of(
        STEP | {"power_w": -3_000.0},
        {**STEP, "start": iso(NOON + HOUR), "end": iso(NOON + 2 * HOUR), "soe_wh": 8_000},
    )
    assert plan(said) == (
        PlanStep(NOON, NOON + HOUR, -3_000.0, None, NOON),
        PlanStep(NOON + HOUR, NOON + 2 * HOUR, None, 8_000.0, NOON),
    )


def test_orders_stay_in_their_order() -> None:
    said = dispatch(
        orders_text(order(3, "avoid_export"), order(0, "charge_max", allow_deviation=True))
    )
    assert said == (
        Dispatch(NOON + 3 * HOUR, NOON + 4 * HOUR, "avoid_export", False),
        Dispatch(NOON, NOON + HOUR, "charge_max", True),
    )


def test_an_imbalance_by_start_and_by_number() -> None:
    said = imbalance(
        imbalance_text(
            {"per_kwh": 0.0853, "day": "2026-11-21", "number": 25},
            {"wh": -3.5e8, "start": iso(NOON)},
        )
    )
    assert said == Imbalance(0.0853, NOON, -3.5e8, NOON)


@pytest.mark.parametrize(
    ("day", "number", "start"),
    [
        ("2026-07-01", 1, datetime(2026, 6, 30, 23, tzinfo=UTC)),
        (
            "2026-03-29",
            3,
            datetime(2026, 3, 29, 1, tzinfo=UTC),
        ),  # 02:00 there: the hour before is left out
        ("2026-03-29", 46, datetime(2026, 3, 29, 22, 30, tzinfo=UTC)),
        ("2026-10-25", 50, datetime(2026, 10, 25, 23, 30, tzinfo=UTC)),
        ("2026-10-25", 5, datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ],
)
def test_numbers_of_settlement_periods_on_days_of_23_and_25_hours(
    day: str, number: int, start: datetime
) -> None:
    said = imbalance(
        imbalance_text(
            {"per_kwh": 0.1, "day": day, "number": number}, {"wh": 1.0, "start": iso(start)}
        )
    )
    assert said.price_start_at == start == said.volume_start_at


NUMBERED = {"day": "2026-03-29", "number": 47}
PERIOD = {"start": iso(NOON)}


@pytest.mark.parametrize(
    ("reader", "text", "said"),
    [
        (plan, b"", "Input data was truncated"),
        (plan, plan_text(1.0, 2.0)[:-9], "Input data was truncated"),
        (plan, b"[]", "Expected `object`, got `array`"),
        (plan, b"[" * 100_000, "Expected `object`"),
        (plan, b'{"steps":[' + b"[" * 100_000, "recursion"),
        (imbalance, b"[" * 100_000, "Invalid JSON"),
        (imbalance, b"", "Invalid JSON"),
        (plan, b'{"made_at": "soon", "steps": []}', 'made_at = "soon": input should be a valid datetime'),
        (plan, b'{"made_at": "2026-11-21T12:00:00Z", "steps": [], "by": "me"}', "unknown field `by`"),
        (plan, plan_of(STEP | {"power_w": "3000"}), 'steps.1.power_w = "3000": input should be a valid number'),
        (plan, plan_of(STEP | {"power_w": 2e8}), "steps.1.power_w = 200000000.0: input should be less than or equal to 100000000"),
        (plan, plan_of(STEP | {"soe_wh": -1}), "steps.1.soe_wh = -1: input should be greater than or equal to 0"),
        (plan, plan_of(STEP), "steps.1: must have either power_w or soe_wh"),
        (plan, plan_of(STEP | {"power_w": 1.0, "soe_wh": 1.0}), "steps.1: must have either power_w or soe_wh"),
        (plan, plan_of(STEP | {"power_kw": 1.0}), "steps.1.power_kw: unknown key"),
        (plan, plan_of(STEP | {"power_w": 1.0, "start": "2026-11-21T12:00:00"}), 'steps.1.start = "2026-11-21T12:00:00": input should have timezone info'),
        (plan, plan_of(STEP | {"power_w": 1.0, "start": iso(NOON + HOUR)}), "must be after start"),
        (plan, plan_of(STEP | {"power_w": 1.0, "start": "0001-01-01T00:00:00+14:00"}), "must be between 2000 and 2100"),
        (plan, plan_of(STEP | {"power_w": 1.0, "end": "9999-12-31T23:59:59-14:00"}), "must be between 2000 and 2100"),
        (plan, plan_of(STEP | {"power_w": 1.0}, STEP | {"soe_wh": 1.0}), "steps: the one from 2026-11-21T12:00:00+00:00 must not begin before 2026-11-21T13:00:00+00:00"),
        (plan, plan_of(STEP | {"power_w": float("nan")}), "JSON is malformed"),
        (plan, plan_of(STEP | {"power_w": 1.0}, STEP | {"power_w": "x", "soe_wh": "y"}), 'steps.2.power_w = "x": input should be a valid number (and 1 more)'),
        (plan, json.dumps({"steps": []}).encode(), "missing required field `made_at`"),
        (dispatch, orders_text(order(0, "charge_max"), order(0, "sell")), "items.2.action = \"sell\": input should be 'charge_max', 'discharge_max', 'avoid_import' or 'avoid_export'"),
        (dispatch, orders_text(*[order(0, "charge_max")] * 501), "items: 501 of them, must be at most 500"),
        (imbalance, imbalance_text({"per_kwh": 0.1}, {"wh": 1.0} | PERIOD), "price: must have either start, or day and number"),
        (imbalance, imbalance_text({"per_kwh": 0.1, "number": 3}, {"wh": 1.0} | PERIOD), "price: must have either start, or day and number"),
        (imbalance, imbalance_text({"per_kwh": 0.1, "number": 3} | PERIOD, {"wh": 1.0} | PERIOD), "price: must have either start"),
        (imbalance, imbalance_text({"per_kwh": 0.1} | PERIOD, {"wh": 1.0, "start": "2026-11-21T12:15:00Z"}), "must be on the hour or half past"),
        (imbalance, imbalance_text({"per_kwh": 0.1} | NUMBERED, {"wh": 1.0} | PERIOD), "price.number: settlement period 47 of 2026-03-29: must be 1 to 46"),
        (imbalance, imbalance_text({"per_kwh": 0.1, "day": "9999-12-31", "number": 1}, {"wh": 1.0} | PERIOD), "must be between 2000 and 2100"),
        (imbalance, imbalance_text({"per_kwh": 0.1} | PERIOD, {"kwh": 1.0} | PERIOD), "volume.wh: missing"),
        (csv_prices, b"", "the last line has no end"),
        (csv_prices, b"\n", "columns = : must be start, end"),
        (csv_prices, b"\xff\xfe", "byte 1 is not UTF-8"),
        (csv_prices, (HEAD + price_row(0)).encode()[:-2], "the last line has no end"),
        (csv_prices, (HEAD + price_row(0) + price_row(1, "cheap")).encode(), 'prices.2.import_price_per_kwh = "cheap": input should be a valid number'),
        (csv_prices, (HEAD + price_row(0, "200000")).encode(), "prices.1.import_price_per_kwh = 200000.0: input should be less than or equal to 100000"),
        (csv_prices, (HEAD + price_row(0, "nan")).encode(), "prices.1.import_price_per_kwh"),
        (csv_prices, (HEAD + "a,b\n").encode(), "prices.1: 2 cells, must be 4"),
        (csv_prices, b"start,end,price\n", "columns = start, end, price: must be start, end, import_price_per_kwh"),
        (csv_prices, b"start,end,end\n", "columns"),
        (csv_prices, (HEAD + 'x,"y\n').encode(), "is not CSV"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_field_value_and_what_is_allowed(
    reader: Any, text: bytes, said: str
) -> None:
    with pytest.raises(MarketError) as told:
        reader(text)
    assert said in str(told.value)
    assert len(str(told.value)) < 200
    assert "\n" not in str(told.value)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(READERS))
def test_no_bytes_whatever_do_more_than_being_refused(text: bytes, reader: Any) -> None:
    with contextlib.suppress(MarketError):
        reader(text)


KEYS = st.sampled_from(
    ("prices", "steps", "items", "made_at", "start", "end", "power_w", "soe_wh", "action", "price", "volume",
     "per_kwh", "wh", "day", "number", "import_price_per_kwh")
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.datetimes(timezones=st.just(UTC)).map(iso) | st.dates().map(str),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(KEYS, inside, max_size=5),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(JSON, st.sampled_from(READERS))
def test_no_document_whatever_does_more_than_being_refused(document: Any, reader: Any) -> None:
    with contextlib.suppress(MarketError):
        reader(json.dumps(document).encode())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=12), st.randoms())
def test_the_order_in_a_file_does_not_matter_and_steps_never_overlap(
    lengths: list[tuple[int, int]], any_order: Any
) -> None:
    rows, begin = [], NOON
    for gap, length in lengths:
        begin += timedelta(minutes=15 * gap)
        rows.append(
            {
                "start": iso(begin),
                "end": iso(begin + timedelta(minutes=15 * length)),
                "power_w": 1.0,
            }
        )
        begin += timedelta(minutes=15 * length)
    shuffled = rows.copy()
    any_order.shuffle(shuffled)
    said = plan(plan_of(*shuffled))
    assert said == plan(plan_of(*rows))
    assert all(one.end_at <= other.start_at for one, other in itertools.pairwise(said))
    assert len(said) == len(rows)
