"""A Modbus TCP server that can misbehave, written from the protocol and not with the library under test."""

import socket
import struct
import time

from typing_extensions import override

from tests.io.fake_server import FakeServer

READS = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}


class FakeModbus(FakeServer):
    """Serves `words[unit, kind, address]`, 0 when not set. Notes what was written, and when."""

    def __init__(self, port: int = 0) -> None:
        self.words: dict[tuple[int, str, int], int] = {}
        self.written: list[tuple[float, int, int, tuple[int, ...]]] = []
        """Instant (monotonic), function, address, words."""
        self.requests: list[tuple[int, int, int, int]] = []
        """Unit, function, address, count."""
        self.refused: dict[int, int] = {}
        """Address -> exception code."""
        self.kept: dict[int, int] = {}
        """Address -> the word it keeps, whatever is written."""
        self.silent_units: set[int] = set()
        self.delay_s = 0.0
        self.garbage = b""
        super().__init__(port)

    def set(self, unit: int, kind: str, address: int, *words: int) -> None:
        for place, word in enumerate(words):
            self.words[unit, kind, address + place] = word & 0xFFFF

    def values_at(self, address: int) -> list[int]:
        """Everything written there, oldest first."""
        return [words[0] for _at, _function, where, words in list(self.written) if where == address]

    @override
    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while head := _exactly(connection, 7):
                    tid, _protocol, length, unit = struct.unpack(">HHHB", head)
                    pdu = _exactly(connection, length - 1)
                    answer = self._answer(unit, pdu)
                    if self.delay_s:
                        time.sleep(self.delay_s)
                    if self.garbage:
                        connection.sendall(self.garbage)
                    elif unit not in self.silent_units:
                        frame = struct.pack(">HHHB", tid, 0, len(answer) + 1, unit) + answer
                        connection.sendall(frame)
            except OSError:
                return

    def _answer(self, unit: int, pdu: bytes) -> bytes:
        function, address, count = struct.unpack(">BHH", pdu[:5])
        self.requests.append((unit, function, address, count))
        if address in self.refused:
            return bytes([function | 0x80, self.refused[address]])
        if function in READS:
            words = [self.words.get((unit, READS[function], address + i), 0) for i in range(count)]
            if function <= 2:
                packed = sum(bit << place for place, bit in enumerate(words))
                data = packed.to_bytes((count + 7) // 8, "little")
            else:
                data = struct.pack(f">{count}H", *words)
            return bytes([function, len(data)]) + data
        if function in (5, 6):
            word = (1 if count else 0) if function == 5 else count
            self._store(unit, function, address, (word,))
            return pdu
        values = struct.unpack(f">{count}H", pdu[6:])
        self._store(unit, function, address, values)
        return pdu[:5]

    def _store(self, unit: int, function: int, address: int, words: tuple[int, ...]) -> None:
        self.set(
            unit,
            "coil" if function == 5 else "holding",
            address,
            *(self.kept.get(address + place, word) for place, word in enumerate(words)),
        )
        self.written.append((time.monotonic(), function, address, words))


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            return b""
        data += part
    return data


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
