"""LuxPower's frames as the inverter and its dongle see them: what is asked, and the answer to it.

Inner frame: address or direction, function, ten letters of serial number, register, data; little-endian.
Source: Lux Power "Modbus RTU Protocol" V23, and two public programs for the dongle's envelope.
"""

import asyncio
import struct
import time
from typing import NamedTuple

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException

from simulator.wire.modbus import ANSWERS, LATE_S, Unit, Written
from simulator.wire.plugs import LATE, WRONG_UNIT
from simulator.wire.registers import IllegalAddressError, IllegalValueError
from simulator.wire.rtu import sealed

READ_HOLDING, READ_INPUT, WRITE_ONE, WRITE_MANY = 3, 4, 6, 16
BAD_FUNCTION, BAD_ADDRESS, BAD_VALUE, FAILED = 1, 2, 3, 4
HEAD = struct.Struct("<BB10sH")
OTHER_SERIAL = b"XX99999999"
MARK = b"\xa1\x1a"
HEARTBEAT, TRANSLATED = 193, 194
OLD, NEW = 1, 2
"""Versions of the envelope; with the new one, values that were read have their length before them."""


class Asked(NamedTuple):
    """One request."""

    first: int
    function: int
    serial: bytes
    register: int
    data: bytes


def asked(inner: bytes) -> Asked | None:
    """What an inner frame (without check sum) asks."""
    if len(inner) < HEAD.size + 2:
        return None
    first, function, serial, register = HEAD.unpack_from(inner)
    return Asked(first, function, serial, register, inner[HEAD.size :])


def _works(_unit: Unit) -> ExcCodes | None:
    return None


async def answer(unit: Unit, request: Asked, serial: bytes, *, lengthy: bool) -> bytes | None:
    """The answer's inner frame without check sum; its first byte is 0. None: nothing is said."""
    if request.serial != serial:
        return None
    try:
        trouble = ANSWERS.get(unit.plug.fault, _works)(unit)
    except NoSuchIdException:
        return None
    if trouble is ExcCodes.GATEWAY_NO_RESPONSE:
        return None
    if unit.plug.fault == LATE:
        await asyncio.sleep(LATE_S)
    name = OTHER_SERIAL if unit.plug.fault == WRONG_UNIT else serial
    code, payload = (FAILED, b"") if trouble is not None else _served(unit, request, lengthy)
    if code:
        return HEAD.pack(0, request.function | 0x80, name, request.register) + bytes([code])
    return HEAD.pack(0, request.function, name, request.register) + payload


def _served(unit: Unit, request: Asked, lengthy: bool) -> tuple[int, bytes]:
    """Exception code (0: none) and what follows the head of the answer."""
    at_s = time.monotonic()
    unit.before()
    (number,) = struct.unpack_from("<H", request.data)
    try:
        if request.function in (READ_HOLDING, READ_INPUT):
            unit.reads_at_s.append(at_s)
            words = unit.read(request.function, request.register, number)
            length = bytes([2 * number]) if lengthy else b""
            return 0, length + struct.pack(f"<{number}H", *words)
        values = _values(request, number)
        if values is None:
            return BAD_FUNCTION, b""
        unit.registers.write(request.function, request.register, values)
    except IllegalAddressError:
        return BAD_ADDRESS, b""
    except IllegalValueError:
        return BAD_VALUE, b""
    unit.writes.append(Written(at_s, 1, request.function, request.register, values))
    unit.on_write()
    return 0, struct.pack("<H", number)


def _values(request: Asked, number: int) -> tuple[int, ...] | None:
    if request.function == WRITE_ONE:
        return (number,)
    if request.function == WRITE_MANY and len(request.data) == 3 + 2 * number:
        return struct.unpack(f"<{number}H", request.data[3:])
    return None


def envelope(dongle: bytes, inner: bytes, version: int = NEW) -> bytes:
    """What the dongle sends of an inner frame."""
    data = sealed(inner)
    body = struct.pack("<BB10sH", 1, TRANSLATED, dongle, len(data)) + data
    return MARK + struct.pack("<HH", version, len(body)) + body


def heartbeat(dongle: bytes) -> bytes:
    """What it sends of its own accord."""
    body = struct.pack("<BB10sB", 1, HEARTBEAT, dongle, 0)
    return MARK + struct.pack("<HH", NEW, len(body)) + body
