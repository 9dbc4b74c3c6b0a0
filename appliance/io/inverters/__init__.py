"""Battery inverters: one file per model, found by its name in site.toml.

A driver is a table and four translations, and opens no socket: see `InverterDriver`.
"""

from typing import Protocol, cast

from appliance import registry
from appliance.io.registers import Block, Register, Values, Write
from appliance.model import InverterReading, Setpoints
from appliance.site import Inverter


class InverterDriver(Protocol):
    """What each file of this folder offers."""

    TITLE: str
    """Maker and model; says so when it was never tried on the device."""
    READS: tuple[Register, ...]
    BLOCKS: tuple[Block, ...]
    """READS grouped into requests."""

    def reading(self, values: Values, /) -> InverterReading:
        """The device's numbers in our words and signs (discharge +)."""

    def arm(self, settings: Inverter, /) -> tuple[Write, ...]:
        """What to write after each connection, the communication timeout among it."""

    def writes(self, setpoints: Setpoints, values: Values, /) -> tuple[Write, ...]:
        """What to write for `setpoints`, given what the device said last (nothing, when it is silent)."""


def load(name: str) -> InverterDriver:
    """The driver of that name. Raises LookupError."""
    return cast(InverterDriver, registry.load(__name__, name))
