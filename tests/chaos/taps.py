"""Recording proxies between the box and the pretend devices, with faults of the wire itself.

Each tap listens where the box looks for a device and passes bytes on to the real place of the twin.
"""

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable

from tests.chaos.decode import Decoder, Said

PASS, CUT, MUTE, DEAF = "pass", "cut", "mute", "deaf"
"""Faults of a wire: nothing gets through; answers are lost; what the box says is lost."""
RESET = struct.pack("ii", 1, 0)
Change = Callable[[bytes], bytes]


class Tap:
    """One wire."""

    def __init__(self, name: str, upstream: int, decoder: Decoder, heard: list[Said]) -> None:
        self.name, self.mode = name, PASS
        self.port = 0
        self.change: Change | None = None
        """For a deliberately broken box: what the device gets in place of what the box says."""
        self._upstream, self._decoder, self._heard = upstream, decoder, heard
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0.02)  # transports say goodbye in the next rounds of the loop

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = asyncio.current_task()
        assert own is not None
        self._tasks.add(own)
        try:
            far = await asyncio.open_connection("127.0.0.1", self._upstream)
        except OSError:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.close()
            self._tasks.discard(own)
            return
        self._decoder.begin()
        ways = [
            asyncio.create_task(self._pass(reader, far[1], self._out)),
            asyncio.create_task(self._pass(far[0], writer, self._back)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            pass  # the tap is closed
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for each in (writer, far[1]):
                each.transport.abort()
            self._tasks.discard(own)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_the_way: Change
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                passed = on_the_way(data)
                if passed:
                    writer.write(passed)
                    await writer.drain()

    def _out(self, data: bytes) -> bytes:
        """From the box. It is recorded whether it arrives or not."""
        self._heard.extend(self._decoder.hear(data, time.monotonic()))
        if self.mode in (CUT, DEAF):
            return b""
        return data if self.change is None else self.change(data)

    def _back(self, data: bytes) -> bytes:
        return b"" if self.mode in (CUT, MUTE) else data


class Taps:
    """All taps of a box, in a thread of their own."""

    def __init__(self, taps: list[Tap]) -> None:
        self._taps = {tap.name: tap for tap in taps}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="taps", daemon=True)
        self._thread.start()
        for tap in taps:
            asyncio.run_coroutine_threadsafe(tap.start(), self._loop).result(5.0)

    def __getitem__(self, name: str) -> Tap:
        """The tap of that device."""
        return self._taps[name]

    def mend(self) -> None:
        """All wires work."""
        for tap in self._taps.values():
            tap.mode = PASS

    def stop(self) -> None:
        """Close everything."""
        for tap in self._taps.values():
            asyncio.run_coroutine_threadsafe(tap.stop(), self._loop).result(5.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)
        self._loop.close()
