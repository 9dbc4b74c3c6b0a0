"""CAN adapters that the kernel does not know, through python-can: serial (slcan), USB (pcan, gs_usb).

One call for each frame: enough for one battery, not for sixteen full buses (see `_can_raw`).
"""

import contextlib
from collections.abc import Sequence
from typing import Final

import can

from appliance.clock import Clock
from appliance.io.buses import BusError
from appliance.io.buses._can_frame import EXTENDED, SEND_TIMEOUT_S, Frame
from appliance.io.buses._can_trouble import Trouble
from appliance.site import CanBus

BURST: Final = 200
"""Frames taken before they are looked at."""
_BROKEN: Final = (can.CanError, OSError, ValueError, ImportError, NotImplementedError)
"""What the many interfaces raise: a missing driver of the maker is an ImportError."""


class AdapterPort:
    """A bus behind an adapter."""

    def __init__(self, settings: CanBus, clock: Clock) -> None:
        self._clock = clock
        self.trouble = Trouble()
        try:
            self._bus: can.BusABC = can.Bus(
                interface=settings.interface, channel=settings.channel, bitrate=settings.bitrate
            )
        except _BROKEN as error:
            msg = f"cannot open {settings.interface} {settings.channel}: {error}"
            raise BusError(msg) from error

    def receive(self, timeout_s: float) -> Sequence[Frame]:
        """Frames that wait, after at most `timeout_s`."""
        frames: list[Frame] = []
        try:
            message = self._bus.recv(timeout_s)
            while message is not None and len(frames) < BURST:
                if message.is_error_frame:
                    self.trouble.error(message.arbitration_id, bytes(message.data))
                elif not message.is_remote_frame:
                    flag = EXTENDED if message.is_extended_id else 0
                    number = message.arbitration_id | flag
                    frames.append(Frame(number, bytes(message.data), self._clock.now_s()))
                message = self._bus.recv(0.0)
        except _BROKEN as error:
            msg = f"cannot receive: {error}"
            raise BusError(msg) from error
        return frames

    def send(self, frame_id: int, data: bytes) -> None:
        """Send one frame."""
        message = can.Message(
            arbitration_id=frame_id & ~EXTENDED,
            is_extended_id=bool(frame_id & EXTENDED),
            data=data,
        )
        try:
            self._bus.send(message, timeout=SEND_TIMEOUT_S)
        except _BROKEN as error:
            msg = f"cannot send: {error}"
            raise BusError(msg) from error

    def close(self) -> None:
        """Give the bus back."""
        with contextlib.suppress(*_BROKEN):
            self._bus.shutdown()
