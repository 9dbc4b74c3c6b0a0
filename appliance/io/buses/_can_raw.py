"""A bus of the kernel's SocketCAN, many frames per call: what python-can does for each frame is done for a burst.

Lost frames and error frames are counted. A bus that is off is an error, and opened again by whoever reads it.
Source: linux/can.h, linux/can/raw.h, linux/can/error.h, socket(7) for SO_RXQ_OVFL.
"""

import contextlib
import ctypes
import errno
import logging
import os
import select
import socket
import struct
from collections.abc import Sequence
from typing import Final

from appliance.clock import Clock
from appliance.io.buses import BusError
from appliance.io.buses._can_frame import EXTENDED, SEND_TIMEOUT_S, Frame
from appliance.io.buses._can_trouble import Trouble

log = logging.getLogger(__name__)

FRAME: Final = struct.Struct("=IB3x8s")
"""struct can_frame: id with flags, length, data."""
BURST: Final = 200
"""Frames of one call."""
REMOTE, ERROR = 0x4000_0000, 0x2000_0000
ODD: Final = REMOTE | ERROR
DENSE_PER_S: Final = 2_000.0
"""Above this, about half of a full bus of 500 kbit/s, frames are let gather."""
GATHER_MS: Final = 10
SO_RXQ_OVFL: Final = 40
ERROR_FILTER: Final = 2
"""CAN_RAW_ERR_FILTER."""
ALL_ERRORS: Final = 0x1FFF_FFFF
BUS_OFF: Final = 0x40
CLASSES: Final = {
    0x01: "transmit timeout", 0x02: "lost arbitration", 0x04: "controller", 0x08: "protocol",
    0x10: "transceiver", 0x20: "no acknowledgement", BUS_OFF: "bus-off", 0x80: "bus error",
    0x100: "restarted",
}  # fmt: skip
"""Of error frames, by bits of their id."""


class _IoVector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p), ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_IoVector)), ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t), ("flags", ctypes.c_int),
    )  # fmt: skip


class _Message(ctypes.Structure):
    _fields_ = (("header", _Header), ("length", ctypes.c_uint))


CONTROL: Final = (
    struct.Struct("@Nii I4x") if struct.calcsize("@N") == 8 else struct.Struct("@Nii I")
)
"""struct cmsghdr and the count of lost frames."""
_libc: Final = ctypes.CDLL(None, use_errno=True)


