"""LuxPower inverters in their maker's framing, behind the dongle (TCP) or on RS-485: asks, waits, fails in one way.

The dongle serves one client, wants rest between requests, and speaks without being asked: heartbeats,
and copies of answers that its cloud asked for. An answer is taken when function, first register,
length and both serial numbers are those of the question; anything else is passed over.
"""

import logging
import termios
from typing import Final

from appliance.clock import Clock
from appliance.io.buses import BusError, RefusedError
from appliance.io.buses._lxp_frames import (
    LONGEST,
    READ_HOLDING,
    READ_INPUT,
    WRITE_MANY,
    WRITE_ONE,
    Frames,
    Request,
    dongle_answer,
    dongle_frame,
    serial_answer,
    serial_frame,
)
from appliance.io.buses._lxp_lines import Line, open_line
from appliance.io.registers import Block, Write
from appliance.site import LxpDongle, LxpSerial

log = logging.getLogger(__name__)

GREETING_S: Final = 1.0
"""What the dongle says of its own accord after a connection is let pass for so long (joyfulhouse/pylxpweb)."""
GREETED_S: Final = 0.2
"""Quiet for so long after something was said: that was all."""
BACK_OFF_S: Final = (1.0, 2.0, 4.0)
SERIAL_PAUSE_S: Final = 0.02
"""Ten characters at 19200 baud: a frame ends where the line is silent."""
STALE_S: Final = 0.1
"""Longest time to throw away what is left of earlier talk."""
_READS: Final = {"holding": READ_HOLDING, "input": READ_INPUT}


class LxpBus:
    """One inverter in its maker's framing. Used by one thread."""

    def __init__(self, settings: LxpDongle | LxpSerial, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._line: Line | None = None
        self._frames = Frames()
        self._failures = 0
        """In a row."""
        self._retry_at_s = self._free_at_s = 0.0
        self.connections = 0
        """How often a connection was made; a device may have forgotten everything since the last."""

    @property
    def where(self) -> str:
        """What people call it."""
        settings = self._settings
        if isinstance(settings, LxpDongle):
            return f"{settings.host}:{settings.port}"
        return settings.path

    def connect(self) -> None:
        """Make sure that there is a connection. Raises BusError, and does not try again too soon."""
        if self._line is not None:
            return
        if self._clock.now_s() < self._retry_at_s:
            msg = f"no connection to {self.where}"
            raise BusError(msg)
        try:
            self._line = open_line(self._settings)
            self._let_greeting_pass()
        except (OSError, termios.error, ValueError) as error:
            self._failed()
            msg = f"no connection to {self.where}: {error}"
            raise BusError(msg) from error
        self.connections += 1

    def read(self, block: Block, unit: int) -> tuple[int, ...]:
        """The words of a block. Raises BusError; RefusedError when the device says no."""
        function = _READS.get(block.kind)
        if function is None:
            msg = f"reading {block.address}: this framing carries no bits"
            raise RefusedError(msg)
        return self._ask(Request(function, block.address, block.count), unit)

    def write(self, write: Write, unit: int) -> None:
        """Set registers. Raises BusError; RefusedError when the device says no."""
        if write.kind != "holding":
            msg = f"writing {write.address}: this framing carries no bits"
            raise RefusedError(msg)
        words = write.words
        function = WRITE_MANY if len(words) > 1 or write.together else WRITE_ONE
        self._ask(Request(function, write.address, len(words), words), unit)

    def close(self) -> None:
        """Drop the connection; the next call makes a new one."""
        if self._line is not None:
            self._line.close()
            self._line = None
        self._frames.clear()

    def _ask(self, request: Request, unit: int) -> tuple[int, ...]:
        self.connect()
        assert self._line is not None
        try:
            self._rest(self._line)
            words = self._exchange(self._line, request, unit)
        except RefusedError:
            self._answered()
            raise
        except (OSError, termios.error) as error:
            self._failed()
            msg = f"{request.doing}: {error}"
            raise BusError(msg) from error
        if words is None:
            self._failed()  # Only a new connection is sure not to bring a late answer.
            msg = f"{request.doing}: no sensible answer within {self._settings.timeout_s:g} s"
            raise BusError(msg)
        self._answered()
        return words

    def _exchange(self, line: Line, request: Request, unit: int) -> tuple[int, ...] | None:
        """Send and wait; None when the answer did not come in time."""
        settings, received = self._settings, b""
        if isinstance(settings, LxpDongle):
            data = dongle_frame(request, settings.dongle_serial, settings.inverter_serial)
        else:
            data = serial_frame(request, unit, settings.inverter_serial)
        line.send(data)
        until_s = self._clock.now_s() + settings.timeout_s
        while (left_s := until_s - self._clock.now_s()) > 0.0:
            came = line.receive(left_s)
            if isinstance(settings, LxpDongle):
                words = self._picked(came, request, settings)
            else:
                received = (received + came)[-LONGEST:]
                words = serial_answer(received, request, unit, settings.inverter_serial)
            if words is not None:
                return words
        return None

    def _picked(self, came: bytes, request: Request, settings: LxpDongle) -> tuple[int, ...] | None:
        for frame in self._frames.feed(came):
            words = dongle_answer(frame, request, settings.dongle_serial, settings.inverter_serial)
            if words is not None:
                return words
        return None

    def _rest(self, line: Line) -> None:
        """Wait until the device may be asked again; what it says meanwhile is no answer to anything."""
        while (left_s := self._free_at_s - self._clock.now_s()) > 0.0:
            line.receive(left_s)
        self._frames.clear()
        until_s = self._clock.now_s() + STALE_S
        while line.receive(0.0) and self._clock.now_s() < until_s:
            pass

    def _let_greeting_pass(self) -> None:
        if not isinstance(self._settings, LxpDongle) or self._line is None:
            return
        until_s = self._clock.now_s() + GREETING_S
        while (left_s := until_s - self._clock.now_s()) > 0.0:
            if self._line.receive(left_s):
                until_s = min(until_s, self._clock.now_s() + GREETED_S)

    def _answered(self) -> None:
        settings = self._settings
        pause_s = settings.pause_s if isinstance(settings, LxpDongle) else SERIAL_PAUSE_S
        self._free_at_s = self._clock.now_s() + pause_s
        self._failures = 0

    def _failed(self) -> None:
        self.close()
        pause_s = BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)]
        self._failures += 1
        self._retry_at_s = self._clock.now_s() + pause_s
