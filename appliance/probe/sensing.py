"""Probing a sensor on I2C or in the files of the kernel: set up, measure once."""

import errno
from contextlib import suppress
from socket import gaierror
from typing import Final, cast

from smbus2 import SMBus

from appliance.clock import Clock
from appliance.io import sensors
from appliance.io.buses.files import open_files
from appliance.io.buses.i2c import open_i2c
from appliance.io.sensors import AnyDriver
from appliance.model import SensorReading
from appliance.probe.found import Found, ProbeError, WrongInputError
from appliance.probe.target import Target
from appliance.site import I2cBus, Sensor, SysFiles
from appliance.supervisor import Lease


def sense(settings: Sensor, target: Target, where: I2cBus | SysFiles, clock: Clock) -> Found:
    """One measurement. Raises ProbeError, WrongInputError, ValueError."""
    driver, title = sensors.driver(settings), sensors.load(settings.driver).TITLE
    if where.kind != driver.KIND:
        raise WrongInputError([f"TARGET: {settings.driver} is on {driver.KIND}, not {where.kind}"])
    started_s = clock.now_s()
    try:
        reading = _measure(driver, where, clock)
    except OSError as error:
        place = (
            f"{target.text} address 0x{settings.unit:02x}" if driver.KIND == "i2c" else target.text
        )
        raise ProbeError(f"{place}: {error}\n{_advice(where, error)}") from error
    took_s = clock.now_s() - started_s
    return Found("sensor", settings.driver, title, "", target.text, reading, took_s)


def _measure(driver: AnyDriver, where: I2cBus | SysFiles, clock: Clock) -> SensorReading:
    """Open, begin, measure, close. Raises OSError."""
    bus = open_i2c(where) if isinstance(where, I2cBus) else open_files(where)
    rest = Lease(clock).wait
    try:
        # KIND was compared: the driver is for this kind of bus.
        driver.begin(cast(SMBus, bus), rest)  # type: ignore[arg-type]
        return driver.measure(cast(SMBus, bus), rest)  # type: ignore[arg-type]
    finally:
        with suppress(OSError):
            bus.close()


def _advice(where: I2cBus | SysFiles, error: OSError) -> str:
    """What to look at: the way to the bus, or the wires on it."""
    if isinstance(where, SysFiles):
        return "Is this the computer that the driver is for, and the folder right (/sys)?"
    if where.path.startswith("pigpio"):
        if isinstance(error, ConnectionError | TimeoutError | gaierror) or error.errno in _NO_WAY:
            return _NO_DAEMON
    elif isinstance(error, FileNotFoundError | PermissionError):
        return "Is I2C enabled, is this its bus (ls /dev/i2c-*), and may this user open it (group i2c)?"
    return "Are SDA and SCL the right way round, and is this its address (i2cdetect -y 1)?"


_NO_WAY: Final = frozenset({errno.ENOTCONN, errno.EHOSTUNREACH, errno.ENETUNREACH})
_NO_DAEMON: Final = (
    "Does pigpiod run there, does it take connections from other computers (not started with -l),"
    " and are its address and port right (8888)?"
)
