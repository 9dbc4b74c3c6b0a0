"""LuxPower's frames, without a socket: what to send, and whether what came is the answer.

Sources: Lux Power "Modbus RTU Protocol" V23 (L1) for the frame with the inverter's serial number;
celsworth/lxp-bridge (L2) and joyfulhouse/pylxpweb (L3) for what the dongle wraps around it. Everything
is little-endian. The answer to function 16 is in no document at hand; start and count are taken, as in
Modbus.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from appliance.io.buses import RefusedError

READ_HOLDING, READ_INPUT, WRITE_ONE, WRITE_MANY = 3, 4, 6, 16
ERROR_BIT: Final = 0x80
EXCEPTIONS: Final = {
    1: "function not supported",
    2: "no such register, or too many at once",
    3: "value not allowed",
    4: "reading or writing failed",
    6: "busy",
}

PREFIX: Final = b"\xa1\x1a"
TRANSLATED, HEARTBEAT = 0xC2, 0xC1
LONGEST: Final = 4_096
_BEFORE_LENGTH: Final = 6
"""The frame length counts what follows it."""
_HEARTBEAT_SIZE: Final = 19
_INNER_AT: Final = 20
_HEAD: Final = struct.Struct("<BB10sH")
"""Address (on RS-485) or direction (dongle: 0 to the inverter, 1 from it), function, serial, register."""
_FROM_CLIENT, _FROM_INVERTER = 0, 1


def _table() -> tuple[int, ...]:
    made = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
        made.append(crc)
    return tuple(made)


_CRC_TABLE: Final = _table()


def crc16(data: bytes) -> int:
    """Modbus's check sum."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


@dataclass(frozen=True, slots=True)
class Request:
    """One question: `count` registers to read, or `words` to write."""

    function: int
    register: int
    count: int
    words: tuple[int, ...] = ()

    def inner(self, first: int, serial: str) -> bytes:
        """The maker's frame without its check sum."""
        head = _HEAD.pack(first, self.function, serial.encode("ascii"), self.register)
        if self.function == WRITE_ONE:
            return head + struct.pack("<H", self.words[0])
        body = head + struct.pack("<H", self.count)
        if self.function == WRITE_MANY:
            body += struct.pack(f"<B{self.count}H", 2 * self.count, *self.words)
        return body

    @property
    def doing(self) -> str:
        """In words."""
        return f"{'writing' if self.words else 'reading'} {self.register}"


def serial_frame(request: Request, unit: int, serial: str) -> bytes:
    """What goes out on RS-485."""
    inner = request.inner(unit, serial)
    return inner + struct.pack("<H", crc16(inner))


def dongle_frame(request: Request, dongle: str, serial: str) -> bytes:
    """What goes to the dongle: version 1 to read and to write one, 2 to write several."""
    inner = request.inner(_FROM_CLIENT, serial)
    data = inner + struct.pack("<H", crc16(inner))
    version = 2 if request.function == WRITE_MANY else 1
    rest = struct.pack("<BB10sH", 1, TRANSLATED, dongle.encode("ascii"), len(data)) + data
    return PREFIX + struct.pack("<HH", version, len(rest)) + rest


# ------------------------------------------------------------ answers


def serial_answer(
    received: bytes, request: Request, unit: int, serial: str
) -> tuple[int, ...] | None:
    """The words of the answer, wherever it begins in what was received; None when it is not (all) there.

    Raises RefusedError when the inverter says no.
    """
    name = serial.encode("ascii")
    for function, size in (
        (request.function, _serial_size(request)),
        (request.function | ERROR_BIT, _HEAD.size + 3),
    ):
        begin = struct.pack("<BB10sH", unit, function, name, request.register)
        at = received.find(begin)
        while at >= 0:
            frame = received[at : at + size]
            if len(frame) == size and _sealed(frame):
                words = _payload(frame[:-2], request, lengthy=True)
                if words is not None:
                    return words
            at = received.find(begin, at + 1)
    return None


