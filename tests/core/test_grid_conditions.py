"""Conditions of the grid, at, just below and just above each edge, and with each value missing."""

from typing import Any

import pytest

from appliance.errors.grid import nominal_v
from appliance.model import GridView, InverterState, MeterReading, PhaseReading
from tests.core.conditions import SITE, holds
from tests.stories import inverter, with_grid_code

AWAY: tuple[str, ...] = ()
DRIFTING = 51.5
"""Hz."""


def view(**changes: Any) -> GridView:
    """A grid that is well."""
    well = {"frequency_hz": 50.0, "low_v": 229.0, "high_v": 231.0, **changes}
    return GridView(steady_s=600.0, wait_s=0.0, **well)


def volts(*told: float | None) -> tuple[PhaseReading, ...]:
    return tuple(PhaseReading(voltage_v=one) for one in told)


def test_the_grid_is_lost() -> None:
    lost = view(lost=True)
    assert holds(310, grid_view=lost) == ("grid",)
    assert holds(310, grid_view=lost, inverter=None) == ("grid",)
    assert holds(310, grid_view=lost, inverter=inverter(grid_forming=False)) == ("grid",)
    assert holds(310, grid_view=lost, inverter=inverter(grid_forming=True)) == AWAY
    assert holds(310, grid_view=view()) == holds(310, grid_view=None) == AWAY
    assert holds(310, grid_view=None, inverter=None) == AWAY


def test_an_inverter_says_that_the_grid_is_lost() -> None:
    def of(faults: tuple[str, ...] = (), warnings: tuple[str, ...] = (), **more: Any) -> Any:
        told = inverter(faults=faults, warnings=warnings, **more)
        return holds(310, grid_view=view(), inverter=told)

    assert of(("fan", "Grid lost")) == of((), ("Grid lost",)) == ("grid: inverter says Grid lost",)
    assert of(("no grid",), ("grid failure",)) == ("grid: inverter says no grid",)
    assert of((), ("GRID FAILURE",)) == ("grid: inverter says GRID FAILURE",)
    assert of(("fan",), ("warm",)) == of(("fan",)) == of((), ("warm",)) == of() == AWAY
    assert of(("no grid",), grid_forming=True) == AWAY


@pytest.mark.parametrize(
    ("number", "stages"),
    [
        (311, ("frequency below 47.5",)), (312, ("frequency above 51.5",)),
        (313, ("voltage below 0.8", "mean voltage below 0.9")),
        (314, ("voltage above 1.15", "mean voltage above 1.1")),
    ],
)  # fmt: skip
def test_stages_that_the_grid_is_beyond(number: int, stages: tuple[str, ...]) -> None:
    everything = (
        "frequency below 47.5", "frequency above 51.5", "voltage below 0.8",
        "voltage above 1.15", "mean voltage below 0.9", "mean voltage above 1.1",
    )  # fmt: skip
    told = (f"grid: {', '.join(stages)}",)
    others = tuple(one for one in everything if one not in stages)
    assert holds(number, grid_view=view(outside=everything)) == told
    assert holds(number, grid_view=view(outside=others)) == AWAY
    assert holds(number, grid_view=view()) == holds(number, grid_view=None) == AWAY
    assert holds(number, grid_view=view(outside=everything, lost=True)) == AWAY, "it is lost"
    island = inverter(grid_forming=True)
    assert holds(number, grid_view=view(outside=everything), inverter=island) == AWAY
    for stage in stages:
        assert holds(number, grid_view=view(outside=(stage,))) == (f"grid: {stage}",)


def test_how_fast_the_frequency_moves() -> None:
    def of(rocof: float | None, **changes: Any) -> tuple[str, ...]:
        return holds(315, grid_view=view(rocof_hz_per_s=rocof), **changes)

    assert of(2.5) == of(-2.5) == of(None) == AWAY
    assert of(2.51) == of(-2.51) == ("grid",)
    assert of(9.0, inverter=inverter(grid_forming=True)) == AWAY
    assert holds(315, grid_view=None) == AWAY


