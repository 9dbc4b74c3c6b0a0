"""What a file of this folder offers: `TITLE`, a class `Driver`, and `Options` when it has any."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Generic, Literal, TypeVar

from smbus2 import SMBus

from appliance.io._driver_files import DriverFiles
from appliance.io.buses.files import Files
from appliance.model import SensorReading
from appliance.site import Sensor

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


_FILES = DriverFiles[Sensor, AnyDriver]("appliance.io.sensors")
load, driver, options = _FILES.load, _FILES.driver, _FILES.options
