"""Signals in CAN frames, in either byte order, with start bits as a DBC counts them.

Motorola: start bit s is the most significant bit, at bit s % 8 of byte s // 8; seen as one
big-endian number of 64 bits, a signal is a run of bits to the right of it. Intel: the start bit is
the least significant one of a run of bits in the little-endian number.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Signal:
    """Where a number lies. Physical value = raw * scale + offset."""

    start: int
    length: int
    scale: float = 1.0
    signed: bool = False
    offset: float = 0.0
    little: bool = False

    def place(self, value: float) -> int:
        """The signal's bits in the number of 64 bits; out of range becomes the nearest possible."""
        least = -(1 << self.length - 1) if self.signed else 0
        most = (1 << self.length - (1 if self.signed else 0)) - 1
        raw = min(max(round((value - self.offset) / self.scale), least), most)
        return (raw & (1 << self.length) - 1) << self._shift()

    def find(self, frame: int) -> float:
        """The physical value in such a number."""
        raw = frame >> self._shift() & (1 << self.length) - 1
        if self.signed and raw >> self.length - 1:
            raw -= 1 << self.length
        return raw * self.scale + self.offset

    def _shift(self) -> int:
        if self.little:
            return self.start
        from_left = self.start // 8 * 8 + 7 - self.start % 8
        return 64 - from_left - self.length


def pack(signals: dict[str, Signal], values: dict[str, float], length: int = 8) -> bytes:
    """A frame; signals without a value are 0. Raises KeyError for an unknown signal."""
    big = little = 0
    for name, value in values.items():
        signal = signals[name]
        if signal.little:
            little |= signal.place(value)
        else:
            big |= signal.place(value)
    whole = big | int.from_bytes(little.to_bytes(8, "little"), "big") if little else big
    return whole.to_bytes(8, "big")[:length]


def unpack(signals: dict[str, Signal], data: bytes) -> dict[str, float]:
    """All signals of a frame; bytes that were not sent count as 0."""
    whole = data.ljust(8, b"\0")[:8]
    big, little = int.from_bytes(whole, "big"), int.from_bytes(whole, "little")
    return {name: signal.find(little if signal.little else big) for name, signal in signals.items()}


def crc8_j1850(data: bytes) -> int:
    """CRC-8 SAE J1850: polynomial 0x1D, start 0xFF, inverted at the end; of "123456789" it is 0x4B."""
    crc = 0xFF
    for byte in data:
        crc = _CRC_TABLE[crc ^ byte]
    return crc ^ 0xFF


def _crc_of(byte: int) -> int:
    for _ in range(8):
        byte = (byte << 1 ^ 0x1D) & 0xFF if byte & 0x80 else byte << 1
    return byte


_CRC_TABLE = bytes(_crc_of(byte) for byte in range(256))
