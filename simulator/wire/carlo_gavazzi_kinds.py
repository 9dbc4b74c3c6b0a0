"""Carlo Gavazzi meters: the families and where each has what, from the maker's documents."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Kind:
    """A family: where it has what. None: it has not."""

    three_phase: bool
    max_words: int
    system: tuple[int, int]
    """Register of the measuring system, and its highest value."""
    mode: tuple[int, tuple[int, ...], int]
    """Register of application or measurement mode, values that count both ways, highest value."""
    serial: int
    factor: int
    sequence: int | None
    frequency: int
    import_at: int
    export_at: int
    ratios: tuple[int, ...] = ()
    line: tuple[tuple[int, int, int], ...] = ()
    """Address, baud, parity: register, lowest, highest."""
    selector: int | None = None
    resets: bool = False
    """A new measuring system sets the counters to zero."""
    negative_export: bool = False
    signed_current: bool = True


_LINE: Final = ((0x2000, 1, 247), (0x2001, 1, 5), (0x2002, 1, 2))
EM24: Final = Kind(
    three_phase=True, max_words=11, system=(0x1102, 4), mode=(0x1101, (7,), 7), serial=0x1300,
    factor=0x32, sequence=0x36, frequency=0x37, import_at=0x3E, export_at=0x5C,
    ratios=(0x112C, 0x112E), line=((0x110A, 1, 247), (0x110B, 0, 1)), selector=0x0304,
    signed_current=False,
)  # fmt: skip
EM3XX: Final = Kind(
    three_phase=True, max_words=20, system=(0x1002, 3), mode=(0x1103, (1,), 1), serial=0x5000,
    factor=0x2E, sequence=0x32, frequency=0x33, import_at=0x34, export_at=0x4E,
    ratios=(0x1003, 0x1005), line=_LINE, resets=True,
)  # fmt: skip
EM5XX: Final = Kind(
    three_phase=True, max_words=20, system=(0x1002, 3), mode=(0x1103, (1, 2), 2), serial=0x5000,
    factor=0x2E, sequence=0x010E, frequency=0x33, import_at=0x34, export_at=0x4E,
    ratios=(0x1003, 0x1005), line=_LINE, resets=True,
)  # fmt: skip
EM24_E1: Final = Kind(
    three_phase=True, max_words=50, system=(0x1002, 4), mode=(0xA000, (7,), 7), serial=0x5000,
    factor=0x2E, sequence=0x32, frequency=0x33, import_at=0x34, export_at=0x4E, selector=0xA100,
    signed_current=False,
)  # fmt: skip
EM1XX: Final = Kind(
    three_phase=False, max_words=20, system=(0x1002, 0), mode=(0x1103, (1,), 1), serial=0x5000,
    factor=0x0E, sequence=None, frequency=0x0F, import_at=0x10, export_at=0x20, line=_LINE,
)  # fmt: skip
ET112: Final = Kind(
    three_phase=False, max_words=20, system=(0x1002, 0), mode=(0x1103, (1,), 1), serial=0x5000,
    factor=0x0E, sequence=None, frequency=0x0F, import_at=0x10, export_at=0x20, line=_LINE,
    negative_export=True,
)  # fmt: skip
KINDS: Final[dict[int, Kind]] = (
    dict.fromkeys((71, 72, 73, 338, 348), EM24)
    | dict.fromkeys((100, 101, 102, 103, 104, 110, 111, 112), EM1XX)
    | dict.fromkeys((120, 121), ET112)
    | dict.fromkeys((330, 331, 332, 335, 336, 340, 341, 345, 346), EM3XX)
    | dict.fromkeys(range(1648, 1654), EM24_E1)
    | dict.fromkeys(range(1744, 1764), EM5XX)
)
"""Family by identification code."""
SAMPLES: Final = (111, 112, 330, 340)
ONE_WAY: Final = (1649, 1652)
"""PFA models."""
