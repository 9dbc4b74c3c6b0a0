"""The connection window, the frequency's slope, wired phases and the connection, at their very bounds."""

from typing import Any

import pytest

from appliance.model import GridView, InverterState, MeterReading, PhaseReading
from appliance.site import Connection
from appliance.watches.grid import GridWatch, measured
from tests.core.grids import CODE, meter, three, view
from tests.stories import inverter

# ------------------------------------------------------------------ the connection window


@pytest.mark.parametrize(
    ("reading", "inside"),
    [
        (meter(175.0, 200.0, 200.0), True), (meter(174.9, 200.0, 200.0), False),
        (meter(200.0, 200.0, 225.0), True), (meter(200.0, 200.0, 225.1), False),
        (meter(200.0, hertz=49.0), True), (meter(200.0, hertz=48.99), False),
        (meter(200.0, hertz=50.25), True), (meter(200.0, hertz=50.26), False),
        (meter(hertz=50.0), False), (None, False),
    ],
)  # fmt: skip
def test_what_is_inside_the_window(reading: MeterReading | None, inside: bool) -> None:
    watch = GridWatch(CODE)
    silent: dict[str, Any] = {"inverter": None}
    assert view(watch, 10.0, reading, **silent).steady_s == 0.0
    assert view(watch, 12.0, reading, **silent).steady_s == (2.0 if inside else 0.0)


def test_volts_without_a_frequency_are_not_inside() -> None:
    watch, told = GridWatch(CODE), meter(200.0, hertz=None)
    none: dict[str, Any] = {"inverter": None}
    assert view(watch, 10.0, told, **none).steady_s == 0.0
    assert view(watch, 12.0, told, **none).steady_s == 0.0


def test_the_wait_counts_down_and_begins_anew() -> None:
    watch = GridWatch(CODE)
    told = [view(watch, at_s, meter(200.0)) for at_s in (10.0, 20.0, 70.0, 71.0)]
    assert [(one.steady_s, one.wait_s) for one in told] == [(0.0, 60.0), (10.0, 50.0), (60.0, 0.0), (61.0, 0.0)]  # fmt: skip
    out = view(watch, 72.0, meter(174.0))
    assert (out.steady_s, out.wait_s) == (0.0, 60.0)
    assert view(watch, 73.0, meter(200.0)).steady_s == 0.0
    assert view(watch, 74.0, meter(200.0)).steady_s == 1.0


def test_without_a_code_there_is_no_wait() -> None:
    assert view(GridWatch(None), 10.0, meter(20.0)).wait_s == 0.0


# ------------------------------------------------------------------ how fast the frequency moves


def slopes(*samples: tuple[float, float | None]) -> list[float | None]:
    watch = GridWatch(CODE)
    none: dict[str, Any] = {"inverter": None}
    return [
        view(watch, at_s, meter(200.0, hertz=hz), **none).rocof_hz_per_s for at_s, hz in samples
    ]


def test_five_readings_over_half_a_second_are_enough() -> None:
    close = [(10.0 + 0.125 * n, 50.0 + 0.25 * n) for n in range(5)]
    assert slopes(*close) == [None, None, None, None, pytest.approx(2.0)]
    closer = [(10.0 + 0.0625 * n, 50.0 + 0.25 * n) for n in range(9)]
    assert slopes(*closer) == [None] * 8 + [pytest.approx(4.0)]


def test_the_line_through_the_last_second() -> None:
    jump = [(10.0 + 0.25 * n, 50.0 if n < 4 else 51.0) for n in range(9)]
    assert slopes(*jump)[:4] == [None] * 4, "too few, although over 0.75 s"
    assert slopes(*jump)[4:] == [
        pytest.approx(one, abs=1e-9) for one in (0.8, 1.2, 1.2, 0.8, 0.0)
    ], "Hz/s"


def test_a_reading_without_a_frequency_begins_it_anew() -> None:
    first = [(0.125 * n, 50.0) for n in range(5)]
    then: list[tuple[float, float | None]] = [(0.625, None), (0.75, 50.0)]
    assert slopes(*first, *then)[4:] == [pytest.approx(0.0), None, None]


def test_the_inverter_s_frequency_counts_where_the_meter_has_none() -> None:
    watch, grid = GridWatch(CODE), meter(200.0, hertz=None)
    last: GridView | None = None
    for n in range(5):
        plant = inverter(0.0, frequency_hz=50.0 + 0.25 * n)
        last = view(watch, 0.125 * n, grid, inverter=plant)
    assert last is not None and last.rocof_hz_per_s == pytest.approx(2.0)


# ------------------------------------------------------------------ phases, and no grid at all


