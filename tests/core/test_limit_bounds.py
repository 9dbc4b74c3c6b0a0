"""Limits at their very bounds: both magnitudes of a row, to the watt."""

from dataclasses import dataclass
from math import inf, nan
from typing import Any

import msgspec
import pytest

from appliance.limits import LIMITS, apply_limits
from appliance.model import (
    BatteryState,
    GridView,
    Memory,
    MeterReading,
    PowerCap,
    RackPause,
    Setpoints,
    State,
)
from appliance.site import SiteSettings
from appliance.site.battery import Current, CurrentLevels
from tests.stories import Story, battery, inverter, rack, seen, with_grid_code

SITE = Story().site
ROWS = {row.name: row for row in LIMITS}
FREE, CLOSED = (inf, inf), (0.0, 0.0)
RUNNING = Memory(state=State.RUN, state_since_s=0.0)


def caps(
    name: str, memory: Memory = RUNNING, site: SiteSettings = SITE, **readings: Any
) -> tuple[float, float]:
    """Of one row."""
    return ROWS[name].caps(seen(**readings), memory, site)


def cells(**changes: Any) -> dict[str, Any]:
    return {"battery": battery(rack(**changes))}


@pytest.mark.parametrize(
    ("soc_pct", "expected"),
    [
        (8.0, (inf, 0.0)), (10.0, (inf, 0.0)), (11.0, (inf, 2_500.0)), (12.0, (inf, 5_000.0)),
        (12.1, FREE), (97.9, FREE), (98.0, (5_000.0, inf)), (99.0, (2_500.0, inf)),
        (100.0, (0.0, inf)), (100.5, (0.0, inf)), (None, CLOSED),
    ],
)  # fmt: skip
def test_state_of_charge(soc_pct: float | None, expected: tuple[float, float]) -> None:
    assert caps("state of charge", battery=battery(soc_pct=soc_pct)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("low_v", "high_v", "expected"),
    [
        (3.0, 3.55, FREE), (2.99, 3.55, (inf, 4_750.0)), (2.9, 3.3, (inf, 2_500.0)),
        (2.8, 3.3, (inf, 0.0)), (2.7, 3.3, (inf, 0.0)), (3.3, 3.59, (2_500.0, inf)),
        (3.3, 3.63, (0.0, inf)), (3.3, 3.66, (0.0, inf)), (2.9, 3.59, (2_500.0, 2_500.0)),
        (None, 3.3, CLOSED), (3.3, None, CLOSED), (nan, 3.3, CLOSED), (3.3, nan, CLOSED),
    ],
)  # fmt: skip
def test_cell_voltage(low_v: float, high_v: float, expected: tuple[float, float]) -> None:
    found = caps("cell voltage", **cells(cell_min_v=low_v, cell_max_v=high_v))
    assert found == pytest.approx(expected)


def test_the_worst_rack_counts() -> None:
    high = battery(rack(1, cell_max_v=3.59), rack(2))
    assert caps("cell voltage", battery=high) == pytest.approx((2_500.0, inf))
    low = battery(rack(1), rack(2, cell_min_v=2.9))
    assert caps("cell voltage", battery=low) == pytest.approx((inf, 2_500.0))
    unknown = battery(rack(1), rack(2, cell_max_v=nan))
    assert caps("cell voltage", battery=unknown) == CLOSED
    assert caps("cell voltage", battery=msgspec.structs.replace(battery(), racks=())) == CLOSED
    assert caps("cell voltage", battery=None) == CLOSED


def test_a_bms_that_guards_its_cells_may_keep_them_to_itself() -> None:
    alone = battery(rack(cell_min_v=None, cell_max_v=None), guards_cells=True)
    assert caps("cell voltage", battery=alone) == FREE
    half = battery(rack(cell_min_v=None, cell_max_v=3.3), guards_cells=True)
    assert caps("cell voltage", battery=half) == CLOSED
    half = battery(rack(cell_min_v=3.3, cell_max_v=None), guards_cells=True)
    assert caps("cell voltage", battery=half) == CLOSED
    silent = battery(rack(cell_min_c=None, cell_max_c=None), guards_cells=True)
    assert caps("cell temperature", battery=silent) == FREE
    two = battery(rack(1, cell_min_c=None), rack(2, cell_max_c=49.0), guards_cells=True)
    assert caps("cell temperature", battery=two) == pytest.approx((2_500.0, 2_500.0))


