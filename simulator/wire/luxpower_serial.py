"""A LuxPower inverter's RS-485 port in its maker's framing, as a pseudo-terminal."""

import asyncio
import contextlib
import os

from typing_extensions import override

from simulator.wire.luxpower_frames import WRITE_MANY, answer, asked
from simulator.wire.modbus import mangle
from simulator.wire.rtu import RtuServer, sealed

SHORTEST, COUNT_AT = 18, 16


class LuxSerial(RtuServer):
    """The line; every frame carries the inverter's serial number."""

    def __init__(self, path: str, serial: str) -> None:
        super().__init__(path)
        self._serial = serial.encode("ascii")

    @override
    def _arrived(self) -> None:
        assert self._near is not None
        with contextlib.suppress(OSError):
            self._waiting += os.read(self._near, 4_096)
        while len(self._waiting) >= (length := _length(self._waiting)):
            frame, self._waiting = self._waiting[:length], self._waiting[length:]
            if sealed(frame[:-2]) != frame:
                self._waiting = b""  # Out of step: the next request begins after a silence.
                return
            task = asyncio.get_running_loop().create_task(self._serve(frame))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    @override
    async def _serve(self, frame: bytes) -> None:
        request = asked(frame[:-2])
        unit = None if request is None else self.units.get(request.first)
        if unit is None or request is None:
            return
        said = await answer(unit, request, self._serial, lengthy=True)
        if said is not None and self._near is not None:
            fault = unit.plug.fault
            whole = sealed(bytes([request.first]) + said[1:])
            os.write(self._near, mangle(fault, whole, 0) if fault in ("garbage", "half") else whole)


def _length(waiting: bytes) -> int:
    if len(waiting) > COUNT_AT and waiting[1] == WRITE_MANY:
        return SHORTEST + 1 + waiting[COUNT_AT]
    return SHORTEST
