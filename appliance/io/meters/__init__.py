"""Energy meters: one file per family, found by its name in site.toml.

A driver is a table and one translation, and opens no socket. Each file offers `TITLE`, a class `Driver`,
and, when it wants to know something that no other driver does, a class `Options`.
"""

from abc import ABC, abstractmethod
from typing import Literal

from appliance.io._driver_files import DriverFiles
from appliance.io.registers import Ask, Block, Values
from appliance.model import MeterReading
from appliance.site import Meter

Mounting = Literal["normal", "reversed"]


class MeterDriver(ABC):
    """One meter. Used by one thread; deterministic, knows no clock."""

    blocks: tuple[Block, ...]
    """What to read, grouped into requests; may change in `identify`, never later."""

    refresh_s: float = 0.0
    """The device renews its values no faster; polled no faster either."""

    def identify(self, ask: Ask) -> None:
        """Find out what answers there: after every new connection and every silence, before polling.

        `ask` reads registers now. Raises BusError (silent) or `WrongDeviceError` (something else).
        """
        del ask

    @abstractmethod
    def reading(self, values: Values) -> MeterReading:
        """The device's numbers in our words and signs: into the site's AC bus is positive."""


_FILES = DriverFiles[Meter, MeterDriver](__name__)
load, driver, options = _FILES.load, _FILES.driver, _FILES.options