class Bursts:
    """Datagrams of struct can_frame from a socket, up to BURST with one call of recvmmsg."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._buffer = ctypes.create_string_buffer(FRAME.size * BURST)
        self._control = ctypes.create_string_buffer(CONTROL.size)
        self._view = memoryview(self._buffer)
        self._messages = (_Message * BURST)()
        self._vectors = (_IoVector * BURST)()
        self.lost = 0
        """Frames that the kernel dropped since the socket was opened."""
        start = ctypes.addressof(self._buffer)
        for place in range(BURST):
            vector, header = self._vectors[place], self._messages[place].header
            vector.base, vector.length = start + FRAME.size * place, FRAME.size
            header.vectors, header.vector_count = ctypes.pointer(vector), 1
        # Only the first frame of a burst tells of lost ones: the count goes on, and one is enough.
        self._first = self._messages[0].header
        self._first.control = ctypes.addressof(self._control)
        self._first.control_length = CONTROL.size

    def take(self) -> memoryview:
        """What waits, as whole frames; empty when nothing does. Raises OSError."""
        count = int(_libc.recvmmsg(self._number, self._messages, BURST, socket.MSG_DONTWAIT, None))
        if count < 0:
            code = ctypes.get_errno()
            if code in (errno.EAGAIN, errno.EINTR):
                return self._view[:0]
            raise OSError(code, os.strerror(code))
        if self._first.control_length and count:
            self._count_lost()
        self._first.control_length = CONTROL.size
        return self._view[: FRAME.size * count]

    def _count_lost(self) -> None:
        """The kernel tells how many were lost before this frame, once any was."""
        _size, level, kind, lost = CONTROL.unpack_from(self._control)
        if level == socket.SOL_SOCKET and kind == SO_RXQ_OVFL:
            self.lost = lost


class RawPort:
    """A CAN bus by its raw socket."""

    def __init__(self, channel: str, clock: Clock, connected: socket.socket | None = None) -> None:
        """Raises BusError. `connected`: a socket that is open already, of datagrams of struct can_frame."""
        self._clock = clock
        self._channel = channel
        self._socket = _opened(channel) if connected is None else connected
        self._socket.setblocking(False)
        self._bursts = Bursts(self._socket.fileno())
        self._waiting = select.poll()
        self._waiting.register(self._socket, select.POLLIN)
        self._taken_at_s = clock.now_s()
        self._dense = False
        self.trouble = Trouble()
        self.error_frames: dict[str, int] = {}
        """How many error frames came, by what they say."""
        self._told_lost = 0

    @property
    def lost(self) -> int:
        """Frames that the kernel dropped, because nobody fetched them in time."""
        return self._bursts.lost

    def receive(self, timeout_s: float) -> Sequence[Frame]:
        """Frames that wait, after at most `timeout_s`; on a dense bus they are let gather for 10 ms."""
        if not self._waiting.poll(max(0.0, 1e3 * timeout_s)):
            self._dense = False
            return ()
        if self._dense:
            select.poll().poll(GATHER_MS)
        try:
            taken = self._bursts.take()
        except OSError as error:
            msg = f"cannot receive: {error}"
            raise BusError(msg) from error
        now_s = self._clock.now_s()
        return self._frames(taken, now_s)

    def _frames(self, taken: memoryview, now_s: float) -> Sequence[Frame]:
        new = tuple.__new__
        frames = [
            new(Frame, (number, data if size == 8 else data[:size], now_s))
            for number, size, data in FRAME.iter_unpack(taken)
            if not number & ODD
        ]
        count = len(taken) // FRAME.size
        elapsed_s, self._taken_at_s = now_s - self._taken_at_s, now_s
        self._dense = count > DENSE_PER_S * elapsed_s
        if len(frames) < count:
            self._look_at_errors(taken)
        if self.lost != self._told_lost:
            log.warning("%s: %d frames lost", self._channel, self.lost - self._told_lost)
            self.trouble.lost += self.lost - self._told_lost
            self._told_lost = self.lost
        return frames

    def _look_at_errors(self, taken: memoryview) -> None:
        off = False
        for number, size, data in FRAME.iter_unpack(taken):
            if number & ERROR and not number & EXTENDED:
                self.trouble.error(number & ~ERROR, data[:size])
                off = off or bool(number & BUS_OFF)
                for bit, word in CLASSES.items():
                    if number & bit:
                        self.error_frames[word] = self.error_frames.get(word, 0) + 1
        if off:
            msg = f"{self._channel} is bus-off"
            raise BusError(msg)

    def send(self, frame_id: int, data: bytes) -> None:
        """Send one frame."""
        packed = FRAME.pack(frame_id, len(data), data)
        writable = select.poll()
        writable.register(self._socket, select.POLLOUT)
        try:
            if not writable.poll(1e3 * SEND_TIMEOUT_S):
                raise TimeoutError("the queue is full")
            self._socket.send(packed)
        except OSError as error:
            msg = f"cannot send: {error}"
            raise BusError(msg) from error

    def close(self) -> None:
        """Give it back."""
        with contextlib.suppress(OSError):
            self._socket.close()


def _opened(channel: str) -> socket.socket:
    try:
        opened = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
    except OSError as error:
        msg = f"cannot open {channel}: {error}"
        raise BusError(msg) from error
    try:
        opened.setsockopt(socket.SOL_CAN_RAW, ERROR_FILTER, ALL_ERRORS)
        opened.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        opened.bind((channel,))
    except OSError as error:
        opened.close()
        msg = f"cannot open {channel}: {error}"
        raise BusError(msg) from error
    return opened
