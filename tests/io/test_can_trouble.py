"""What is wrong on a CAN bus is counted and told, whatever carries it."""

import socket
import struct
from collections.abc import Iterator

import pytest

from appliance.io.bms import bms_workers
from appliance.io.buses import BusError
from appliance.io.buses._can_raw import RawPort
from appliance.io.buses._can_trouble import Trouble
from appliance.io.buses.can import open_can
from appliance.mailbox import Slots
from appliance.model import CanCounts, WireCounts
from appliance.site import CanBus
from tests.io.fake_modbus import free_port
from tests.io.fake_socketcand import FakeSocketcand
from tests.io.test_bms_workers import REST, converse, site_on
from tests.io.threads import CLOCK, pause, running, soon

ERROR = 0x2000_0000


def error_frame(classes: int, data: bytes = bytes(8)) -> bytes:
    return struct.pack("=IBBBB8s", classes | ERROR, 8, 0, 0, 0, data)


@pytest.fixture
def ends() -> Iterator[tuple[RawPort, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    port = RawPort("can7", CLOCK, ours)
    yield port, theirs
    port.close()
    theirs.close()


@pytest.mark.parametrize(
    ("classes", "data", "state", "lost"),
    [
        (0x004, b"\x00\x10", "error-passive", 0),
        (0x004, b"\x00\x20", "error-passive", 0),
        (0x004, b"\x00\x04", "error-active", 0),
        (0x004, b"\x00\x01", "error-active", 1),
        (0x008, b"\x00\x10", "error-active", 0),
        (0x040, b"", "bus-off", 0),
        (0x044, b"\x00\x30", "bus-off", 0),
        (0x004, b"", "error-active", 0),
    ],
)
def test_an_error_frame_says_how_the_controller_is(
    classes: int, data: bytes, state: str, lost: int
) -> None:
    trouble = Trouble()
    trouble.error(classes, data)
    assert (trouble.state, trouble.error_frames, trouble.lost) == (state, 1, lost)


def test_a_controller_recovers() -> None:
    trouble = Trouble()
    trouble.error(0x004, b"\x00\x30")
    trouble.error(0x004, b"\x00\x40")
    assert trouble.state == "error-active"
    trouble.error(0x040)
    trouble.error(0x100)
    assert (trouble.state, trouble.error_frames) == ("error-active", 4)


def test_the_kernels_error_frames_are_counted(ends: tuple[RawPort, socket.socket]) -> None:
    port, kernel = ends
    kernel.send(error_frame(0x004, b"\x00\x20" + bytes(6)))
    kernel.send(error_frame(0x080))
    port.receive(0.1)
    assert (port.trouble.state, port.trouble.error_frames) == ("error-passive", 2)
    kernel.send(error_frame(0x040))
    with pytest.raises(BusError):
        port.receive(0.1)
    assert port.trouble.state == "bus-off"


def test_socketcands_error_frames_are_counted_and_its_answers_are_not() -> None:
    with FakeSocketcand() as server:
        settings = CanBus(
            kind="can", interface="socketcand", channel="can0", host="127.0.0.1", port=server.port
        )
        port = open_can(settings, CLOCK)
        assert soon(lambda: server.raw)
        server.say(b"< error 004 17.5 >< error unknown command >< error >< error 080 18.5 >")
        assert soon(lambda: port.receive(0.02) or port.trouble.error_frames == 2)
        server.say(b"< error 040 19.5 >")
        assert soon(lambda: port.receive(0.02) or port.trouble.state == "bus-off")
        server.frame(0x123, b"\x01")
        assert soon(lambda: port.receive(0.02))
        assert port.trouble.state == "error-active", "frames come: it works again"
        port.close()


def test_the_battery_thread_tells_how_its_bus_is() -> None:
    port = free_port()
    site = site_on(port)
    slots = Slots.create(buses=(site.battery.bus,))
    slot = slots.wires[site.battery.bus]

    def told() -> CanCounts:
        newest = slot.newest()
        assert newest is not None
        assert isinstance(newest.value, WireCounts)
        assert newest.value.can is not None
        return newest.value.can

    with running(bms_workers(site, CLOCK, slots)):
        assert soon(lambda: slot.newest() is not None)
        assert told().state == "down"
        with FakeSocketcand(port) as server:
            assert soon(lambda: told().state == "error-active")
            assert soon(lambda: server.raw)
            server.say(b"< error 004 17.5 >" * 3)
            assert soon(lambda: told().error_frames == 3)
            server.say(b"< error 040 17.5 >")
            assert soon(lambda: told().state == "bus-off")
            server.hang_up()
            assert soon(lambda: server.raw)
            pause(0.3)
            assert told().state == "bus-off", "open again, but nothing was heard"
            converse(server, slots, REST, 0.2)
            assert soon(lambda: told().state == "error-active")
            assert told().error_frames == 4, "counted over all openings"
        assert soon(lambda: told().state == "down")
