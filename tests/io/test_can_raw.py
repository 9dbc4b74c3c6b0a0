"""The kernel's CAN frames in bursts, from a datagram socket that carries them as the kernel would."""

import ctypes
import logging
import socket
import struct
from collections.abc import Iterator

import pytest

from appliance.io.buses import BusError
from appliance.io.buses._can_raw import CONTROL, SO_RXQ_OVFL, Bursts, RawPort
from appliance.io.buses.can import EXTENDED, Frame
from tests.io.threads import CLOCK

ERROR = 0x2000_0000


def can_frame(number: int, data: bytes) -> bytes:
    return struct.pack("=IBBBB8s", number, len(data), 0, 0, 0, data)


@pytest.fixture
def ends() -> Iterator[tuple[RawPort, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    port = RawPort("can7", CLOCK, ours)
    yield port, theirs
    port.close()
    theirs.close()


def test_frames_of_both_kinds_and_every_length(ends: tuple[RawPort, socket.socket]) -> None:
    port, kernel = ends
    for size in range(9):
        kernel.send(can_frame(0x100 + size, bytes(range(size))))
    kernel.send(can_frame(0x18FF1234 | EXTENDED, b"\xff"))
    before_s = CLOCK.now_s()
    frames = port.receive(0.1)
    assert [(f.id, f.data) for f in frames[:9]] == [(0x100 + n, bytes(range(n))) for n in range(9)]
    assert frames[9][:2] == (0x18FF1234 | EXTENDED, b"\xff")
    assert type(frames[0]) is Frame
    assert frames[0].at_s - before_s < 0.1


def test_more_than_one_burst_comes_in_order(ends: tuple[RawPort, socket.socket]) -> None:
    port, kernel = ends
    kernel.setblocking(False)
    sent = received = 0
    while sent < 1_000 or received < sent:
        while sent < 1_000:
            try:
                kernel.send(can_frame(sent, struct.pack("<Q", sent)))
            except BlockingIOError:
                break
            sent += 1
        for frame in port.receive(0.5):
            assert frame[:2] == (received, struct.pack("<Q", received))
            received += 1
    assert port.receive(0.0) == ()


def test_silence_ends_in_time(ends: tuple[RawPort, socket.socket]) -> None:
    before_s = CLOCK.now_s()
    assert ends[0].receive(0.02) == ()
    assert 0.015 <= CLOCK.now_s() - before_s <= 0.2


def test_sent_as_the_kernel_wants_it(ends: tuple[RawPort, socket.socket]) -> None:
    port, kernel = ends
    port.send(0x210, b"\x01\x02")
    port.send(0x4200 | EXTENDED, bytes(8))
    assert kernel.recv(64) == can_frame(0x210, b"\x01\x02")
    assert kernel.recv(64) == can_frame(0x4200 | EXTENDED, bytes(8))


def test_remote_and_error_frames_are_no_data(ends: tuple[RawPort, socket.socket]) -> None:
    port, kernel = ends
    kernel.send(can_frame(0x4000_0123, b""))
    kernel.send(can_frame(ERROR | 0x20, bytes(8)))
    kernel.send(can_frame(ERROR | 0x88, bytes(8)))
    kernel.send(can_frame(0x123, b"\x05"))
    assert [f[:2] for f in port.receive(0.1)] == [(0x123, b"\x05")]
    assert port.error_frames == {"no acknowledgement": 1, "protocol": 1, "bus error": 1}


def test_bus_off_says_so(ends: tuple[RawPort, socket.socket]) -> None:
    port, kernel = ends
    kernel.send(can_frame(ERROR | 0x40, bytes(8)))
    with pytest.raises(BusError, match="can7 is bus-off"):
        port.receive(0.1)


def test_a_bus_that_nobody_reads_from_any_more_is_an_error() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    port = RawPort("can7", CLOCK, ours)
    theirs.close()
    with pytest.raises(BusError, match="cannot send"):
        port.send(0x1, b"")
    port.close()
    with pytest.raises(BusError, match="cannot receive"):
        port.receive(0.0)


def test_lost_frames_are_counted_and_told_once(
    ends: tuple[RawPort, socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    port, kernel = ends
    caplog.set_level(logging.WARNING, "appliance")
    kernel.send(can_frame(1, b""))
    said = CONTROL.pack(CONTROL.size, socket.SOL_SOCKET, SO_RXQ_OVFL, 17)
    take = port._bursts.take

    def with_control() -> memoryview:
        taken = take()
        _as_the_kernel_says(port._bursts, said)
        return taken

    port._bursts.take = with_control  # type: ignore[method-assign]
    assert len(port.receive(0.1)) == 1 and port.lost == 17
    kernel.send(can_frame(2, b""))
    port._bursts.take = take  # type: ignore[method-assign]
    assert len(port.receive(0.1)) == 1 and port.lost == 17
    assert [record.message for record in caplog.records] == ["can7: 17 frames lost"]


def _as_the_kernel_says(bursts: Bursts, said: bytes) -> None:
    """A control message beside the first frame, which a UNIX socket cannot send."""
    ctypes.memmove(bursts._control, said, len(said))
    bursts._count_lost()


def test_an_interface_that_is_not_there() -> None:
    with pytest.raises(BusError, match="cannot open nosuchbus"):
        RawPort("nosuchbus", CLOCK)
