"""An inverter that hears, and whose answers are lost: it is told zero, and not kept alive at power."""

import pytest
from typing_extensions import override

from appliance.io.buses import BusError
from appliance.io.registers import Block, Write
from appliance.model import Setpoints
from tests.io.cases import INVERTERS
from tests.io.rig import InverterRig, TableBus
from tests.io.test_inverter_contract import FULL, near, started

REST_S = 3.0


class Mute(TableBus):
    """The device does as told; of its answers only those to writes so far arrive."""

    mute = False

    @override
    def read(self, block: Block, unit: int) -> tuple[int, ...]:
        words = super().read(block, unit)
        self._lose()
        return words

    @override
    def write(self, write: Write, unit: int) -> None:
        super().write(write, unit)
        self._lose()

    def _lose(self) -> None:
        if self.mute:
            raise BusError("no answer")


def mute(name: str) -> InverterRig:
    """Running at 1 kW, and then mute."""
    rig = started(name)
    rig.bus = bus = Mute(rig.twin)
    assert rig.run(60.0, FULL, lambda: near(rig, 1_000.0, INVERTERS[name]))
    bus.mute = True
    return rig


@pytest.mark.parametrize("name", sorted(INVERTERS))
@pytest.mark.parametrize("wanted", [FULL, Setpoints()], ids=["on", "off"])
def test_a_mute_inverter_is_at_zero_in_time(name: str, wanted: Setpoints) -> None:
    rig = mute(name)
    assert rig.run(REST_S, wanted, lambda: abs(rig.power_w) < 1.0), rig.power_w
    rig.run(5.0, wanted)
    assert abs(rig.power_w) < 1.0


@pytest.mark.parametrize("name", sorted(INVERTERS))
def test_one_lost_answer_does_not_stop_it(name: str) -> None:
    rig = mute(name)
    rig.run(0.06, FULL)
    assert isinstance(rig.bus, Mute)
    rig.bus.mute = False
    assert rig.run(20.0, FULL, lambda: near(rig, 1_000.0, INVERTERS[name]))
