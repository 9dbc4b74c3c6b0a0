"""What holds now: at every instant, in any order of asking, and cheaply."""

from datetime import datetime, timedelta
from timeit import repeat

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.market import MarketView
from appliance.model import Dispatch, Imbalance, Market, MarketData, PlanStep, PriceStep
from tests.market.said import HOUR, NOON

MINUTES = st.integers(min_value=-300, max_value=300)
LENGTHS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), max_size=8)
IMBALANCE = Imbalance(0.08, NOON, 2e8, NOON)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def spans(begin: int, lengths: list[tuple[int, int]]) -> list[tuple[datetime, datetime]]:
    """Gaps and lengths in minutes, one after the other."""
    found = []
    for gap, length in lengths:
        found.append((at(begin + gap), at(begin + gap + length)))
        begin += gap + length
    return found


@st.composite
def data(draw: st.DrawFn) -> MarketData:
    prices = [
        PriceStep(*span, 0.1 * n) for n, span in enumerate(spans(draw(MINUTES), draw(LENGTHS)))
    ]
    plan = [
        PlanStep(*span, 100.0 * n) for n, span in enumerate(spans(draw(MINUTES), draw(LENGTHS)))
    ]
    orders = [
        Dispatch(at(start), at(start + length), "charge_max", bool(n % 2))
        for n, (start, length) in enumerate(draw(st.lists(st.tuples(MINUTES, st.integers(1, 90)), max_size=6)))
    ]  # fmt: skip
    return MarketData(tuple(prices), IMBALANCE, tuple(plan), tuple(orders))


def plainly(known: MarketData, utc: datetime) -> Market:
    """The same, without any memory."""

    price = [one for one in known.prices if one.start_at <= utc < one.end_at]
    plan = [one for one in known.plan if one.start_at <= utc < one.end_at]
    orders = [one for one in known.dispatch if one.start_at <= utc < one.end_at]
    return Market(
        price[0] if price else None, known.imbalance, plan[0] if plan else None, orders[0] if orders else None
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(data(), min_size=1, max_size=3),
    st.lists(st.tuples(MINUTES, st.integers(0, 2)), max_size=30),
)
def test_whatever_the_clock_does_what_holds_is_what_a_plain_search_finds(
    known: list[MarketData], asked: list[tuple[int, int]]
) -> None:
    view = MarketView()
    for minutes, which in asked:
        one = known[which % len(known)]
        assert view.at(one, at(minutes)) == plainly(one, at(minutes))


@settings(max_examples=60, deadline=None)
@given(data())
def test_every_edge_is_seen_to_the_microsecond(known: MarketData) -> None:
    view, tick = MarketView(), timedelta(microseconds=1)
    edges = {one.start_at for steps in (known.prices, known.plan, known.dispatch) for one in steps}
    edges |= {one.end_at for steps in (known.prices, known.plan, known.dispatch) for one in steps}
    for edge in sorted(edges):
        for utc in (edge - tick, edge, edge + tick):
            assert view.at(known, utc) == plainly(known, utc)


def test_the_same_object_until_something_begins_or_ends() -> None:
    known = MarketData(
        plan=(PlanStep(NOON, NOON + HOUR, 1.0), PlanStep(NOON + HOUR, NOON + 2 * HOUR, 2.0))
    )
    view = MarketView()
    first = view.at(known, NOON)
    assert all(view.at(known, at(minutes)) is first for minutes in (0, 1, 30, 59.99, 5))
    assert view.at(known, at(60)).plan == known.plan[1]
    assert view.at(known, at(120)) == Market()
    assert view.at(known, at(10)).plan == known.plan[0]


def test_an_answer_is_kept_from_the_very_edge_on() -> None:
    known, view = MarketData(dispatch=(Dispatch(at(0), at(60), "charge_max"),)), MarketView()
    for edge in (at(0), at(60)):
        first = view.at(known, edge)
        assert view.at(known, edge) is first


def test_nothing_is_told_yet() -> None:
    assert MarketView().at(None, NOON) == Market()


def test_of_two_orders_at_once_the_first_in_the_schedule_counts() -> None:
    late, early = Dispatch(at(0), at(60), "avoid_import"), Dispatch(at(-30), at(30), "charge_max")
    view = MarketView()
    assert view.at(MarketData(dispatch=(late, early)), at(10)).dispatch == late
    assert view.at(MarketData(dispatch=(early, late)), at(10)).dispatch == early
    assert view.at(MarketData(dispatch=(early, late)), at(40)).dispatch == late


def test_a_cycle_pays_less_than_a_microsecond_for_it() -> None:
    prices = tuple(PriceStep(at(30 * n), at(30 * n + 30), 0.1) for n in range(3_000))
    known, view, utc = MarketData(prices), MarketView(), at(40)
    took_s = min(repeat(lambda: view.at(known, utc), number=20_000, repeat=5)) / 20_000
    assert took_s < 1e-6, f"{1e9 * took_s:.0f} ns"
