"""A bus that carries registers, whatever is under it: one row per kind in site.toml."""

from typing import Protocol

from appliance.clock import Clock
from appliance.io.buses.modbus import ModbusBus
from appliance.io.registers import Block, Write
from appliance.site import LxpDongle, LxpSerial, ModbusRtu, ModbusTcp, RegisterBus


class Registers(Protocol):
    """What a device needs of its bus. Used by one thread."""

    @property
    def connections(self) -> int:
        """How often a connection was made; a device may have forgotten everything since the last."""

    def connect(self) -> None:
        """Make sure that there is a connection. Raises BusError."""

    def read(self, block: Block, unit: int) -> tuple[int, ...]:
        """Words (or bits) of a block. Raises BusError; RefusedError when the device says no."""

    def write(self, write: Write, unit: int) -> None:
        """Set registers. Raises BusError; RefusedError when the device says no."""

    def close(self) -> None:
        """Drop the connection; the next call makes a new one."""


def open_registers(settings: RegisterBus, clock: Clock) -> Registers:
    """The bus that site.toml describes; connects at the first use."""
    match settings:
        case ModbusTcp() | ModbusRtu():
            return ModbusBus(settings, clock)
        case LxpDongle() | LxpSerial():
            from appliance.io.buses.lxp import LxpBus

            return LxpBus(settings, clock)
