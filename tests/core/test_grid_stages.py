"""The watch over the grid at its very bounds, under a code whose volts and seconds are round figures."""

from typing import Any

import msgspec
import pytest

from appliance.model import GridView, InverterReading, InverterState, MeterReading, PhaseReading
from appliance.site import Connection, GridCode
from appliance.watches.grid import GridWatch, measured
from tests.stories import inverter, seen

FROM = {"source": "invented for this test", "verified": False}


def stage(what: str, side: str, at: float, after_s: float) -> dict[str, Any]:
    return {**FROM, "what": what, "side": side, "at": at, "after_s": after_s}


def code(*trips: dict[str, Any]) -> GridCode:
    """Of a grid of 200 V and 50 Hz."""
    window = {"voltage_low_pu": 0.875, "voltage_high_pu": 1.125, "wait_s": 60.0, "ramp_pct_per_min": 10.0}  # fmt: skip
    window |= {"frequency_low_hz": 49.0, "frequency_high_hz": 50.25}
    return GridCode.model_validate(
        {
            "title": "Nowhere", "edition": "none", "nominal_v": 200.0, "trips": trips,
            "connect": {**FROM, **window},
            "over_frequency": {**FROM, "start_hz": 50.5, "droop_pct": 5.0},
            "under_frequency": {**FROM, "start_hz": 49.5, "droop_pct": 5.0},
        }
    )  # fmt: skip


CODE = code(
    stage("voltage", "below", 0.75, 3.0),
    stage("voltage", "below", 0.5, 0.25),
    stage("voltage", "above", 1.25, 3.0),
    stage("voltage", "above", 1.5, 0.25),
    stage("mean_voltage", "above", 1.125, 1.0),
    stage("mean_voltage", "above", 1.25, 1.0),
    stage("frequency", "below", 47.5, 2.0),
    stage("frequency", "below", 47.0, 0.5),
    stage("frequency", "above", 51.5, 2.0),
    stage("frequency", "above", 52.0, 0.5),
)


def meter(*volts: float | None, hertz: float | None = 50.0) -> MeterReading:
    """Every call makes a new reading."""
    phases = tuple(PhaseReading(volt) for volt in volts)
    return MeterReading(power_w=0.0, phases=phases, frequency_hz=hertz)


def view(watch: GridWatch, now_s: float, grid: MeterReading | None, **changes: Any) -> GridView:
    found = watch.look(seen(now_s, grid=grid, **changes)).grid_view
    assert found is not None
    return found


def three(volt: float) -> tuple[float, float, float]:
    return (volt, volt, volt)


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


# ------------------------------------------------------------------ stages of the protection


BEYOND = [
    ("voltage below 0.75", meter(150.0, 200.0, 200.0), meter(149.9, 200.0, 200.0), 3.0),
    ("voltage above 1.25", meter(200.0, 200.0, 250.0), meter(200.0, 200.0, 250.1), 3.0),
    ("frequency below 47.5", meter(200.0, hertz=47.5), meter(200.0, hertz=47.49), 2.0),
    ("frequency above 51.5", meter(200.0, hertz=51.5), meter(200.0, hertz=51.51), 2.0),
]


