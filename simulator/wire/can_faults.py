"""What a fault of the plug does to frames that a pretend BMS is about to send.

One row of WHAT_IS_SENT per fault. `stuck`, `frozen`, `reboot`, `checksum` and the faults of racks are
made where frames are built (`can_twin.py`).
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from random import Random

from simulator.wire import plugs
from simulator.wire.can_frames import Said
from simulator.wire.socketcand import Frame

LATE_S = 2.0
DEAF = frozenset({plugs.SILENT, plugs.REFUSE, plugs.BUS_OFF, plugs.REBOOT})
"""Faults in which it hears nothing."""


class Line:
    """The way of a BMS's frames to the bus."""

    def __init__(self, racks: int, seed: int = 1) -> None:
        self.last_rack = racks
        self.rng = Random(seed)
        self.late: deque[tuple[float, list[Frame]]] = deque()

    def send(self, fault: str, said: Sequence[Said]) -> list[Frame]:
        """What reaches the bus now."""
        if fault != plugs.LATE:
            self.late.clear()
        return WHAT_IS_SENT.get(fault, _all)(self, said)


def _all(_line: Line, said: Sequence[Said]) -> list[Frame]:
    return [each.frame for each in said]


def _nothing(_line: Line, _said: Sequence[Said]) -> list[Frame]:
    return []


def _late(line: Line, said: Sequence[Said]) -> list[Frame]:
    now_s = time.monotonic()
    line.late.append((now_s + LATE_S, _all(line, said)))
    frames: list[Frame] = []
    while line.late and line.late[0][0] <= now_s:
        frames += line.late.popleft()[1]
    return frames


def _garbage(line: Line, said: Sequence[Said]) -> list[Frame]:
    """Half of it under real ids, the rest under any."""
    rng = line.rng
    frames = []
    for each in said:
        data = rng.randbytes(rng.randrange(9))
        extended = rng.random() < 0.5
        any_id = rng.getrandbits(29 if extended else 11)
        real = Frame(each.frame.can_id, data, each.frame.extended)
        frames.append(real if rng.random() < 0.5 else Frame(any_id, data, extended))
    return frames


def _half(_line: Line, said: Sequence[Said]) -> list[Frame]:
    return [each.frame._replace(data=each.frame.data[: len(each.frame.data) // 2]) for each in said]


def _without_last_rack(line: Line, said: Sequence[Said]) -> list[Frame]:
    return [each.frame for each in said if each.rack != line.last_rack]


WHAT_IS_SENT: dict[str, Callable[[Line, Sequence[Said]], list[Frame]]] = {
    **dict.fromkeys(DEAF, _nothing),
    plugs.LATE: _late,
    plugs.GARBAGE: _garbage,
    plugs.HALF: _half,
    plugs.RACK_SILENT: _without_last_rack,
}
"""By the fault of the plug; all others send what was built."""
