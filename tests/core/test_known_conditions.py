"""What is known of what an error judges; rows that are latched or outlast a restart."""

import pytest

from appliance.errors import ERRORS, ROWS
from appliance.errors.known import cells, every_cell
from appliance.model import (
    BatteryState,
    InverterState,
)
from tests.core.conditions import knows
from tests.stories import battery, inverter, rack, seen

NAN = float("nan")


CELLS = {
    111: ("cell_max_v",), 112: ("cell_max_v",), 113: ("cell_min_v",), 114: ("cell_min_v",),
    121: ("cell_min_c",), 122: ("cell_max_c",), 123: ("cell_min_c", "cell_max_c"),
    131: ("cell_max_c",), 132: ("cell_min_c", "cell_max_c"), 133: ("cell_max_c",),
}  # fmt: skip
EVERY_RACK = (123, 133)


@pytest.mark.parametrize("number", CELLS)
def test_what_is_known_of_cells(number: int) -> None:
    assert knows(number, "rack 1")
    assert not knows(number, "rack 2")
    assert not knows(number, "rack 1", battery=None)
    every = ("cell_min_v", "cell_max_v", "cell_min_c", "cell_max_c")
    for name in every:
        for unknown in (None, NAN):
            one = battery(rack(1), rack(2, **{name: unknown}))
            assert knows(number, "rack 2", battery=one) == (name not in CELLS[number])
            assert knows(number, "rack 1", battery=one)
            gone = battery(rack(1), rack(2, contactors_closed=False, **{name: unknown}))
            judged = number in EVERY_RACK and name in CELLS[number]
            assert knows(number, "rack 2", battery=gone) != judged


def test_asking_what_is_known() -> None:
    working, every = cells("cell_max_v"), every_cell("cell_max_v")
    told = seen(battery=battery(rack(1), rack(2, cell_max_v=None)))
    for asked in (working, every):
        assert asked(told, "rack 1") is True
        assert asked(told, "rack 2") is False
        assert asked(told, "rack 3") is False
        assert asked(seen(battery=None), "rack 1") is False
    away = seen(battery=battery(rack(1), rack(2, cell_max_v=None, contactors_closed=False)))
    assert working(away, "rack 2") is True
    assert every(away, "rack 2") is False
    none = seen(battery=battery(rack(1, cell_max_v=NAN)))
    assert working(none, "rack 1") is every(none, "rack 1") is False
    both = cells("cell_min_v", "cell_max_v")
    assert both(told, "rack 1") is True
    assert both(told, "rack 2") is False


def test_what_is_known_of_contactors_power_and_inverter() -> None:
    assert knows(104)
    assert knows(104, battery=battery(state=BatteryState.FAULT))
    assert not knows(104, battery=battery(state=BatteryState.UNKNOWN))
    assert not knows(104, battery=None)
    for number in (134, 135):
        assert knows(number, battery=battery(power_w=0.0))
        assert knows(number, battery=battery(power_w=None, current_a=1.0))
        assert not knows(number, battery=battery(power_w=NAN))
        assert not knows(number, battery=battery(power_w=None, current_a=None))
        assert not knows(number, battery=None)
    assert knows(208)
    assert not knows(208, inverter=inverter(state=InverterState.UNKNOWN))
    assert not knows(208, inverter=None)


def test_which_rows_are_latched_outlast_a_restart_and_know_what_they_judge() -> None:
    assert {row.number for row in ERRORS if row.latched} == {112, 114, 123, 133, 211, 401}
    assert {row.number for row in ERRORS if row.outlasts_restart} == {104, 130, 134, 135, 208, 510}
    assert {row.number: row.derate_pct for row in ERRORS if row.derate_pct is not None} == {
        128: 50.0, 131: 50.0, 132: 50.0,
    }  # fmt: skip
    assert {row.number for row in ERRORS if row.knows is not None} == {
        *CELLS, 104, 128, 129, 130, 134, 135, 208, 310, 311, 312, 313, 314, 315, 316, 502, 510,
    }  # fmt: skip
    assert list(ROWS) == [row.number for row in ERRORS]
    assert len(ROWS) == len(ERRORS)