@pytest.mark.parametrize(
    ("cold_c", "hot_c", "expected"),
    [
        (21.0, 45.0, FREE), (21.0, 49.0, (2_500.0, 2_500.0)), (21.0, 53.0, CLOSED),
        (21.0, 60.0, CLOSED), (7.0, 24.0, FREE), (4.5, 24.0, (2_500.0, inf)),
        (2.0, 24.0, (0.0, inf)), (-10.0, 24.0, (0.0, inf)), (-12.5, 24.0, (0.0, 2_500.0)),
        (-15.0, 24.0, CLOSED), (-18.0, 24.0, CLOSED), (4.5, 51.0, (1_250.0, 1_250.0)),
        (3.25, 49.0, (1_250.0, 2_500.0)), (None, 24.0, CLOSED), (21.0, None, CLOSED),
        (nan, 24.0, CLOSED), (21.0, nan, CLOSED),
    ],
)  # fmt: skip
def test_cell_temperature(cold_c: float, hot_c: float, expected: tuple[float, float]) -> None:
    found = caps("cell temperature", **cells(cell_min_c=cold_c, cell_max_c=hot_c))
    assert found == pytest.approx(expected)


@dataclass(frozen=True)
class Flow:
    """What the grid and the inverter say, and what is left of a connection of 17 kW."""

    grid_w: float
    battery_w: float
    charge_w: float
    discharge_w: float


@pytest.mark.parametrize(
    "flow",
    [
        Flow(0.0, 0.0, 17_000.0, 17_000.0), Flow(4_000.0, 1_000.0, 12_000.0, 22_000.0),
        Flow(-4_000.0, -1_000.0, 22_000.0, 12_000.0), Flow(20_000.0, 0.0, 0.0, 37_000.0),
        Flow(-20_000.0, 0.0, 37_000.0, 0.0), Flow(0.0, -3_000.0, 20_000.0, 14_000.0),
    ],
)  # fmt: skip
def test_grid_connection(flow: Flow) -> None:
    readings: dict[str, Any] = {
        "grid": MeterReading(flow.grid_w),
        "inverter": inverter(flow.battery_w),
    }
    assert caps("grid connection", **readings) == (flow.charge_w, flow.discharge_w)


@pytest.mark.parametrize("name", ["grid", "inverter"])
def test_an_unknown_connection_allows_nothing(name: str) -> None:
    silent: dict[str, Any] = {name: None}
    assert caps("grid connection", **silent) == CLOSED
    unknown: dict[str, Any] = {
        "grid": MeterReading(None),
        "inverter": msgspec.structs.replace(inverter(), power_w=None),
    }
    assert caps("grid connection", **{name: unknown[name]}) == CLOSED


def test_the_battery_and_the_cap_and_a_joining_rack() -> None:
    limited = battery(max_charge_w=900.0, max_discharge_w=1_000.0)
    efficiency = SITE.inverter.efficiency
    assert caps("battery", battery=limited) == (900.0, 1_000.0 * efficiency)
    assert caps("battery", battery=battery(max_charge_w=None)) == CLOSED
    assert caps("battery", battery=battery(max_discharge_w=None)) == CLOSED
    assert caps("battery", battery=None) == CLOSED
    capped = msgspec.structs.replace(RUNNING, cap=PowerCap(700.0, None))
    assert caps("owner's cap", capped) == (700.0, inf)
    capped = msgspec.structs.replace(RUNNING, cap=PowerCap(None, 0.0))
    assert caps("owner's cap", capped) == (inf, 0.0)
    joins = msgspec.structs.replace(RUNNING, rack_pause=RackPause(101.0))
    assert caps("a rack joins", joins) == (1_050.0, 1_050.0), "2.5 A at 420 V"
    assert caps("a rack joins", joins, battery=battery(voltage_v=None)) == CLOSED
    assert caps("a rack joins", joins, battery=None) == FREE
    over = msgspec.structs.replace(RUNNING, rack_pause=RackPause(100.0))
    assert caps("a rack joins", over) == FREE


@pytest.mark.parametrize(
    ("power_w", "expected"),
    [(0.0, (50.0, 50.0)), (300.0, (50.0, 350.0)), (-300.0, (350.0, 50.0))],
)
def test_power_rises_by_its_rate(power_w: float, expected: tuple[float, float]) -> None:
    control = SITE.control.model_copy(update={"ramp_w_per_s": 100.0})
    site = SITE.model_copy(update={"control": control})
    memory = Memory(commanded=Setpoints(power_w=power_w), decided_at_s=99.5)
    assert caps("ramp", memory, site) == expected
    assert caps("ramp", msgspec.structs.replace(memory, decided_at_s=None), site) == FREE
    assert caps("ramp", memory) == FREE


