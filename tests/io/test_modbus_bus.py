"""The Modbus bus against a server that misbehaves: it fails in one way, in time, and comes back."""

import time

import pytest

from appliance.io.buses import BusError, RefusedError
from appliance.io.buses.modbus import ModbusBus
from appliance.io.registers import Register, Write, grouped
from appliance.site import ModbusTcp
from tests.io.fake_modbus import FakeModbus, free_port
from tests.io.threads import CLOCK, soon

PAIR = grouped([Register(10, "u16", "a", "here"), Register(11, "u16", "b", "here")])[0]
COILS = grouped([Register(n, "bit", f"c{n}", "here", kind="coil") for n in range(3)])[0]


def bus_to(server: FakeModbus, timeout_s: float = 0.1) -> ModbusBus:
    return ModbusBus(
        ModbusTcp(kind="modbus_tcp", host="127.0.0.1", port=server.port, timeout_s=timeout_s), CLOCK
    )


def test_reads_and_writes_words_and_bits() -> None:
    with FakeModbus() as server:
        bus = bus_to(server)
        server.set(3, "holding", 10, 111, 222)
        assert bus.read(PAIR, 3) == (111, 222)
        bus.write(Write(10, "holding", (7,)), 3)
        bus.write(Write(20, "holding", (8, 9)), 3)
        bus.write(Write(1, "coil", (1,)), 3)
        assert bus.read(PAIR, 3) == (7, 222)
        assert bus.read(COILS, 3) == (0, 1, 0)
        assert [(f, a, w) for _at, f, a, w in server.written] == [
            (6, 10, (7,)),
            (16, 20, (8, 9)),
            (5, 1, (1,)),
        ]
        bus.close()


def test_a_refusal_keeps_the_connection_and_says_why() -> None:
    with FakeModbus() as server:
        bus = bus_to(server)
        server.refused[10] = 2
        with pytest.raises(RefusedError, match="reading 10: refused, no such register"):
            bus.read(PAIR, 1)
        server.refused.clear()
        assert bus.read(PAIR, 1) == (0, 0)
        assert bus.connections == 1
        bus.close()


@pytest.mark.parametrize("code", [10, 11])
def test_a_gateway_that_answers_for_a_silent_device_is_no_refusal(code: int) -> None:
    with FakeModbus() as server:
        bus = bus_to(server)
        server.refused[10] = code
        with pytest.raises(BusError, match=r"reading 10: .*gateway") as error:
            bus.read(PAIR, 1)
        assert not isinstance(error.value, RefusedError)
        server.refused.clear()
        assert bus.read(PAIR, 1) == (0, 0)
        assert bus.connections == 1
        bus.close()


def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    with FakeModbus() as server:
        bus = bus_to(server)
        server.set(1, "holding", 10, 1, 1)
        server.delay_s = 0.25
        started_s = time.monotonic()
        with pytest.raises(BusError, match=r"no sensible answer within 0\.1 s"):
            bus.read(PAIR, 1)
        assert time.monotonic() - started_s < 0.2
        server.delay_s = 0.0
        server.set(1, "holding", 10, 2, 2)
        assert soon(lambda: bus.read(PAIR, 1)) == (2, 2)
        assert bus.connections == 2
        bus.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff" * 40,
        b"\x00\x01\x00\x00\x00\x02\x01",
        b"\x00\x01\x00\x00\x00\x03\x01\x03\x09",
        b"\x00\x01\x00\x00\x00\x05\x01\x04\x02\x00\x01",
        b"\x00\x01\x00\x00\x00\x05\x01\x03\x02\x00\x01",
        b"\x00\x01\x00\x00\x00\x03\x01\x63\x00",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_garbage_is_one_kind_of_error_and_ends_in_time(garbage: bytes) -> None:
    with FakeModbus() as server:
        bus = bus_to(server)
        server.garbage = garbage
        started_s = time.monotonic()
        with pytest.raises(BusError):
            bus.read(PAIR, 1)
        assert time.monotonic() - started_s < 0.35
        server.garbage = b""
        assert bus.read(PAIR, 1) == (0, 0)
        bus.close()


def test_an_ended_connection_is_made_again() -> None:
    with FakeModbus() as server:
        bus = bus_to(server)
        bus.read(PAIR, 1)
        server.hang_up()
        time.sleep(0.02)
        with pytest.raises(BusError):
            bus.read(PAIR, 1)
        assert bus.read(PAIR, 1) == (0, 0)
        assert bus.connections == 2
        bus.close()


def test_nobody_there_fails_fast_and_is_not_asked_without_pause() -> None:
    port = free_port()
    bus = ModbusBus(ModbusTcp(kind="modbus_tcp", host="127.0.0.1", port=port, timeout_s=0.1), CLOCK)
    started_s = time.monotonic()
    for _try in range(200):
        with pytest.raises(BusError, match=r"no connection to 127\.0\.0\.1"):
            bus.read(PAIR, 1)
    assert time.monotonic() - started_s < 0.5
    with FakeModbus(port):

        def answered() -> bool:
            try:
                return bus.read(PAIR, 1) == (0, 0)
            except BusError:
                return False

        assert soon(answered, 2.0)
        bus.close()