NOTHING_FLOWS = ("grid: nothing flows, and voltage or frequency drift",)
STILL_LIVE = ("grid: no voltage at the meter, and the inverter still has it",)


def test_an_island_at_the_edges_of_power() -> None:
    def of(power_w: float | None, grid_w: float | None, **changes: Any) -> tuple[str, ...]:
        readings: dict[str, Any] = {
            "inverter": inverter(power_w, **changes) if power_w is not None else unsaid,
            "grid": MeterReading(grid_w),
            "grid_view": view(frequency_hz=DRIFTING),
        }
        return holds(316, **readings)

    unsaid = inverter().__class__(InverterState.RUNNING)
    assert of(200.0, 0.0) == of(-200.0, 0.0) == AWAY
    assert of(201.0, 50.0) == of(-201.0, -50.0) == NOTHING_FLOWS
    assert of(201.0, 50.1) == of(201.0, -50.1) == AWAY
    assert of(5_000.0, 100.0) == of(-5_000.0, -100.0) == NOTHING_FLOWS
    assert of(5_000.0, 100.1) == of(-5_000.0, -100.1) == AWAY
    assert of(None, 0.0) == of(900.0, None) == AWAY
    assert of(900.0, 0.0, state=InverterState.OFF) == AWAY
    assert of(900.0, 0.0, grid_forming=True) == AWAY
    drifting: dict[str, Any] = {"inverter": inverter(900.0), "grid_view": view(frequency_hz=51.5)}
    assert holds(316, **drifting, grid=MeterReading(0.0)) == NOTHING_FLOWS
    assert holds(316, **drifting, grid=None) == AWAY
    assert holds(316, **(drifting | {"inverter": None})) == AWAY
    assert holds(316, **(drifting | {"grid_view": None})) == AWAY


@pytest.mark.parametrize(
    ("name", "edge", "beyond"),
    [
        ("frequency_hz", 49.0, 48.99), ("frequency_hz", 51.0, 51.01),
        ("low_v", 195.5, 195.4), ("high_v", 1.12 * 230.0, 257.7),
        ("rocof_hz_per_s", 1.25, 1.26), ("rocof_hz_per_s", -1.25, -1.26),
    ],
)  # fmt: skip
def test_what_drifts(name: str, edge: float, beyond: float) -> None:
    def of(**changes: Any) -> tuple[str, ...]:
        return holds(316, inverter=inverter(900.0), grid_view=view(**changes))

    assert of(**{name: edge}) == of(**{name: None}) == AWAY
    assert of(**{name: beyond}) == NOTHING_FLOWS
    nothing: dict[str, Any] = {"frequency_hz": None, "low_v": None, "high_v": None}
    assert of(**nothing) == AWAY
    assert of(**(nothing | {name: beyond})) == NOTHING_FLOWS


def test_an_inverter_that_has_voltage_where_the_meter_has_none() -> None:
    def of(
        meter: tuple[PhaseReading, ...], behind: tuple[PhaseReading, ...], **changes: Any
    ) -> tuple[str, ...]:
        readings: dict[str, Any] = {
            "inverter": inverter(900.0, phases=behind),
            "grid": MeterReading(0.0, phases=meter),
            "grid_view": view(lost=True, frequency_hz=DRIFTING),
        }
        return holds(316, **(readings | changes))

    dead, live = volts(0.0, 0.0, 34.4), volts(0.0, None, 115.1)
    assert of(dead, live) == STILL_LIVE
    assert of(volts(0.15 * 230.0), live) == AWAY
    assert of(volts(34.49), live) == STILL_LIVE
    assert of(volts(0.0, 35.0), live) == of(volts(230.0), live) == AWAY
    assert of(dead, volts(115.0)) == AWAY
    assert of(dead, volts(0.0, 0.0)) == AWAY
    assert of((), live) == of(dead, ()) == of((), ()) == AWAY
    assert of(volts(None), live) == of(dead, volts(None)) == AWAY
    assert of(volts(None, 0.0), live) == STILL_LIVE
    assert of(dead, live, grid=None) == AWAY
    off = inverter(900.0, phases=live, state=InverterState.OFF)
    assert of(dead, live, inverter=off) == AWAY
    assert of(dead, live, grid_view=view()) == AWAY, "there is a grid"


