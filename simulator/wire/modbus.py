"""A Modbus TCP server with several pretend devices behind it, by unit id.

Frames and functions are pymodbus's; the values come from the devices' tables at the moment of the
request. asyncio sets TCP_NODELAY on every connection.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from pymodbus.simulator.simcore import SimCore
from typing_extensions import override

from simulator.wire.plugs import (
    EXCEPTION,
    FLAKY,
    GARBAGE,
    HALF,
    IN,
    LATE,
    REBOOT,
    REFUSE,
    SILENT,
    STUCK,
    WRONG_UNIT,
    Plug,
)
from simulator.wire.registers import IllegalAddressError, IllegalValueError, Registers

MOST_WRITES = 20_000
UNIT_AT = 6
"""Place of the unit id in a Modbus TCP frame."""


class Written(NamedTuple):
    """A write that arrived: when (time.monotonic, one clock for all processes), and what."""

    at_s: float
    unit: int
    function: int
    address: int
    values: tuple[int, ...]


class Unit:
    """A device on the wire: its registers, its plug, who wants to know of writes."""

    def __init__(
        self,
        registers: Registers,
        plug: Plug,
        *,
        before: Callable[[], None] = lambda: None,
        answers_to: Callable[[int], bool] = lambda _unit: False,
        on_write: Callable[[], None] = lambda: None,
        reboot: Callable[[], None] = lambda: None,
    ) -> None:
        self.registers = registers
        self.plug = plug
        self.before = before
        """Called before every read: brings the plant up to now."""
        self.answers_to = answers_to
        """Other unit ids that it answers to."""
        self.on_write = on_write
        self._reboot = reboot
        self._rebooted_at_s: float | None = None
        self._asked = 0
        self._stuck: dict[tuple[int, int, int], list[int]] = {}
        self.writes: deque[Written] = deque(maxlen=MOST_WRITES)
        self.reads_at_s: deque[float] = deque(maxlen=MOST_WRITES)

    def up(self) -> bool:
        """It works again after a restart, which takes REBOOT_S."""
        now_s = time.monotonic()
        if self._rebooted_at_s is None:
            self._rebooted_at_s = now_s
            self._reboot()
        if now_s - self._rebooted_at_s < REBOOT_S:
            return False
        self._rebooted_at_s, self.plug.fault = None, IN
        return True

    def loses(self) -> bool:
        """Every fifth request."""
        self._asked += 1
        return self._asked % LOSES_EVERY == 0

    def read(self, function: int, address: int, count: int) -> list[int]:
        """What the registers say; the same for ever when they are stuck. Raises IllegalAddressError."""
        if self.plug.fault != STUCK:
            self._stuck.clear()
            return self.registers.read(function, address, count)
        key = function, address, count
        if key not in self._stuck:
            self._stuck[key] = self.registers.read(function, address, count)
        return self._stuck[key]


LATE_S, REBOOT_S = 2.0, 3.0
LOSES_EVERY = 5


def _silent(_unit: Unit) -> ExcCodes:
    raise NoSuchIdException  # the server is told to leave such a request unanswered


def _works(_unit: Unit) -> ExcCodes | None:
    return None


ANSWERS: dict[str, Callable[[Unit], ExcCodes | None]] = {
    IN: _works,
    SILENT: _silent,
    # Seen only when it shares its server with others: alone, nobody can connect.
    REFUSE: lambda _unit: ExcCodes.GATEWAY_NO_RESPONSE,
    EXCEPTION: lambda _unit: ExcCodes.DEVICE_FAILURE,
    REBOOT: lambda unit: None if unit.up() else _silent(unit),
    FLAKY: lambda unit: _silent(unit) if unit.loses() else None,
}
"""What a request meets first, by the fault of the device's plug; None: the device itself."""


