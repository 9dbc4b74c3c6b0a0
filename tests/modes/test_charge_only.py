"""Charge only: how full, by when, how fast, and no more from the grid than it may."""

from datetime import datetime
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from appliance.model import MeterReading, Wish
from appliance.modes._answers import exactly
from tests.modes.flux_world import (
    CAPACITY_WH,
    EFFICIENCY,
    World,
    at,
    look,
    make,
    memory,
    site,
)
from tests.modes.late_plant import LatePlant
from tests.stories import battery

TOLD_WH = 10_600.0
"""What site.toml says the battery holds: a little too much, as it may."""
LOSSY = {"charge_efficiency": EFFICIENCY}
NIGHT = {"target_pct": 80.0, "by": "06:30", "zone": "Europe/Copenhagen", **LOSSY}


def mode(**settings: Any) -> Any:
    return make("charge_only", **settings)


def charged(
    settings: dict[str, Any], start: str, end: str, soe_wh: float = 2_000.0, **world: Any
) -> World:
    return World({"charge_only": settings}, soe_wh, **world).run(start, end)


def begun(world: World, start: str) -> float:
    """Hours after the start at which it first charged."""
    first = next(number for number, power_w in enumerate(world.powers_w) if power_w < 0.0)
    assert start
    return first * world.step_s / 3_600.0


# ------------------------------------------------------------------ at a rate


def test_it_charges_at_its_rate_until_it_is_full_enough_and_then_holds() -> None:
    world = charged({"target_pct": 50.0, "rate_w": 2_000.0}, "2026-06-01T00:00", "2026-06-01T04:00")
    assert world.soe_wh == pytest.approx(5_000.0, abs=10.0)
    assert min(world.powers_w) == -2_000.0
    assert world.discharge_wh == 0.0
    assert world.charge_wh == pytest.approx(3_000.0 / EFFICIENCY, abs=12.0)
    assert world.last is not None
    assert world.last.wish.reason == "50 % are reached"


def test_without_a_rate_those_below_may_charge_faster_and_with_one_they_may_not() -> None:
    free = mode().wish(look(soe_wh=1_000.0), memory())
    assert free == Wish(-5_000.0, "10 of 100 %", highest_w=-5_000.0)
    held = mode(rate_w=800.0).wish(look(soe_wh=1_000.0), memory())
    assert held == Wish(-800.0, "10 of 100 %", lowest_w=-800.0, highest_w=-800.0)


@pytest.mark.parametrize(
    ("how", "least_w", "most_w"), [("hold", 0.0, 0.0), ("keep", None, 0.0), ("leave", None, None)]
)
def test_what_holds_once_it_is_reached(
    how: str, least_w: float | None, most_w: float | None
) -> None:
    wish = mode(target_pct=50.0, when_reached=how).wish(look(soe_wh=5_000.0), memory())
    assert (wish.lowest_w, wish.highest_w) == (least_w, most_w)
    assert wish.power_w == (0.0 if how == "hold" else None)


def test_reached_it_charges_again_when_enough_is_missing() -> None:
    one = mode(target_pct=50.0, resume_pct=2.0)
    powers = [
        one.wish(look(soe_wh=soe), memory()).power_w
        for soe in (4_990.0, 5_000.0, 4_810.0, 4_790.0, 4_990.0)
    ]
    assert powers == [-5_000.0, 0.0, 0.0, -5_000.0, -5_000.0]


def test_the_sites_maximum_which_is_never_quite_reached_is_enough() -> None:
    whole = site()
    soc = whole.battery.soc.model_copy(update={"maximum_pct": 90.0})
    whole = whole.model_copy(update={"battery": whole.battery.model_copy(update={"soc": soc})})
    one = make("charge_only", whole)
    assert one.wish(look(soe_wh=8_990.0), memory()).power_w == -5_000.0
    assert one.wish(look(soe_wh=8_996.0), memory()) == exactly(0.0, "90 % are reached")


