"""What points does a SunSpec model have, where, and how wide? From the files of the package pysunspec2.

Only its data is used: its own search for definitions begins in the working folder.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import msgspec


class _Symbol(msgspec.Struct):
    name: str
    value: int


class _Point(msgspec.Struct):
    name: str
    type: str
    size: int = 1
    sf: str | int | None = None
    mandatory: str = ""
    symbols: list[_Symbol] = []


class _Group(msgspec.Struct):
    name: str
    points: list[_Point] = []
    groups: list["_Group"] = []
    count: str | int | None = None


class _File(msgspec.Struct):
    id: int
    group: _Group


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a model. `offset` counts words from the model's ID, or from the start of its group."""

    name: str
    type: str
    words: int
    offset: int
    scale_by: str | int
    """The point that holds its scale factor, or the factor itself."""
    mandatory: bool
    symbols: Mapping[int, str]
    """Names of bits (by index) or of values."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A model: its fixed points, and those of the group that repeats behind them."""

    id: int
    name: str
    points: Mapping[str, Point]
    """Points of a group that does not repeat are named `group.point`."""
    words: int
    """Of the fixed part, with ID and L."""
    each: Mapping[str, Point]
    each_words: int
    """Of one repetition; 0: nothing repeats, or not evenly."""

    @property
    def least_words(self) -> int:
        """Up to its last mandatory point."""
        ends = [p.offset + p.words for p in self.points.values() if p.mandatory]
        return max(ends, default=2)


@cache
def definition(model: int) -> Definition | None:
    """The definition of a model; None when there is none."""
    file = resources.files("sunspec2").joinpath("models", "json", f"model_{model}.json")
    if not file.is_file():
        return None
    top = msgspec.json.decode(file.read_bytes(), type=_File).group
    points, words = _laid_out(top.points, 0)
    repeating: list[_Group] = []
    for group in top.groups:
        if group.count is not None or repeating or group.groups:
            repeating.append(group)
            continue
        more, words = _laid_out(group.points, words, f"{group.name}.")
        points |= more
    each, each_words = _laid_out(repeating[0].points, 0) if repeating else ({}, 0)
    if len(repeating) > 1 or any(group.groups for group in repeating):
        each_words = 0
    return Definition(model, top.name, points, words, each, each_words)


def _laid_out(
    points: Iterable[_Point], offset: int, prefix: str = ""
) -> tuple[dict[str, Point], int]:
    """Points by name, one behind the other, and where they end."""
    found: dict[str, Point] = {}
    for point in points:
        name = prefix + point.name
        found[name] = Point(
            name=name,
            type=point.type,
            words=point.size,
            offset=offset,
            scale_by=0 if point.sf is None else point.sf,
            mandatory=point.mandatory == "M",
            symbols={symbol.value: symbol.name for symbol in point.symbols},
        )
        offset += point.size
    return found, offset
