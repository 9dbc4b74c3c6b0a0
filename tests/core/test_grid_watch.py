"""The watch over the grid on every site: stages, how fast the frequency moves, wired phases, the fast cut."""

from typing import Any

import msgspec
import pytest
from typing_extensions import override

from appliance.config import load_site
from appliance.model import (
    BatteryState,
    Decision,
    GoToState,
    GridView,
    InverterState,
    MeterReading,
    PhaseReading,
    Snapshot,
    State,
)
from appliance.site import Connection, Grid
from appliance.watches.grid import GridWatch
from tests.stories import HOME, Story, battery, inverter, rack, seen, with_grid_code

SITE = load_site(HOME)


def meter(
    *volts: float, hertz: float | None = 50.0, power_w: float | None = 1_000.0
) -> MeterReading:
    phases = tuple(PhaseReading(voltage_v=volt) for volt in volts or (230.0, 230.0, 230.0))
    return MeterReading(power_w=power_w, phases=phases, frequency_hz=hertz)


def view_of(watched: Snapshot) -> GridView:
    assert watched.grid_view is not None
    return watched.grid_view


class Watched(Story):
    """A story without a grid code whose Snapshots pass the watch; every reading is new."""

    def __init__(self, site: Any = SITE, **changes: Any) -> None:
        self.watch = GridWatch(site.grid_code, site.grid, site.connection)
        super().__init__(site, changes={"grid": meter()} | changes)

    @override
    def step(self, passed_s: float = 0.1, **changes: Any) -> Decision:
        self.changes |= changes
        self.now_s += passed_s
        known = seen(self.now_s, **(self._obeying() | self.changes))
        fresh = None if known.grid is None else msgspec.structs.replace(known.grid)
        known = msgspec.structs.replace(known, memory=self.cycle.memory, grid=fresh)
        self.last = self.cycle.step(self.watch.look(known))
        return self.last


def numbers(decision: Decision) -> list[int]:
    return sorted(error.number for error in decision.errors)


def seconds_until(story: Story, number: int, longest_s: float = 30.0) -> float:
    began_s = story.now_s
    while number not in numbers(story.last):
        story.step()
        assert story.now_s - began_s < longest_s, f"{number} was never raised"
    return story.now_s - began_s


# ------------------------------------------------------------------ stages, without a grid code


@pytest.mark.parametrize(
    ("reading", "number", "after_s"),
    [
        (meter(hertz=47.4), 311, 5.0),
        (meter(hertz=51.6), 312, 5.0),
        (meter(183.0, 230.0, 230.0), 313, 6.0),
        (meter(230.0, 230.0, 265.0), 314, 6.0),
        (meter(3.0, 2.0, 1.0), 310, 1.0),
        (meter(0.0, 0.0, 0.0, hertz=None), 310, 1.0),
    ],
)
def test_the_box_stops_where_the_inverter_should_have_stopped_long_before(
    reading: MeterReading, number: int, after_s: float
) -> None:
    story = Watched().running()
    story.step(grid=reading)
    assert seconds_until(story, number) == pytest.approx(after_s, abs=0.35)
    assert story.last.state is State.ERROR
    assert not ({313} & set(numbers(story.last)) and number == 310), "lost says it all"
    story.run(59.0, grid=meter())
    assert number in numbers(story.last)
    assert number not in numbers(story.run(3.0))


@pytest.mark.parametrize("hertz", [47.5, 49.0, 50.3, 51.0, 51.5])
def test_frequencies_that_the_inverter_answers_by_itself_stop_nothing(hertz: float) -> None:
    story = Watched().running()
    for tenth in range(20):  # not so fast that it were an error of its own
        story.step(grid=meter(hertz=50.0 + (hertz - 50.0) * tenth / 20.0))
    assert story.run(60.0, grid=meter(hertz=hertz)).state is State.RUN
    assert {319} == set(numbers(story.last)) & set(range(310, 322))


@pytest.mark.parametrize("volt", [185.0, 207.0, 250.0, 264.0])
def test_voltages_that_are_borne_for_a_minute(volt: float) -> None:
    story = Watched().running()
    story.run(59.0, grid=meter(volt, 230.0, 230.0))
    assert (story.last.state, numbers(story.last)) == (State.RUN, [])


def test_ten_minutes_above_the_mean_stop_it() -> None:
    story = Watched().running()
    for _ in range(620):
        story.step(1.0, grid=meter(254.0, 230.0, 230.0))
    assert {314, 320} <= set(numbers(story.last))
    (error,) = [one for one in story.last.errors if one.number == 314]
    assert error.source == "grid: mean voltage above 1.1"


