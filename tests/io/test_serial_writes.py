"""Registers of one and of several words, and coils, are written over TCP and over a serial line alike."""

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.io.buses import RefusedError
from appliance.io.buses.registers import open_registers
from appliance.io.registers import Block, Write
from appliance.probe.target import read_target
from appliance.site import ModbusRtu, ModbusTcp
from simulator.wire.trumpf import Trumpf
from tests.io.served import on_line, on_tcp, plant
from tests.io.threads import CLOCK

SET_VALUE, POWER_STAGE = 4195, 4000
WORDS = Block("holding", 1016, 1, (), slow=False, optional=False)


@pytest.mark.parametrize("serve", [lambda units, _at: on_tcp(units), on_line], ids=["tcp", "line"])
def test_every_kind_of_write_arrives(serve: Callable[..., object], tmp_path: Path) -> None:
    twin = Trumpf(plant(0.0))
    with serve({1: twin.registers}, tmp_path) as (target, units):  # type: ignore[attr-defined]
        bus_settings = read_target(target).bus
        assert isinstance(bus_settings, ModbusTcp | ModbusRtu)
        bus = open_registers(bus_settings, CLOCK)
        bus.write(Write(1016, "holding", (7,)), 1)
        assert bus.read(WORDS, 1) == (7,)
        bus.write(Write(1016, "holding", (9,), together=True), 1)
        assert bus.read(WORDS, 1) == (9,)
        bus.write(Write(POWER_STAGE, "coil", (1,)), 1)
        with pytest.raises(RefusedError):
            bus.write(Write(60_000, "holding", (1, 2, 3)), 1)
        assert bus.read(WORDS, 1) == (9,), "the line goes on after a refusal"
        bus.close()
        assert [(one.function, one.address, one.values) for one in units[1].writes] == [
            (6, 1016, (7,)),
            (16, 1016, (9,)),
            (5, POWER_STAGE, (1,)),
        ]
