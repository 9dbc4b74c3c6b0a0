"""The kernel's hardware watchdog, /dev/watchdog.

Source: Linux Documentation/watchdog/watchdog-api.rst and include/uapi/linux/watchdog.h. Opening the device
arms it; only the letter `V`, written before it is closed, disarms it, unless the kernel was built or told
never to (nowayout). PID 1 may hold the device itself (RuntimeWatchdogSec=): then opening says busy.

Never run on a real device: the tests use a plain file, a pipe and a terminal in its place, with an
`ioctl` of their own.
"""

import contextlib
import errno
import fcntl
import logging
import os
import struct
from collections.abc import Callable
from typing import Final

from appliance.site.watchdog import DeviceWatchdog, fit

log = logging.getLogger(__name__)

Ioctl = Callable[[int, int, bytes], bytes]
"""Device, request, argument; the argument as it came back. Raises OSError."""

READ, WRITE = 2, 1


def _request(direction: int, number: int) -> int:
    """As asm-generic/ioctl.h puts it together, for an int and the letter W."""
    return direction << 30 | 4 << 16 | ord("W") << 8 | number


GETBOOTSTATUS: Final = _request(READ, 2)
KEEPALIVE: Final = _request(READ, 5)
SETTIMEOUT: Final = _request(READ | WRITE, 6)
GETTIMEOUT: Final = _request(READ, 7)
SETPRETIMEOUT: Final = _request(READ | WRITE, 8)
CARDRESET: Final = 0x20
"""Bit of the boot status: the watchdog caused the last restart."""
UNSUPPORTED: Final = frozenset({errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS})


def _ioctl(device: int, request: int, argument: bytes) -> bytes:
    return fcntl.ioctl(device, request, argument)


class KernelWatchdog:
    """Armed by `ready`, disarmed by `end` alone. A crash leaves it armed, and it bites."""

    def __init__(self, settings: DeviceWatchdog, ioctl: Ioctl = _ioctl) -> None:
        self._settings, self._ioctl = settings, ioctl
        self._device: int | None = None

    def ready(self) -> None:
        """Arm. Raises OSError; ValueError, disarmed again, when the device keeps another timeout."""
        if self._device is not None:
            return
        device = os.open(self._settings.path, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            self._tell_last_boot(device)
            self._set_timeouts(device)
            self._call(device, KEEPALIVE)
        except BaseException:
            disarm(device)
            raise
        self._device = device

    def feed(self) -> None:
        """Start its time anew. Raises OSError."""
        if self._device is None:
            raise OSError(errno.EBADF, "is not open", self._settings.path)
        self._call(self._device, KEEPALIVE)

    def end(self) -> None:
        """The magic close."""
        device, self._device = self._device, None
        if device is not None:
            disarm(device)

    def _tell_last_boot(self, device: int) -> None:
        status = self._try(device, GETBOOTSTATUS)
        if status is not None and status & CARDRESET:
            log.warning("the last restart was by the watchdog %s", self._settings.path)

    def _set_timeouts(self, device: int) -> None:
        """Ask for ours, and look at what the device has made of them."""
        settings = self._settings
        if self._try(device, SETTIMEOUT, settings.timeout_s) is None:
            log.warning("%s does not take a timeout of %d s", settings.path, settings.timeout_s)
        before_s = settings.pretimeout_s
        if before_s is not None and self._try(device, SETPRETIMEOUT, before_s) is None:
            log.warning("%s has no pretimeout of %d s", settings.path, before_s)
        timeout_s = self._try(device, GETTIMEOUT)
        if timeout_s is None:
            log.warning("%s does not say its timeout", settings.path)
            return
        fit(f"the timeout that {settings.path} keeps", timeout_s)
        log.info("%s is armed: %d s", settings.path, timeout_s)

    def _try(self, device: int, request: int, value: int = 0) -> int | None:
        """The answer; None when this device cannot do that."""
        try:
            return self._call(device, request, value)
        except OSError as error:
            if error.errno in UNSUPPORTED:
                return None
            raise

    def _call(self, device: int, request: int, value: int = 0) -> int:
        answer: int = struct.unpack("i", self._ioctl(device, request, struct.pack("i", value)))[0]
        return answer


def disarm(device: int) -> None:
    """Say that this is on purpose, and close."""
    with contextlib.suppress(OSError):
        os.write(device, b"V")
    with contextlib.suppress(OSError):
        os.close(device)
