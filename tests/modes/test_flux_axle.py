"""Orders of the platform: what each wants, what it leaves to others, and what nobody understands."""

import pytest

from appliance.model import Wish
from tests.modes.flux_world import look, make, memory, order

ORDERS = ("charge_max", "discharge_max", "avoid_import", "avoid_export")


def ask(
    action: str, when: str = "2026-06-01T12:30", *, grid_w: float | None = 700.0, deviate: bool = False
) -> Wish:  # fmt: skip
    market = order(action, "2026-06-01T12:00", "2026-06-01T13:00", deviate=deviate)
    return make("axle_schedule").wish(look(when, grid_w=grid_w, market=market), memory())


@pytest.mark.parametrize(
    ("action", "grid_w", "numbers"),
    [
        ("charge_max", 700.0, (-5_000.0, -5_000.0, -5_000.0)),
        ("discharge_max", 700.0, (5_000.0, 5_000.0, 5_000.0)),
        ("avoid_import", 700.0, (700.0, 700.0, None)),
        ("avoid_import", -700.0, (None, -700.0, None)),
        ("avoid_export", 700.0, (None, None, 700.0)),
        ("avoid_export", -700.0, (-700.0, None, -700.0)),
        ("levitate", 700.0, (None, None, None)),
    ],
)
@pytest.mark.parametrize("deviate", [False, True])
def test_orders(
    action: str, grid_w: float, numbers: tuple[float | None, ...], deviate: bool
) -> None:
    wish = ask(action, grid_w=grid_w, deviate=deviate)
    expected = (numbers[0], None, None) if deviate else numbers
    assert (wish.power_w, wish.lowest_w, wish.highest_w) == expected


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("2026-06-01T11:59:59", False), ("2026-06-01T12:00", True),
        ("2026-06-01T12:59:59", True), ("2026-06-01T13:00", False),
    ],
)  # fmt: skip
def test_the_start_is_inside_and_the_end_is_not(when: str, holds: bool) -> None:
    assert (ask("discharge_max", when).power_w is not None) == holds


def test_only_avoidance_needs_the_meter() -> None:
    missing = {action: ask(action, grid_w=None).missing for action in ORDERS}
    silent = "the grid meter is silent"
    assert missing == dict(zip(ORDERS, ("", "", silent, silent), strict=True))
    assert ask("avoid_import", grid_w=None, deviate=True).missing == silent


def test_words() -> None:
    assert ask("levitate").reason == "it does not know the order 'levitate'"
    assert ask("charge_max").reason == "ordered until 13:00 UTC"
    assert make("axle_schedule").wish(look(market=None), memory()) == Wish(None, "no order")


def test_an_order_is_not_followed_by_a_clock_that_nobody_trusts() -> None:
    market = order("charge_max", "2026-06-01T11:00", "2026-06-01T13:00")
    blind = look(market=market, clock_trusted=False)
    assert make("axle_schedule").wish(blind, memory()).power_w is None


def test_it_wakes_a_battery_to_charge_it() -> None:
    mode = make("axle_schedule")
    wakes = {
        action: mode.wakes(
            look(grid_w=-900.0, market=order(action, "2026-06-01T11:00", "2026-06-01T13:00")),
            memory(),
        )
        for action in ORDERS
    }
    assert [action for action in ORDERS if wakes[action]] == ["charge_max", "avoid_export"]
