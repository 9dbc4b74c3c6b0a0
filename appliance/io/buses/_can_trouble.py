"""What is wrong on a CAN bus, counted since it was opened.

Source of the bits: linux/can/error.h (classes are the id of an error frame; of the class "controller", byte 1
says what its state is).
"""

from typing import Final

from appliance.model import CAN_ACTIVE, CAN_OFF, CAN_PASSIVE

CONTROLLER: Final = 0x04
BUS_OFF: Final = 0x40
RESTARTED: Final = 0x100
OVERFLOW: Final = 0x03
"""Of the controller's own buffers, in byte 1."""
PASSIVE: Final = 0x30
"""Receiving or sending, in byte 1."""
ACTIVE: Final = 0x40
"""Again, in byte 1."""


class Trouble:
    """Belongs to the thread of the bus."""

    def __init__(self) -> None:
        self.state = CAN_ACTIVE
        self.error_frames = 0
        self.lost = 0
        """Frames that nobody fetched in time."""

    def error(self, classes: int, data: bytes = b"") -> None:
        """An error frame came."""
        self.error_frames += 1
        controller = data[1] if classes & CONTROLLER and len(data) > 1 else 0
        if controller & OVERFLOW:
            self.lost += 1
        if classes & BUS_OFF:
            self.state = CAN_OFF
        elif controller & PASSIVE:
            self.state = CAN_PASSIVE
        elif controller & ACTIVE or classes & RESTARTED:
            self.state = CAN_ACTIVE
