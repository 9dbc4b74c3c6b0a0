"""Load matching: what the load takes comes from the battery; nothing is charged from the grid, nothing exported."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.model import Memory, MeterReading, Setpoints
from tests.modes.flux_world import look, make, memory
from tests.modes.late_plant import LatePlant, judge


def settled(load_w: float, pv_w: float = 0.0, start_w: float = 0.0, **settings: Any) -> float:
    """Battery power once it has come to rest, with an inverter that obeys at once."""
    mode, battery_w = make("load_matching", **settings), start_w
    for step in range(300):
        seen = look(
            grid_w=load_w - pv_w - battery_w, battery_w=battery_w, now_s=100.0 + 0.1 * step,
            pv=MeterReading(power_w=pv_w),
        )  # fmt: skip
        power_w = mode.wish(seen, memory(commanded_w=battery_w)).power_w
        assert power_w is not None
        battery_w = min(max(power_w, -5_000.0), 5_000.0)
    return battery_w


@pytest.mark.parametrize(
    ("load_w", "pv_w", "settings", "battery_w"),
    [
        (2_000.0, 0.0, {}, 2_000.0),
        (2_000.0, 500.0, {}, 1_500.0),
        (2_000.0, 3_000.0, {}, 0.0),
        (2_000.0, 3_000.0, {"charge_surplus": True}, -1_000.0),
        (2_000.0, 500.0, {"charge_surplus": True}, 1_500.0),
        (2_000.0, 0.0, {"from_w": 500.0}, 1_500.0),
        (2_000.0, 500.0, {"from_w": 500.0}, 1_500.0),
        (2_000.0, 500.0, {"from_w": 1_800.0}, 200.0),
        (400.0, 0.0, {"from_w": 500.0}, 0.0),
        (2_000.0, 0.0, {"share": 0.5}, 1_000.0),
        (2_000.0, 1_200.0, {"share": 0.5}, 800.0),
        (3_000.0, 0.0, {"from_w": 1_000.0, "share": 0.5}, 1_000.0),
        (4_000.0, 0.0, {"max_discharge_w": 1_200.0}, 1_200.0),
    ],
)
def test_the_battery_gives_its_part_of_the_load(
    load_w: float, pv_w: float, settings: dict[str, Any], battery_w: float
) -> None:
    assert settled(load_w, pv_w, **settings) == pytest.approx(battery_w, abs=15.0)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0, 6_000), st.floats(0, 6_000), st.floats(-5_000, 5_000), st.floats(0, 2_000),
    st.floats(0.1, 1.0), st.booleans(),
)  # fmt: skip
def test_it_comes_to_rest_without_export_and_without_charging_from_the_grid(
    load_w: float, pv_w: float, start_w: float, from_w: float, share: float, surplus: bool
) -> None:
    battery_w = settled(load_w, pv_w, start_w, from_w=from_w, share=share, charge_surplus=surplus)
    left_w = load_w - pv_w
    assert battery_w <= max(0.0, left_w) + 15.0
    assert battery_w >= (min(0.0, left_w) if surplus else 0.0) - 15.0


def test_from_a_charge_it_begins_at_zero_and_a_load_that_falls_is_followed_at_once() -> None:
    first = make("load_matching").wish(
        look(grid_w=5_000.0, battery_w=-4_000.0), memory(commanded_w=-4_000.0)
    )
    assert first.power_w == 0.0
    falls = make("load_matching").wish(
        look(grid_w=-2_500.0, battery_w=3_000.0), memory(commanded_w=3_000.0)
    )
    assert falls.power_w == pytest.approx(500.0)


def test_nobody_below_may_change_it_and_it_says_what_it_follows() -> None:
    wish = make("load_matching").wish(look(grid_w=1_200.0), Memory(commanded=Setpoints()))
    assert wish.lowest_w == wish.power_w == wish.highest_w
    assert (wish.wants_w, wish.reason) == (1_200.0, "the load takes 1200 W")


def test_pv_that_is_not_known_counts_as_none() -> None:
    mode = make("load_matching", from_w=1_000.0)
    known = mode.wish(look(grid_w=1_500.0, pv=MeterReading(power_w=2_000.0)), memory())
    unknown = mode.wish(look(grid_w=1_500.0, pv=None), memory())
    assert (known.wants_w, unknown.wants_w) == (1_500.0, 500.0)


def test_without_the_grid_meter_it_cannot_say() -> None:
    assert (
        make("load_matching").wish(look(grid_w=None), memory()).missing
        == "the grid meter is silent"
    )
    assert make("load_matching").wish(look(grid_w=float("nan")), memory()).missing


@pytest.mark.parametrize(
    ("grid_w", "surplus", "wakes"),
    [(-500.0, True, True), (-500.0, False, False), (-100.0, True, False), (None, True, False)],
)
def test_only_a_surplus_that_is_charged_wakes(
    grid_w: float | None, surplus: bool, wakes: bool
) -> None:
    mode = make("load_matching", charge_surplus=surplus)
    assert mode.wakes(look(grid_w=grid_w), memory()) is wakes


@pytest.mark.parametrize("lag_s", [0.2, 1.0, 3.0])
def test_a_late_inverter_does_not_make_it_swing(lag_s: float) -> None:
    plant, mode = LatePlant(lag_s=lag_s), make("load_matching")
    kept = plant.run(30.0, 500.0, mode.wish)
    plant.grids.clear()
    plant.run(40.0, 2_500.0, mode.wish, kept)
    verdict = judge(plant.grids, 2_000.0, band_w=60.0)
    assert verdict.settled_s <= 12.0
    assert verdict.swing_w <= 30.0
    assert abs(verdict.rest_w) <= 20.0
