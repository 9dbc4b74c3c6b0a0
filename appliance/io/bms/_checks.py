"""Checksums of CAN frames: one row each. `frame` is the id, `data` the payload without the checksum's byte."""

from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import Final

USUAL: Final = 7
"""Bytes of a frame without that of the checksum."""


def _crc8_table(polynomial: int) -> bytes:
    table = bytearray()
    for byte in range(256):
        value = byte
        for _bit in range(8):
            value = (value << 1 ^ polynomial) & 0xFF if value & 0x80 else value << 1
        table.append(value)
    return bytes(table)


def _crc8(polynomial: int, start: int, at_end: int) -> Callable[[int, bytes], int]:
    t = table = _crc8_table(polynomial)

    def checksum(_frame: int, data: bytes) -> int:
        if len(data) == USUAL:
            a, b, c, d, e, f, g = data
            return t[t[t[t[t[t[t[start ^ a] ^ b] ^ c] ^ d] ^ e] ^ f] ^ g] ^ at_end
        value = start
        for byte in data:
            value = table[value ^ byte]
        return value ^ at_end

    return checksum


ALGORITHMS: Final[dict[str, Callable[[int, bytes], int]]] = {
    "xor": lambda _frame, data: reduce(xor, data, 0),
    "sum": lambda _frame, data: sum(data) & 0xFF,
    "sum_inverted": lambda _frame, data: ~sum(data) & 0xFF,
    "sum_negative": lambda _frame, data: -sum(data) & 0xFF,
    # Orion cell broadcast: id and length count as well.
    "sum_id": lambda frame, data: ((frame & 0x1FFF_FFFF) + len(data) + 1 + sum(data)) & 0xFF,
    "crc8": _crc8(0x07, 0x00, 0x00),
    "crc8_j1850": _crc8(0x1D, 0xFF, 0xFF),
    "crc8_h2f": _crc8(0x2F, 0xFF, 0xFF),
}
