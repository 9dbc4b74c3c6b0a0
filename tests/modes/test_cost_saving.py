"""Cost saving: the plan in W and Wh, what happens without one, and what is said of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from appliance.model import (
    GoToMode,
    Market,
    Memory,
    MeterReading,
    PlanStep,
    Setpoints,
    Wish,
)
from appliance.modes.cost_saving import Mode, ModeSettings
from tests.stories import NOON, Story, battery, inverter, seen

HOUR = timedelta(hours=1)
SITE = Story().site  # 10.6 kWh, 5 kW
START = NOON + timedelta(seconds=100)
"""When `seen()` is."""


def plan(
    *,
    power_w: float | None = None,
    soe_wh: float | None = None,
    hours: float = 1.0,
    age_h: float = 1.0,
) -> Market:
    """From now on."""
    return Market(plan=PlanStep(START, START + hours * HOUR, power_w, soe_wh, START - age_h * HOUR))


def wish(
    market: Market | None, mode: Mode | None = None, memory: Memory | None = None, **changes: Any
) -> Wish:
    mode = mode or Mode(ModeSettings(), SITE)
    return mode.wish(seen(market=market, **changes), memory or Memory())


def mode(**chosen: Any) -> Mode:
    return Mode(ModeSettings(**chosen), SITE)


def holds(said: Wish, power_w: float) -> None:
    """This power, and nobody below may change it."""
    assert said.power_w == pytest.approx(power_w)
    assert said.lowest_w == said.power_w == said.highest_w


# ---------------------------------------------------------------- a plan of power


@pytest.mark.parametrize("power_w", [-3_000.0, 0.0, 2_500.0])
def test_the_plans_power_is_the_wish_and_binds_those_below(power_w: float) -> None:
    said = wish(plan(power_w=power_w))
    holds(said, power_w)
    assert said.reason == "as planned until 13:01 UTC"


def test_a_plan_holds_from_its_start_until_before_its_end() -> None:
    market = plan(power_w=1_000.0)
    for utc, holds_then in (
        (START, True), (START + HOUR - timedelta(microseconds=1), True), (START + HOUR, False),
        (START - timedelta(microseconds=1), False),
    ):  # fmt: skip
        said = wish(market, mode(without_plan="rest"), utc=utc)
        assert (said.power_w == 1_000.0) is holds_then, utc


# ---------------------------------------------------------------- a plan of energy


def test_charging_to_a_state_of_energy_loses_some_on_the_way() -> None:
    said = wish(plan(soe_wh=7_200.0, hours=2.0), battery=battery(soe_wh=5_300.0))
    holds(said, -1_900.0 / 0.95 / 2.0)
    assert said.reason == "from 5300 to 7200 Wh by 14:01 UTC as planned"


def test_discharging_to_a_state_of_energy() -> None:
    holds(wish(plan(soe_wh=4_300.0, hours=0.5), battery=battery(soe_wh=5_300.0)), 2_000.0)


def test_no_more_than_the_inverter_can() -> None:
    holds(wish(plan(soe_wh=10_600.0, hours=0.25), battery=battery(soe_wh=300.0)), -5_000.0)
    holds(wish(plan(soe_wh=300.0, hours=0.25), battery=battery(soe_wh=10_600.0)), 5_000.0)


def test_what_is_reached_stays_reached_though_the_meter_jitters() -> None:
    one, market = mode(), plan(soe_wh=5_000.0)
    for soe_wh, rests in ((4_980.0, False), (4_989.5, True), (5_040.0, True), (4_950.0, True),
                          (4_940.0, False), (4_980.0, False), (5_000.0, True)):  # fmt: skip
        said = wish(market, one, battery=battery(soe_wh=soe_wh))
        assert (said.power_w == 0.0) is rests, (soe_wh, said)
    said = wish(market, one, battery=battery(soe_wh=5_000.0))
    holds(said, 0.0)
    assert said.reason == "the plan's 5000 Wh are in the battery"


def test_without_a_state_of_energy_nobody_decides() -> None:
    unsaid = battery(soe_wh=None, soc_pct=None)
    said = wish(plan(soe_wh=8_000.0), battery=unsaid)
    assert (said.power_w, said.missing) == (None, "the battery does not say how full it is")
    holds(wish(plan(power_w=1_000.0), battery=unsaid), 1_000.0)


@settings(max_examples=60, deadline=None)
@given(
    begin_wh=st.floats(0, 10_600), goal_wh=st.floats(0, 10_600), hours=st.floats(0.1, 4.0),
    loss=st.floats(0.85, 1.0),
)  # fmt: skip
def test_the_energy_is_there_when_the_interval_ends(
    begin_wh: float, goal_wh: float, hours: float, loss: float
) -> None:
    """Whatever the battery really loses; as far as the inverter can."""
    one, soe_wh, step_s = mode(), begin_wh, max(5.0, hours * 30.0)
    utc, end = START, START + hours * HOUR
    market = plan(soe_wh=goal_wh, hours=hours)
    while utc < end:
        power_w = wish(market, one, utc=utc, battery=battery(soe_wh=soe_wh)).power_w
        assert power_w is not None
        assert -5_000.0 <= power_w <= 5_000.0
        assert power_w == 0.0 or (power_w < 0.0) == (soe_wh < goal_wh)
        soe_wh -= power_w * (loss if power_w < 0.0 else 1.0 / loss) * step_s / 3_600.0
        utc += timedelta(seconds=step_s)
    can_wh = 5_000.0 * hours * loss * 0.97
    if abs(goal_wh - begin_wh) < can_wh:
        assert abs(soe_wh - goal_wh) < 60.0 + 0.02 * abs(goal_wh - begin_wh)


# ---------------------------------------------------------------- without a plan

SURPLUS: dict[str, Any] = {"grid": MeterReading(power_w=-1_500.0), "inverter": inverter(-500.0)}
LOAD: dict[str, Any] = {"grid": MeterReading(power_w=1_500.0), "inverter": inverter(500.0)}
WHY_NOT = [
    (None, {}, "no plan holds now"),
    (Market(), {}, "no plan holds now"),
    (plan(power_w=-3_000.0, age_h=36.1), {}, "the plan is 36 h old"),
    (plan(power_w=-3_000.0), {"clock_trusted": False}, "nobody knows what time it is"),
    (plan(), {}, "no plan holds now"),
]


@pytest.mark.parametrize(("market", "changes", "why"), WHY_NOT)
def test_each_rule_says_why_and_what(
    market: Market | None, changes: dict[str, Any], why: str
) -> None:
    said = wish(market, mode(), **LOAD, **changes)
    holds(said, 2_000.0)
    assert said.reason == f"{why}, so it avoids import and export"
    holds(wish(market, mode(), **SURPLUS, **changes), -2_000.0)
    said = wish(market, mode(without_plan="rest"), **LOAD, **changes)
    holds(said, 0.0)
    assert said.reason == f"{why}, so it rests"
    said = wish(market, mode(without_plan="prices", charge_below_per_kwh=0.1), **LOAD, **changes)
    holds(said, 2_000.0)
    assert said.reason == f"{why}; no price is known, so it avoids import and export"


def test_a_clock_of_which_nobody_says_anything_is_believed() -> None:
    holds(wish(plan(power_w=-3_000.0), clock_trusted=None), -3_000.0)


def test_a_plan_of_just_the_allowed_age_is_followed() -> None:
    holds(wish(plan(power_w=-3_000.0, age_h=36.0)), -3_000.0)
    holds(wish(plan(power_w=-3_000.0, age_h=2.0), mode(max_age_h=1.0, without_plan="rest")), 0.0)


def test_a_plan_of_unknown_age_is_followed_while_it_holds() -> None:
    holds(wish(Market(plan=PlanStep(START, START + HOUR, -3_000.0))), -3_000.0)


def test_without_the_grid_meter_only_the_plan_goes_on() -> None:
    said = wish(None, grid=None)
    assert (said.power_w, said.missing) == (None, "the grid meter is silent")
    holds(wish(plan(power_w=1_000.0), grid=None), 1_000.0)
    holds(wish(None, mode(without_plan="rest"), grid=None), 0.0)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"without_plan": "prices"}, "needs charge_below_per_kwh or discharge_above_per_kwh"),
        (
            {
                "without_plan": "prices",
                "charge_below_per_kwh": 0.5,
                "discharge_above_per_kwh": 0.4,
            },
            "must not be above discharge_above_per_kwh = 0.4",
        ),
        ({"without_plan": "hope"}, "without_plan"),
        (
            {"charge_below_per_kwh": 0.1},
            'charge_below_per_kwh = 0.1: counts only with without_plan = "prices"',
        ),
        ({"without_plan": "rest", "discharge_above_per_kwh": 0.1}, "counts only with"),
        ({"max_age_h": 0.0}, "max_age_h"),
        ({"max_age_h": 169.0}, "max_age_h"),
        ({"charge_efficiency": 1.01}, "charge_efficiency"),
        ({"tolerance_pct": 0.0}, "tolerance_pct"),
        ({"charge_w": -1.0}, "charge_w"),
        ({"plan": 1}, "plan"),
    ],
)
def test_settings_that_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as told:
        ModeSettings(**wrong)
    assert said in str(told.value)


def test_defaults() -> None:
    assert ModeSettings().model_dump() == {
        "without_plan": "self_use", "max_age_h": 36.0, "charge_efficiency": 0.95, "tolerance_pct": 0.1,
        "charge_below_per_kwh": None, "discharge_above_per_kwh": None, "charge_w": None, "discharge_w": None,
        "between_prices": "self_use", "smoothing_s": 1.5,
    }  # fmt: skip


# ---------------------------------------------------------------- asleep, and in the box


@pytest.mark.parametrize(
    ("market", "changes", "wakes"),
    [
        (plan(power_w=-3_000.0), {}, True), (plan(power_w=3_000.0), {}, False), (plan(power_w=-100.0), {}, False),
        (plan(soe_wh=8_000.0), {"battery": None}, True), (plan(soe_wh=8_000.0), {"battery": battery(soe_wh=8_000.0)}, False),
        (None, {"grid": MeterReading(power_w=-400.0)}, True), (None, {"grid": MeterReading(power_w=400.0)}, False),
    ],
)  # fmt: skip
def test_it_wakes_a_battery_to_charge_it(
    market: Market | None, changes: dict[str, Any], wakes: bool
) -> None:
    assert mode().wakes(seen(market=market, **changes), Memory()) is wakes


def test_asking_whether_it_wakes_changes_nothing() -> None:
    one, other = mode(), mode()
    for grid_w in (1_000.0, -2_000.0, 500.0):
        snapshot = seen(grid=MeterReading(power_w=grid_w))
        one.wakes(snapshot, Memory())
        assert one.wish(snapshot, Memory()) == other.wish(snapshot, Memory())


def test_why_in_the_box_names_the_plan_and_then_the_rule() -> None:
    story = Story().running()
    assert story.ask(GoToMode("cost_saving")).ok
    until: datetime = story.last.utc + timedelta(seconds=10)
    market = Market(plan=PlanStep(story.last.utc, until, -2_000.0, None, story.last.utc))
    decision = story.run(5.0, market=market)
    assert decision.setpoints.power_w == -2_000.0
    assert decision.why == "Cost saving wants -2000 W, as planned until 12:01 UTC"
    decision = story.run(3.0, market=Market(), grid=MeterReading(power_w=0.0))
    assert "no plan holds now, so it avoids import and export" in decision.why


def test_what_was_commanded_stands_in_for_an_inverter_that_says_nothing() -> None:
    memory = Memory(commanded=Setpoints(power_w=700.0))
    holds(wish(None, memory=memory, grid=MeterReading(power_w=300.0), inverter=None), 1_000.0)