def test_an_unusual_frequency() -> None:
    def of(hertz: float | None, **changes: Any) -> tuple[str, ...]:
        return holds(319, grid_view=view(frequency_hz=hertz, **changes))

    assert of(49.8) == of(50.2) == of(None) == AWAY
    assert of(49.79) == of(50.21) == ("grid",)
    assert of(49.0, lost=True) == AWAY
    assert holds(319, grid_view=None) == AWAY
    low = view(frequency_hz=49.0)
    assert holds(319, grid_view=low, inverter=inverter(grid_forming=True)) == AWAY


def test_an_unusual_voltage() -> None:
    def of(low_v: float | None, high_v: float | None, **changes: Any) -> tuple[str, ...]:
        return holds(320, grid_view=view(low_v=low_v, high_v=high_v, **changes))

    assert of(0.9 * 230.0, 1.09 * 230.0) == AWAY
    assert of(206.99, 230.0) == of(230.0, 250.71) == of(206.99, 250.71) == ("grid",)
    assert of(100.0, 300.0, lost=True) == of(100.0, 100.0, lost=True) == AWAY
    assert of(None, 300.0) == of(100.0, None) == AWAY
    assert holds(320, grid_view=None) == AWAY
    low = view(low_v=100.0)
    assert holds(320, grid_view=low, inverter=inverter(grid_forming=True)) == AWAY


def test_a_site_with_a_grid_code_has_its_voltage() -> None:
    coded = with_grid_code(SITE)
    assert coded.grid_code is not None
    other = coded.grid_code.model_copy(update={"nominal_v": 120.0})
    american = SITE.model_copy(update={"grid_code": other})
    assert (nominal_v(SITE), nominal_v(american)) == (230.0, 120.0)
    assert holds(320, site=american, grid_view=view(low_v=120.0, high_v=120.0)) == AWAY
    assert holds(320, site=american, grid_view=view()) == ("grid",)


EXCEEDED = ("grid connection",)


@pytest.mark.parametrize(
    ("grid_w", "battery_w", "raised"),
    [
        (17_500.0, -101.0, 317), (17_500.0, -100.0, 321), (17_500.0, 3_000.0, 321),
        (17_500.0, 0.0, 321), (-17_500.0, 101.0, 318), (-17_500.0, 100.0, 321),
        (-17_500.0, -3_000.0, 321), (-17_500.0, 0.0, 321), (0.5, -101.0, 317),
        (-0.5, 101.0, 318), (0.5, 0.0, 321), (0.0, -5_000.0, None), (0.0, 5_000.0, None),
        (None, -5_000.0, None),
    ],
)  # fmt: skip
def test_who_exceeds_the_connection(
    grid_w: float | None, battery_w: float, raised: int | None
) -> None:
    for number in (317, 318, 321):
        expected = EXCEEDED if number == raised else AWAY

        def of(excess_s: float, number: int = number, **changes: Any) -> tuple[str, ...]:
            readings: dict[str, Any] = {
                "inverter": inverter(battery_w), "grid": MeterReading(grid_w),
                "grid_view": view(excess_s=excess_s),
            }  # fmt: skip
            return holds(number, **(readings | changes))

        assert of(5.1) == expected
        assert of(5.0) == AWAY
        assert of(5.1, grid=None) == of(5.1, grid_view=None) == AWAY


def test_a_battery_of_which_nothing_is_known_has_no_part_in_it() -> None:
    over = view(excess_s=5.1)
    for unsaid in (None, inverter().__class__(InverterState.RUNNING)):
        for grid_w in (17_500.0, -17_500.0):
            known: dict[str, Any] = {"grid": MeterReading(grid_w), "grid_view": over}
            assert holds(321, inverter=unsaid, **known) == EXCEEDED
            assert holds(317, inverter=unsaid, **known) == AWAY
            assert holds(318, inverter=unsaid, **known) == AWAY
