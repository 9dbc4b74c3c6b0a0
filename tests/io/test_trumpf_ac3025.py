"""The TRUMPF's own ways: several modules, start and stop in order, its reading from raw words."""

import pytest

from appliance.io.inverters import trumpf_ac3025 as trumpf
from appliance.io.registers import Write
from appliance.model import InverterState, Setpoints
from appliance.settings import Settings
from appliance.site import Inverter

HOME = Inverter(driver="trumpf_ac3025", bus="lan", max_charge_w=5e3, max_discharge_w=5e3)
DRIVER = trumpf.Driver(HOME, Settings())
OPERATION = {"state": 3.0, "modules": 2.0}
ON = Setpoints(power_w=5001.0, inverter_on=True, contactors_closed=True)


def test_the_power_is_shared_by_the_modules() -> None:
    assert DRIVER.writes(ON, OPERATION, 0) == (Write(4195, "holding", (2500,)),)


@pytest.mark.parametrize("modules", [None, 0.0])
def test_no_power_while_the_number_of_modules_is_unknown(modules: float | None) -> None:
    unknown = {"state": 3.0, "modules": modules}
    assert DRIVER.writes(ON, unknown, 0) == (Write(4195, "holding", (0,)),)
    assert DRIVER.writes(ON, {"state": 3.0}, 0) == (Write(4195, "holding", (0,)),)


def test_negative_set_values_are_twos_complement() -> None:
    charge = Setpoints(power_w=-2000.0, inverter_on=True, contactors_closed=True)
    assert DRIVER.writes(charge, OPERATION, 0) == (Write(4195, "holding", (0xFC18,)),)


def test_a_fault_is_reset_only_when_asked() -> None:
    fault = {"state": 1.0}
    reset = Write(4002, "coil", (1,))
    asking = Setpoints(inverter_on=True, contactors_closed=True, reset_faults=True)
    assert reset not in DRIVER.writes(ON, fault, 0)
    assert reset in DRIVER.writes(asking, fault, 0)
    assert reset not in DRIVER.writes(asking, OPERATION, 0)
    assert reset not in DRIVER.arm(), "a connection alone acknowledges nothing"


def test_a_reading_from_raw_words() -> None:
    words = {5000: 3, 5001: 1, 5186: 0xFFFF, 5187: 0xFC18, 5188: 0xFFFF, 5189: 0xFC18, 5190: 0xFFFF,
             5191: 0xFC18, 5150: 1234, 5160: 2304, 5200: 5001, 5210: 410, 5211: 405, 5501: 312,
             5502: 298, 5503: 0xFFF6}  # fmt: skip
    values: dict[str, float | None] = {}
    for block in trumpf.BLOCKS:
        cells = range(block.address, block.address + block.count)
        values |= block.decode([words.get(cell, 0) for cell in cells])
    reading = DRIVER.reading(values)
    assert reading.state is InverterState.RUNNING
    assert reading.power_w == -3000.0
    assert reading.phases[0].current_a == pytest.approx(12.34)
    assert reading.phases[0].voltage_v == pytest.approx(230.4)
    assert reading.frequency_hz == pytest.approx(50.01)
    assert reading.dc_voltage_v == 815.0
    assert reading.temperature_c == pytest.approx(31.2)


def test_only_what_is_documented_is_read() -> None:
    documented = {row.address + i for row in trumpf.READS for i in range(row.count)}
    asked = {b.address + i for b in trumpf.BLOCKS for i in range(b.count)}
    assert asked == documented


# ---------------------------------------------------------------- making the grid

FORM = Setpoints(inverter_on=True, contactors_closed=True, grid_forming=True)
FOLLOW = Setpoints(inverter_on=True, contactors_closed=True)
ZERO, ON_COIL, OFF_COIL = (
    Write(4195, "holding", (0,)),
    Write(4000, "coil", (1,)),
    Write(4000, "coil", (0,)),
)


def a_type(wanted: int, held: int) -> Write:
    return Write(4009, "holding", (wanted,), stored=True, holds=(held,))


@pytest.mark.parametrize(
    ("state", "held", "told", "sent"),
    [
        # Into the island: off, the type in idle, on once it is read back.
        (3.0, 0.0, FORM, (ZERO, OFF_COIL)),
        (0.0, 0.0, FORM, (ZERO, OFF_COIL)),
        (2.0, 0.0, FORM, (ZERO, OFF_COIL, a_type(2, 0))),
        (2.0, 2.0, FORM, (ZERO, ON_COIL)),
        (3.0, 2.0, FORM, (ZERO,)),
        (2.0, None, FORM, (ZERO, OFF_COIL)),
        # And back.
        (3.0, 2.0, FOLLOW, (ZERO, OFF_COIL)),
        (2.0, 2.0, FOLLOW, (ZERO, OFF_COIL, a_type(0, 2))),
        (2.0, 3.0, Setpoints(), (ZERO, OFF_COIL, a_type(0, 3))),
        (2.0, 0.0, FOLLOW, (ZERO, ON_COIL)),
        (2.0, 4.0, FOLLOW, (ZERO, ON_COIL)),
        (2.0, None, FOLLOW, (ZERO, ON_COIL)),
    ],
)
def test_the_grid_type_is_changed_in_idle_only(
    state: float, held: float | None, told: Setpoints, sent: tuple[Write, ...]
) -> None:
    values = {"state": state, "modules": 1.0, "grid_type": held}
    assert DRIVER.writes(told, values, 0) == sent


@pytest.mark.parametrize(
    ("state", "held", "forms"),
    [(3.0, 2.0, True), (2.0, 2.0, False), (3.0, 0.0, False), (3.0, None, None)],
)
def test_it_says_whether_it_makes_the_grid(
    state: float, held: float | None, forms: bool | None
) -> None:
    assert DRIVER.reading({"state": state, "grid_type": held}).grid_forming is forms
