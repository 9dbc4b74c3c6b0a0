"""A chip with plain registers, as a sensor table in TOML describes it: the world, turned into bits.

The table is the chip's document: the box reads by it, and this writes by it. What the pretend site
does not know stays in the middle of its bounds.
"""

import tomllib
from collections.abc import Callable
from pathlib import Path

from simulator.wire.sitefile import Table


class TableTwin:
    """One chip. `triggered` counts the writes to the table's trigger register."""

    def __init__(self, path: Path, world: Callable[[], dict[str, float]]) -> None:
        table = Table(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
        self._world = world
        self._values = {name: Quantity(row) for name, row in table.table("values").tables().items()}
        trigger = table.table("trigger")
        self._trigger = trigger.get("register", int) if trigger.has("register") else None
        self._content = bytearray(256)
        self._measured = self._trigger is None
        self.written: list[tuple[int, bytes]] = []
        self.triggered = 0

    def read_block(self, register: int, count: int) -> bytes:
        """What the registers hold; before the first trigger nothing was measured."""
        if self._measured:
            self._measure()
        return bytes((self._content * 2)[register : register + count])

    def write_block(self, register: int, data: bytes) -> None:
        """Keep what was written, and measure when that is the trigger."""
        self.written.append((register, data))
        if register == self._trigger:
            self.triggered += 1
            self._measured = True

    def _measure(self) -> None:
        world = self._world()
        for name, quantity in self._values.items():
            first, data = quantity.register, quantity.encode(world.get(name, quantity.middle))
            self._content[first : first + len(data)] = data


class Quantity:
    """One row of the table."""

    def __init__(self, row: Table) -> None:
        self.register = row.get("register", int)
        self._width = row.get("width", int, 1)
        self._little = row.get("endianness", str, "big") == "little"
        self._mask = row.get("mask", int, (1 << 8 * self._width) - 1)
        self._scale, self._offset = row.get("scale", float, 1.0), row.get("offset", float, 0.0)
        self.middle = (row.get("min", float) + row.get("max", float)) / 2

    def encode(self, value: float) -> bytes:
        """The bytes that mean this value; all bits outside of the mask are set, to be masked away."""
        every = (1 << 8 * self._width) - 1
        lowest = (self._mask & -self._mask).bit_length() - 1
        bits = round((value - self._offset) / self._scale) << lowest & self._mask
        return (bits | every & ~self._mask).to_bytes(
            self._width, "little" if self._little else "big"
        )
