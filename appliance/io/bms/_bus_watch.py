"""Tells how a battery's CAN bus is, over all the times that it was opened."""

from typing import Final

from appliance.io.buses.can import OpenCan
from appliance.mailbox import Latest
from appliance.model import CAN_DOWN, CAN_OFF, CanCounts, WireCounts

TELL_S: Final = 1.0


class BusWatch:
    """Belongs to the thread of the bus."""

    def __init__(self, slot: Latest[WireCounts] | None) -> None:
        self._slot = slot
        self._closed = CanCounts(CAN_DOWN)
        """Of all openings before this one."""
        self._told = CanCounts(CAN_DOWN)
        self._tell_at_s = 0.0
        self._heard = False

    def heard(self) -> None:
        """Frames came: a bus that was off has come back."""
        self._heard = True

    def look(self, port: OpenCan, now_s: float) -> None:
        """While it is open."""
        state = port.trouble.state
        if self._told.state == CAN_OFF and not self._heard:
            state = CAN_OFF  # Opened again, but nothing says that it works again.
        if now_s >= self._tell_at_s or state != self._told.state:
            self._tell(self._with(port, state), now_s)

    def closed(self, port: OpenCan | None, now_s: float) -> None:
        """It broke, or could not be opened at all (None)."""
        state = CAN_DOWN
        self._heard = False
        if port is not None:
            self._closed = self._with(port, CAN_DOWN)
            state = CAN_OFF if port.trouble.state == CAN_OFF else CAN_DOWN
        elif self._told.state == CAN_OFF:
            state = CAN_OFF
        before = self._closed
        self._tell(CanCounts(state, before.error_frames, before.lost), now_s)

    def _with(self, port: OpenCan, state: str) -> CanCounts:
        before, trouble = self._closed, port.trouble
        return CanCounts(
            state, before.error_frames + trouble.error_frames, before.lost + trouble.lost
        )

    def _tell(self, counts: CanCounts, now_s: float) -> None:
        self._told, self._tell_at_s = counts, now_s + TELL_S
        if self._slot is not None:
            self._slot.put(WireCounts(can=counts), now_s)
