"""The socketcand client against a server that joins, splits, stalls and hangs up."""

import time
from collections.abc import Sequence

import pytest

from appliance.io.buses import BusError
from appliance.io.buses.can import EXTENDED, CanPort, Frame, open_can
from appliance.site import CanBus
from tests.io.fake_modbus import free_port
from tests.io.fake_socketcand import FakeSocketcand, frame_text
from tests.io.threads import CLOCK, soon


def settings(port: int) -> CanBus:
    return CanBus(kind="can", interface="socketcand", channel="can0", host="127.0.0.1", port=port)


def opened(server: FakeSocketcand) -> CanPort:
    port = open_can(settings(server.port), CLOCK)
    soon(lambda: server.raw)
    return port


def content(frames: Sequence[Frame]) -> list[tuple[int, bytes]]:
    return [(frame.id, frame.data) for frame in frames]


def gather(port: CanPort, found: list[Frame]) -> bool:
    found += port.receive(0.05)
    return bool(found)


def test_frames_both_ways() -> None:
    with FakeSocketcand() as server:
        port = opened(server)
        server.frame(0x123, b"\x01\x02")
        server.frame(0x18FF1234, b"")
        frames = list(port.receive(1.0))
        while len(frames) < 2:
            frames += port.receive(1.0)
        assert content(frames) == [(0x123, b"\x01\x02"), (0x18FF1234 | EXTENDED, b"")]
        assert 0.0 <= CLOCK.now_s() - frames[0].at_s < 1.0
        port.send(0x210, b"\x00\x0f\xff")
        port.send(0x18FF0001 | EXTENDED, b"\x01")
        assert soon(lambda: len(server.sent) == 2)
        assert [entry[1:] for entry in server.sent] == [
            (0x210, b"\x00\x0f\xff"),
            (0x18FF0001, b"\x01"),
        ]
        port.close()


def test_a_frame_in_the_packet_that_ends_the_handshake_is_not_lost() -> None:
    with FakeSocketcand(eager=frame_text(0x111, b"\x05")) as server:
        port = opened(server)
        assert content(port.receive(0.5)) == [(0x111, b"\x05")]
        port.close()


def test_many_in_one_packet_and_one_in_many() -> None:
    with FakeSocketcand() as server:
        port = opened(server)
        whole = b"".join(frame_text(number, bytes([number])) for number in range(1, 101))
        server.say(whole)
        frames = list(port.receive(0.5))
        while len(frames) < 100:
            more = port.receive(0.5)
            assert more
            frames += more
        assert content(frames) == [(number, bytes([number])) for number in range(1, 101)]
        text = frame_text(0x321, b"\xaa\xbb")
        for place in range(len(text)):
            server.say(text[place : place + 1])
            time.sleep(0.001)
        found: list[Frame] = []
        assert soon(lambda: gather(port, found))
        assert content(found) == [(0x321, b"\xaa\xbb")]
        port.close()


def test_bytes_with_blanks_and_other_messages() -> None:
    with FakeSocketcand() as server:
        port = opened(server)
        server.say(b"< error 004 12.5 >< frame 12 >< frame 123 1.5 1 zz >< echo >")
        server.say(b"< frame 123 23.424242 11 22 33 44 >")
        found: list[Frame] = []
        assert soon(lambda: gather(port, found))
        assert content(found) == [(0x123, b"\x11\x22\x33\x44")]
        port.close()


def test_silence_is_not_an_error_and_ends_in_time() -> None:
    with FakeSocketcand() as server:
        port = opened(server)
        started_s = time.monotonic()
        assert port.receive(0.02) == []
        assert 0.015 < time.monotonic() - started_s < 0.1
        port.close()


def test_an_ended_connection_is_an_error_and_not_silence() -> None:
    with FakeSocketcand() as server:
        port = opened(server)
        server.hang_up()
        with pytest.raises(BusError, match="ended by the server"):
            while True:
                port.receive(0.2)
        port.close()


@pytest.mark.parametrize("greeting", [b"", b"< ho >", b"SSH-2.0-something >"])
def test_somebody_else_on_that_port_is_refused_in_time(greeting: bytes) -> None:
    with FakeSocketcand(greeting=greeting) as server:
        started_s = time.monotonic()
        with pytest.raises(BusError, match="cannot open can0 at"):
            open_can(settings(server.port), CLOCK)
        assert time.monotonic() - started_s < 1.5


def test_nobody_there_fails_at_once() -> None:
    with pytest.raises(BusError, match="no connection"):
        open_can(settings(free_port()), CLOCK)


def test_a_kernel_bus_that_does_not_exist_is_one_kind_of_error() -> None:
    with pytest.raises(BusError, match="cannot open nosuchbus"):
        open_can(CanBus(kind="can", interface="socketcan", channel="nosuchbus"), CLOCK)