def _serial_size(request: Request) -> int:
    if request.function in (READ_HOLDING, READ_INPUT):
        return _HEAD.size + 1 + 2 * request.count + 2
    return _HEAD.size + 4


def dongle_answer(
    frame: bytes, request: Request, dongle: str, serial: str
) -> tuple[int, ...] | None:
    """The words when this frame (from `Frames`) is the answer, None when it is something else.

    Raises RefusedError when the inverter says no.
    """
    if len(frame) < _INNER_AT + _HEAD.size or frame[7] != TRANSLATED:
        return None
    inner = frame[_INNER_AT:-2]
    first, function, name, register = _HEAD.unpack_from(inner)
    if (
        frame[8:18] != dongle.encode("ascii")
        or first != _FROM_INVERTER
        or name != serial.encode("ascii")
        or register != request.register
        or function & ~ERROR_BIT != request.function
    ):
        return None
    (version,) = struct.unpack_from("<H", frame, 2)
    return _payload(inner, request, lengthy=version != 1)


def _payload(inner: bytes, request: Request, *, lengthy: bool) -> tuple[int, ...] | None:
    """What follows the head. `lengthy`: values that were read come with their length in bytes."""
    payload = inner[_HEAD.size :]
    if inner[1] & ERROR_BIT:
        if not payload:
            return None
        what = EXCEPTIONS.get(payload[0], f"exception {payload[0]}")
        msg = f"{request.doing}: refused, {what}"
        raise RefusedError(msg)
    if request.function == WRITE_ONE:
        return () if payload == struct.pack("<H", request.words[0]) else None
    if request.function == WRITE_MANY:
        return () if payload == struct.pack("<H", request.count) else None
    size = 2 * request.count
    if lengthy:
        if payload[:1] != bytes([size]):
            return None
        payload = payload[1:]
    if len(payload) != size:
        return None
    return struct.unpack(f"<{request.count}H", payload)


def _sealed(frame: bytes) -> bool:
    return crc16(frame[:-2]) == int.from_bytes(frame[-2:], "little")


class Frames:
    """Cuts what the dongle sends into frames, and finds the next one after anything that is none."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Whole frames with a correct check sum; half of one waits for the rest."""
        self._waiting += data
        while (frame := self._next()) is not None:
            yield frame

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def _next(self) -> bytes | None:
        """The first whole frame, also behind the beginning of one whose rest never comes."""
        waiting, keep_from = self._waiting, -1
        at = waiting.find(PREFIX)
        while at >= 0:
            size = _size(waiting[at : at + _BEFORE_LENGTH])
            frame = bytes(waiting[at : at + size])
            if len(frame) < size:
                keep_from = at if keep_from < 0 else keep_from
            elif size >= _HEARTBEAT_SIZE and _whole(frame):
                del waiting[: at + size]
                return frame
            at = waiting.find(PREFIX, at + 1)
        # A last byte may begin the next prefix.
        del waiting[: keep_from if keep_from >= 0 else max(0, len(waiting) - 1)]
        return None


def _size(head: bytearray) -> int:
    """How long the frame is that begins so; 0 for one that cannot be."""
    if len(head) < _BEFORE_LENGTH:
        return _BEFORE_LENGTH
    size = _BEFORE_LENGTH + int.from_bytes(head[4:6], "little")
    return size if _HEARTBEAT_SIZE <= size <= LONGEST else 0


def _whole(frame: bytes) -> bool:
    """It names a dongle, says in two places how long it is, and its check sum is right where it has one."""
    if not frame[8:18].isalnum():
        return False
    if frame[7] == HEARTBEAT:
        return len(frame) == _HEARTBEAT_SIZE and frame[18] == 0
    if frame[7] != TRANSLATED:
        return True
    return (
        len(frame) >= _INNER_AT + 2
        and int.from_bytes(frame[18:20], "little") == len(frame) - _INNER_AT
        and _sealed(frame[_INNER_AT:])
    )
