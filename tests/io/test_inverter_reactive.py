"""Reactive power through every driver that commands it: both directions, inside the circle, gone with the box."""

import math
from pathlib import Path

import pytest

from appliance import registry
from appliance.io import inverters
from appliance.model import InverterState, Setpoints
from appliance.site import Inverter
from tests.io.cases import INVERTERS
from tests.io.rig import InverterRig

NAMES = sorted(registry.names("appliance.io.inverters"))
TAKES = ("abb_esi", "abb_pqstori", "sunspec")
TABLE = Path(__file__).parents[2] / "docs" / "examples" / "abb_esi.toml"
MORE = """
[[register]]
name = "reactive_var"
kind = "input"
address = 812
type = "f32"
scale = 1000.0
[[register]]
name = "setpoint_var"
address = 6202
type = "f32"
scale = 1000.0
[[register]]
name = "command_reactive_var"
address = 6202
type = "f32"
scale = 1000.0
"""


def settings(name: str, folder: Path) -> Inverter:
    options = dict(INVERTERS[name].options)
    if name == "abb_esi":
        table = folder / "esi.toml"
        table.write_text(TABLE.read_text() + MORE)
        options["table"] = str(table)
    return Inverter(
        driver=name, bus="lan", max_charge_w=5e3, max_discharge_w=5e3, max_reactive_var=2e3,
        comm_timeout_s=2, options=options,
    )  # fmt: skip


def on(power_w: float, reactive_var: float) -> Setpoints:
    return Setpoints(power_w, reactive_var, inverter_on=True, contactors_closed=True)


def started(name: str, folder: Path) -> InverterRig:
    rig = InverterRig(settings(name, folder), INVERTERS[name].twin)
    starts_s = INVERTERS[name].starts_s
    assert rig.run(
        starts_s, on(0.0, 0.0),
        lambda: rig.reading is not None and rig.reading.state is InverterState.RUNNING,
    )  # fmt: skip
    return rig


def arrived(rig: InverterRig, var: float) -> bool:
    """The device gives it, and the box reads both what it gives and what it holds."""
    told = rig.reading
    if told is None or told.reactive_var is None or told.reactive_setpoint_var is None:
        return False
    each = (rig.site.inverter.reactive_var, told.reactive_var, told.reactive_setpoint_var)
    return all(abs(value - var) < 20.0 for value in each)


@pytest.mark.parametrize("name", NAMES)
def test_who_takes_reactive_power_and_who_refuses(name: str, tmp_path: Path) -> None:
    file = inverters.load(name)
    options = registry.options(file, settings(name, tmp_path).options)
    assert registry.load("appliance.io.inverters", name).Driver.takes_reactive(options) == (
        name in TAKES
    )


def test_a_table_without_a_register_for_it_refuses() -> None:
    file = registry.load("appliance.io.inverters", "abb_esi")
    assert not file.Driver.takes_reactive(registry.options(file, INVERTERS["abb_esi"].options))


@pytest.mark.parametrize("name", TAKES)
class TestEveryOneThatTakesIt:
    def test_both_directions_beside_both_directions_of_power(
        self, name: str, tmp_path: Path
    ) -> None:
        rig = started(name, tmp_path)
        for power_w, var in ((1_000.0, 800.0), (1_000.0, -800.0), (-1_000.0, 800.0)):
            wanted = on(power_w, var)
            assert rig.run(40.0, wanted, lambda: arrived(rig, var)), (power_w, var, rig.reading)  # noqa: B023
            assert rig.run(10.0, wanted, lambda: abs(rig.power_w - power_w) < 20.0)  # noqa: B023
            assert rig.site.grid_var == -rig.site.inverter.reactive_var

    def test_nonsense_is_clamped_or_zero(self, name: str, tmp_path: Path) -> None:
        rig = started(name, tmp_path)
        for var in (1e9, -1e9, math.nan, math.inf):
            rig.run(3.0, on(1_000.0, var))
            inverter = rig.site.inverter
            assert inverter.apparent_va <= inverter.rated_va + 1e-6
            assert math.isfinite(var) or abs(inverter.reactive_var) < 1.0

    def test_it_is_gone_when_nobody_decides_any_more_and_when_switched_off(
        self, name: str, tmp_path: Path
    ) -> None:
        rig = started(name, tmp_path)
        assert rig.run(40.0, on(1_000.0, 800.0), lambda: arrived(rig, 800.0))
        rig.decides = False
        assert rig.run(5.0, until=lambda: rig.site.inverter.reactive_var == 0.0)

    def test_it_is_gone_with_the_box(self, name: str, tmp_path: Path) -> None:
        rig = started(name, tmp_path)
        assert rig.run(40.0, on(1_000.0, 800.0), lambda: arrived(rig, 800.0))
        wall_s = INVERTERS[name].wall_s + 2.0
        assert rig.run(wall_s, until=lambda: rig.site.inverter.reactive_var == 0.0, alive=False)