@pytest.mark.parametrize("wish_w", [nan, inf, -inf])
def test_a_wish_that_is_no_number_is_none(wish_w: float) -> None:
    allowed = apply_limits(wish_w, seen(), RUNNING, SITE)
    assert (allowed.power_w, allowed.limits.binding, allowed.because) == (0.0, None, "")


def test_only_the_row_that_is_tightest_for_the_wish_bites() -> None:
    low: dict[str, Any] = {"battery": battery(max_charge_w=700.0, max_discharge_w=800.0)}
    charging = apply_limits(-2_000.0, seen(**low), RUNNING, SITE)
    assert (charging.power_w, charging.limits.binding) == (-700.0, "battery")
    exact = apply_limits(-700.0, seen(**low), RUNNING, SITE)
    assert (exact.power_w, exact.limits.binding) == (-700.0, None)
    none = apply_limits(-0.0, seen(**low), RUNNING, SITE)
    assert str(none.power_w) == "0.0"
    negative: dict[str, Any] = {"battery": battery(max_charge_w=-5.0, max_discharge_w=nan)}
    found = apply_limits(500.0, seen(**negative), RUNNING, SITE)
    assert (found.limits.max_charge_w, found.limits.max_discharge_w) == CLOSED
    two = battery(rack(1), rack(2, contactors_closed=False), state=BatteryState.CONNECTED)
    assert apply_limits(100.0, seen(battery=two), RUNNING, SITE).power_w == 100.0


def test_current_of_racks() -> None:
    levels = {"operating_a": 10.0, "recommended_a": 14.0, "maximum_a": 20.0}
    amps = CurrentLevels.model_validate(levels)

    def at(charge: CurrentLevels | None, discharge: CurrentLevels | None) -> SiteSettings:
        current = Current(charge=charge, discharge=discharge)
        return SITE.model_copy(
            update={"battery": SITE.battery.model_copy(update={"current": current})}
        )

    efficiency = SITE.inverter.efficiency
    assert caps("current", site=at(None, None), battery=None) == FREE
    assert caps("current", site=at(amps, None), battery=None) == CLOSED
    assert caps("current", site=at(amps, None)) == (4_200.0, inf)
    assert caps("current", site=at(None, amps)) == (inf, 4_200.0 * efficiency)
    low = battery(rack(1), rack(2, voltage_v=400.0))
    assert caps("current", site=at(amps, amps), battery=low) == (8_000.0, 8_000.0 * efficiency)
    told = battery(rack(1), voltage_v=None)
    assert caps("current", site=at(amps, None), battery=told) == (4_200.0, inf)
    untold = battery(rack(1, voltage_v=None), voltage_v=400.0)
    assert caps("current", site=at(amps, None), battery=untold) == (4_000.0, inf)
    nothing = battery(rack(1, voltage_v=None), voltage_v=None)
    assert caps("current", site=at(amps, None), battery=nothing) == (0.0, inf)


def test_frequency_and_the_ramp_after_a_start() -> None:
    site = with_grid_code(SITE)
    code = site.grid_code
    assert code is not None
    high_hz, low_hz = code.over_frequency.start_hz, code.under_frequency.start_hz

    def at(hertz: float | None, power_w: float | None = 900.0) -> tuple[float, float]:
        view = GridView(60.0, 0.0, (), hertz)
        plant = msgspec.structs.replace(inverter(), power_w=power_w)
        return caps("frequency", site=site, grid_view=view, inverter=plant)

    assert at(high_hz) == FREE
    assert at(low_hz) == FREE
    assert at(None) == FREE
    assert at(high_hz + 0.01) == (inf, 900.0)
    assert at(high_hz + 0.01, -900.0) == (inf, 0.0)
    assert at(low_hz - 0.01) == (0.0, inf)
    assert at(low_hz - 0.01, -900.0) == (900.0, inf)
    assert at(low_hz - 0.01, None) == (0.0, inf)
    assert caps("frequency", site=site, grid_view=None) == FREE
    assert caps("frequency", grid_view=GridView(60.0, 0.0, (), 53.0)) == FREE
    share = code.connect.ramp_pct_per_min / 100.0
    after = msgspec.structs.replace(RUNNING, state_since_s=70.0)
    half = caps("grid code ramp", after, site)
    assert half == pytest.approx((5_000.0 * share / 2.0, 5_000.0 * share / 2.0))
    full_s = 60.0 / share
    whole = msgspec.structs.replace(RUNNING, state_since_s=100.0 - full_s)
    assert caps("grid code ramp", whole, site) == FREE
    starting = msgspec.structs.replace(RUNNING, state=State.STARTING)
    assert caps("grid code ramp", starting, site) == CLOSED
    assert caps("grid code ramp", starting) == FREE
