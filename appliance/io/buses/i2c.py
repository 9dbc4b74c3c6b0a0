"""An I2C bus as smbus2 knows it: a device file, or a bus behind a remote pigpio daemon.

No call waits for ever: the kernel ends a transfer after its adapter's time (1 s unless a driver
says otherwise), a remote daemon has `gpio.TIMEOUT_S`. Every failure is an OSError.
"""

import errno
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pigpio
from smbus2 import SMBus
from typing_extensions import override

from appliance.io.buses.gpio import RemotePi, pigpio_address
from appliance.site import I2cBus

T = TypeVar("T")


class PigpioBus(SMBus):
    """Byte and I2C-block transfers on a bus of a remote pigpio daemon; others raise OSError."""

    def __init__(self, host: str, port: int, bus: int) -> None:
        super().__init__()
        self._remote = RemotePi(host, port, reports=False)
        self._bus = bus
        self._opened: dict[int, int] = {}

    def _open(self, address: int) -> int:
        if address not in self._opened:
            self._opened[address] = self._ask(int, self._remote.i2c_open, self._bus, address)
        return self._opened[address]

    def _ask(self, kind: Callable[[Any], T], command: Callable[..., Any], *arguments: object) -> T:
        if self._remote.sl.s is None:
            raise OSError(errno.ENOTCONN, "the connection to the pigpio daemon has ended")
        try:
            return kind(command(*arguments))
        except pigpio.error as refusal:
            raise OSError(errno.EREMOTEIO, f"I2C: {refusal}") from None

    @override
    def read_byte_data(self, i2c_addr: int, register: int, force: bool | None = None) -> int:
        """One register's byte. Raises OSError."""
        return self._ask(int, self._remote.i2c_read_byte_data, self._open(i2c_addr), register)

    @override
    def write_byte_data(
        self, i2c_addr: int, register: int, value: int, force: bool | None = None
    ) -> None:
        """Write one register. Raises OSError."""
        self._ask(int, self._remote.i2c_write_byte_data, self._open(i2c_addr), register, value)

    @override
    def read_i2c_block_data(
        self, i2c_addr: int, register: int, length: int, force: bool | None = None
    ) -> list[int]:
        """1 to 32 bytes from a register on. Raises OSError."""
        device = self._open(i2c_addr)
        count, data = self._ask(
            tuple, self._remote.i2c_read_i2c_block_data, device, register, length
        )
        if count != length:
            raise OSError(errno.EREMOTEIO, f"I2C: {pigpio.error_text(count)}")
        return list(data)

    @override
    def write_i2c_block_data(
        self, i2c_addr: int, register: int, data: Sequence[int], force: bool | None = None
    ) -> None:
        """1 to 32 bytes to a register. Raises OSError."""
        device = self._open(i2c_addr)
        self._ask(int, self._remote.i2c_write_i2c_block_data, device, register, bytes(data))

    @override
    def close(self) -> None:
        """Close every device at the daemon and hang up; quiet when it is gone."""
        try:
            for device in self._opened.values():
                self._ask(int, self._remote.i2c_close, device)
        except OSError:
            pass  # it frees them itself, or is gone
        self._opened.clear()
        self._remote.stop()

    def _set_address(self, address: int, force: bool | None = None) -> None:
        """The way of every other kind of transfer."""
        raise OSError(errno.ENOTSUP, "this kind of transfer is not done over pigpio")


def open_i2c(settings: I2cBus) -> SMBus:
    """Open the bus that `settings.path` names. Raises OSError, or ValueError for a bad address."""
    if settings.path.startswith("/"):
        return SMBus(settings.path)
    host, port, bus = pigpio_address(settings.path)
    if not bus.isdecimal():
        msg = f"{settings.path!r}: the bus number is missing, as in pigpio://host:port/1"
        raise ValueError(msg)
    return PigpioBus(host, port, int(bus))