def mangle(fault: str, frame: bytes, unit_at: int) -> bytes:
    """The answer as it leaves a device with this fault; `unit_at` is where its unit id stands."""
    if fault == GARBAGE:
        return bytes((byte * 37 + 11) & 0xFF for byte in frame)
    if fault == HALF:
        return frame[: len(frame) // 2]
    if fault == WRONG_UNIT:
        other = bytes([(frame[unit_at] + 1) & 0xFF])
        return frame[:unit_at] + other + frame[unit_at + 1 :]
    return frame


class Devices(SimCore):
    """The units, in the place of pymodbus's own memory."""

    def __init__(self, units: dict[int, Unit]) -> None:
        super().__init__(SimDevice(0, [SimData(0, datatype=DataType.REGISTERS)]))
        self._units = units

    def _find(self, unit_id: int) -> Unit | ExcCodes:
        unit = self.of(unit_id)
        if unit is None:
            return ExcCodes.GATEWAY_NO_RESPONSE
        return ANSWERS.get(unit.plug.fault, _works)(unit) or unit

    def of(self, unit_id: int) -> Unit | None:
        """The device that answers to this id."""
        unit = self._units.get(unit_id)
        return unit or next((u for u in self._units.values() if u.answers_to(unit_id)), None)

    @override
    async def async_getValues(
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        unit = self._find(device_id)
        if isinstance(unit, ExcCodes):
            return unit
        if unit.plug.fault == LATE:
            await asyncio.sleep(LATE_S)
        unit.before()
        try:
            found = unit.read(func_code, address, count)
        except IllegalAddressError:
            return ExcCodes.ILLEGAL_ADDRESS
        unit.reads_at_s.append(time.monotonic())
        return found

    @override
    async def async_setValues(
        self, device_id: int, func_code: int, address: int, values: list[int] | list[bool]
    ) -> ExcCodes | None:
        at_s = time.monotonic()
        unit = self._find(device_id)
        if isinstance(unit, ExcCodes):
            return unit
        unit.before()
        numbers = [int(value) for value in cast(Sequence[int], values)]
        try:
            unit.registers.write(func_code, address, numbers)
        except IllegalAddressError:
            return ExcCodes.ILLEGAL_ADDRESS
        except IllegalValueError:
            return ExcCodes.ILLEGAL_VALUE
        unit.writes.append(Written(at_s, device_id, func_code, address, tuple(numbers)))
        unit.on_write()
        return None


class ModbusServer:
    """Listens while at least one of its devices does not refuse."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.units: dict[int, Unit] = {}
        self._server: ModbusTcpServer | None = None

    def add(self, unit_id: int, unit: Unit) -> None:
        """Put a device on the wire. Raises ValueError when the id is taken."""
        if unit_id in self.units:
            msg = f"unit {unit_id} is twice at {self.host}:{self.port}"
            raise ValueError(msg)
        self.units[unit_id] = unit
        unit.plug.changed = self.start

    async def start(self) -> None:
        """Open or close the door as the plugs want it. Raises OSError when the port is taken."""
        if all(unit.plug.fault == REFUSE for unit in self.units.values()):
            await self.stop()
        elif self._server is None:
            devices = Devices(self.units)

            def leaves(sending: bool, data: bytes) -> bytes:
                """pymodbus lets us see, and change, every packet."""
                unit = devices.of(data[UNIT_AT]) if sending and len(data) > UNIT_AT else None
                return data if unit is None else mangle(unit.plug.fault, data, UNIT_AT)

            server = ModbusTcpServer(
                SimDevice(0, [SimData(0, datatype=DataType.REGISTERS)]),
                address=(self.host, self.port),
                ignore_missing_devices=True,
                trace_packet=leaves,
            )
            server.context = devices
            if not await server.listen():
                msg = f"cannot listen at {self.host}:{self.port}; see the log"
                raise OSError(msg)
            self.port = server.transport.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
            self._server = server

    async def stop(self) -> None:
        """Close the door and every connection."""
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]
            self._server = None
