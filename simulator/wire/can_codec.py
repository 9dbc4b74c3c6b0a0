"""Signals in CAN frames of 8 bytes: Motorola byte order, start bits as a DBC counts them.

Start bit s is the most significant bit, at bit s % 8 of byte s // 8. Seen as one big-endian number
of 64 bits, a signal is a run of bits to the right of it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Signal:
    """Where a number lies. Physical value = raw * scale."""

    start: int
    length: int
    scale: float = 1.0
    signed: bool = False

    def place(self, value: float) -> int:
        """The signal's bits in the number of 64 bits; out of range becomes the nearest possible."""
        least = -(1 << self.length - 1) if self.signed else 0
        most = (1 << self.length - (1 if self.signed else 0)) - 1
        raw = min(max(round(value / self.scale), least), most)
        return (raw & (1 << self.length) - 1) << self._shift()

    def find(self, frame: int) -> float:
        """The physical value in such a number."""
        raw = frame >> self._shift() & (1 << self.length) - 1
        if self.signed and raw >> self.length - 1:
            raw -= 1 << self.length
        return raw * self.scale

    def _shift(self) -> int:
        from_left = self.start // 8 * 8 + 7 - self.start % 8
        return 64 - from_left - self.length


def pack(signals: dict[str, Signal], values: dict[str, float]) -> bytes:
    """A frame of 8 bytes; signals without a value are 0. Raises KeyError for an unknown signal."""
    frame = 0
    for name, value in values.items():
        frame |= signals[name].place(value)
    return frame.to_bytes(8, "big")


def unpack(signals: dict[str, Signal], data: bytes) -> dict[str, float]:
    """All signals of a frame; bytes that were not sent count as 0."""
    frame = int.from_bytes(data.ljust(8, b"\0")[:8], "big")
    return {name: signal.find(frame) for name, signal in signals.items()}
