"""Every limit as literals: a row that is removed or bent fails here."""

from dataclasses import dataclass
from typing import Any

import pytest

from appliance.errors import ROWS
from appliance.limits import LIMITS, Allowed, apply_limits
from appliance.model import (
    ActiveError,
    BatteryReading,
    BatteryState,
    Effect,
    GridView,
    Memory,
    MeterReading,
    PowerCap,
    RackPause,
    Setpoints,
    State,
)
from appliance.site import Current, CurrentLevels, SiteSettings
from appliance.site.box import Control
from tests.core.boxes import cell
from tests.stories import NOON, Story, battery, inverter, rack, seen, with_grid_code


def _site() -> SiteSettings:
    coded = with_grid_code(Story().site)
    current = Current(
        charge=CurrentLevels(operating_a=15.0, recommended_a=24.0, maximum_a=30.0),
        discharge=CurrentLevels(operating_a=20.0, recommended_a=24.0, maximum_a=30.0),
    )
    battery = coded.battery.model_copy(update={"current": current})
    return coded.model_copy(update={"control": Control(ramp_w_per_s=1_000.0), "battery": battery})


SITE = _site()


SINCE_LONG: dict[str, Any] = {"state": State.RUN, "state_since_s": -3_600.0}


def running_for(seconds: float) -> Memory:
    return Memory(state=State.RUN, state_since_s=100.0 - seconds)


def joining_until(until_s: float) -> Memory:
    return Memory(rack_pause=RackPause(until_s, 2), **SINCE_LONG)


def commanded(power_w: float) -> Memory:
    """A tenth of a second ago."""
    return Memory(commanded=Setpoints(power_w), decided_at_s=99.9, **SINCE_LONG)


def raised(
    number: int, effects: tuple[Effect, ...] | None = None, derate_pct: float | None = None
) -> Memory:
    row = ROWS[number]
    error = ActiveError(
        number, "here", row.severity, row.title, row.remedy, effects or row.effects, NOON,
        derate_pct=derate_pct,
    )  # fmt: skip
    return Memory(errors=(error,), **SINCE_LONG)


def ahead(var: float) -> Memory:
    """Reactive power goes before active power."""
    return Memory(reactive_ahead_var=var, **SINCE_LONG)


def at_hertz(frequency_hz: float) -> GridView:
    return GridView(steady_s=600.0, wait_s=0.0, frequency_hz=frequency_hz)


@dataclass
class Held:
    """A wish and how far it may go, with the words for it."""

    wish_w: float
    power_w: float
    because: str
    picture: dict[str, Any]


