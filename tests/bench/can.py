"""P4: CAN decode against cantools, and what 16 full buses cost.

A full bus of 500 kbit/s carries 3,700 (most stuff bits) to 4,500 (none) frames of 8 bytes a second with 11-bit ids, 3,100
to 3,800 with 29-bit ids; 4,000 are counted here. CPU time is that of this thread, so other work does not count. No CAN
interface is needed: datagrams of struct can_frame come over a UDP socket of the loopback, which costs more than SocketCAN.
"""

import random
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import cantools
from cantools.database.can import Database

from appliance.clock import SystemClock
from appliance.io.bms import Decoder
from appliance.io.bms._codec import Codec
from appliance.io.buses._can_raw import BURST, FRAME, RawPort
from appliance.io.buses.can import Frame
from appliance.registry import DBC_FOLDER
from tests.bench.rows import Row, median
from tests.io.recordings import frames_of

SYNTHETIC: Final = Path(__file__).parents[3] / "shared" / "data" / "bms_synthetic.dbc"
FULL_BUS_PER_S: Final = 4_000
BUSES: Final = 16
ROUNDS: Final = 41
GATHERED: Final = 45
"""Frames of one receive on a full bus: 10 ms of them."""


def decode_rows(path: Path = SYNTHETIC) -> list[Row]:
    """Every frame taken apart into all its signals, beside cantools doing the same."""
    if not path.exists():
        path = DBC_FOLDER / "foxbms2.dbc"
    database = cantools.database.load_file(str(path))
    assert isinstance(database, Database)
    codec, frames = Codec(database), _frames(database)
    same = all(
        codec.decode(number, data) == database.decode_message(number, data, decode_choices=False)
        for number, data in frames
    )

    def ours() -> None:
        decoders = codec.decoders
        for number, data in frames:
            decoders[number](data)

    def theirs() -> None:
        decode = database.decode_message
        for number, data in frames:
            decode(number, data, decode_choices=False)

    pairs = [(_cpu_s(theirs), _cpu_s(ours)) for _round in range(ROUNDS)]
    ratio = median([peer / mine for peer, mine in pairs])
    us = 1e6 * median([mine for _peer, mine in pairs]) / len(frames)
    what = f"CAN decode of a frame, all signals of {path.name}" + (
        "" if same else ": VALUES DIFFER"
    )
    return [
        Row("P4", what, us, "us", ">= 4x", same and ratio >= 4.0, ratio, "cantools decode_message")
    ]


def load_rows() -> list[Row]:
    """Kernel's receive buffer -> store -> reading ten times a second, scaled to 16 full buses."""
    costs = _costs("cbms")
    frames_per_s = BUSES * FULL_BUS_PER_S
    after_pct = 100.0 * (
        frames_per_s * (costs.parse_s + costs.store_s) + 10 * BUSES * costs.reading_s
    )
    with_pct = after_pct + 100.0 * frames_per_s * costs.system_s
    checked = _costs("nbms_2_5")
    checked_pct = 100.0 * frames_per_s * (checked.store_s - costs.store_s)
    what = f"16 full CAN buses, {frames_per_s} frames/s, 2 racks each"
    return [
        Row("P4b", f"{what}: from the receive buffer to readings at 10 Hz", after_pct, "% core", "< 5 %", after_pct < 5.0),
        Row("P4c", f"{what}: with the system calls, of UDP sockets", with_pct, "% core", "<= 10 %", with_pct <= 10.0),
        Row("P4d", "added by a CRC-8 in every frame (nbms_2_5)", checked_pct, "% core", "", None),
        Row("P4e", "frames lost in these bursts", float(costs.lost), "frames", "0", costs.lost == 0),
    ]  # fmt: skip


class Costs(NamedTuple):
    """CPU seconds of one frame in each step, and of one reading; frames that did not come."""

    system_s: float
    parse_s: float
    store_s: float
    reading_s: float
    lost: int


def _costs(family: str) -> Costs:
    """Bursts as a full bus gathers them in 10 ms, through the real port and the real decoder."""
    ours, kernel = _pair()
    port = RawPort("bench", SystemClock(), ours)
    payloads = [FRAME.pack(f.id, len(f.data), f.data) for f in frames_of(family)]
    decoder = Decoder.of(family, 2, 29_000.0)
    system: list[float] = []
    parse: list[float] = []
    store: list[float] = []
    sent = got = 0
    frames: Sequence[Frame] = ()
    for _round in range(ROUNDS):
        for start in range(0, len(payloads) - GATHERED, GATHERED):
            sent += _send(kernel, payloads[start : start + GATHERED])
            times = [time.thread_time()]
            taken = port._bursts.take()
            times.append(time.thread_time())
            frames = port._frames(taken, time.monotonic())
            times.append(time.thread_time())
            decoder.store_all(frames)
            times.append(time.thread_time())
            got += len(frames)
            for list_, before, after in zip((system, parse, store), times, times[1:], strict=False):
                list_.append((after - before) / max(1, len(frames)))
    last_s = frames[-1].at_s
    readings = [_cpu_s(lambda: decoder.reading(last_s)) for _round in range(200)]
    port.close()
    kernel.close()
    return Costs(median(system), median(parse), median(store), median(readings), sent - got)


def _send(kernel: socket.socket, batch: list[bytes]) -> int:
    """How many fit into the socket's queue."""
    kernel.setblocking(False)
    for number, payload in enumerate(batch[:BURST]):
        try:
            kernel.send(payload)
        except BlockingIOError:
            return number
    return len(batch)


def _frames(database: Database) -> list[tuple[int, bytes]]:
    """Random payloads that cantools can decode, all messages alike."""
    chance, found = random.Random(7), []
    for message in database.messages:
        for _n in range(25):
            data = chance.randbytes(message.length)
            try:
                message.decode(data, decode_choices=False)
            except cantools.database.DecodeError:
                continue
            found.append((message.frame_id, data))
    chance.shuffle(found)
    return found


def _cpu_s(work: Callable[[], object]) -> float:
    began_s = time.thread_time()
    work()
    return time.thread_time() - began_s


def _pair() -> tuple[socket.socket, socket.socket]:
    """Two datagram sockets on the loopback, with room for a burst (a UNIX socket queues ten)."""
    ours, theirs = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _end in range(2))
    for end in (ours, theirs):
        end.bind(("127.0.0.1", 0))
    ours.connect(theirs.getsockname())
    theirs.connect(ours.getsockname())
    return ours, theirs
