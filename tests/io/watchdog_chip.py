"""The ioctl of a kernel's watchdog, on any file."""

import errno
import os
import struct
from pathlib import Path
from typing import Any

from appliance.site.watchdog import DeviceWatchdog
from appliance.watchdog._device import KernelWatchdog

# As a C compiler puts them together from linux/watchdog.h.
GETBOOTSTATUS, KEEPALIVE = 0x80045702, 0x80045705

SETTIMEOUT, GETTIMEOUT, SETPRETIMEOUT = 0xC0045706, 0x80045707, 0xC0045708


class Chip:
    """The ioctl of a watchdog with limits of its own."""

    def __init__(self, most_s: int = 600, boot: int = 0, lacks: tuple[int, ...] = ()) -> None:
        self.most_s, self.boot, self.lacks = most_s, boot, lacks
        self.timeout_s = self.pretimeout_s = 0
        self.asked: list[int] = []

    def __call__(self, device: int, request: int, argument: bytes) -> bytes:
        os.fstat(device)
        self.asked.append(request)
        if request in self.lacks:
            raise OSError(errno.EOPNOTSUPP, "not supported")
        (value,) = struct.unpack("i", argument)
        if request == SETTIMEOUT:
            self.timeout_s = value = min(value, self.most_s)
        elif request == SETPRETIMEOUT:
            self.pretimeout_s = value
        elif request == GETTIMEOUT:
            value = self.timeout_s
        elif request == GETBOOTSTATUS:
            value = self.boot
        return struct.pack("i", value)


def kernel(device: Path, chip: Chip, **changes: Any) -> KernelWatchdog:
    return KernelWatchdog(DeviceWatchdog(path=str(device), **changes), chip)
