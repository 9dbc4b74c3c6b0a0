"""What nobody knows neither raises an error nor clears one."""

from typing import Any

import pytest

from appliance.errors import ERRORS, ROWS
from appliance.model import (
    BatteryReading,
    BatteryState,
    BatteryView,
    GoToState,
    GridView,
    InverterState,
    MeterReading,
    SensorReading,
    State,
)
from appliance.store.notebook import durable_of
from appliance.watches.battery import BatteryWatch
from tests.core.boxes import in_run
from tests.stories import Story, battery, inverter, rack, seen

NAN = float("nan")
OTHER = rack(1)


def two(**second: Any) -> BatteryReading:
    return battery(OTHER, rack(2, **second))


def numbers(story: Story) -> list[int]:
    return [error.number for error in story.last.errors]


CLEARING: dict[int, dict[str, float]] = {
    111: {"cell_max_v": 3.64},
    113: {"cell_min_v": 2.79},
    121: {"cell_min_c": 1.9},
    122: {"cell_max_c": 53.1},
    131: {"cell_max_c": 45.1},
    132: {"cell_max_c": 36.1},
}
RAISING: dict[int, dict[str, float]] = CLEARING | {
    112: {"cell_max_v": 3.71},
    114: {"cell_min_v": 2.49},
    123: {"cell_max_c": 58.1},
}


def unknowns(fields: dict[str, float]) -> list[BatteryReading | None]:
    told: list[BatteryReading | None] = [
        None,
        battery(OTHER),
        *(two(**dict.fromkeys(fields, unknown)) for unknown in (None, NAN)),
    ]
    return told


@pytest.mark.parametrize("number", CLEARING)
def test_an_error_of_cells_does_not_clear_while_they_are_unknown(number: int) -> None:
    row, fields = ROWS[number], CLEARING[number]
    for unknown in unknowns(fields):
        story = in_run()
        story.run(row.raise_after_s + 0.5, battery=two(**fields))
        assert number in numbers(story)
        story.run(row.clear_after_s - 5.0, battery=two())
        story.run(row.clear_after_s + 5.0, battery=unknown)
        assert number in numbers(story), unknown
        story.run(4.5, battery=two())
        assert number in numbers(story), "the time in between did not count"
        story.run(1.0)
        assert number not in numbers(story), "and the time before still does"


@pytest.mark.parametrize("number", RAISING)
def test_an_error_of_cells_goes_on_coming_after_they_were_unknown(number: int) -> None:
    row, fields = ROWS[number], RAISING[number]
    for unknown in unknowns(fields):
        story = in_run()
        share_s = 0.6 * row.raise_after_s
        story.run(share_s, battery=two(**fields))
        story.run(row.raise_after_s, battery=unknown)
        assert number not in numbers(story), "what is unknown raises nothing"
        story.run(0.1 * row.raise_after_s, battery=two(**fields))
        assert number not in numbers(story)
        story.run(0.5 * row.raise_after_s)
        assert number in numbers(story), unknown


def test_a_rack_that_is_open_is_not_judged_and_that_is_known() -> None:
    story = in_run()
    story.run(6.0, battery=two(cell_min_c=1.0))
    assert 121 in numbers(story)
    story.run(31.0, battery=two(contactors_closed=False, cell_min_c=None))
    assert 121 not in numbers(story)


def test_one_rack_of_which_nothing_is_known_holds_only_its_own_errors() -> None:
    story = in_run()
    story.run(6.0, battery=battery(rack(1, cell_min_c=1.0), rack(2, cell_min_c=1.0)))
    story.run(31.0, battery=battery(rack(1), rack(2, cell_min_c=None)))
    assert [e.source for e in story.last.errors if e.number == 121] == ["rack 2"]


def test_a_battery_that_would_not_open_has_not_opened_because_it_fell_silent() -> None:
    for silent in (None, battery(state=BatteryState.UNKNOWN)):
        story = in_run()
        story.ask(GoToState(State.IDLE))
        story.run(12.0)
        assert 104 in numbers(story)
        story.run(10.0, battery=silent)
        assert 104 in numbers(story)
        story.run(3.5, battery=battery(rack(contactors_closed=False), state=BatteryState.STANDBY))
        assert 104 not in numbers(story)


