"""What time is it? A tiny SNTP server (RFC 4330), right or wrong by a chosen offset."""

import asyncio
import struct
import time

from typing_extensions import override

SINCE_1900_S = 2_208_988_800
"""Seconds from the NTP epoch to the Unix epoch."""


def _stamp(unix_s: float) -> bytes:
    whole, part = divmod(unix_s + SINCE_1900_S, 1.0)
    return struct.pack("!II", int(whole) & 0xFFFFFFFF, int(part * 2**32))


class TimeServer(asyncio.DatagramProtocol):
    """Answers every question with this computer's time plus `offset_s`."""

    def __init__(self, offset_s: float = 0.0) -> None:
        self.offset_s = offset_s
        self.silent = False
        self._transport: asyncio.DatagramTransport | None = None

    async def listen(self, address: str, port: int) -> int:
        """Open the socket; returns its port (port 0 picks a free one)."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(address, port))
        self._transport = transport
        return int(transport.get_extra_info("sockname")[1])

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer in server mode, stratum 1, with the asker's transmit time as origin."""
        if len(data) < 48 or self.silent or self._transport is None:
            return
        version = data[0] & 0x38
        now = _stamp(time.time() + self.offset_s)
        head = struct.pack("!BBbbII4s", version | 4, 1, 0, -20, 0, 0, b"LOCL")
        self._transport.sendto(head + now + data[40:48] + now + now, addr)

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()