def test_only_in_its_periods() -> None:
    night = {"start": "00:00", "end": "06:00", "zone": "Europe/London"}
    one = mode(during=[night], when_waiting="leave")
    assert one.wish(look("2026-06-01T04:59"), memory()).power_w == -5_000.0
    assert one.wish(look("2026-06-01T05:00"), memory()) == Wish(None, "this is not its time")
    unsure = one.wish(look("2026-06-01T02:00", clock_trusted=False), memory())
    assert unsure == Wish(None, "nobody knows what time it is")


# ------------------------------------------------------------------ by a time


def test_slowly_it_is_there_a_quarter_of_an_hour_before() -> None:
    world = charged(NIGHT | {"pace": "slow"}, "2026-06-01T20:30", "2026-06-02T04:30")
    assert world.soe_wh == pytest.approx(8_000.0, abs=15.0)
    charging = [power_w for power_w in world.powers_w if power_w < 0.0]
    assert charging[0] == pytest.approx(-0.6 * TOLD_WH / EFFICIENCY / 7.75, rel=0.001)
    assert max(charging[:1_000]) < 0.9 * min(charging)


def test_as_late_as_will_do_it_begins_when_it_must_and_does_not_stop() -> None:
    settings = NIGHT | {"pace": "late", "rate_w": 3_000.0}
    world = charged(settings, "2026-06-01T20:30", "2026-06-02T04:30")
    assert world.soe_wh == pytest.approx(8_000.0, abs=15.0)
    assert begun(world, "22:30") == pytest.approx(
        7.75 - 0.6 * TOLD_WH / EFFICIENCY / 3_000.0, abs=0.01
    )
    charging = [number for number, power_w in enumerate(world.powers_w) if power_w < 0.0]
    assert charging[-1] - charging[0] == len(charging) - 1, "without a pause"


@pytest.mark.parametrize(
    ("start", "end"),
    [("2026-03-28T21:30", "2026-03-29T04:30"), ("2026-10-24T20:30", "2026-10-25T05:30")],
)
@pytest.mark.parametrize("pace", ["slow", "late"])
def test_nights_with_7_and_9_hours_end_full_enough(start: str, end: str, pace: str) -> None:
    settings = NIGHT | {"pace": pace, "rate_w": 3_000.0}
    assert charged(settings, start, end).soe_wh == pytest.approx(8_000.0, abs=15.0)


def test_time_that_may_not_be_used_does_not_count() -> None:
    hours = {"start": "01:00", "end": "04:00"}
    settings = NIGHT | {
        "pace": "slow",
        "during": [hours | {"zone": "Europe/Copenhagen"}],
        "early_min": 0,
    }
    world = charged(settings, "2026-06-01T20:30", "2026-06-02T04:30")
    assert world.soe_wh == pytest.approx(8_000.0, abs=15.0)
    assert begun(world, "22:30") == 2.5
    first = world.powers_w[round(2.5 * 360)]
    assert first == pytest.approx(-0.6 * TOLD_WH / EFFICIENCY / 3.0, rel=0.001)


def test_a_battery_that_takes_less_begins_earlier() -> None:
    settings = NIGHT | {"pace": "late", "rate_w": 4_000.0}
    utc, soe_wh = "2026-06-02T02:30", 5_000.0  # 1.75 h are left for 3 kWh
    assert mode(**settings).wish(look(utc, soe_wh=soe_wh), memory(5_000.0)).power_w == 0.0
    snapshot = look(utc, soe_wh=soe_wh)
    slow = msgspec.structs.replace(snapshot, battery=battery(soc_pct=50.0, max_charge_w=1_700.0))
    assert mode(**settings).wish(slow, memory(5_000.0)).power_w == -4_000.0
    full_stop = msgspec.structs.replace(snapshot, battery=battery(soc_pct=50.0, max_charge_w=0.0))
    assert mode(**settings).wish(full_stop, memory(0.0)).power_w == 0.0, "that may be over by then"