def test_a_dip_that_ends_in_time_is_forgotten() -> None:
    story = Watched().running()
    for _ in range(5):
        story.run(5.5, grid=meter(150.0, 150.0, 150.0))
        story.run(1.0, grid=meter())
        assert story.last.state is State.RUN


def test_a_suspect_protection_is_told_before_the_box_stops_for_the_same_reason() -> None:
    story = Watched(with_grid_code(SITE))
    story.run(62.0)
    assert story.last.state == "run"
    story.changes["inverter"] = inverter(3_000.0)
    story.step(grid=meter(183.0, 183.0, 183.0))
    suspect_s = seconds_until(story, 211)
    assert suspect_s == pytest.approx(5.0, abs=0.2)
    assert seconds_until(story, 313) == pytest.approx(1.0, abs=0.2)


def test_phases_that_are_not_wired_are_none_of_it() -> None:
    story = Watched(grid=meter(230.0, 0.0, 0.0)).running()
    story.run(70.0)
    assert story.last.state is State.RUN
    assert not set(numbers(story.last)) & set(range(310, 322))
    story.run(7.0, grid=meter(150.0, 0.0, 0.0))
    assert 313 in numbers(story.last)


def test_a_phase_that_is_lost_is_told() -> None:
    story = Watched().running()
    story.run(7.0, grid=meter(230.0, 230.0, 0.0))
    assert 313 in numbers(story.last) and 310 not in numbers(story.last)


def test_an_inverter_behind_its_open_relays_says_nothing_of_the_grid() -> None:
    dead = (PhaseReading(voltage_v=0.0),) * 3
    alive = (PhaseReading(voltage_v=230.0),) * 3
    story = Watched(grid=MeterReading(0.0)).running()
    story.run(10.0, inverter=inverter(phases=alive))
    off = inverter(state=InverterState.OFF, phases=dead, frequency_hz=0.0)
    story.ask(GoToState(State.IDLE))
    opened = battery(rack(contactors_closed=False), state=BatteryState.STANDBY)
    decision = story.run(20.0, inverter=off, battery=opened)
    assert (decision.state, numbers(decision)) == (State.IDLE, [])
    story = Watched(grid=MeterReading(0.0)).running()
    story.run(1.0, inverter=inverter(phases=alive))
    for _ in range(70):
        decision = story.step(inverter=inverter(phases=dead))
    assert 313 in numbers(decision), "while it runs it is the grid"


def test_who_makes_the_grid_is_not_stopped_for_its_faults() -> None:
    story = Watched().running()
    alone = inverter(1_000.0, grid_forming=True)
    story.run(10.0, inverter=alone, grid=meter(0.0, 0.0, 0.0, power_w=0.0))
    assert not set(numbers(story.last)) & set(range(310, 317))


def test_without_a_grid_code_nothing_is_waited_for_and_no_protection_is_suspect() -> None:
    watch = GridWatch(None)
    for second in range(20):
        reading = meter(150.0, 150.0, 150.0)
        watched = watch.look(seen(float(second), grid=reading, inverter=inverter(3_000.0)))
        assert (view_of(watched).wait_s, view_of(watched).outlasted) == (0.0, ())


# ------------------------------------------------------------------ how fast the frequency moves


def ramp(hz_per_s: float, period_s: float, seconds: float, step_hz: float = 0.0) -> GridView:
    """The view after readings every `period_s` of a frequency that moves from 50 Hz."""
    watch, now_s = GridWatch(None), 100.0
    view = view_of(watch.look(seen(now_s, grid=meter())))
    while now_s < 100.0 + seconds:
        now_s += period_s
        hertz = 50.0 + hz_per_s * (now_s - 100.0)
        if step_hz:
            hertz = step_hz * round(hertz / step_hz)
        view = view_of(watch.look(seen(now_s, grid=meter(hertz=hertz))))
    return view


@pytest.mark.parametrize("hz_per_s", [2.6, 1.0, -3.0])
def test_a_meter_read_ten_times_a_second_measures_it(hz_per_s: float) -> None:
    assert ramp(hz_per_s, 0.1, 1.5).rocof_hz_per_s == pytest.approx(hz_per_s, rel=1e-6)


