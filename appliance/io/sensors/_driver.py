"""What a file of this folder offers: `TITLE`, a class `Driver`, and `Options` when it has any."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, cast

from smbus2 import SMBus

from appliance import registry
from appliance.io.buses.files import Files
from appliance.model import SensorReading
from appliance.settings import Settings
from appliance.site import Sensor

PACKAGE = "appliance.io.sensors"
BusT = TypeVar("BusT", SMBus, Files)
Rest = Callable[[float], object]
"""Waits for so many seconds, or shorter when the thread must end."""


class SensorDriver(ABC, Generic[BusT]):
    """One sensor. Used by one thread; knows no clock, opens nothing."""

    KIND: ClassVar[Literal["i2c", "files"]]
    """The kind of bus it is on."""

    def begin(self, bus: BusT, rest: Rest) -> None:
        """Find the sensor and set it up: after each opening of the bus. Raises OSError."""
        del bus, rest

    @abstractmethod
    def measure(self, bus: BusT, rest: Rest) -> SensorReading:
        """One measurement, within a second. Raises OSError."""


class I2cSensor(SensorDriver[SMBus]):
    """A sensor on an I2C bus."""

    KIND = "i2c"


class FileSensor(SensorDriver[Files]):
    """A sensor that the kernel shows as files."""

    KIND = "files"


AnyDriver = I2cSensor | FileSensor


class SensorFile(Protocol):
    """What each file of this folder offers."""

    TITLE: str
    """Maker and model; says so when it was never tried on the device."""

    def Driver(self, settings: Sensor, options: Settings, /) -> AnyDriver:  # noqa: N802 the class
        """The driver's class. Raises ValueError for settings that cannot work."""


def load(name: str) -> SensorFile:
    """The file of that name. Raises LookupError."""
    return cast(SensorFile, registry.load(PACKAGE, name))


def driver(settings: Sensor) -> AnyDriver:
    """The driver that site.toml names, ready to use. Raises LookupError, ValueError."""
    file = load(settings.driver)
    return file.Driver(settings, registry.options(file, settings.options))


def options(name: str, values: Mapping[str, Any]) -> Settings:
    """Check a driver's own options. Raises pydantic's ValidationError."""
    return registry.options(load(name), values)