@pytest.mark.parametrize(
    ("volts", "lost"),
    [(three(29.9), True), (three(30.0), False), ((0.0, 0.0, 30.1), False), ((), False)],
)
def test_next_to_nothing_on_any_phase_is_a_lost_grid(volts: tuple[float, ...], lost: bool) -> None:
    watch = GridWatch(CODE)
    view(watch, 0.0, meter(*three(200.0)))
    dead = inverter(phases=(PhaseReading(0.0),))
    assert view(watch, 1.0, meter(*volts), inverter=dead).lost == lost


@pytest.mark.parametrize(("once_v", "low_v"), [(100.0, 200.0), (100.1, 5.0)])
def test_a_phase_counts_once_it_had_half_the_voltage(once_v: float, low_v: float) -> None:
    watch = GridWatch(CODE)
    view(watch, 0.0, meter(200.0, once_v))
    told = view(watch, 1.0, meter(200.0, 5.0))
    assert (told.low_v, told.high_v) == (low_v, 200.0)


def test_the_wires_of_the_meter_are_not_those_of_the_inverter() -> None:
    watch = GridWatch(CODE)
    view(watch, 0.0, meter(*three(200.0)))
    phases = (PhaseReading(200.0), PhaseReading(5.0), PhaseReading(5.0))
    told = view(watch, 1.0, MeterReading(0.0), inverter=inverter(phases=phases))
    assert (told.low_v, told.high_v) == (200.0, 200.0)
    told = view(watch, 2.0, None, inverter=inverter(phases=(PhaseReading(190.0),) * 3))
    assert (told.low_v, told.high_v) == (190.0, 190.0)


def test_a_meter_that_comes_after_the_inverter_is_heard() -> None:
    watch, plant = GridWatch(CODE), inverter(phases=(PhaseReading(200.0),) * 3)
    view(watch, 0.0, None, inverter=plant)
    told = view(watch, 1.0, meter(*three(190.0)), inverter=plant)
    assert (told.low_v, told.high_v) == (190.0, 190.0)
    assert view(watch, 3.0, meter(*three(190.0)), inverter=plant).steady_s == 3.0


def test_where_no_phase_was_ever_wired_nothing_is_measured() -> None:
    told = view(GridWatch(CODE), 0.0, meter(5.0, 5.0))
    assert (told.low_v, told.high_v) == (None, None)


@pytest.mark.parametrize("state", [InverterState.OFF, InverterState.STARTING, None])
def test_an_inverter_that_does_not_run_measures_no_grid(state: InverterState | None) -> None:
    watch = GridWatch(CODE)
    phases = (PhaseReading(200.0),)
    plant = None if state is None else inverter(state=state, phases=phases)
    told = view(watch, 0.0, MeterReading(0.0), inverter=plant)
    assert (told.low_v, told.high_v, told.frequency_hz) == (None, None, None)
    told = view(watch, 0.0, meter(199.0, hertz=49.9), inverter=plant)
    assert (told.low_v, told.high_v, told.frequency_hz) == (199.0, 199.0, 49.9)


def test_the_meter_goes_first() -> None:
    phases = (PhaseReading(190.0), PhaseReading(None))
    plant = inverter(phases=phases, frequency_hz=49.5)
    assert measured(None, None) == ((), None)
    assert measured(None, plant) == ((190.0,), 49.5)
    assert measured(meter(201.0, None, 202.0, hertz=50.5), plant) == ((201.0, 202.0), 50.5)
    assert measured(meter(201.0, hertz=None), plant) == ((201.0,), 49.5)
    assert measured(meter(None, hertz=50.5), plant) == ((190.0,), 50.5)


# ------------------------------------------------------------------ the connection


@pytest.mark.parametrize(
    ("grid_w", "exceeds"),
    [(1_100.0, False), (1_100.1, True), (-600.0, False), (-600.1, True), (0.0, False)],
)
def test_more_than_the_connection_carries(grid_w: float, exceeds: bool) -> None:
    limits = Connection(max_import_w=1_000.0, max_export_w=500.0, cut_tolerance_w=100.0)
    watch = GridWatch(None, None, limits)
    told = [view(watch, at_s, MeterReading(grid_w)).excess_s for at_s in (10.0, 12.0, 15.0)]
    assert told == ([0.0, 2.0, 5.0] if exceeds else [0.0, 0.0, 0.0])
    for gone in (None, MeterReading(None), MeterReading(0.0)):
        view(watch, 16.0, MeterReading(grid_w))
        assert view(watch, 17.0, gone).excess_s == 0.0
        assert view(watch, 18.0, MeterReading(grid_w)).excess_s == 0.0
