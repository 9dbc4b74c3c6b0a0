"""Stages of the grid protection, and the mean of ten minutes, at their very bounds."""

from typing import Any

import msgspec
import pytest

from appliance.model import InverterReading, InverterState, MeterReading, PhaseReading
from appliance.watches.grid import GridWatch
from tests.core.grids import CODE, code, meter, stage, three, view
from tests.stories import inverter

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
