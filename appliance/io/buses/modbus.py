"""Modbus over TCP or RS-485: asks, waits no longer than its timeout, and fails in one way only."""

import logging
import struct
import termios
from collections.abc import Callable
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Final

from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from appliance.clock import Clock
from appliance.io.buses import BusError, RefusedError
from appliance.io.registers import Block, Write
from appliance.site import ModbusRtu, ModbusTcp

# It logs every lost answer as an error; ours says it once, when a device falls silent.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

SHORTEST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 1.0
EXCEPTIONS: Final = {
    1: "function not supported",
    2: "no such register",
    3: "value not allowed",
    4: "device failure",
    5: "still working on it",
    6: "busy",
    8: "memory error",
    10: "gateway has no path",
    11: "device behind the gateway does not answer",
}
_SILENT: Final = (10, 11)
"""A gateway says so for a device that does not answer: that is no refusal."""
_READ_CODES: Final = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}


_Client = ModbusTcpClient | ModbusSerialClient
_PARITY: Final = {"none": "N", "even": "E", "odd": "O"}


def _client(settings: ModbusTcp | ModbusRtu) -> _Client:
    if isinstance(settings, ModbusTcp):
        return ModbusTcpClient(
            settings.host, port=settings.port, timeout=settings.timeout_s, retries=0
        )
    return ModbusSerialClient(
        settings.path,
        baudrate=settings.baud,
        parity=_PARITY[settings.parity],
        stopbits=settings.stop_bits,
        timeout=settings.timeout_s,
        retries=0,
    )


class ModbusBus:
    """A Modbus TCP server or an RS-485 line, and the devices behind it. Used by one thread."""

    def __init__(self, settings: ModbusTcp | ModbusRtu, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._client: _Client | None = None
        self._pause_s = SHORTEST_PAUSE_S
        self._retry_at_s = 0.0
        self.connections = 0
        """How often a connection was made; a device may have forgotten everything since the last."""

    @property
    def where(self) -> str:
        """What people call it."""
        settings = self._settings
        return (
            f"{settings.host}:{settings.port}" if isinstance(settings, ModbusTcp) else settings.path
        )

    def connect(self) -> None:
        """Make sure that there is a connection. Raises BusError, and does not try again too soon."""
        if self._client is not None and self._client.connected:
            return
        self.close()
        if self._clock.now_s() < self._retry_at_s:
            msg = f"no connection to {self.where}"
            raise BusError(msg)
        client = _client(self._settings)
        client.connect()
        if client.socket is None:
            self._retry_at_s = self._clock.now_s() + self._pause_s
            self._pause_s = min(2.0 * self._pause_s, LONGEST_PAUSE_S)
            msg = f"no connection to {self.where}"
            raise BusError(msg)
        if isinstance(client, ModbusTcpClient):
            client.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self._client, self._pause_s, self._retry_at_s = client, SHORTEST_PAUSE_S, 0.0
        self.connections += 1

    def read(self, block: Block, unit: int) -> tuple[int, ...]:
        """The words (or bits) of a block. Raises BusError; RefusedError when the device says no."""
        address, count = block.address, block.count
        asks: dict[str, Callable[[_Client], ModbusPDU]] = {
            "holding": lambda c: c.read_holding_registers(address, count=count, device_id=unit),
            "input": lambda c: c.read_input_registers(address, count=count, device_id=unit),
            "coil": lambda c: c.read_coils(address, count=count, device_id=unit),
            "discrete": lambda c: c.read_discrete_inputs(address, count=count, device_id=unit),
        }
        answer = self._ask(asks[block.kind], unit, _READ_CODES[block.kind], f"reading {address}")
        if block.kind in ("coil", "discrete"):
            words = tuple(int(bit) for bit in answer.bits[:count])
        else:
            words = tuple(answer.registers)
        if len(words) != count:
            self._forget()
            msg = f"reading {address}: {len(words)} words instead of {count}"
            raise BusError(msg)
        return words

    def write(self, write: Write, unit: int) -> None:
        """Set registers or one coil. Raises BusError; RefusedError when the device says no."""
        address, words, doing = write.address, write.words, f"writing {write.address}"
        if write.kind == "coil":
            on = bool(words[0])
            self._ask(lambda c: c.write_coil(address, on, device_id=unit), unit, 5, doing)
        elif len(words) == 1 and not write.together:
            self._ask(lambda c: c.write_register(address, words[0], device_id=unit), unit, 6, doing)
        else:
            self._ask(
                lambda c: c.write_registers(address, list(words), device_id=unit), unit, 16, doing
            )

    def close(self) -> None:
        """Drop the connection; the next call makes a new one."""
        if self._client is not None:
            self._client.close()  # type: ignore[no-untyped-call]
            self._client = None

    def _forget(self) -> None:
        """A late answer must not be taken for the next one."""
        if isinstance(self._client, ModbusSerialClient) and self._client.socket is not None:
            # The other devices on the line have forgotten nothing; only its buffer has to be emptied.
            try:
                self._client.socket.reset_input_buffer()
            except (OSError, termios.error):
                self.close()
        else:
            self.close()  # Only a new connection is sure.

    def _ask(
        self, ask: Callable[[_Client], ModbusPDU], unit: int, function_code: int, doing: str
    ) -> ModbusPDU:
        self.connect()
        client = self._client
        assert client is not None
        try:
            answer = ask(client)
        except (ModbusException, OSError, ValueError, IndexError, struct.error) as error:
            self._forget()
            msg = f"{doing}: no sensible answer within {self._settings.timeout_s:g} s"
            raise BusError(msg) from error
        if answer.dev_id != unit:
            self._forget()
            msg = f"{doing}: unit {answer.dev_id} answers instead of {unit}"
            raise BusError(msg)
        if answer.isError():
            code = answer.exception_code
            what = EXCEPTIONS.get(code, f"exception {code}")
            if code in _SILENT:
                msg = f"{doing}: {what}"
                raise BusError(msg)
            msg = f"{doing}: refused, {what}"
            raise RefusedError(msg)
        if answer.function_code != function_code:
            self._forget()
            msg = f"{doing}: an answer to something else"
            raise BusError(msg)
        return answer
