"""Sensors of air, of surfaces and of the computer itself: one file per chip."""

from appliance.io.sensors._driver import (
    AnyDriver,
    FileSensor,
    I2cSensor,
    driver,
    load,
    options,
)
from appliance.io.sensors._workers import sensor_workers

__all__ = [
    "AnyDriver",
    "FileSensor",
    "I2cSensor",
    "driver",
    "load",
    "options",
    "sensor_workers",
]
