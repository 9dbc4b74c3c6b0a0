"""Energy meters: one file per model, found by its name in site.toml.

A driver is a table and one translation, and opens no socket: see `MeterDriver`.
"""

from typing import Literal, Protocol, cast

from appliance import registry
from appliance.io.registers import Block, Register, Values
from appliance.model import MeterReading

Mounting = Literal["normal", "reversed"]


class MeterDriver(Protocol):
    """What each file of this folder offers."""

    TITLE: str
    """Maker and model; says so when it was never tried on the device."""
    READS: tuple[Register, ...]
    BLOCKS: tuple[Block, ...]
    """READS grouped into requests."""

    def reading(self, values: Values, mounting: Mounting, /) -> MeterReading:
        """The device's numbers in our words and signs: into the site's AC bus is positive."""


def load(name: str) -> MeterDriver:
    """The driver of that name. Raises LookupError."""
    return cast(MeterDriver, registry.load(__name__, name))
