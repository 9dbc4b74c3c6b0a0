"""Reactive power at the grid through every meter driver: import +, whichever way the meter is mounted."""

import pytest

from appliance.io.meters import Mounting
from tests.io.served import plant
from tests.io.test_meter_contract import CASES, NAMES, Rig


@pytest.mark.parametrize("mounting", ["normal", "reversed"])
@pytest.mark.parametrize("var", [1_200.0, -1_200.0])
@pytest.mark.parametrize("name", NAMES)
def test_what_the_inverter_gives_the_grid_does_not(
    name: str, var: float, mounting: Mounting
) -> None:
    site = plant(2_000.0)
    site.inverter.reactive_var = var
    twin = CASES[name].twin(site, mounting == "reversed")
    reading = Rig(name, twin.registers, mounting).run(3.0)
    assert reading is not None and reading.power_w is not None
    assert reading.reactive_var == pytest.approx(-var, abs=1.0)
    for phase in reading.phases:
        assert phase.reactive_var is None or phase.reactive_var == pytest.approx(
            -var / 3.0, abs=1.0
        )