# fmt: off
HELD: dict[str, tuple[Held, ...]] = {
    "error": (
        Held(-2_000.0, 0.0, "error 111 A cell is full", {"memory": raised(111)}),
        Held(2_000.0, 0.0, "error 113 A cell is empty", {"memory": raised(113)}),
        Held(-2_000.0, 0.0, "error 122 Battery too hot", {"memory": raised(122)}),
        Held(2_000.0, 0.0, "error 103 Battery has disconnected itself", {"memory": raised(103)}),
        Held(2_000.0, 0.0, "error 112 A cell is overcharged", {"memory": raised(112)}),
        Held(2_000.0, 0.0, "error 401 Emergency stop", {"memory": raised(401)}),
        Held(4_000.0, 1_500.0, "error 507 Computer too hot or throttled", {"memory": raised(507, (Effect.DERATE,), 30.0)}),
        Held(-4_000.0, -1_500.0, "error 507 Computer too hot or throttled", {"memory": raised(507, (Effect.DERATE,), 30.0)}),
        Held(4_000.0, 0.0, "error 507 Computer too hot or throttled", {"memory": raised(507, (Effect.DERATE,), None)}),
    ),
    "battery": (
        Held(-3_000.0, -1_200.0, "the battery's own limit", {"battery": battery(max_charge_w=1_200.0)}),
        Held(3_000.0, 760.0, "the battery's own limit", {"battery": battery(max_discharge_w=800.0)}),
        Held(3_000.0, 0.0, "the battery's own limit", {"battery": battery(max_discharge_w=-1.0)}),
        Held(-3_000.0, 0.0, "the battery's own limit", {"battery": battery(max_charge_w=float("nan"))}),
        Held(-3_000.0, 0.0, "the battery's own limit", {"battery": battery(max_charge_w=None)}),
        Held(-3_000.0, 0.0, "the battery's own limit", {"battery": battery(max_discharge_w=None)}),
        Held(3_000.0, 0.0, "a silent battery", {"battery": None}),
    ),
    "state of charge": (
        Held(-4_000.0, -2_500.0, "state of charge 99.0 %", {"battery": battery(soc_pct=99.0)}),
        Held(-4_000.0, 0.0, "state of charge 100.0 %", {"battery": battery(soc_pct=100.0)}),
        Held(4_000.0, 2_500.0, "state of charge 11.0 %", {"battery": battery(soc_pct=11.0)}),
        Held(4_000.0, 0.0, "state of charge 10.0 %", {"battery": battery(soc_pct=10.0)}),
        Held(4_000.0, 0.0, "unknown state of charge", {"battery": battery(soc_pct=None)}),
    ),
    "cell voltage": (
        Held(-4_000.0, -2_500.0, "cell 2.14 at 3.59 V", cell(2, cell_max_v=3.59)),
        Held(-4_000.0, 0.0, "cell 1.14 at 3.63 V", cell(1, cell_max_v=3.63)),
        Held(4_000.0, 2_500.0, "cell 2.7 at 2.90 V", cell(2, cell_min_v=2.9)),
        Held(4_000.0, 0.0, "cell 1.7 at 2.80 V", cell(1, cell_min_v=2.8)),
        Held(4_000.0, 0.0, "unknown cell voltages", cell(2, cell_max_v=None)),
        Held(4_000.0, 0.0, "unknown cell voltages",
             {"battery": battery(rack(), rack(2, cell_max_v=None, cell_min_v=None), guards_cells=True)}),
        Held(4_000.0, 0.0, "unknown cell voltages", {"battery": BatteryReading(
            BatteryState.CONNECTED, soc_pct=50.0, max_charge_w=6e3, max_discharge_w=6e3)}),
    ),
    "cell temperature": (
        Held(-4_000.0, -2_500.0, "cell 2.60 at 49 °C", cell(2, cell_max_c=49.0)),
        Held(4_000.0, 2_500.0, "cell 1.60 at 49 °C", cell(1, cell_max_c=49.0)),
        Held(4_000.0, 0.0, "cell 1.60 at 53 °C", cell(1, cell_max_c=53.0)),
        Held(-4_000.0, 0.0, "cell 2.1 at 1 °C", cell(2, cell_min_c=1.0)),
        Held(-4_000.0, -2_500.0, "cell 2.1 at 4 °C", cell(2, cell_min_c=4.5)),
        Held(4_000.0, 2_500.0, "cell 1.1 at -12 °C", cell(1, cell_min_c=-12.5)),
        Held(4_000.0, 0.0, "cell 1.1 at -15 °C", cell(1, cell_min_c=-15.0)),
        Held(4_000.0, 0.0, "unknown cell temperatures of rack 2", cell(2, cell_min_c=None)),
    ),
    "current": (
        Held(4_000.0, 1_900.0, "the racks' current", {"battery": battery(rack(voltage_v=100.0))}),
        Held(-4_000.0, -1_500.0, "the racks' current", {"battery": battery(rack(voltage_v=100.0))}),
        Held(4_000.0, 3_800.0, "the racks' current", {"battery": battery(rack(voltage_v=110.0), rack(2, voltage_v=100.0))}),
        Held(-4_000.0, -3_000.0, "the racks' current",
             {"battery": battery(rack(voltage_v=None), rack(2, voltage_v=None), voltage_v=100.0)}),
        Held(4_000.0, 0.0, "the racks' current", {"battery": battery(rack(voltage_v=None), voltage_v=None)}),
    ),
    "inverter": (
        Held(-9_000.0, -5_000.0, "the inverter", {}),
        Held(9_000.0, 5_000.0, "the inverter", {}),
    ),
    "apparent power": (
        Held(4_900.0, 4_000.0, "the apparent power beside 3000 var", {"memory": ahead(3_000.0)}),
        Held(-4_900.0, -4_000.0, "the apparent power beside -3000 var", {"memory": ahead(-3_000.0)}),
        Held(4_900.0, 0.0, "the apparent power beside 9000 var", {"memory": ahead(9_000.0)}),
    ),
    "grid connection": (
        Held(-5_000.0, -3_000.0, "the grid connection", {"grid": MeterReading(14_000.0)}),
        Held(-5_000.0, -4_000.0, "the grid connection",
             {"grid": MeterReading(14_000.0), "inverter": inverter(-1_000.0)}),
        Held(-5_000.0, 0.0, "the grid connection", {"grid": MeterReading(18_000.0)}),
        Held(5_000.0, 2_000.0, "the grid connection", {"grid": MeterReading(-15_000.0)}),
        Held(5_000.0, 4_500.0, "the grid connection",
             {"grid": MeterReading(-15_000.0), "inverter": inverter(2_500.0)}),
        Held(5_000.0, 0.0, "the grid connection", {"grid": None}),
        Held(5_000.0, 0.0, "the grid connection", {"inverter": None}),
    ),
    "grid code ramp": (
        Held(4_000.0, 50.0, "the ramp after a start", {"memory": running_for(6.0)}),
        Held(-4_000.0, -2_500.0, "the ramp after a start", {"memory": running_for(300.0)}),
    ),
    "frequency": (
        Held(4_000.0, 1_000.0, "grid at 50.30 Hz", {"grid_view": at_hertz(50.3), "inverter": inverter(1_000.0)}),
        Held(4_000.0, 0.0, "grid at 50.30 Hz", {"grid_view": at_hertz(50.3), "inverter": inverter(-500.0)}),
        Held(-4_000.0, -800.0, "grid at 49.70 Hz", {"grid_view": at_hertz(49.7), "inverter": inverter(-800.0)}),
    ),
    "a rack joins": (
        Held(4_000.0, 1_050.0, "a rack that joins", {"memory": joining_until(100.1)}),
        Held(-4_000.0, -1_050.0, "a rack that joins", {"memory": joining_until(100.1)}),
        Held(4_000.0, 0.0, "a rack that joins",
             {"memory": joining_until(100.1), "battery": battery(voltage_v=None)}),
    ),
    "ramp": (
        Held(4_000.0, 1_300.0, "the ramp", {"memory": commanded(1_200.0)}),
        Held(-4_000.0, -1_300.0, "the ramp", {"memory": commanded(-1_200.0)}),
        Held(-4_000.0, -100.0, "the ramp", {"memory": commanded(1_200.0)}),
        Held(4_000.0, 100.0, "the ramp", {"memory": commanded(-1_200.0)}),
    ),
    "owner's cap": (
        Held(-3_000.0, -700.0, "the owner's cap", {"memory": Memory(cap=PowerCap(700.0, 900.0), **SINCE_LONG)}),
        Held(3_000.0, 900.0, "the owner's cap", {"memory": Memory(cap=PowerCap(700.0, 900.0), **SINCE_LONG)}),
        Held(3_000.0, 0.0, "the owner's cap", {"memory": Memory(cap=PowerCap(None, 0.0), **SINCE_LONG)}),
    ),
}
# fmt: on
HELD_LIST = [(name, held) for name, cases in HELD.items() for held in cases]


