"""A device's registers from a TOML file, for devices that have no driver: every mistake at once, with its path.

title = "Maker and model"
source = "document that the addresses come from"
kind = "holding"              # or input, coil, discrete: for all rows that say nothing else
word_order = "high_first"     # or low_first
max_words = 100               # the longest request that the device answers
max_gap = 0                   # words between two rows that may be read along

[[register]]
name = "power_w"              # in our words, which carry our unit
address = 0x28                # as on the wire, counted from 0
type = "i32"
scale = 0.1                   # turns the raw number into our unit
sign = -1                     # where the device counts the other way
invalid = [0x7FFFFFFF]        # raw patterns that mean "not known"
slow = true                   # once a second is enough
optional = true               # the rest is used when the device refuses it
"""

import json
from collections.abc import Iterable, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator

from appliance.data_file import DataFileError, filled
from appliance.io.registers import Block, Kind, Register, Type, grouped
from appliance.settings import Name, Settings

WordOrder = Literal["high_first", "low_first"]
LAST_ADDRESS: Final = 0xFFFF


class RowSettings(Settings):
    """One `[[register]]`."""

    name: Name
    address: Annotated[int, Field(ge=0, le=LAST_ADDRESS)]
    type: Type
    kind: Kind | None = None
    word_order: WordOrder | None = None
    scale: float = 1.0
    sign: Literal[1, -1] = 1
    invalid: tuple[Annotated[int, Field(ge=0)], ...] = ()
    source: str | None = None
    slow: bool = False
    optional: bool = False

    @field_validator("scale")
    @classmethod
    def _is_not_0(cls, scale: float) -> float:
        if scale == 0.0:
            raise ValueError("any number but 0 is allowed")
        return scale


class TableSettings(Settings):
    """The whole file."""

    title: Annotated[str, Field(min_length=3)]
    source: Annotated[str, Field(min_length=3)]
    kind: Kind = "holding"
    word_order: WordOrder = "high_first"
    max_words: Annotated[int, Field(ge=1, le=125)] = 100
    max_gap: Annotated[int, Field(ge=0, le=100)] = 0
    rows: Annotated[tuple[RowSettings, ...], Field(alias="register", min_length=1)]


@dataclass(frozen=True, slots=True)
class RegisterTable:
    """What a table says."""

    title: str
    reads: tuple[Register, ...]
    blocks: tuple[Block, ...]


def read_table(path: Path, names: Set[str]) -> RegisterTable:
    """The registers that a file lists; `names` are those that the driver understands. Raises DataFileError."""
    settings = filled(path, TableSettings)
    registers = tuple(_register(row, settings) for row in settings.rows)
    mistakes = tuple(_mistakes(registers, settings, names))
    if mistakes:
        raise DataFileError(path, mistakes)
    blocks = grouped(registers, max_words=settings.max_words, max_gap=settings.max_gap)
    return RegisterTable(settings.title, registers, blocks)


def _register(row: RowSettings, table: TableSettings) -> Register:
    order = row.word_order or table.word_order
    return Register(
        row.address,
        row.type,
        row.name,
        row.source or table.source,
        kind=row.kind or table.kind,
        scale=row.scale * row.sign,
        low_word_first=order == "low_first",
        invalid=row.invalid,
        slow=row.slow,
        optional=row.optional,
    )


def _mistakes(
    registers: tuple[Register, ...], table: TableSettings, names: Set[str]
) -> Iterable[str]:
    """What each row alone cannot know: names of the driver, rows that fit together."""
    seen: set[str] = set()
    for place, row in enumerate(registers, start=1):
        path = f"register.{place}"
        if row.name not in names:
            yield f"{path}.name = {json.dumps(row.name)}: allowed: {', '.join(sorted(names))}"
        elif row.name in seen:
            yield f"{path}.name = {json.dumps(row.name)}: is there twice"
        seen.add(row.name)
        if (row.type == "bit") != (row.kind in ("coil", "discrete")):
            yield f"{path}.type = {json.dumps(row.type)}: {row.kind} registers are {_fitting(row.kind)}"
        if row.address + row.count > LAST_ADDRESS + 1:
            yield f"{path}.address = {row.address}: {row.type} does not fit before {LAST_ADDRESS}"
        if row.count > table.max_words:
            yield f"{path}.type = {json.dumps(row.type)}: longer than max_words = {table.max_words}"
        too_long = [marker for marker in row.invalid if marker >> 16 * row.count]
        if too_long:
            yield f"{path}.invalid = {too_long}: more bits than {row.type} has"


def _fitting(kind: Kind) -> str:
    return "bit" if kind in ("coil", "discrete") else "u16, i16, u32, i32, u64, i64, f32, f64"