def test_too_late_it_does_what_it_can() -> None:
    wish = mode(**(NIGHT | {"pace": "slow"})).wish(look("2026-06-02T04:25", soe_wh=0.0), memory())
    assert wish.power_w == -5_000.0


def test_without_a_clock_it_waits() -> None:
    wish = mode(**(NIGHT | {"pace": "slow"})).wish(look(clock_trusted=False), memory())
    assert wish == exactly(0.0, "nobody knows what time it is")


@pytest.mark.parametrize("settings", [{"pace": "slow"}, {"pace": "late"}, {"by": "06:30"}])
def test_a_pace_has_its_time(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="slow and late need by"):
        mode(**settings)


# ------------------------------------------------------------------ the grid


def test_load_and_charge_together_stay_within_the_import() -> None:
    def load_w(utc: datetime) -> float:
        return 1_000.0 if utc < at("2026-06-01T01:00") else 3_500.0

    settings = {"target_pct": 100.0, "max_import_w": 4_000.0}
    world = charged(settings, "2026-06-01T00:00", "2026-06-01T02:00", load_w=load_w)
    assert world.charge_wh == pytest.approx(3_000.0 + 500.0, rel=0.01)
    assert world.last is not None
    assert world.last.wish.reason.endswith("the import leaves 500 W")


def test_more_load_than_import_means_no_charge_and_no_discharge_either() -> None:
    wish = mode(max_import_w=2_000.0).wish(look(grid_w=3_000.0), memory())
    assert (wish.lowest_w, wish.power_w, wish.highest_w) == (0.0, 0.0, 0.0)


def test_with_a_bound_on_the_import_it_needs_the_meter() -> None:
    assert mode(max_import_w=2_000.0).wish(look(grid_w=None), memory()).missing
    assert mode().wish(look(grid_w=None), memory()).power_w == -5_000.0


def test_without_a_state_of_charge_it_cannot_say() -> None:
    assert mode().wish(look(soe_wh=None), memory()).missing


@pytest.mark.parametrize("lag_s", [0.2, 1.0, 3.0])
def test_the_import_is_held_with_a_late_inverter_without_a_swing(lag_s: float) -> None:
    plant, one = LatePlant(lag_s=lag_s), mode(max_import_w=3_000.0)
    kept = plant.run(20.0, 1_000.0, one.wish)
    plant.run(40.0, 2_000.0, one.wish, kept)
    assert all(2_950.0 <= grid_w <= 3_050.0 for grid_w in plant.grids[-200:])
    assert max(plant.commands[-200:]) - min(plant.commands[-200:]) <= 50.0


@pytest.mark.parametrize(("soe_wh", "wakes"), [(1_000.0, True), (CAPACITY_WH, False)])
def test_an_empty_battery_is_woken_for_it(soe_wh: float, wakes: bool) -> None:
    assert mode().wakes(look(soe_wh=soe_wh), memory()) is wakes


def test_it_never_discharges_whatever_the_meter_says() -> None:
    for grid_w in (-9_000.0, 0.0, 9_000.0, float("nan")):
        seen = look(grid_w=0.0, soe_wh=3_000.0, pv=MeterReading(power_w=grid_w))
        wish = mode(max_import_w=1_000.0).wish(seen, memory())
        assert wish.highest_w is not None
        assert wish.highest_w <= 0.0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"target_pct": 50.0, "resume_pct": 60.0}, "resume_pct = 60 must be below target_pct = 50"),
        ({"target_pct": 50.0, "resume_pct": 50.0}, "resume_pct = 50 must be below target_pct = 50"),
        ({"rate_w": 0.0}, "rate_w"),
    ],
)
def test_what_would_never_charge_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as told:
        mode(**wrong)
    assert said in str(told.value)


def test_what_would_just_do() -> None:
    assert mode(target_pct=50.0, resume_pct=49.9).wish(look(), memory()).power_w is not None