@pytest.mark.parametrize(("name", "within", "beyond", "after_s"), BEYOND)
def test_a_stage_counts_beyond_its_figure_and_after_its_time(
    name: str, within: MeterReading, beyond: MeterReading, after_s: float
) -> None:
    def told(reading: MeterReading, for_s: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
        watch = GridWatch(CODE)
        told = []
        for at_s in (0.0, 10.0, 10.0 + for_s):
            new = meter(*three(200.0)) if at_s == 0.0 else msgspec.structs.replace(reading)
            told.append(view(watch, at_s, new, inverter=inverter(1_000.0)))
        return told[-1].outlasted, told[-1].outside

    assert told(within, 60.0) == ((), ())
    assert told(beyond, after_s + 2.0) == ((), ()), "s of slack for a meter"
    assert told(beyond, after_s + 2.125) == ((name,), ())
    assert told(beyond, after_s + 3.0) == ((name,), ()), "the box itself stops a second later"
    assert told(beyond, after_s + 3.125) == ((name,), (name,))


@pytest.mark.parametrize(
    ("reading", "outside"),
    [
        (meter(150.0, hertz=47.4), "frequency below 47.5"), (meter(250.0, hertz=47.4), "frequency below 47.5"),
        (meter(140.0, hertz=47.5), "voltage below 0.75"), (meter(140.0, hertz=51.5), "voltage below 0.75"),
    ],
)  # fmt: skip
def test_at_its_figure_a_stage_is_none_although_another_is(
    reading: MeterReading, outside: str
) -> None:
    watch = GridWatch(CODE)
    view(watch, 0.0, meter(200.0))
    told = [view(watch, at_s, msgspec.structs.replace(reading)) for at_s in (10.0, 20.0)]
    assert told[-1].outside == (outside,)


@pytest.mark.parametrize(
    ("only", "reading"),
    [
        (stage("voltage", "below", 0.75, 3.0), meter(149.0)),
        (stage("voltage", "above", 1.25, 3.0), meter(251.0)),
        (stage("frequency", "below", 47.5, 2.0), meter(hertz=47.4)),
        (stage("frequency", "above", 51.5, 2.0), meter(hertz=51.6)),
    ],
)
def test_a_code_of_one_stage(only: dict[str, Any], reading: MeterReading) -> None:
    watch = GridWatch(code(only))
    view(watch, 0.0, meter(200.0))
    told = [view(watch, at_s, msgspec.structs.replace(reading)) for at_s in (10.0, 20.0)]
    assert told[-1].outside == (f"{only['what']} {only['side']} {only['at']:g}",)
    assert view(watch, 30.0, meter(200.0)).outside == ()


def test_each_stage_has_its_own_time() -> None:
    watch = GridWatch(CODE)
    view(watch, 0.0, meter(*three(200.0)))
    view(watch, 10.0, meter(99.0, 200.0, 200.0))
    assert view(watch, 14.0, meter(99.0, 200.0, 200.0)).outside == ("voltage below 0.5",)
    view(watch, 15.0, meter(101.0, 200.0, 200.0))
    both = view(watch, 18.0, meter(99.0, 200.0, 200.0))
    assert both.outside == ("voltage below 0.75",), "the other one began anew"


def test_back_inside_all_begins_anew() -> None:
    watch = GridWatch(CODE)
    feeds: dict[str, Any] = {"inverter": inverter(1_000.0)}
    view(watch, 0.0, meter(*three(200.0)), **feeds)
    view(watch, 10.0, meter(*three(140.0)), **feeds)
    view(watch, 15.0, meter(*three(200.0)), **feeds)
    view(watch, 16.0, meter(*three(140.0)), **feeds)
    told = view(watch, 21.0, meter(*three(140.0)), **feeds)
    assert (told.outlasted, told.outside) == ((), ())


@pytest.mark.parametrize(
    ("plant", "feeds"),
    [
        (inverter(200.0), False), (inverter(200.1), True), (inverter(-200.1), True),
        (inverter(0.0), False), (msgspec.structs.replace(inverter(), power_w=None), False),
        (inverter(1_000.0, state=InverterState.OFF), False), (None, False),
    ],
)  # fmt: skip
def test_who_feeds_outlasts_a_stage(plant: InverterReading | None, feeds: bool) -> None:
    watch = GridWatch(CODE)
    told = [
        view(watch, at_s, meter(*three(volt)), inverter=plant)
        for at_s, volt in ((0.0, 200.0), (10.0, 140.0), (20.0, 140.0))
    ][-1]
    assert told.outlasted == (("voltage below 0.75",) if feeds else ())
    assert told.outside == ("voltage below 0.75",)
    unnamed = GridWatch(None)
    for at_s, volt in ((0.0, 230.0), (10.0, 140.0), (20.0, 140.0)):
        assert view(unnamed, at_s, meter(*three(volt)), inverter=inverter(1e3)).outlasted == ()


def test_a_meter_without_a_frequency_is_heard_for_its_volts() -> None:
    watch, plant = GridWatch(CODE), inverter(1_000.0)
    told = [
        view(watch, at_s, meter(*three(volt), hertz=None), inverter=plant)
        for at_s, volt in ((0.0, 200.0), (10.0, 140.0), (20.0, 140.0))
    ][-1]
    assert told.outside == ("voltage below 0.75",)


def test_a_meter_without_volts_is_heard_for_its_frequency() -> None:
    watch, plant = GridWatch(CODE), inverter(1_000.0)
    told = [
        view(watch, at_s, meter(hertz=hertz), inverter=plant)
        for at_s, hertz in ((0.0, 50.0), (10.0, 47.4), (20.0, 47.4))
    ][-1]
    assert told.outside == ("frequency below 47.5",)


def test_where_the_meter_says_neither_the_inverter_is_heard() -> None:
    watch, grid = GridWatch(CODE), MeterReading(0.0)
    low = (PhaseReading(140.0),)
    told = [
        view(watch, at_s, grid, inverter=inverter(1_000.0, phases=phases))
        for at_s, phases in ((0.0, (PhaseReading(200.0),)), (10.0, low), (20.0, low))
    ][-1]
    assert told.outside == ("voltage below 0.75",)
    assert (told.low_v, told.high_v, told.frequency_hz) == (140.0, 140.0, 50.0)


# ------------------------------------------------------------------ the mean of ten minutes


def mean_after(volts: list[tuple[float, float | None]]) -> tuple[str, ...]:
    """What is outside after these (second, volt)."""
    watch = GridWatch(CODE)
    view(watch, -10.0, meter(*three(200.0)))
    told = [
        view(watch, at_s, meter() if volt is None else meter(200.0, volt, 200.0))
        for at_s, volt in volts
    ][-1]
    return told.outside


def every(step_s: float, until_s: float, volt: float | None) -> list[tuple[float, float | None]]:
    return [(step_s * n, volt) for n in range(int(until_s / step_s) + 1)]


@pytest.mark.parametrize(
    ("volt", "outside"),
    [(225.0, ()), (225.5, ("mean voltage above 1.125",)), (249.9, ("mean voltage above 1.125",))],
)
def test_the_mean_of_the_highest_phase(volt: float, outside: tuple[str, ...]) -> None:
    assert mean_after(every(3.0, 1_200.0, volt)) == outside


def test_the_mean_is_known_after_ten_minutes_less_two_samples() -> None:
    watch = GridWatch(CODE)
    for at_s, _ in every(3.0, 594.0, None):
        assert view(watch, 1_000.0 + at_s, meter(240.0)).outside == ()
    assert view(watch, 1_598.0, meter(240.0)).outside == (), "4 s beyond"
    assert view(watch, 1_598.125, meter(240.0)).outside == ("mean voltage above 1.125",)


def test_the_last_second_of_ten_minutes_counts() -> None:
    once = [(0.0, 249.0), *every(3.0, 600.0, 225.0)[1:]]
    assert mean_after(once) == ("mean voltage above 1.125",)
    assert mean_after([*once, (603.0, 225.0)]) == ()


def test_what_was_more_than_ten_minutes_ago_is_not_in_the_mean() -> None:
    high, low = every(3.0, 600.0, 240.0), every(3.0, 300.0, 200.0)
    later = [(at_s + 603.0, volt) for at_s, volt in low]
    assert mean_after([*high, *later[:50]]) == ("mean voltage above 1.125",)
    assert mean_after([*high, *later]) == ()


def test_between_two_samples_nothing_is_taken() -> None:
    steady = every(3.0, 1_200.0, 210.0)
    spikes = [(at_s + 1.5, 249.0) for at_s, _ in steady]
    assert mean_after(sorted([*steady, *spikes])) == ()


def test_without_volts_the_mean_fades() -> None:
    high = every(3.0, 600.0, 240.0)
    for_long: list[tuple[float, float | None]] = [(603.0 + 3.0 * n, None) for n in range(250)]
    assert mean_after([*high, *for_long]) == ()


def test_a_mean_too_low_has_its_stage_even_at_nothing() -> None:
    watch = GridWatch(code(stage("mean_voltage", "below", 0.9, 1.0)))
    view(watch, 0.0, meter(200.0))
    told = [view(watch, 3.0 + at_s, meter(0.5)) for at_s, _ in every(3.0, 1_300.0, 0.5)][-1]
    assert told.outside == ("mean voltage below 0.9",)


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
