"""Carlo Gavazzi: what lies where. Four layouts and the identification codes of the meters that have them.

Sources: the maker's protocol documents "EM100 and ET100 series" v2 rev 6 (G1), "EM300 and ET300 series"
v2 rev 6 (G2), "EM24-DIN PFA, PFB & X" v4 rev 0 (G3); Victron's dbus-cgwacs (G4) and dbus-modbus-client
`carlo_gavazzi.py` (G5); volkszaehler/mbmd and evcc's templates (G6); nobrega8/mbmap-library (G7) for
EM5xx and the words per request. 32-bit numbers are low word first. What is not in them is not read.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

from appliance.io.registers import Block, Register, Type, grouped

_OVERFLOW: Final = (0x7FFF_FFFF,)
"""EM24 shows 0x7FFF in the high word only; that is far beyond what is believable in every unit."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A register that says how the meter is set up, and what it must hold to count both directions."""

    address: int
    good: tuple[int, ...]
    remedy: str


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the values of a family lie."""

    name: Literal["EM24", "EM24-E1", "EM1xx", "EM3xx", "EM5xx"]
    reads: tuple[Register, ...]
    max_words: int
    """The longest request that the family answers."""
    lines: tuple[int, ...]
    system: int
    """Register of the measuring system."""
    serial: int
    """Seven registers of text."""
    both_ways: Setting
    selector: int | None = None
    """Register of the front selector."""
    max_gap: int = 6
    """Words between two values that are read along rather than asked for again."""

    def blocks(self, *, high_word_first: bool = False) -> tuple[Block, ...]:
        """The requests; engineering samples send the high word first."""
        reads = self.reads
        if high_word_first:
            reads = tuple(replace(row, low_word_first=False) for row in reads)
        return _varied(grouped(reads, max_words=self.max_words, max_gap=self.max_gap))


def _varied(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Neighbours differ in length: on a slow line a late answer must not be taken for the next one (G4)."""
    varied: list[Block] = []
    for block in blocks:
        same = bool(varied) and varied[-1].count == block.count
        varied.append(replace(block, count=block.count + 2) if same else block)
    return tuple(varied)


def _row(
    source: str, address: int, name: str, scale: float, *, slow: bool = True, optional: bool = False
) -> Register:
    size: Type = "i32"
    return Register(
        address, size, name, source, scale=scale, low_word_first=True,
        invalid=_OVERFLOW, slow=slow, optional=optional,
    )  # fmt: skip


def _short(
    source: str, address: int, name: str, scale: float, *, slow: bool, optional: bool = False
) -> Register:
    signed = name != "frequency_hz"
    size: Type = "i16" if signed else "u16"
    return Register(
        address, size, name, source, scale=scale, slow=slow, optional=optional,
        invalid=(0x7FFF,) if name == "power_factor" else () if signed else (0xFFFF, 0x7FFF),
    )  # fmt: skip


def _three_phase(source: str) -> tuple[Register, ...]:
    """What EM24, EM3xx and EM5xx have in common. Power first and alone: it is what control waits for."""
    units = (("v", 0x00, 0.1), ("a", 0x0C, 0.001), ("w", 0x12, 0.1), ("var", 0x1E, 0.1))
    phases = [
        _row(source, first + 2 * number, f"l{number + 1}_{unit}", scale)
        for unit, first, scale in units
        for number in range(3)
    ]
    return (
        *phases,
        _row(source, 0x28, "power_w", 0.1, slow=False),
        _row(source, 0x2A, "apparent_va", 0.1, slow=False),
        _row(source, 0x2C, "reactive_var", 0.1, slow=False),
    )


_G1, _G2, _G3 = "G1 instantaneous values", "G2 instantaneous values", "G3 instantaneous values"

EM24: Final = Layout(
    name="EM24",
    reads=(
        *_three_phase(_G3),
        _short(_G3, 0x35, "power_factor", 0.001, slow=True),
        _short(_G3, 0x36, "sequence", 1.0, slow=True),
        _short(_G3, 0x37, "frequency_hz", 0.1, slow=True),
        _row("G3 energies", 0x3E, "import_wh", 100.0),
        _row("G3 energies", 0x5C, "export_wh", 100.0),
    ),
    max_words=11,
    max_gap=4,
    lines=(1, 2, 3),
    system=0x1102,
    serial=0x1300,
    both_ways=Setting(0x1101, (7,), "set application H"),
    selector=0x0304,
)
_EM300_READS: Final = (
    *_three_phase(_G2),
    _short(_G2, 0x31, "power_factor", 0.001, slow=False),
    _short(_G2, 0x33, "frequency_hz", 0.1, slow=False),
    _row("G2 energies", 0x34, "import_wh", 100.0),
    _row("G2 energies", 0x4E, "export_wh", 100.0),
)
_EM300_SEQUENCE: Final = _short(_G2, 0x32, "sequence", 1.0, slow=False)
EM3XX: Final = Layout(
    name="EM3xx",
    reads=(*_EM300_READS, _EM300_SEQUENCE),
    max_words=20,
    lines=(1, 2, 3),
    system=0x1002,
    serial=0x5000,
    both_ways=Setting(0x1103, (1,), "set measurement mode B"),
)
EM24_E1: Final = replace(
    EM3XX, name="EM24-E1", both_ways=Setting(0xA000, (7,), "set application H"), selector=0xA100
)
EM5XX: Final = replace(
    EM3XX,
    name="EM5xx",
    reads=(*_EM300_READS, _short("G4, G7", 0x010E, "sequence", 1.0, slow=True, optional=True)),
    both_ways=Setting(0x1103, (1, 2), "set measurement mode C or B"),
)
EM1XX: Final = Layout(
    name="EM1xx",
    reads=(
        _row(_G1, 0x00, "l1_v", 0.1, slow=False),
        _row(_G1, 0x02, "l1_a", 0.001, slow=False),
        _row(_G1, 0x04, "power_w", 0.1, slow=False),
        _row(_G1, 0x06, "apparent_va", 0.1, slow=False),
        _row(_G1, 0x08, "reactive_var", 0.1, slow=False),
        _short(_G1, 0x0E, "power_factor", 0.001, slow=False),
        _short(_G1, 0x0F, "frequency_hz", 0.1, slow=False),
        _row("G1 energies", 0x10, "import_wh", 100.0),
        # Not named _wh: ET112 shows it as a negative number, which no energy is (G4).
        _row("G1 energies; G4 on the sign", 0x20, "export_counter", 100.0),
    ),
    max_words=20,
    lines=(1,),
    system=0x1002,
    serial=0x5000,
    both_ways=Setting(0x1103, (1,), "set measurement mode B"),
)
