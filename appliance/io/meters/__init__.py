"""Energy meters: one file per family, found by its name in site.toml.

A driver is a table and one translation, and opens no socket. Each file offers `TITLE`, a class `Driver`,
and, when it wants to know something that no other driver does, a class `Options`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, Protocol, cast

from appliance import registry
from appliance.io.registers import Ask, Block, Values
from appliance.model import MeterReading
from appliance.settings import Settings
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


class MeterFile(Protocol):
    """What each file of this folder offers."""

    TITLE: str
    """Maker and model; says so when it was never tried on the device."""

    def Driver(self, settings: Meter, options: Settings, /) -> MeterDriver:  # noqa: N802 the class
        """The driver's class. Raises ValueError for settings that cannot work."""


def load(name: str) -> MeterFile:
    """The file of that name. Raises LookupError."""
    return cast(MeterFile, registry.load(__name__, name))


def driver(settings: Meter) -> MeterDriver:
    """The driver that site.toml names, ready to use. Raises LookupError, ValueError."""
    file = load(settings.driver)
    return file.Driver(settings, registry.options(file, settings.options))


def options(name: str, values: Mapping[str, Any]) -> Settings:
    """Check a driver's own options. Raises pydantic's ValidationError."""
    return registry.options(load(name), values)
