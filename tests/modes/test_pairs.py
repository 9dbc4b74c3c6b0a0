"""All pairs of modes through the real cycle: priorities hold, limits are never exceeded, `why` names the winner."""

from datetime import timedelta
from itertools import combinations
from random import Random
from typing import Any

import pytest

from appliance.model import (
    Dispatch,
    GoToMode,
    Imbalance,
    Market,
    MeterReading,
    PlanStep,
    PriceStep,
    SetExternal,
    SetPower,
    State,
)
from appliance.programme import settle
from appliance.site import SiteSettings
from appliance.site.modes import PRIORITIES, Beside
from tests.days.examples import EXAMPLES
from tests.modes.islands import with_backup
from tests.stories import NOON, Story, battery, inverter, rack

PAIRS = list(combinations(PRIORITIES, 2))
STEPS = 25


def site_with(first: str, second: str) -> SiteSettings:
    """One in use, the other beside it; both as in EXAMPLES."""
    site = with_backup()
    control = site.control.model_copy(
        update={"start_mode": second, "beside": (Beside(mode=first),)}
    )
    return site.model_copy(update={"control": control, "modes": {one: EXAMPLES[one] for one in (first, second)}})  # fmt: skip


def market(random: Random) -> Market:
    """Something of everything, at noon of the story's day."""
    begins, ends = NOON, NOON + timedelta(hours=1)
    return Market(
        price=PriceStep(begins, ends, random.uniform(-0.1, 0.5), random.uniform(-0.1, 0.4)),
        imbalance=Imbalance(random.uniform(-0.2, 0.6), begins, random.uniform(-1e6, 1e6), begins),
        plan=PlanStep(begins, ends, power_w=random.uniform(-4e3, 4e3), made_at=begins),
        dispatch=Dispatch(begins, ends, random.choice(("charge_max", "discharge_max", "avoid_import", "avoid_export"))),
    )  # fmt: skip


def readings(random: Random, story: Story) -> dict[str, Any]:
    """Anything a well plant may say; now and then a meter that is silent."""
    soc_pct = random.choice((8.0, 10.5, 35.0, 60.0, 99.0, 100.0))
    limit_w = random.choice((0.0, 700.0, 6_000.0))
    silent = random.random() < 0.1
    return {
        "grid": None if silent else MeterReading(random.uniform(-6e3, 6e3)),
        "inverter": inverter(story.cycle.memory.commanded.power_w),
        "battery": battery(
            rack(soc_pct=soc_pct), soc_pct=soc_pct, soe_wh=106.0 * soc_pct,
            max_charge_w=limit_w, max_discharge_w=6_000.0 - limit_w / 2.0,
        ),
        "market": market(random),
    }  # fmt: skip


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[f"{a} {b}" for a, b in PAIRS])
def test_a_pair(first: str, second: str) -> None:
    random = Random(f"{first} {second}")
    story = Story(site=site_with(first, second)).running()
    assert story.ask(GoToMode(second)).ok
    titles = story.cycle._programme._titles
    ran = 0
    for number in range(STEPS):
        if number == 3 and "local_control" in (first, second):
            story.ask(SetPower(random.uniform(-4e3, 4e3), 60.0))
        if number == 3 and "external_control" in (first, second):
            story.ask(SetExternal(random.uniform(-4e3, 4e3), 60.0))
        decision = story.step(0.1, **readings(random, story))
        if decision.state is not State.RUN or not decision.heard:
            assert decision.setpoints.power_w == 0.0
            continue
        ran += 1
        assert [one.mode for one in decision.heard] == [first, second], (
            "the first in priority first"
        )
        blind = next((at for at, one in enumerate(decision.heard) if one.wish.missing), 2)
        said = [one.wish for one in decision.heard[:blind]]
        settled = settle([(one.power_w, one.lowest_w, one.highest_w) for one in said])
        limits, power_w = decision.limits, decision.setpoints.power_w
        assert -limits.max_charge_w <= power_w <= limits.max_discharge_w
        wanted_w = settled.value or 0.0
        allowed_w = max(-limits.max_charge_w, min(wanted_w, limits.max_discharge_w))
        assert power_w == pytest.approx(allowed_w)
        if settled.winner >= 0:
            winner = decision.heard[settled.winner]
            assert winner.won
            assert decision.why.startswith(winner.wish.by or titles[winner.mode]), decision.why
            if settled.holder >= 0:
                assert titles[decision.heard[settled.holder].mode] in decision.why
    assert ran >= STEPS // 2
