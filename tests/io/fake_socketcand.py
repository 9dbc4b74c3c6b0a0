"""A socketcand server that can misbehave: it joins messages, splits them, falls silent, hangs up."""

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Self


class FakeSocketcand:
    """One bus, any number of clients. Notes what they send, and when."""

    def __init__(self, port: int = 0, *, greeting: bytes = b"< hi >", eager: bytes = b"") -> None:
        self.greeting = greeting
        self.eager = eager
        """Sent in one packet with the end of the handshake."""
        self.sent: list[tuple[float, int, bytes]] = []
        """Instant (monotonic), id, data."""
        self._ended = False
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self._clients: list[socket.socket] = []
        self.raw: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended = True
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(2.0)

    def hang_up(self) -> None:
        """End every connection."""
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
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

    def _accept(self) -> None:
        while not self._ended:
            try:
                client, _peer = self._socket.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._clients.append(client)
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        waiting = b""
        with client, contextlib.suppress(OSError):
            client.sendall(self.greeting)
            while arrived := client.recv(4096):
                waiting += arrived
                while b">" in waiting:
                    command, _, waiting = waiting.partition(b">")
                    self._obey(client, command.split()[1:])

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
