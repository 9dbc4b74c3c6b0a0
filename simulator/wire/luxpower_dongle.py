"""A LuxPower dongle: TCP, one client at a time, heartbeats and copies of foreign answers in between.

How often it speaks of its own accord is in no document; every two seconds is enough to be in the way.
"""

import asyncio
import contextlib
import struct

from simulator.wire.luxpower_frames import (
    HEAD,
    MARK,
    NEW,
    OLD,
    READ_HOLDING,
    READ_INPUT,
    TRANSLATED,
    answer,
    asked,
    envelope,
    heartbeat,
)
from simulator.wire.modbus import Unit, mangle
from simulator.wire.plugs import REFUSE
from simulator.wire.rtu import sealed

UNASKED_EVERY_S = 2.0
INNER_AT, SHORTEST = 20, 38


class LuxDongle:
    """The dongle and the inverter behind it."""

    def __init__(self, host: str, port: int, dongle: str, serial: str) -> None:
        self.host, self.port = host, port
        self.units: dict[int, Unit] = {}
        self._dongle, self._serial = dongle.encode("ascii"), serial.encode("ascii")
        self._server: asyncio.Server | None = None
        self._client: asyncio.StreamWriter | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.turned_away = 0
        """Clients that came while there was one."""

    def add(self, unit_id: int, unit: Unit) -> None:
        """Put the inverter behind it. Raises ValueError when there is one."""
        if self.units:
            msg = f"the dongle at {self.host}:{self.port} has one inverter"
            raise ValueError(msg)
        self.units[unit_id] = unit
        unit.plug.changed = self.start

    async def start(self) -> None:
        """Open or close the door as the plug wants it. Raises OSError when the port is taken."""
        if all(unit.plug.fault == REFUSE for unit in self.units.values()):
            await self.stop()
        elif self._server is None:
            self._server = await asyncio.start_server(self._meet, self.host, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the door and the connection."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        if self._client is not None:
            self._client.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._client is not None:
            self.turned_away += 1
            writer.close()
            return
        self._client = writer
        task = asyncio.create_task(self._speak_unasked(writer))
        own = asyncio.current_task()
        assert own is not None
        self._tasks |= {own, task}
        try:
            await self._listen(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # It hung up, or the site ends.
        finally:
            task.cancel()
            self._tasks -= {own, task}
            self._client = None
            writer.close()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readexactly(6)
            (size,) = struct.unpack_from("<H", head, 4)
            frame = head + await reader.readexactly(size)
            if not frame.startswith(MARK) or len(frame) < SHORTEST or frame[7] != TRANSLATED:
                continue
            inner = frame[INNER_AT:-2]
            if frame[8:18] != self._dongle or sealed(inner) != frame[INNER_AT:]:
                continue
            reply = await self._reply(inner)
            if reply:
                writer.write(reply)
                await writer.drain()

    async def _reply(self, inner: bytes) -> bytes | None:
        request = asked(inner)
        (unit,) = self.units.values()
        if request is None:
            return None
        reading = request.function in (READ_HOLDING, READ_INPUT)
        said = await answer(unit, request, self._serial, lengthy=True)
        if said is None:
            return None
        whole = envelope(self._dongle, b"\1" + said[1:], NEW if reading else OLD)
        return (
            mangle(unit.plug.fault, whole, 0) if unit.plug.fault in ("garbage", "half") else whole
        )

    async def _speak_unasked(self, writer: asyncio.StreamWriter) -> None:
        """Heartbeats, and an answer that nobody here has asked for: input registers from 0 on, for the cloud."""
        copy = HEAD.pack(1, READ_INPUT, self._serial, 120) + bytes([4, 1, 2, 3, 4])
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(heartbeat(self._dongle) + envelope(self._dongle, copy))
                await writer.drain()
                await asyncio.sleep(UNASKED_EVERY_S)
