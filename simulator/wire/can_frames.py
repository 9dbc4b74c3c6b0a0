"""What a pretend BMS says: frames with the rack they speak of, and when they are due."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from simulator.wire.socketcand import Frame


class Said(NamedTuple):
    """A frame, and the number of the rack that it speaks of; 0: of the whole battery."""

    frame: Frame
    rack: int = 0


class Due(NamedTuple):
    """Frames that are due every `period_s`; `build` gets the place in the round."""

    period_s: float
    build: Callable[[int], Sequence[Said]]
    round: int = 1
    """After so many times they begin anew: the multiplexer's values."""
    asleep: bool = False
    """Also said, once a second, while the BMS sleeps."""


def battery_says(can_id: int, build: Callable[[], bytes], period_s: float) -> Due:
    """One frame of the whole battery."""
    return Due(period_s, lambda _place: [Said(Frame(can_id, build()))])
