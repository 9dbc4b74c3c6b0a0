"""Self-consumption: no swing with any inverter and meter of the range, the reserve, sleep, what is said."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from appliance.config import load_site
from appliance.model import GoToMode, Memory, MeterReading, SetPower, Snapshot, State, Wish
from appliance.modes._answers import exactly
from appliance.modes.self_consumption import Mode, ModeSettings
from appliance.site import SiteSettings
from tests.modes.late_plant import Decide, LatePlant, Verdict, judge
from tests.stories import HOME, Story, battery, inverter, seen

SITE = load_site(HOME)
LAGS_S = (0.2, 0.5, 1.0, 2.0, 3.0)
METERS_S = (0.1, 0.2, 0.5, 1.0)
STEPS_W = (3_000.0, -4_500.0, 2_500.0)
"""Of the load, one after the other from 500 W: up, over to a surplus, back."""


def plain(seen: Snapshot, _memory: Memory) -> Wish:
    """The loop everybody writes first."""
    assert seen.grid is not None
    assert seen.inverter is not None
    return exactly((seen.grid.power_w or 0.0) + (seen.inverter.power_w or 0.0))


def worst_of(decide: Decide, plant: LatePlant, band_w: float = 150.0) -> Verdict:
    """The worst of three load steps, each followed for 40 s."""
    load_w = 500.0
    memory = plant.run(30.0, load_w, decide)
    found = []
    for step_w in STEPS_W:
        load_w += step_w
        before = len(plant.grids)
        memory = plant.run(40.0, load_w, decide, memory)
        found.append(judge(plant.grids[before:], step_w, band_w))
    return Verdict(
        max(one.overshoot_w for one in found), max(one.settled_s for one in found),
        max(one.swing_w for one in found), max((one.rest_w for one in found), key=abs),
    )  # fmt: skip


def mode(**changes: object) -> Mode:
    return Mode(ModeSettings.model_validate(changes), SITE)


@pytest.mark.parametrize(("lag_s", "meter_s"), list(itertools.product(LAGS_S, METERS_S)))
def test_no_swing_over_the_whole_range(lag_s: float, meter_s: float) -> None:
    found = worst_of(mode().wish, LatePlant(lag_s=lag_s, meter_s=meter_s))
    assert found.overshoot_w <= 30.0
    assert found.settled_s <= 4.0 + lag_s + meter_s + 0.5
    assert found.swing_w <= 10.0
    assert abs(found.rest_w) <= 20.0


@pytest.mark.parametrize("lag_s", LAGS_S)
@pytest.mark.parametrize("anti_windup", ["velocity", "tracking"])
def test_both_ways_against_wind_up_hold_with_a_slow_meter(lag_s: float, anti_windup: str) -> None:
    decide = mode(pid={"anti_windup": anti_windup}).wish
    found = worst_of(decide, LatePlant(lag_s=lag_s, meter_s=1.0))
    assert (found.overshoot_w, found.swing_w) <= (30.0, 10.0)


HARDER: dict[str, tuple[dict[str, Any], float, float, float]] = {
    "weak": ({"gain": 0.95}, 60.0, 16.5, 30.0),
    "strong": ({"gain": 1.05}, 400.0, 16.5, 40.0),
    "slow ramp": ({"ramp_w_per_s": 1_000.0}, 60.0, 9.5, 10.0),
    "meter 0.5 s behind": ({"meter_late_s": 0.5}, 700.0, 14.0, 15.0),
    "inverter's word 0.5 s behind": ({"inverter_late_s": 0.5}, 250.0, 16.0, 20.0),
    "coarse meter": ({"step_w": 100.0}, 60.0, 9.5, 10.0),
}


@pytest.mark.parametrize("name", HARDER)
@pytest.mark.parametrize(("lag_s", "meter_s"), [(0.2, 0.1), (0.2, 1.0), (1.0, 1.0), (3.0, 0.1), (3.0, 1.0)])  # fmt: skip
def test_what_real_devices_add_does_not_make_it_swing(
    name: str, lag_s: float, meter_s: float
) -> None:
    changes, overshoot_w, settled_s, swing_w = HARDER[name]
    found = worst_of(mode().wish, replace(LatePlant(lag_s=lag_s, meter_s=meter_s), **changes))
    assert found.overshoot_w <= overshoot_w
    assert found.settled_s <= settled_s
    assert found.swing_w <= swing_w
    assert abs(found.rest_w) <= 60.0


@pytest.mark.parametrize("lag_s", LAGS_S)
def test_noise_is_not_made_larger(lag_s: float) -> None:
    plant = LatePlant(lag_s=lag_s, meter_s=1.0, noise_w=100.0)
    plant.run(120.0, 1_500.0, mode().wish)
    tail = plant.commands[-600:]
    mean_w = sum(tail) / len(tail)
    spread_w = (sum((one - mean_w) ** 2 for one in tail) / len(tail)) ** 0.5
    assert spread_w < 75.0
    assert mean_w == pytest.approx(1_500.0, abs=60.0)


@pytest.mark.parametrize("lag_s", LAGS_S)
def test_a_meter_a_second_behind_is_met_once_it_is_told(lag_s: float) -> None:
    plant = LatePlant(lag_s=lag_s, meter_s=1.0, meter_late_s=1.0)
    found = worst_of(mode(meter_late_s=1.0).wish, plant)
    assert found.overshoot_w <= 100.0
    assert found.swing_w <= 10.0


@pytest.mark.parametrize(("lag_s", "meter_s"), [(0.2, 0.5), (0.5, 1.0), (1.0, 1.0), (3.0, 1.0)])
def test_the_plain_loop_swings_where_this_one_rests(lag_s: float, meter_s: float) -> None:
    swings = worst_of(plain, LatePlant(lag_s=lag_s, meter_s=meter_s))
    rests = worst_of(mode().wish, LatePlant(lag_s=lag_s, meter_s=meter_s))
    assert swings.swing_w > 1_000.0
    assert swings.swing_w > 100.0 * max(rests.swing_w, 1.0)


def test_an_inverter_that_does_nothing_is_not_told_more_and_more() -> None:
    """Ten percent of its rating and 50 W is what is taken for its precision; the rest is for the errors to find."""
    plant = LatePlant(gain=0.0)
    assert plant.run(120.0, 1_000.0, mode().wish).commanded.power_w == pytest.approx(
        1_550.0, abs=20.0
    )
    assert plant.run(120.0, -1_000.0, mode().wish).commanded.power_w == pytest.approx(
        -1_550.0, abs=20.0
    )


def test_a_target_is_held_as_zero_is() -> None:
    plant = LatePlant(lag_s=1.0, meter_s=1.0)
    plant.run(30.0, 2_000.0, mode(target_grid_w=300.0).wish)
    assert plant.grids[-1] == pytest.approx(300.0, abs=20.0)


def test_within_the_dead_band_the_command_stays() -> None:
    plant = LatePlant(lag_s=0.2, meter_s=0.1)
    memory = plant.run(30.0, 1_000.0, mode(dead_band_w=100.0).wish)
    before = len(plant.commands)
    plant.run(30.0, 940.0, mode(dead_band_w=100.0).wish, memory)
    assert set(plant.commands[before:]) == {memory.commanded.power_w}


def test_after_another_mode_it_begins_without_a_bump() -> None:
    story = Story().running()
    assert story.ask(GoToMode("local_control")).ok
    assert story.ask(SetPower(2_000.0, 600.0)).ok
    there = {"inverter": inverter(2_000.0), "grid": MeterReading(power_w=-1_500.0)}
    assert story.run(3.0, **there).setpoints.power_w == 2_000.0
    assert story.ask(GoToMode("self_consumption")).ok
    assert story.last.setpoints.power_w == 2_000.0
    second_w = story.step().setpoints.power_w
    assert 1_800.0 < second_w < 2_000.0


def site_with(**soc: float) -> SiteSettings:
    window = SITE.battery.soc.model_copy(update=soc)
    return SITE.model_copy(update={"battery": SITE.battery.model_copy(update={"soc": window})})


def held_w(reserve_pct: float | None, soc_pct: float | None, site: SiteSettings = SITE) -> Wish:
    """What it answers after 10 s with 3 kW of import."""
    own, plant = Mode(ModeSettings(reserve_pct=reserve_pct), site), LatePlant(lag_s=0.2, meter_s=0.1)  # fmt: skip
    last = Wish()

    def decide(now: Snapshot, memory: Memory) -> Wish:
        nonlocal last
        last = own.wish(
            seen(now.now_s, grid=now.grid, inverter=now.inverter, battery=battery(soc_pct=soc_pct)),
            memory,
        )
        return last

    plant.run(10.0, 3_000.0, decide)
    return last


@pytest.mark.parametrize(
    ("reserve_pct", "soc_pct", "power_w"),
    [
        (40.0, 60.0, 3_000.0),
        (40.0, 42.0, 3_000.0),
        (40.0, 40.5, 1_250.0),
        (40.0, 40.0, 0.0),
        (40.0, 15.0, 0.0),
        (40.0, None, 0.0),
        (None, 15.0, 3_000.0),
        (5.0, 9.0, 3_000.0),
    ],
)
def test_its_own_reserve_stays_in_the_battery(
    reserve_pct: float | None, soc_pct: float | None, power_w: float
) -> None:
    wish = held_w(reserve_pct, soc_pct)
    assert wish.power_w == pytest.approx(power_w, abs=20.0)
    assert wish.wants_w == pytest.approx(3_000.0, abs=20.0)
    assert ("40 % are kept for a backup" in wish.reason) == (power_w < 2_900.0)


def test_a_reserve_below_the_sites_changes_nothing() -> None:
    assert held_w(20.0, 31.0, site_with(reserve_pct=30.0)).reason == ""
    assert held_w(20.0, 21.0, site_with(reserve_pct=30.0)).power_w == pytest.approx(
        3_000.0, abs=20.0
    )
    assert held_w(50.0, 31.0, site_with(reserve_pct=30.0)).power_w == 0.0


def test_the_reserve_does_not_hold_back_a_charge() -> None:
    own, plant = Mode(ModeSettings(reserve_pct=90.0), SITE), LatePlant(lag_s=0.2, meter_s=0.1)
    assert plant.run(10.0, -2_000.0, own.wish).commanded.power_w == pytest.approx(
        -2_000.0, abs=20.0
    )


def test_an_empty_battery_sleeps_only_where_that_is_allowed() -> None:
    for allowed, state in ((True, State.SLEEP), (False, State.RUN)):
        site = SITE.model_copy(update={"modes": {"self_consumption": {"sleep_allowed": allowed}}})
        story = Story(site=site).running()
        empty = battery(soc_pct=10.2)
        story.run(306.0, battery=empty, grid=MeterReading(power_w=400.0))
        assert story.last.state is state


def test_without_the_inverters_word_it_takes_the_command_for_it() -> None:
    own = mode()
    blind = seen(5.0, grid=MeterReading(power_w=500.0), inverter=inverter(float("nan")))
    assert own.wish(blind, Memory()).wants_w == 500.0
    assert own.wish(seen(5.0, grid=None), Memory()).missing == "the grid meter is silent"
