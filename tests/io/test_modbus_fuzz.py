"""100,000 mutated frames through the Modbus bus, over TCP and RTU: a BusError or a well-formed answer, nothing else."""

import struct
from collections.abc import Iterator
from random import Random

import pytest
from pymodbus.client import ModbusSerialClient, ModbusTcpClient

from appliance.io.buses import BusError
from appliance.io.buses import modbus as bus_module
from appliance.io.buses.modbus import ModbusBus
from appliance.io.registers import Block, Write
from appliance.site import ModbusRtu, ModbusTcp
from simulator.wire.rtu import sealed
from tests.io.threads import CLOCK

FRAMES = 50_000
"""Over each transport."""
COUNT, UNIT = 4, 7
BLOCK = Block("holding", 100, COUNT, (), slow=False, optional=False)


class Socket:
    """As much of a socket as the bus touches."""

    def setsockopt(self, *_options: int) -> None:
        """Nothing to set."""

    def reset_input_buffer(self) -> None:
        """Nothing waits."""


class Wire:
    """Answers each request once, with something wrong in it; then there is nothing more."""

    def __init__(self, seed: str) -> None:
        self.rng = Random(seed)
        self.answer = b""
        self.true = 0

    def ask(self, request: bytes, *, tcp: bool) -> None:
        body = bytes([UNIT, 3, 2 * COUNT]) + struct.pack(">4H", 1, 2, 3, 4)
        frame = request[:4] + struct.pack(">H", len(body)) + body if tcp else sealed(body)
        self.answer = self._mutated(frame)
        self.true += self.answer == frame

    def _mutated(self, frame: bytes) -> bytes:
        rng, kind = self.rng, self.rng.randrange(6)
        if kind == 0:
            return frame
        if kind == 1:
            return frame[: rng.randrange(len(frame))]
        if kind == 2:
            return frame + rng.randbytes(rng.randrange(1, 20))
        if kind == 3:
            return rng.randbytes(rng.randrange(1, 60))
        changed = bytearray(frame)
        for _ in range(rng.randrange(1, 4)):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        return bytes(changed)

    def take(self) -> bytes:
        taken, self.answer = self.answer, b""
        return taken


class OneAnswer:
    """A client's transport: every request is answered once."""

    wire: Wire
    tcp: bool
    socket: Socket | None

    def connect(self) -> bool:
        self.socket = Socket()
        return True

    def close(self) -> None:
        self.socket = None

    def send(self, request: bytes, addr: object = None) -> int:
        del addr
        self.wire.ask(request, tcp=self.tcp)
        return len(request)

    def recv(self, size: int | None) -> bytes:
        del size
        return self.wire.take()

    @property
    def connected(self) -> bool:
        return self.socket is not None


class Tcp(OneAnswer, ModbusTcpClient):  # type: ignore[misc]
    tcp = True


class Rtu(OneAnswer, ModbusSerialClient):
    tcp = False


def client(kind: str, wire: Wire) -> Tcp | Rtu:
    made: Tcp | Rtu
    if kind == "tcp":
        made = Tcp("127.0.0.1", retries=0, timeout=0.1)
    else:
        made = Rtu("/dev/null", retries=0, timeout=0.1)
    made.wire = wire
    return made


@pytest.fixture
def wire() -> Iterator[Wire]:
    yield Wire("fuzz")


@pytest.mark.parametrize("kind", ["tcp", "rtu"])
def test_only_a_whole_answer_to_this_question_is_taken(
    wire: Wire, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_module, "_client", lambda _settings: client(kind, wire))
    settings: ModbusTcp | ModbusRtu = ModbusTcp(kind="modbus_tcp", host="127.0.0.1")
    if kind == "rtu":
        settings = ModbusRtu(kind="modbus_rtu", path="/dev/null")
    bus = ModbusBus(settings, CLOCK)
    taken = wrong = 0
    for number in range(FRAMES):
        try:
            if number % 5:
                words = bus.read(BLOCK, UNIT)
                assert len(words) == COUNT and all(0 <= word <= 0xFFFF for word in words)
                taken += 1
                wrong += words != (1, 2, 3, 4)
            else:
                bus.write(Write(100, "holding", (1,)), UNIT)
        except BusError:
            continue
    assert taken > FRAMES // 10, "true answers are still taken"
    if kind == "rtu":
        assert wrong == 0, "the check sum guards every bit"
