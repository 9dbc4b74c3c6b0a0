"""A socketcand server that can misbehave: it joins messages, splits them, falls silent, hangs up."""

import contextlib
import socket
import time

from typing_extensions import override

from tests.io.fake_server import FakeServer


class FakeSocketcand(FakeServer):
    """One bus, any number of clients. Notes what they send, and when."""

    def __init__(self, port: int = 0, *, greeting: bytes = b"< hi >", eager: bytes = b"") -> None:
        self.greeting = greeting
        self.eager = eager
        """Sent in one packet with the end of the handshake."""
        self.sent: list[tuple[float, int, bytes]] = []
        """Instant (monotonic), id, data."""
        self.raw: list[socket.socket] = []
        super().__init__(port)

    @override
    def hang_up(self) -> None:
        super().hang_up()
        self.raw.clear()

    def say(self, text: bytes) -> None:
        """Bytes as they are, to every client in raw mode."""
        for client in list(self.raw):
            with contextlib.suppress(OSError):
                client.sendall(text)

    def frame(self, frame_id: int, data: bytes) -> None:
        """A frame on the bus."""
        self.say(frame_text(frame_id, data))

    def payloads(self, frame_id: int) -> list[bytes]:
        """What clients sent with this id, oldest first."""
        return [data for _at, number, data in list(self.sent) if number == frame_id]

    @override
    def _serve(self, connection: socket.socket) -> None:
        waiting = b""
        with connection, contextlib.suppress(OSError):
            connection.sendall(self.greeting)
            while arrived := connection.recv(4096):
                waiting += arrived
                while b">" in waiting:
                    command, _, waiting = waiting.partition(b">")
                    self._obey(connection, command.split()[1:])

    def _obey(self, client: socket.socket, words: list[bytes]) -> None:
        if words[0] == b"open":
            client.sendall(b"< ok >")
        elif words[0] == b"rawmode":
            client.sendall(b"< ok >" + self.eager)
            self.raw.append(client)
        elif words[0] == b"send":
            data = bytes(int(byte, 16) for byte in words[3:])
            assert len(data) == int(words[2], 16)
            self.sent.append((time.monotonic(), int(words[1], 16), data))


def frame_text(frame_id: int, data: bytes) -> bytes:
    number = f"{frame_id:03X}" if frame_id < 0x800 else f"{frame_id:08X}"
    return f"< frame {number} 1700000000.123456 {data.hex().upper()} >".encode()
