"""A Modbus RTU line: a pseudo-terminal that stands in for a serial port, with the same devices behind it.

Frames: address, function, data, CRC-16 (polynomial 0xA001, start 0xFFFF, low byte first), as in
"MODBUS over Serial Line" V1.02. The speed of the line is not imitated.
"""

import asyncio
import contextlib
import os
import struct
import tty
from pathlib import Path

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException

from simulator.wire.modbus import Devices, Unit, mangle

SHORTEST, LONGEST = 8, 256
COILS, REGISTERS = (1, 2), (3, 4)
WRITE_COIL, WRITE_ONE, WRITE_COILS, WRITE_MANY = 5, 6, 15, 16


def crc16(data: bytes) -> int:
    """The check sum of a frame."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def sealed(body: bytes) -> bytes:
    """A frame with its check sum."""
    return body + struct.pack("<H", crc16(body))


class RtuServer:
    """The line. `path` becomes a link to the pseudo-terminal's far end."""

    def __init__(self, path: str) -> None:
        self.host, self.port = path, 0
        self.units: dict[int, Unit] = {}
        self._devices = Devices(self.units)
        self._near: int | None = None
        self._far: int | None = None
        self._waiting = b""
        self._answering: set[asyncio.Task[None]] = set()

    def add(self, unit_id: int, unit: Unit) -> None:
        """Put a device on the line. Raises ValueError when the id is taken."""
        if unit_id in self.units:
            msg = f"unit {unit_id} is twice at {self.host}"
            raise ValueError(msg)
        self.units[unit_id] = unit

    async def start(self) -> None:
        """Make the port. Raises OSError."""
        if self._near is not None:
            return
        self._near, self._far = os.openpty()
        tty.setraw(self._near)
        tty.setraw(self._far)
        link = Path(self.host)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self._far))
        asyncio.get_running_loop().add_reader(self._near, self._arrived)

    async def stop(self) -> None:
        """Take the port away."""
        if self._near is None or self._far is None:
            return
        asyncio.get_running_loop().remove_reader(self._near)
        for fd in (self._near, self._far):
            os.close(fd)
        self._near = self._far = None
        Path(self.host).unlink(missing_ok=True)

    def _arrived(self) -> None:
        assert self._near is not None
        with contextlib.suppress(OSError):
            self._waiting += os.read(self._near, 4_096)
        while len(self._waiting) >= (length := self._length(self._waiting)):
            frame, self._waiting = self._waiting[:length], self._waiting[length:]
            if sealed(frame[:-2]) != frame:
                self._waiting = b""  # Out of step: the next request begins after a silence.
                return
            task = asyncio.get_running_loop().create_task(self._serve(frame))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    def _length(self, waiting: bytes) -> int:
        """How long the request is that begins here, as far as one can tell yet."""
        if len(waiting) >= SHORTEST and waiting[1] in (WRITE_COILS, WRITE_MANY):
            return min(9 + waiting[6], LONGEST)
        return SHORTEST

    async def _serve(self, frame: bytes) -> None:
        unit_id, function = frame[0], frame[1]
        unit = self.units.get(unit_id)
        if unit is None:
            return
        try:
            body = await _answered(self._devices, unit_id, function, frame[2:-2])
        except NoSuchIdException:
            return
        answer = mangle(unit.plug.fault, sealed(bytes([unit_id]) + body), 0)
        if answer and self._near is not None:
            os.write(self._near, answer)


async def _answered(devices: Devices, unit_id: int, function: int, data: bytes) -> bytes:
    """Function and data of the answer. Raises NoSuchIdException for none at all."""
    address, number = struct.unpack(">HH", data[:4])
    if function in COILS + REGISTERS:
        found = await devices.async_getValues(unit_id, function, address, number)
        if isinstance(found, ExcCodes):
            return bytes([function | 0x80, found])
        payload = _bits(found) if function in COILS else struct.pack(f">{number}H", *found)
        return bytes([function, len(payload)]) + payload
    values = _written(function, number, data)
    if values is None:
        return bytes([function | 0x80, ExcCodes.ILLEGAL_FUNCTION])
    refused = await devices.async_setValues(unit_id, function, address, values)
    if refused is not None:
        return bytes([function | 0x80, refused])
    return bytes([function]) + data[:4]


def _written(function: int, number: int, data: bytes) -> list[int] | None:
    """The values of a write; None for another function."""
    if function == WRITE_COIL:
        return [int(number == 0xFF00)]
    if function == WRITE_ONE:
        return [number]
    if function == WRITE_MANY:
        return list(struct.unpack(f">{number}H", data[5 : 5 + 2 * number]))
    if function == WRITE_COILS:
        return [data[5 + i // 8] >> i % 8 & 1 for i in range(number)]
    return None


def _bits(values: list[int] | list[bool]) -> bytes:
    packed = bytearray((len(values) + 7) // 8)
    for place, value in enumerate(values):
        packed[place // 8] |= bool(value) << place % 8
    return bytes(packed)
