"""A CAN bus over TCP, as socketcand serves it: what one client sends, all others receive.

Protocol: github.com/linux-can/socketcand, as python-can's interface "socketcand" speaks it:
`< hi >`, `< open can0 >`, `< ok >`, `< rawmode >`, `< ok >`, then `< send ID LENGTH BYTES >` one way
and `< frame ID SECONDS.MICROS DATA >` the other.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

SETTLE_S = 0.1
"""python-can fails when a frame arrives together with the answer to `rawmode`."""
LONGEST_COMMAND = 200
ERROR_PROTOCOL = 0x008
"""CAN_ERR_PROT of linux/can/error.h."""
ERROR_BUS_OFF = 0x040
"""CAN_ERR_BUSOFF of linux/can/error.h; socketcand sends errors as `< error CLASS SECONDS.MICROS >`."""
MOST_BEHIND = 64 * 1024
"""A client that is this many bytes behind loses frames, as on a real bus."""


class Frame(NamedTuple):
    """A classic CAN frame."""

    can_id: int
    data: bytes
    extended: bool = False


class Socketcand:
    """A server for one bus."""

    def __init__(self, host: str, port: int, channel: str) -> None:
        self.host, self.port, self.channel = host, port, channel
        self.on_frame: Callable[[Frame], None] = lambda _frame: None
        self.is_off = False
        """Bus-off: clients may connect, yet nothing gets through."""
        self.lost = 0
        """Frames that a slow client did not get."""
        self._server: asyncio.Server | None = None
        self._raw: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open_door(self, wanted: bool) -> None:
        """Listen, or close the door and every connection. Raises OSError when the port is taken."""
        if wanted and self._server is None:
            self._server = await asyncio.start_server(self._serve, self.host, self.port)
            self.port = self._server.sockets[0].getsockname()[1]
        elif not wanted and self._server is not None:
            self._server.close()
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    async def set_off(self, off: bool) -> None:
        """Go bus-off: an error frame to everybody, connections break; or recover."""
        if off and not self.is_off:
            for writer in self._raw:
                writer.write(self._error())
                writer.close()
        self.is_off = off

    def disturb(self) -> None:
        """An error frame to everybody: something is wrong on the wire, and everything goes on."""
        for writer in self._raw:
            if not writer.is_closing():
                writer.write(self._error(ERROR_PROTOCOL))

    @staticmethod
    def _error(error: int = ERROR_BUS_OFF) -> bytes:
        return f"< error {error:03X} {time.time():.6f} >".encode("ascii")

    async def start(self) -> None:
        """Listen."""
        await self.open_door(True)

    async def stop(self) -> None:
        """Close everything."""
        await self.open_door(False)

    def send(self, frames: Iterable[Frame], besides: asyncio.StreamWriter | None = None) -> None:
        """Put frames on the bus, for every client but one."""
        now = f"{time.time():.6f}"
        text = "".join(
            f"< frame {frame.can_id:08X} {now} {frame.data.hex().upper()} >"
            if frame.extended
            else f"< frame {frame.can_id:03X} {now} {frame.data.hex().upper()} >"
            for frame in frames
        ).encode("ascii")
        for writer in self._raw if text and not self.is_off else ():
            if writer is besides or writer.is_closing():
                continue
            if writer.transport.get_write_buffer_size() > MOST_BEHIND:
                self.lost += text.count(b"<")
            else:
                writer.write(text)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            writer.write(b"< hi >")
            with contextlib.suppress(
                asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError
            ):
                while not reader.at_eof():
                    command = await reader.readuntil(b">")
                    if len(command) > LONGEST_COMMAND:
                        break
                    self._obey(command.decode("ascii", "replace").strip("<> \r\n").split(), writer)
                    await writer.drain()
        except asyncio.CancelledError:
            writer.transport.abort()  # the server stops; a client that does not read would hold it up
        finally:
            self._tasks.discard(task)
            self._raw.discard(writer)
            writer.close()

    def _obey(self, words: list[str], writer: asyncio.StreamWriter) -> None:
        match words:
            case ["open", channel] if channel == self.channel:
                writer.write(b"< ok >")
            case ["rawmode"]:
                writer.write(b"< ok >")
                asyncio.get_running_loop().call_later(SETTLE_S, self._join, writer)
            case ["echo"]:
                writer.write(b"< echo >")
            case ["send", can_id, length, *data]:
                self._take(can_id, length, data, writer)
            case _:
                writer.write(b"< error unknown command >")

    def _join(self, writer: asyncio.StreamWriter) -> None:
        if not writer.is_closing():
            self._raw.add(writer)
            if self.is_off:
                writer.write(self._error())

    def _take(
        self, can_id: str, length: str, data: list[str], writer: asyncio.StreamWriter
    ) -> None:
        try:
            frame = Frame(int(can_id, 16), bytes(int(byte, 16) for byte in data), len(can_id) > 3)
            if len(frame.data) != int(length, 16) or len(frame.data) > 8:
                raise ValueError
        except ValueError:
            writer.write(b"< error could not parse send >")
            return
        if not self.is_off:
            self.send([frame], besides=writer)
            self.on_frame(frame)
