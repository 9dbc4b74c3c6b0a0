"""A LuxPower inverter's RS-485 port in its maker's framing, as a pseudo-terminal."""

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
    def _length(self, waiting: bytes) -> int:
        if len(waiting) > COUNT_AT and waiting[1] == WRITE_MANY:
            return SHORTEST + 1 + waiting[COUNT_AT]
        return SHORTEST

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
