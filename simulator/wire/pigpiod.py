"""Pins and an I2C bus behind the pigpio daemon's socket protocol.

Source: pigpio 1.78, "Socket Interface" and "Notifications" of its documentation, and the client
`pigpio.py`. A command is four little-endian words (command, p1, p2, length of what follows); the
answer repeats the first three and carries the result, negative for an error, in the fourth.
"""

import asyncio
import contextlib
import struct
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Protocol, TypeVar, runtime_checkable

from simulator.wire._pins import Pins, Refusal

T = TypeVar("T")

WORDS = struct.Struct("<IIII")
REPORT = struct.Struct("<HHII")
HANDLES = 512
LONGEST_EXTENSION = 4096
HARDWARE_REVISION = 0xC03114  # a Raspberry Pi 4B
PIGPIO_VERSION = 79

NO_HANDLE, BAD_HANDLE, BAD_I2C_BUS, BAD_I2C_ADDR = -24, -25, -74, -75
BAD_PARAM, I2C_WRITE_FAILED, I2C_READ_FAILED, UNKNOWN_COMMAND = -81, -82, -83, -88


class I2cDevice(Protocol):
    """A chip on the bus, register by register. May raise OSError: no acknowledge."""

    def read_byte(self, register: int) -> int:
        """The content of a register."""

    def write_byte(self, register: int, value: int) -> None:
        """Write a register."""


@runtime_checkable
class WideI2cDevice(Protocol):
    """A chip whose registers hold several bytes each. May raise OSError: no acknowledge."""

    def read_block(self, register: int, count: int) -> bytes:
        """So many bytes after the register's number was sent."""

    def write_block(self, register: int, data: bytes) -> None:
        """The bytes that follow the register's number."""


def read_from(device: "I2cDevice | WideI2cDevice", register: int, count: int) -> bytes:
    """Bytes of one register, or of as many as there are bytes. Raises OSError."""
    if isinstance(device, WideI2cDevice):
        return device.read_block(register, count)
    return bytes(device.read_byte(register + i & 0xFF) for i in range(count))


def write_to(device: "I2cDevice | WideI2cDevice", register: int, data: bytes) -> None:
    """The other direction. Raises OSError."""
    if isinstance(device, WideI2cDevice):
        device.write_block(register, data)
        return
    for i, value in enumerate(data):
        device.write_byte(register + i & 0xFF, value)