def allowed(wish_w: float, memory: Memory | None = None, **picture: Any) -> Allowed:
    return apply_limits(wish_w, seen(**picture), memory or Memory(**SINCE_LONG), SITE)


def test_every_limit_has_its_case() -> None:
    assert list(HELD) == [row.name for row in LIMITS]


@pytest.mark.parametrize(("name", "held"), HELD_LIST, ids=[one[0] for one in HELD_LIST])
def test_a_limit_holds_back_this_much_and_says_so(name: str, held: Held) -> None:
    answer = allowed(held.wish_w, **held.picture)
    assert answer.power_w == pytest.approx(held.power_w, abs=1e-6)
    assert (answer.limits.binding, answer.because) == (name, held.because)


UNTOLD = rack(cell_max_v=None, cell_min_v=None, cell_max_c=None, cell_min_c=None)


@pytest.mark.parametrize("picture", [
    {"battery": battery(UNTOLD, guards_cells=True)}, {"battery": battery(soc_pct=98.0)}, {"battery": battery(soc_pct=12.0)},
    cell(2, cell_max_v=3.55), cell(2, cell_min_v=3.0), cell(2, cell_max_c=45.0),
    cell(2, cell_min_c=7.0), {"grid": MeterReading(12_000.0)}, {"grid": MeterReading(-12_000.0)}, {"memory": joining_until(100.0)},
])  # fmt: skip
def test_at_the_edge_nothing_is_held_back(picture: dict[str, Any]) -> None:
    for wish_w in (-5_000.0, 5_000.0):
        answer = allowed(wish_w, **picture)
        assert (answer.power_w, answer.limits.binding, answer.because) == (wish_w, None, "")


@pytest.mark.parametrize(
    ("effect", "charge_w", "discharge_w"),
    [
        (Effect.NO_CHARGE, 0.0, 2_000.0),
        (Effect.NO_DISCHARGE, -2_000.0, 0.0),
        (Effect.STOP, 0.0, 0.0),
        (Effect.OPEN_CONTACTORS, 0.0, 0.0),
        (Effect.EMERGENCY_STOP, 0.0, 0.0),
        (Effect.BLOCK_UPDATE, -2_000.0, 2_000.0),
    ],
)
def test_what_an_error_forbids_is_zero(effect: Effect, charge_w: float, discharge_w: float) -> None:
    assert allowed(-2_000.0, memory=raised(507, (effect,))).power_w == charge_w
    assert allowed(2_000.0, memory=raised(507, (effect,))).power_w == discharge_w


def test_power_may_always_fall_at_once() -> None:
    assert allowed(0.0, memory=commanded(4_000.0)).power_w == 0.0
    assert allowed(500.0, memory=commanded(4_000.0)).power_w == 500.0


@pytest.mark.parametrize("wish_w", [float("nan"), float("inf"), float("-inf")])
def test_a_wish_that_is_no_number_is_nothing(wish_w: float) -> None:
    assert allowed(wish_w).power_w == 0.0