def test_a_meter_of_tenths_of_a_hertz_is_off_by_little() -> None:
    rocof = ramp(1.0, 0.1, 1.5, step_hz=0.1).rocof_hz_per_s
    assert rocof == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("period_s", [0.3, 1.0])
def test_a_slow_meter_says_nothing_of_it(period_s: float) -> None:
    assert ramp(5.0, period_s, 5.0).rocof_hz_per_s is None


def test_the_same_reading_again_is_no_new_sample() -> None:
    watch, reading = GridWatch(None), meter()
    looks = [watch.look(seen(100.0 + 0.1 * tenth, grid=reading)) for tenth in range(20)]
    assert view_of(looks[-1]).rocof_hz_per_s is None


def test_one_wrong_sample_is_no_ramp() -> None:
    story = Watched().running()
    story.run(2.0)
    story.step(grid=meter(hertz=52.0))
    story.run(2.0, grid=meter())
    assert 315 not in numbers(story.last)


@pytest.mark.parametrize(("hz_per_s", "stops"), [(2.4, False), (2.6, True), (-2.6, True)])
def test_faster_than_a_plant_must_bear_stops_within_two_seconds(
    hz_per_s: float, stops: bool
) -> None:
    story = Watched().running()
    for tenth in range(20):
        story.step(grid=meter(hertz=50.0 + hz_per_s * 0.1 * tenth))
    assert (315 in numbers(story.last)) == stops
    assert story.last.state is (State.ERROR if stops else State.RUN)


# ------------------------------------------------------------------ an island, the connection


def test_a_quiet_grid_is_no_island() -> None:
    story = Watched().running()
    held = {"inverter": inverter(400.0), "grid": meter(power_w=0.0)}
    assert story.run(30.0, **held).errors == ()


def test_nothing_flows_and_the_voltage_drifts() -> None:
    story = Watched().running()
    story.step(inverter=inverter(400.0), grid=meter(260.0, 260.0, 260.0, power_w=20.0))
    assert seconds_until(story, 316) == pytest.approx(2.0, abs=0.2)
    assert story.last.state is State.ERROR


EXPORT = meter(power_w=-17_300.0)


def test_an_export_beyond_the_connection_is_cut_after_its_time() -> None:
    story = Watched().running()
    story.step(inverter=inverter(400.0), grid=EXPORT)
    assert seconds_until(story, 318) == pytest.approx(5.1, abs=0.2)
    assert story.last.setpoints.power_w <= 0.0
    story.run(1.0, inverter=inverter(0.0))
    assert {318, 321} <= set(numbers(story.last)), "it stays: it is not the battery"
    story.run(11.0, grid=meter())
    assert numbers(story.last) == [318], "held for a while"
    assert story.run(50.0).errors == ()


def test_within_the_tolerance_and_short_excesses_are_borne() -> None:
    story = Watched().running()
    story.run(30.0, inverter=inverter(400.0), grid=meter(power_w=-17_199.0))
    assert not set(numbers(story.last)) & {317, 318, 321}
    for _ in range(5):
        story.run(4.9, grid=meter(power_w=-17_300.0))
        story.run(0.2, grid=meter(power_w=-17_000.0))
    assert not set(numbers(story.last)) & {317, 318, 321}


def test_an_import_beyond_the_connection_cuts_charging() -> None:
    story = Watched().running()
    story.step(inverter=inverter(-400.0), grid=meter(power_w=17_300.0))
    assert seconds_until(story, 317) == pytest.approx(5.1, abs=0.2)


def test_the_time_of_the_cut_is_a_setting() -> None:
    quick = SITE.model_copy(
        update={"connection": Connection(cut_after_s=1.0, max_export_w=2_000.0)}
    )
    story = Watched(quick).running()
    story.step(inverter=inverter(400.0), grid=meter(power_w=-2_300.0))
    assert seconds_until(story, 318) == pytest.approx(1.1, abs=0.2)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"operating_low_hz": 48.9}, "recommended_low_hz = 49.0 must be below operating_low_hz = 48.9"),
        ({"operating_high_hz": 51.0}, "operating_high_hz = 51.0 must be below recommended_high_hz = 51.0"),
        ({"operating_low_pu": 0.8}, "recommended_low_pu = 0.85 must be below operating_low_pu = 0.8"),
        ({"operating_high_pu": 1.2}, "operating_high_pu = 1.2 must be below recommended_high_pu = 1.12"),
    ],
)  # fmt: skip
def test_levels_that_contradict_each_other_are_refused(
    changes: dict[str, float], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        Grid(**changes)