class _Client:
    """One connection: a stream of commands, which may become a stream of reports as well."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.notify_handle: int | None = None
        self.watched = 0
        self.sequence = 0
        self.i2c: dict[int, int] = {}

    def report(self, levels: int) -> None:
        tick = time.monotonic_ns() // 1000 & 0xFFFFFFFF
        self.writer.write(REPORT.pack(self.sequence, 0, tick, levels))
        self.sequence = self.sequence + 1 & 0xFFFF


class Pigpiod:
    """The daemon. Not thread-safe: call it from its event loop (see `serving`)."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host, self.port = host, port
        self.i2c_devices: dict[int, I2cDevice | WideI2cDevice] = {}
        """Chips on I2C bus 1, by address."""
        self._pins = Pins(self._report)
        self._clients: dict[asyncio.Task[None], _Client] = {}
        self._server: asyncio.Server | None = None
        self._silent = False
        self._commands: dict[int, Callable[[_Client, int, int, bytes], int | bytes]] = {
            16: lambda _c, _1, _2, _x: time.monotonic_ns() // 1000 & 0x7FFFFFFF,
            17: lambda _c, _1, _2, _x: HARDWARE_REVISION,
            19: lambda _c, handle, bits, _x: self._watch(handle, bits),
            20: lambda _c, handle, _2, _x: self._watch(handle, 0),
            21: lambda _c, handle, _2, _x: self._stop_reports(handle),
            26: lambda _c, _1, _2, _x: PIGPIO_VERSION,
            54: lambda c, bus, address, _x: self._i2c_open(c, bus, address),
            55: lambda c, handle, _2, _x: self._i2c_close(c, handle),
            61: lambda c, handle, reg, _x: self._i2c(c, handle, _span(reg, 1))[0],
            62: lambda c, handle, reg, x: len(self._i2c(c, handle, _span(reg, 1), x[:1])),
            67: lambda c, handle, reg, x: self._i2c(c, handle, _span(reg, _word(x))),
            68: lambda c, handle, reg, x: len(self._i2c(c, handle, _span(reg, len(x)), x)),
            99: lambda c, _1, _2, _x: self._start_reports(c),
        }

    # ------------------------------------------------------------ the world outside

    async def start(self) -> None:
        """Listen; port 0 takes a free one and `port` then says which."""
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the door and every connection."""
        self._pins.stop()
        if self._server is None:
            return
        self._server.close()
        serving = list(self._clients)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def set_input(self, pin: int, level: int | None) -> None:
        """Drive a pin from outside to 0 or 1; None leaves it open, to its pull."""
        self._pins.drive(pin, level)

    def levels(self) -> dict[int, int]:
        """Levels of all pins that are outputs now."""
        return self._pins.outputs()

    def silence(self, silent: bool) -> None:
        """Accept and read, but answer and report nothing; what was asked meanwhile is lost."""
        self._silent = silent

    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._clients)

    # ------------------------------------------------------------ the protocol

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        client = self._clients[task] = _Client(writer)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, Refusal):
                while True:
                    await self._answer_one(client, reader)
        except asyncio.CancelledError:
            return  # the daemon stops
        finally:
            del self._clients[task]
            writer.close()

    async def _answer_one(self, client: _Client, reader: asyncio.StreamReader) -> None:
        command, p1, p2, length = WORDS.unpack(await reader.readexactly(WORDS.size))
        if length > LONGEST_EXTENSION:
            raise Refusal(BAD_PARAM)
        extension = await reader.readexactly(length)
        if self._silent:
            return
        try:
            result = self._run(client, command, p1, p2, extension)
        except Refusal as refusal:
            result = refusal.number
        data = result if isinstance(result, bytes) else b""
        number = len(result) if isinstance(result, bytes) else result
        client.writer.write(WORDS.pack(command, p1, p2, number & 0xFFFFFFFF) + data)
        await client.writer.drain()

    def _run(
        self, client: _Client, command: int, p1: int, p2: int, extension: bytes
    ) -> int | bytes:
        if (of_pins := self._pins.commands.get(command)) is not None:
            return of_pins(p1, p2)
        if (of_daemon := self._commands.get(command)) is not None:
            return of_daemon(client, p1, p2, extension)
        raise Refusal(UNKNOWN_COMMAND)

    # ------------------------------------------------------------ reports

    def _report(self, pins: int, levels: int) -> None:
        for client in self._clients.values():
            if client.watched & pins and not self._silent:
                client.report(levels)

    def _start_reports(self, client: _Client) -> int:
        used = {each.notify_handle for each in self._clients.values()}
        client.notify_handle = next(n for n in range(len(used) + 1) if n not in used)
        return client.notify_handle

    def _reporting(self, handle: int) -> _Client:
        for client in self._clients.values():
            if client.notify_handle == handle:
                return client
        raise Refusal(BAD_HANDLE)

    def _watch(self, handle: int, bits: int) -> int:
        self._reporting(handle).watched = bits
        return 0

    def _stop_reports(self, handle: int) -> int:
        client = self._reporting(handle)
        client.notify_handle, client.watched = None, 0
        return 0

    # ------------------------------------------------------------ I2C

    def _i2c_open(self, client: _Client, bus: int, address: int) -> int:
        if bus != 1:
            raise Refusal(BAD_I2C_BUS)
        if address > 0x7F:
            raise Refusal(BAD_I2C_ADDR)
        handle = next((n for n in range(HANDLES) if n not in client.i2c), None)
        if handle is None:
            raise Refusal(NO_HANDLE)
        client.i2c[handle] = address
        return handle

    def _i2c_close(self, client: _Client, handle: int) -> int:
        if client.i2c.pop(handle, None) is None:
            raise Refusal(BAD_HANDLE)
        return 0

    def _i2c(
        self, client: _Client, handle: int, registers: range, data: bytes | None = None
    ) -> bytes:
        """Write the data to the registers; without data read them."""
        error = I2C_READ_FAILED if data is None else I2C_WRITE_FAILED
        if handle not in client.i2c:
            raise Refusal(BAD_HANDLE)
        if registers.start > 0xFF or not 1 <= len(registers) <= 32:
            raise Refusal(BAD_PARAM)
        device = self.i2c_devices.get(client.i2c[handle])
        try:
            if device is None:
                raise Refusal(error)
            if data is None:
                return read_from(device, registers.start, len(registers))
            write_to(device, registers.start, data)
        except OSError:
            raise Refusal(error) from None
        return b""


def _word(extension: bytes) -> int:
    return int.from_bytes(extension[:4], "little")


def _span(first: int, count: int) -> range:
    return range(first, first + count)


@contextlib.contextmanager
def serving(daemon: Pigpiod) -> Iterator[Callable[[Callable[[], T]], T]]:
    """Run the daemon in a thread of its own; what is yielded calls a function over there."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="pigpiod", daemon=True)
    thread.start()

    async def there(function: Callable[[], T]) -> T:
        return function()

    def wait(coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(5)

    wait(daemon.start())
    try:
        yield lambda function: wait(there(function))
    finally:
        wait(daemon.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