def test_an_inverter_that_would_not_stop_has_not_stopped_because_it_fell_silent() -> None:
    for silent in (None, inverter(state=InverterState.UNKNOWN)):
        story = in_run()
        story.ask(GoToState(State.IDLE))
        story.run(12.0, inverter=inverter(3_000.0))
        assert 208 in numbers(story)
        story.run(10.0, inverter=silent)
        assert 208 in numbers(story)
        story.run(3.5, inverter=inverter(state=InverterState.OFF))
        assert 208 not in numbers(story)


@pytest.mark.parametrize(("number", "slow"), [(134, False), (135, True)])
def test_power_against_a_ban_is_not_over_because_nobody_tells_of_it(
    number: int, slow: bool
) -> None:
    story = in_run()
    on = inverter(follows_slowly=slow)
    story.run(31.0, inverter=on, battery=battery(power_w=-3_000.0))
    assert number in numbers(story)
    for unknown in (None, battery(power_w=None, current_a=None), battery(power_w=NAN)):
        story.run(61.0, battery=unknown)
        assert number in numbers(story)
    story.run(61.0, battery=battery())
    assert number not in numbers(story)


def test_cells_that_heat_up_are_seen_through_a_bad_wire() -> None:
    """For some tenths of a second in two nothing is heard."""
    story, watch = in_run(), BatteryWatch()
    start_s, hot_c = story.now_s, 24.0
    for beat in range(1_700):
        at_s = start_s + (beat + 1) * 0.1
        hot_c = 24.0 + (at_s - start_s) / 6.0
        told = (
            None if 8 <= beat % 20 < 12 else battery(rack(cell_max_c=hot_c, cell_min_c=hot_c - 3.0))
        )
        decision = story.cycle.step(watch.look(seen(at_s, battery=told)))
        if 133 in [error.number for error in decision.errors]:
            break
    assert hot_c < 31.0, "ten degrees a minute, and a minute is looked back"


def test_a_battery_that_falls_silent_while_it_heats_up_raises_nothing_by_that() -> None:
    story = in_run()
    view = BatteryView(((1, 9.0),))
    story.run(2.0, battery_view=view)
    story.run(30.0, battery=None)
    assert 133 not in numbers(story)
    story.run(1.5, battery=battery())
    assert 133 in numbers(story)


def test_which_rows_can_tell_that_they_do_not_know() -> None:
    rows = [row.number for row in ERRORS if row.knows is not None]
    assert rows == [
        104, 111, 112, 113, 114, 121, 122, 123, 128, 129, 130, 131, 132, 133, 134, 135, 208,
        310, 311, 312, 313, 314, 315, 316, 502, 510,
    ]  # fmt: skip
    assert all(row.clear_after_s > 0.0 for row in ERRORS if row.knows is not None)
    for number in (112, 123, 133):
        knows = ROWS[number].knows
        assert knows is not None
        assert not knows(seen(battery=battery(rack(1))), "rack 2")


def test_a_stop_for_heat_outlasts_the_sensor() -> None:
    story = Story().running()
    hot = SensorReading(temperature_c=90.0, humidity_pct=40.0)
    story.run(12.0, box=hot)
    assert {502, 510} <= set(numbers(story))
    story.run(320.0, box=None)
    assert {502, 510} <= set(numbers(story))
    story.run(301.0, box=SensorReading(temperature_c=25.0, humidity_pct=40.0))
    assert not {502, 510} & set(numbers(story))


def test_a_lost_grid_is_not_back_because_its_meter_is_silent() -> None:
    story = Story().running()
    lost = GridView(steady_s=0.0, wait_s=0.0, lost=True)
    story.run(3.0, grid_view=lost)
    assert 310 in numbers(story)
    story.run(90.0, grid=None, grid_view=GridView(steady_s=0.0, wait_s=0.0))
    assert 310 in numbers(story)
    story.run(61.0, grid=MeterReading(power_w=0.0))
    assert 310 not in numbers(story)


def test_cells_far_apart_are_not_forgotten_by_a_silent_battery_nor_by_a_restart() -> None:
    story = Story().running()
    apart = battery(rack(cell_max_v=3.35, cell_min_v=2.90))
    story.run(61.0, battery=apart)
    assert 130 in numbers(story)
    story.run(80.0, battery=None)
    assert 130 in numbers(story)
    known = durable_of(story.last, None)
    assert 130 in [error.number for error in known.latched]
    story.run(65.0, battery=battery(rack(cell_max_v=3.30, cell_min_v=3.28)))
    assert 130 not in numbers(story)
