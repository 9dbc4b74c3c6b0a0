"""A frame of a CAN bus."""

from typing import Final, NamedTuple

EXTENDED: Final = 1 << 31
"""Set in `Frame.id` for 29-bit identifiers, as DBC files and the kernel do."""
SEND_TIMEOUT_S: Final = 0.1


class Frame(NamedTuple):
    """One received CAN frame."""

    id: int
    data: bytes
    at_s: float
    """Monotonic arrival."""
