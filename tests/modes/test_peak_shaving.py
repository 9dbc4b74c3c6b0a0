"""Peak shaving: what it leaves to the modes below it, when it acts itself, recharge, phases, no swing."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from appliance.config import load_site
from appliance.model import Memory, MeterReading, PhaseReading, Setpoints, Snapshot, Wish
from appliance.modes import self_consumption
from appliance.modes._answers import exactly
from appliance.modes.peak_shaving import Mode, ModeSettings
from appliance.programme import ModeLike, Programme
from appliance.site.modes import Beside
from tests.modes.late_plant import MOST_W, Decide, LatePlant, judge
from tests.stories import HOME, battery, inverter, seen

SITE = load_site(HOME)
FIXED = {"import_w": 3_000.0, "export_w": 2_000.0}
SOFT = {"soft_import_w": 3_000.0, "soft_export_w": 2_000.0}


def mode(**changes: object) -> Mode:
    return Mode(ModeSettings.model_validate(changes), SITE)


class Wants:
    """A mode below: always this power."""

    def __init__(self, power_w: float) -> None:
        self._power_w = power_w

    def wish(self, _seen: Snapshot, _memory: Memory) -> Wish:
        return exactly(self._power_w)

    def wakes(self, _seen: Snapshot, _memory: Memory) -> bool:
        return False


def above(shaving: ModeLike, below: ModeLike | None, name: str = "charge_only") -> Decide:
    """Both together, in the order of priorities."""
    control = SITE.control.model_copy(update={"beside": (Beside(mode="peak_shaving"),)})
    modes = {"peak_shaving": shaving} | ({} if below is None else {name: below})
    programme = Programme(
        SITE.model_copy(update={"control": control}), modes, dict.fromkeys(modes, "One")
    )
    selected = "peak_shaving" if below is None else name

    def decide(now: Snapshot, memory: Memory) -> Wish:
        wish = programme.ask(selected, now, memory).wish
        return exactly(wish.power_w or 0.0)

    return decide


def bounds(own: Mode, grid_w: float, battery_w: float = 0.0, **more: object) -> Wish:
    """What it answers at once with the battery at that power."""
    now = seen(50.0, grid=MeterReading(power_w=grid_w), inverter=inverter(battery_w))
    now = seen(50.0, grid=now.grid, inverter=now.inverter, **more)
    return own.wish(now, Memory(commanded=Setpoints(power_w=battery_w)))


@pytest.mark.parametrize(
    ("grid_w", "battery_w", "power_w", "lowest_w", "highest_w"),
    [
        (1_000.0, 0.0, None, -2_000.0, 3_000.0),
        (5_000.0, 0.0, 2_000.0, 2_000.0, 7_000.0),
        (3_000.0, 2_000.0, 2_000.0, 2_000.0, 7_000.0),
        (-4_500.0, 0.0, -2_500.0, -7_500.0, -2_500.0),
        (2_500.0, -2_000.0, None, -2_500.0, 2_500.0),
    ],
)
def test_fixed_thresholds_bind_others_and_act_themselves(
    grid_w: float, battery_w: float, power_w: float | None, lowest_w: float, highest_w: float
) -> None:
    wish = bounds(mode(**FIXED), grid_w, battery_w)
    assert (wish.power_w, wish.lowest_w, wish.highest_w) == (power_w, lowest_w, highest_w)


@pytest.mark.parametrize(
    ("grid_w", "lowest_w", "highest_w"),
    [(1_000.0, -2_000.0, 3_000.0), (5_000.0, 0.0, 7_000.0), (-4_500.0, -7_500.0, 0.0)],
)
def test_soft_thresholds_bind_others_and_never_act(
    grid_w: float, lowest_w: float, highest_w: float
) -> None:
    wish = bounds(mode(**SOFT), grid_w)
    assert (wish.power_w, wish.lowest_w, wish.highest_w) == (None, lowest_w, highest_w)


def test_soft_within_fixed_hold_others_earlier_than_the_battery_acts() -> None:
    own = {"soft_import_w": 2_000.0, "import_w": 3_000.0}
    assert bounds(mode(**own), 1_500.0).lowest_w == -500.0
    assert bounds(mode(**own), 2_500.0).lowest_w == 0.0
    wish = bounds(mode(**own), 3_500.0)
    assert (wish.power_w, wish.lowest_w, wish.highest_w) == (500.0, 500.0, None)


def test_without_thresholds_it_keeps_the_connection() -> None:
    wish = bounds(mode(), 1_000.0)
    assert (wish.power_w, wish.lowest_w, wish.highest_w) == (None, -16_000.0, 18_000.0)


def test_charge_only_beneath_charges_as_far_as_the_threshold_allows() -> None:
    for thresholds in (FIXED, SOFT):
        plant = LatePlant(lag_s=1.0, meter_s=1.0)
        decide = above(mode(**thresholds), Wants(-4_000.0))
        memory = plant.run(40.0, 1_000.0, decide)
        assert plant.battery_w == pytest.approx(-2_000.0, abs=20.0)
        assert plant.grids[-1] == pytest.approx(3_000.0, abs=20.0)
        # A heavy load: the charge ends; at a fixed threshold the battery helps.
        plant.run(40.0, 4_500.0, decide, memory)
        helps_w = 1_500.0 if thresholds is FIXED else 0.0
        assert plant.battery_w == pytest.approx(helps_w, abs=20.0)


def test_a_discharge_beneath_feeds_no_more_than_the_threshold() -> None:
    plant = LatePlant(lag_s=1.0, meter_s=1.0)
    plant.run(40.0, 500.0, above(mode(**SOFT), Wants(5_000.0)))
    assert plant.grids[-1] == pytest.approx(-2_000.0, abs=20.0)


def test_what_the_thresholds_allow_is_left_alone() -> None:
    plant = LatePlant(lag_s=1.0, meter_s=1.0)
    plant.run(40.0, 1_000.0, above(mode(**FIXED), Wants(-1_500.0)))
    assert set(plant.commands[10:]) == {-1_500.0}


@pytest.mark.parametrize(
    ("lag_s", "meter_s"),
    list(itertools.product((0.2, 0.5, 1.0, 2.0, 3.0), (0.1, 0.2, 0.5, 1.0))),
)
def test_no_swing_over_the_whole_range(lag_s: float, meter_s: float) -> None:
    plant = LatePlant(lag_s=lag_s, meter_s=meter_s)
    decide = above(mode(**FIXED), None)
    memory = plant.run(20.0, 1_000.0, decide)
    assert plant.battery_w == 0.0
    for load_w, held_w, step_w in ((7_000.0, 3_000.0, 4_000.0), (-5_000.0, -2_000.0, -8_000.0)):
        before = len(plant.grids)
        memory = plant.run(40.0, load_w, decide, memory)
        errors = [grid_w - held_w for grid_w in plant.grids[before:]]
        found = judge(errors, step_w, 150.0)
        assert found.overshoot_w <= 30.0
        assert found.settled_s <= 5.5 + lag_s + meter_s
        assert (found.swing_w, abs(found.rest_w)) <= (10.0, 20.0)


@pytest.mark.parametrize("lag_s", [0.2, 1.0, 3.0])
def test_a_meter_half_a_second_behind_does_not_make_it_swing(lag_s: float) -> None:
    plant = LatePlant(lag_s=lag_s, meter_s=1.0, meter_late_s=0.5)
    memory = plant.run(20.0, 1_000.0, above(mode(**FIXED), None))
    before = len(plant.grids)
    plant.run(40.0, 7_000.0, above(mode(**FIXED), None), memory)
    found = judge([grid_w - 3_000.0 for grid_w in plant.grids[before:]], 4_000.0, 150.0)
    assert found.overshoot_w <= 900.0
    assert (found.swing_w, abs(found.rest_w)) <= (10.0, 20.0)


@settings(max_examples=40, deadline=None)
@given(
    lag_s=st.sampled_from([0.2, 1.0, 3.0]),
    meter_s=st.sampled_from([0.1, 0.5, 1.0]),
    load_w=st.floats(-6_000.0, 7_000.0),
    below_w=st.floats(-MOST_W, MOST_W),
)
def test_whatever_runs_beneath_the_connection_is_kept(
    lag_s: float, meter_s: float, load_w: float, below_w: float
) -> None:
    plant = LatePlant(lag_s=lag_s, meter_s=meter_s)
    plant.run(40.0, load_w, above(mode(**FIXED), Wants(below_w)))
    assert -2_030.0 <= plant.grids[-1] <= 3_030.0
    if -1_900.0 < load_w - below_w < 2_900.0:
        assert plant.battery_w == pytest.approx(below_w, abs=1.0)


def test_with_self_consumption_beneath_both_rest() -> None:
    """Two regulators, one command: the threshold holds where the battery would charge too much, else the target does."""
    below = self_consumption.Mode(self_consumption.ModeSettings(target_grid_w=4_000.0), SITE)
    for lag_s in (0.2, 1.0, 3.0):
        plant = LatePlant(lag_s=lag_s, meter_s=1.0)
        decide = above(mode(**FIXED), below, "self_consumption")
        memory = plant.run(60.0, 500.0, decide)
        tail = plant.grids[-100:]
        assert (min(tail), max(tail)) == pytest.approx((3_000.0, 3_000.0), abs=20.0)
        plant.run(60.0, -4_000.0, decide, memory)
        assert plant.battery_w == -MOST_W


RECHARGE = {"import_w": 3_000.0, "recharge_w": 1_000.0, "recharge_to_pct": 80.0}


@pytest.mark.parametrize(
    ("grid_w", "soc_pct", "power_w", "highest_w"),
    [
        (200.0, 50.0, -800.0, -800.0),
        (-1_000.0, 50.0, -2_000.0, -2_000.0),
        (1_500.0, 50.0, 0.0, 0.0),
        (3_500.0, 50.0, 500.0, None),
        (200.0, 79.0, None, None),
        (200.0, 85.0, None, None),
        (200.0, None, None, None),
    ],
)
def test_it_recharges_with_what_is_left_below_its_threshold(
    grid_w: float, soc_pct: float | None, power_w: float | None, highest_w: float | None
) -> None:
    wish = bounds(mode(**RECHARGE), grid_w, battery=battery(soc_pct=soc_pct))
    assert (wish.power_w, wish.highest_w) == (power_w, highest_w)
    assert wish.lowest_w == grid_w - 3_000.0


def test_while_it_recharges_nobody_discharges_and_no_threshold_is_crossed() -> None:
    half = battery(soc_pct=50.0)
    wish = bounds(mode(**RECHARGE, export_w=2_000.0), 200.0, battery=half)
    assert (wish.power_w, wish.lowest_w, wish.highest_w) == (-800.0, -2_800.0, -800.0)
    wish = bounds(mode(recharge_w=20_000.0), 1_000.0, battery=half)
    assert (wish.power_w, wish.lowest_w) == (-16_000.0, -16_000.0)


def test_a_recharge_ends_at_its_charge_and_begins_two_percent_below() -> None:
    own, powers = mode(**RECHARGE), []
    for soc_pct in (70.0, 79.9, 80.0, 79.0, 78.1, 77.9, 79.0):
        powers.append(bounds(own, 200.0, battery=battery(soc_pct=soc_pct)).power_w)
    charging, nothing = pytest.approx(-800.0), None
    assert powers == [charging, charging, nothing, nothing, nothing, charging, charging]


def test_a_recharge_holds_the_import_at_its_threshold() -> None:
    plant = LatePlant(lag_s=2.0, meter_s=1.0)
    plant.run(40.0, -500.0, above(mode(**RECHARGE), Wants(2_000.0)))
    assert plant.grids[-1] == pytest.approx(1_000.0, abs=20.0)


def three(*powers_w: float | None) -> MeterReading:
    phases = tuple(PhaseReading(power_w=one) for one in powers_w)
    return MeterReading(power_w=sum(one or 0.0 for one in powers_w), phases=phases)


def test_per_phase_the_worst_one_counts_three_times() -> None:
    own = mode(**FIXED, per_phase=True)
    now = seen(50.0, grid=three(1_500.0, 200.0, -100.0), inverter=inverter(0.0))
    wish = own.wish(now, Memory())
    # 1.5 kW on one phase is as 4.5 kW: 1.5 kW spread over three phases take it to 1 kW.
    assert (wish.power_w, wish.lowest_w, wish.highest_w) == (1_500.0, 1_500.0, 1_700.0)


def test_where_both_cannot_be_held_import_comes_first() -> None:
    now = seen(50.0, grid=three(1_500.0, 0.0, -1_200.0), inverter=inverter(0.0))
    wish = mode(**FIXED, per_phase=True).wish(now, Memory())
    assert (wish.power_w, wish.lowest_w, wish.highest_w) == (1_500.0, 1_500.0, 1_500.0)


def test_what_it_must_know_and_nobody_tells() -> None:
    silent = mode(**FIXED).wish(seen(grid=None), Memory())
    assert (silent.missing, silent.power_w) == ("the grid meter is silent", None)
    for grid in (MeterReading(power_w=500.0), three(1.0, 2.0, None)):
        told = mode(**FIXED, per_phase=True).wish(seen(grid=grid), Memory())
        assert told.missing == "the grid meter tells no phases"
    assert mode(**FIXED).wish(seen(grid=MeterReading()), Memory()).missing


def test_after_silence_it_begins_with_what_is_true() -> None:
    own = mode(**FIXED)
    assert bounds(own, 1_000.0).lowest_w == -2_000.0
    own.wish(seen(51.0, grid=None), Memory())
    assert bounds(own, 5_000.0).power_w == 2_000.0


@pytest.mark.parametrize(
    ("changes", "grid_w", "wakes"),
    [
        (FIXED, 5_000.0, False),
        (FIXED, -2_100.0, False),
        (FIXED, -2_200.0, True),
        (SOFT, -9_000.0, False),
        (RECHARGE, 900.0, False),
        (RECHARGE, 800.0, True),
    ],
)
def test_it_wakes_the_box_only_to_charge(
    changes: dict[str, float], grid_w: float, wakes: bool
) -> None:
    empty = seen(grid=MeterReading(power_w=grid_w), battery=battery(soc_pct=10.0))
    assert mode(**changes).wakes(empty, Memory()) is wakes
    assert not mode(**changes).wakes(seen(grid=None), Memory())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"soft_import_w": 4_000.0, "import_w": 3_000.0}, "soft_import_w = 4000 must not be above import_w = 3000"),
        ({"soft_export_w": 4_000.0, "export_w": 3_000.0}, "soft_export_w = 4000 must not be above export_w = 3000"),
        ({"recharge_w": 4_000.0, "import_w": 3_000.0}, "recharge_w = 4000 must not be above import_w = 3000"),
        ({"recharge_w": 4_000.0, "soft_import_w": 3_000.0}, "recharge_w = 4000 must not be above soft_import_w = 3000"),
    ],
)  # fmt: skip
def test_thresholds_out_of_order_are_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ModeSettings.model_validate(wrong)
