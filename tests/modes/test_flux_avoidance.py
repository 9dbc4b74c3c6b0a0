"""Import and export avoidance, alone, together, when short, and behind a late inverter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model import Memory, Snapshot, Wish
from appliance.programme import Programme
from tests.modes.flux_world import imbalance, look, make, memory, site, title
from tests.modes.late_plant import LatePlant, judge

BOTH = ("import_avoidance", "export_avoidance")


def answer(name: str, snapshot: Snapshot, **settings: object) -> Wish:
    return make(name, **settings).wish(snapshot, memory())


def numbers(wish: Wish) -> tuple[float | None, float | None, float | None]:
    return wish.power_w, wish.lowest_w, wish.highest_w


@pytest.mark.parametrize(
    ("grid_w", "battery_w", "imports", "exports"),
    [
        (500.0, 0.0, (500.0, 500.0, None), (None, None, 500.0)),
        (500.0, 1_000.0, (1_500.0, 1_500.0, None), (None, None, 1_500.0)),
        (-700.0, 0.0, (None, -700.0, None), (-700.0, None, -700.0)),
        (-700.0, -300.0, (None, -1_000.0, None), (-1_000.0, None, -1_000.0)),
        (900.0, -1_600.0, (None, -700.0, None), (-700.0, None, -700.0)),
        (0.0, 0.0, (0.0, 0.0, None), (0.0, None, 0.0)),
    ],
)
def test_what_the_site_would_draw_without_the_battery(
    grid_w: float, battery_w: float, imports: tuple[float, ...], exports: tuple[float, ...]
) -> None:
    snapshot = look(grid_w=grid_w, battery_w=battery_w)
    assert numbers(answer("import_avoidance", snapshot)) == imports
    assert numbers(answer("export_avoidance", snapshot)) == exports


def together(first: str = "import_avoidance") -> Programme:
    second = next(name for name in BOTH if name != first)
    whole = site(first, second)
    return Programme(whole, {name: make(name, whole) for name in BOTH}, {n: title(n) for n in BOTH})


@given(st.integers(-9_000, 9_000), st.integers(-5_000, 5_000), st.sampled_from(BOTH))
def test_both_together_are_self_consumption(grid_w: int, battery_w: int, first: str) -> None:
    wish = together(first).ask(first, look(grid_w=grid_w, battery_w=battery_w), memory()).wish
    assert wish.power_w == grid_w + battery_w


def test_both_together_name_the_one_that_acts() -> None:
    programme = together()
    load = programme.ask("import_avoidance", look(grid_w=800.0), memory())
    sun = programme.ask("import_avoidance", look(grid_w=-800.0, now_s=200.0), memory())
    assert (load.title, load.wish.reason) == ("Import avoidance", "what the site draws")
    assert (sun.title, sun.wish.reason) == ("Export avoidance", "what the site has left over")


@pytest.mark.parametrize("name", BOTH)
def test_without_the_grid_meter_it_cannot_say(name: str) -> None:
    assert answer(name, look(grid_w=None)) == Wish(missing="the grid meter is silent")
    assert answer(name, look(grid_w=float("nan"))).missing


def test_without_the_inverters_reading_its_command_counts() -> None:
    snapshot = look(grid_w=200.0)
    mode = make("import_avoidance")
    silent = Snapshot(snapshot.now_s, snapshot.utc, grid=snapshot.grid)
    assert mode.wish(silent, memory(commanded_w=1_000.0)).power_w == 1_200.0


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("2026-06-01T20:59", False),  # 21:59 in London
        ("2026-06-01T21:00", True),
        ("2026-06-02T04:59:59", True),  # Across midnight, 05:59:59.
        ("2026-06-02T05:00", False),
        ("2026-01-01T21:30", False),
        ("2026-01-01T22:00", True),
    ],
)
def test_only_in_its_periods_by_the_clock_of_the_zone(name: str, when: str, holds: bool) -> None:
    settings = {"during": [{"start": "22:00", "end": "06:00"}]}
    grid_w = 500.0 if name == "import_avoidance" else -500.0
    wish = answer(name, look(when, grid_w=grid_w), **settings)
    assert (wish.power_w is not None) == holds
    assert not wish.missing


def test_a_clock_that_nobody_trusts_ends_periods_but_not_always() -> None:
    snapshot = look(grid_w=500.0, clock_trusted=False)
    timed = answer("import_avoidance", snapshot, during=[{"start": "00:00", "end": "24:00"}])
    assert numbers(timed) == (None, None, None)
    assert timed.reason == "nobody knows what time it is"
    assert answer("import_avoidance", snapshot).power_w == 500.0


@pytest.mark.parametrize(
    ("volume_kwh", "start", "when", "power_w"),
    [
        (50.0, "2026-06-01T12:00", "2026-06-01T12:10", 500.0),
        (50.0, "2026-06-01T12:00", "2026-06-01T12:09:59", None),
        (50.0, "2026-06-01T11:30", "2026-06-01T12:04", 500.0),
        (50.0, "2026-06-01T11:30", "2026-06-01T12:05", None),
        (9.0, "2026-06-01T11:30", "2026-06-01T12:04", None),
        (-50.0, "2026-06-01T12:00", "2026-06-01T12:10", None),
        (-50.0, "2026-06-01T11:30", "2026-06-01T12:04", None),
        (0.0, "2026-06-01T12:00", "2026-06-01T12:10", None),
    ],
)
def test_when_short_only(volume_kwh: float, start: str, when: str, power_w: float | None) -> None:
    rule = {"allow": True, "volume_cutoff_wh": 10_000.0, "time_cutoff_s": 300.0}
    mode = make("import_avoidance_when_short", entries=[{"short_prediction": rule}])
    snapshot = look(when, grid_w=500.0, market=imbalance(0.2, volume_kwh, start))
    assert mode.wish(snapshot, memory()).power_w == power_w
    assert make("import_avoidance_when_short").wish(snapshot, memory()).power_w is None


def test_only_export_avoidance_wakes_a_battery_and_only_for_a_real_surplus() -> None:
    woken = {
        (name, grid_w): make(name).wakes(look(grid_w=grid_w), memory())
        for name in BOTH
        for grid_w in (-2_000.0, -100.0, 2_000.0)
    }
    assert [case for case, wakes in woken.items() if wakes] == [("export_avoidance", -2_000.0)]


@pytest.mark.parametrize("lag_s", [0.2, 1.0, 3.0])
@pytest.mark.parametrize(
    ("meter_s", "meter_late_s", "inverter_late_s"),
    [(0.2, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 0.5, 0.0), (1.0, 0.0, 0.5), (0.1, 1.0, 0.0)],
)
def test_a_late_and_inexact_inverter_does_not_make_it_swing(
    lag_s: float, meter_s: float, meter_late_s: float, inverter_late_s: float
) -> None:
    plant = LatePlant(
        lag_s=lag_s, meter_s=meter_s, meter_late_s=meter_late_s, inverter_late_s=inverter_late_s,
        gain=0.96,
    )  # fmt: skip
    programme = together()

    def decide(snapshot: Snapshot, before: Memory) -> Wish:
        return programme.ask("import_avoidance", snapshot, before).wish

    before = plant.run(20.0, 0.0, decide)
    begun = len(plant.grids)
    plant.run(40.0, 3_000.0, decide, before)
    verdict = judge(plant.grids[begun:], 3_000.0, 60.0)
    assert verdict.overshoot_w <= 600.0
    assert verdict.settled_s <= 30.0
    assert verdict.swing_w <= 40.0
    assert abs(verdict.rest_w) <= 40.0
