"""Every pair of the Flux modes, and all nine: the priority rules hold whatever is seen."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import combinations
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.model import Dispatch, Imbalance, Market, Memory, Snapshot, Wish
from appliance.modes._settlement import settlement_start
from appliance.programme import Programme, Together, settle
from appliance.site import SiteSettings
from tests.modes.flux_world import FLUX, at, look, make, memory, order, site, title
from tests.stories import Story, battery, inverter

DAY = {"start": "06:00", "end": "22:00"}
RULE = {"allow": True, "time_cutoff_s": 900.0}
CURVES = {
    "charge_curve": [{"price_per_kwh": 0.0, "soe_wh": 8_000.0}, {"price_per_kwh": 0.1, "soe_wh": 0.0}],
    "discharge_curve": [{"price_per_kwh": 0.2, "soe_wh": 10_000.0}, {"price_per_kwh": 0.4, "soe_wh": 0.0}],
}  # fmt: skip
SETTINGS: Mapping[str, dict[str, Any]] = {
    "axle_schedule": {},
    "discharge_to_soe": {"entries": [{"period": DAY, "soe_wh": 6_000.0}]},
    "dynamic_peak_discharge": {"entries": [{"period": DAY, "short_prediction": RULE, "prioritise_residual_load": True}]},
    "niv_chase": {"entries": [{"period": DAY, "when_short": RULE, "when_long": RULE} | CURVES]},
    "charge_to_soe": {"entries": [{"period": DAY, "soe_wh": 7_000.0}]},
    "dynamic_peak_approach": {"entries": [{"peak_period": {"start": "16:00", "end": "19:00"}, "to_soe_wh": 9_000.0, "assumed_charge_power_w": 2_000.0, "long_prediction": RULE}]},
    "import_avoidance": {"during": [DAY]},
    "export_avoidance": {"during": [DAY]},
    "import_avoidance_when_short": {"entries": [{"period": DAY, "short_prediction": RULE}]},
}  # fmt: skip
TITLES = {name: title(name) for name in FLUX}
ACTIONS = ("charge_max", "discharge_max", "avoid_import", "avoid_export", "levitate")
PACED = ("discharge_to_soe", "niv_chase", "charge_to_soe", "dynamic_peak_approach")


@st.composite
def sights(draw: st.DrawFn) -> Snapshot:
    """What may be seen on the days when the clock changes, and between them."""
    day = draw(st.sampled_from(["2026-03-29T00:00", "2026-06-01T00:00", "2026-10-25T00:00"]))
    utc = at(day) + timedelta(seconds=draw(st.integers(0, 86_400)))
    told_at = settlement_start(utc) - timedelta(minutes=30 * draw(st.integers(0, 2)))
    volume_wh = draw(st.sampled_from([-5e6, 0.0, 5e6]))
    told = Imbalance(draw(st.sampled_from([-0.5, 0.05, 0.15, 0.3, 0.5])), told_at, volume_wh, told_at)  # fmt: skip
    action = draw(st.none() | st.sampled_from(ACTIONS))
    begun, ends = utc - timedelta(minutes=5), utc + timedelta(minutes=5)
    dispatch = None if action is None else Dispatch(begun, ends, action, draw(st.booleans()))
    return look(
        utc, grid_w=draw(st.none() | st.integers(-9_000, 9_000).map(float)),
        battery_w=float(draw(st.integers(-5_000, 5_000))),
        soe_wh=draw(st.none() | st.integers(0, 10_000).map(float)),
        market=draw(st.sampled_from([None, Market(imbalance=told, dispatch=dispatch)])),
        clock_trusted=draw(st.sampled_from([True, True, None, False])),
    )  # fmt: skip


def programme(names: tuple[str, ...], whole: SiteSettings) -> Programme:
    return Programme(
        whole, {name: make(name, whole, **SETTINGS[name]) for name in names}, dict(TITLES)
    )


def alone(name: str, snapshot: Snapshot, before: Memory) -> Wish:
    return make(name, SITE, **SETTINGS[name]).wish(snapshot, before)


SITE = site()
PAIRS = list(combinations(FLUX, 2))
PAIR_SITES = {pair: site(*pair) for pair in PAIRS}


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
@settings(max_examples=40)
@given(sights(), st.booleans())
def test_pairs(pair: tuple[str, str], snapshot: Snapshot, swapped: bool) -> None:
    whole = PAIR_SITES[pair]
    selected = pair[1] if swapped else pair[0]
    if swapped:
        whole = site(pair[1], pair[0])
    before = memory()
    got = programme(pair, whole).ask(selected, snapshot, before)
    first, second = (alone(name, snapshot, before) for name in pair)
    assert [one.mode for one in got.heard] == list(pair)
    follow(pair, first, second, got)


def follow(pair: tuple[str, str], first: Wish, second: Wish, got: Together) -> None:
    """What the rules make of two answers, told once more and in another way."""
    wish = got.wish
    if first.missing:
        assert (wish.missing, wish.power_w) == (first.missing, None)
        return
    low = -inf if first.lowest_w is None else first.lowest_w
    high = inf if first.highest_w is None else first.highest_w
    if not second.missing and second.power_w is not None:
        assert wish.power_w is not None
        if low <= second.power_w <= high:
            assert wish.power_w == second.power_w
        else:
            assert wish.power_w == (low if second.power_w < low else high)
            assert got.held_by in (TITLES[pair[0]], "")
        assert got.title == TITLES[pair[1] if wish.power_w != first.power_w else pair[0]]
    elif first.power_w is not None:
        assert (wish.power_w, got.title) == (first.power_w, TITLES[pair[0]])
    else:
        assert not wish.power_w or wish.power_w in (first.lowest_w, first.highest_w, second.lowest_w, second.highest_w)  # fmt: skip
    if wish.power_w is not None:
        assert low <= wish.power_w <= high


ALL = site(*FLUX)


@settings(max_examples=150)
@given(sights())
def test_all_nine_keep_the_bounds_of_each_above(snapshot: Snapshot) -> None:
    got = programme(FLUX, ALL).ask(FLUX[0], snapshot, memory())
    asked = [
        (one.wish.power_w, one.wish.lowest_w, one.wish.highest_w)
        for one in got.heard
        if not one.wish.missing
    ]
    blind = any(one.wish.missing for one in got.heard)
    for number in range(0 if blind or got.wish.power_w is None else len(asked)):
        above = asked[: number + 1]
        low, high = (settle([*above, (far_w, None, None)]).value for far_w in (-1e9, 1e9))
        assert low is not None and high is not None and got.wish.power_w is not None
        assert low <= got.wish.power_w <= high
    winners = [one for one in got.heard if one.won]
    assert len(winners) == (got.wish.power_w is not None)
    assert all(TITLES[one.mode] == got.title for one in winners)


@pytest.mark.parametrize("name", FLUX)
@settings(max_examples=40)
@given(sights())
def test_no_answer_contradicts_itself_or_asks_for_more_than_there_is(
    name: str, snapshot: Snapshot
) -> None:
    wish = alone(name, snapshot, memory())
    numbers = [n for n in (wish.lowest_w, wish.power_w, wish.highest_w) if n is not None]
    assert numbers == sorted(numbers)
    assert not (wish.missing and numbers)
    assert wish.reason or wish.missing
    assert name not in PACED or all(abs(number) <= 5_000.0 for number in numbers)


def test_an_avoid_import_order_lets_niv_chase_discharge_more_but_not_charge() -> None:
    utc = "2026-06-01T12:20"
    powers = []
    for price in (0.4, 0.0):
        start_at = settlement_start(at(utc))
        told = Imbalance(price, start_at, 0.0, start_at)
        ordered = order("avoid_import", "2026-06-01T12:00", "2026-06-01T13:00").dispatch
        snapshot = look(utc, grid_w=700.0, market=Market(imbalance=told, dispatch=ordered))
        names = ("axle_schedule", "niv_chase")
        got = programme(names, site(*names)).ask(names[0], snapshot, memory())
        powers.append(got.wish.power_w)
    assert powers == [5_000.0, 700.0]


def test_export_avoidance_charges_more_than_the_goal_where_the_sun_gives_it() -> None:
    names = ("charge_to_soe", "export_avoidance")
    made = programme(names, site(*names))
    utc = at("2026-06-01T15:00")
    powers = [
        made.ask(names[0], look(utc, grid_w=grid_w, now_s=now_s), memory()).wish.power_w
        for now_s, grid_w in ((0.0, 500.0), (100.0, -100.0), (200.0, -3_000.0))
    ]
    assert powers == pytest.approx([-2_000.0 / 0.95 / 6.0] * 2 + [-3_000.0])


def test_where_the_order_allows_to_deviate_those_below_do() -> None:
    names = ("axle_schedule", "import_avoidance")
    powers = [
        programme(names, site(*names)).ask(names[0], look(grid_w=700.0, market=order("charge_max", "2026-06-01T11:00", "2026-06-01T13:00", deviate=deviate)), memory()).wish.power_w
        for deviate in (False, True)
    ]  # fmt: skip
    assert powers == [-5_000.0, 700.0]


def test_through_the_cycle_the_limits_hold_and_why_names_the_winner() -> None:
    whole = ALL.model_copy(update={"modes": dict(SETTINGS)})
    story = Story(site=whole).running()
    ordered = order("discharge_max", "2026-06-21T11:00", "2026-06-21T13:00")
    empty = battery(soe_wh=300.0, soc_pct=3.0)
    decision = story.run(1.0, market=ordered, inverter=inverter())
    assert decision.setpoints.power_w == 5_000.0
    assert decision.why == "Axle schedule wants 5000 W, ordered until 13:00 UTC"
    assert [one.mode for one in decision.heard] == list(FLUX)
    decision = story.run(1.0, battery=empty)
    assert decision.setpoints.power_w == 0.0
    assert decision.limits.binding == "state of charge"
    decision = story.run(1.0, battery=battery(soe_wh=5_300.0), market=None)
    assert decision.setpoints.power_w == 0.0
    assert decision.why == "Dynamic peak discharge wants 0 W, it keeps the rest for the peak"
    assert decision.heard[0].wish == Wish(None, "no order")
