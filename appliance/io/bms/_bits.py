"""Where a signal lies in a payload, and the Python that takes it out. Made once, from what cantools says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final

from cantools.database.can import Signal as DbcSignal

_FLOATS: Final = {16: "e", 32: "f", 64: "d"}
_CODES: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}
"""Struct codes of whole numbers by their size in bytes."""


@dataclass(frozen=True, slots=True)
class Place:
    """Bits of a payload: bytes `first` to `last`, and the shift in the number that these bytes make."""

    first: int
    last: int
    shift: int
    length: int
    big_endian: bool
    signed: bool
    is_float: bool

    def shift_in(self, first: int, last: int) -> int:
        """The shift in the number that more bytes make."""
        more = last - self.last if self.big_endian else self.first - first
        return self.shift + 8 * more


def place_of(signal: DbcSignal, byte_order: str | None = None) -> Place:
    """Where cantools says that it is. `byte_order`: read it in this one, if it is of whole bytes."""
    start, length = int(signal.start), int(signal.length)
    big_endian = signal.byte_order == "big_endian"
    # Bit 7 of byte 0 comes first; `start` counts inside bytes from the right.
    begin = 8 * (start // 8) + 7 - start % 8 if big_endian else start
    first, last = begin // 8, (begin + length - 1) // 8
    shift = 8 * (last + 1) - begin - length if big_endian else begin - 8 * first
    if byte_order is not None and shift == 0 and length % 8 == 0:
        big_endian = byte_order == "big"
    return Place(first, last, shift, length, big_endian, signal.is_signed, signal.is_float)


def bits_source(place: Place, whole: str, first: int, last: int) -> str:
    """Python for the bits out of `whole`, the number that bytes `first` to `last` make; no sign yet."""
    shift, length = place.shift_in(first, last), place.length
    source = f"{whole} >> {shift}" if shift else whole
    if shift + length < 8 * (last + 1 - first):
        source = f"{source} & {(1 << length) - 1}"
    return source


def cut_source(place: Place, whole: str, first: int, last: int) -> str:
    """Python for the bare number, likewise."""
    source, length = bits_source(place, whole, first, last), place.length
    if place.is_float:
        return f"float{length}({source})"
    if place.signed:
        sign = 1 << length - 1
        return f"(({source}) ^ {sign}) - {sign}"
    return source


def taken_source(place: Place) -> str:
    """Python for the bare number straight out of `d`, the payload."""
    first, last = place.first, place.last
    if first == last:
        whole = f"d[{first}]"
    else:
        whole = f"whole(d[{first}:{last + 1}], {'big' if place.big_endian else 'little'!r})"
    return cut_source(place, whole, first, last)


def unpacked(places: Sequence[Place], size: int) -> tuple[str, list[tuple[int, int]]] | None:
    """A struct format for a payload of `size` bytes, and the bytes of each of its numbers; every place
    lies in one of them. None where there is no such format."""
    orders = {place.big_endian for place in places if place.first != place.last}
    if len(orders) > 1 or not places:
        return None
    spans = _spans(sorted((place.first, place.last) for place in places), size)
    if spans is None:
        return None
    text, at = ">" if True in orders else "<", 0
    for first, last in spans:
        code = _CODES[last + 1 - first]
        text += "x" * (first - at) + (code.lower() if fills(places, first, last) else code)
        at = last + 1
    return text + "x" * (size - at), spans


def fills(places: Sequence[Place], first: int, last: int) -> bool:
    """Whether these bytes are one signed number: struct gives it its sign."""
    inside = [place for place in places if first <= place.first and place.last <= last]
    one = inside[0]
    whole = len(inside) == 1 and one.length == 8 * (last + 1 - first)
    return whole and one.signed and not one.is_float


def _spans(wanted: list[tuple[int, int]], size: int) -> list[tuple[int, int]] | None:
    """Runs of 1, 2, 4 or 8 bytes that do not overlap, and hold every wanted one."""
    spans: list[tuple[int, int]] = []
    for one in wanted:
        if spans and one[0] <= spans[-1][1]:
            before = spans.pop()
            spans.append((before[0], max(one[1], before[1])))
        else:
            spans.append(one)
    for index, (first, last) in enumerate(spans):
        if last + 1 - first in _CODES:
            continue
        end = first + next((one for one in _CODES if one > last + 1 - first), 99)
        free = spans[index + 1][0] if index + 1 < len(spans) else size
        if end <= free:
            return _spans([*spans[:index], (first, end - 1), *spans[index + 1 :]], size)
        if end > size:
            return _spans([(0, size - 1)], size) if (first, last) != (0, size - 1) else None
        return _spans(sorted([*spans[:index], (first, end - 1), *spans[index + 1 :]]), size)
    return spans


def _float_of(length: int) -> Callable[[int], float]:
    packed, size = Struct(f"<{_FLOATS[length]}"), length // 8

    def number(bits: int) -> float:
        value: float = packed.unpack(bits.to_bytes(size, "little"))[0]
        return value

    return number


KNOWN: Final[dict[str, object]] = {f"float{length}": _float_of(length) for length in _FLOATS} | {
    "whole": int.from_bytes
}
"""What the made code may call."""


def function(source: str, known: dict[str, object]) -> object:
    """What a source made here calls `made`. Nothing in it comes from a file but numbers and quoted names."""
    space = KNOWN | known
    exec(source, space)
    return space["made"]


def reader(place: Place) -> Callable[[bytes], int]:
    """The bare number out of a payload that is long enough."""
    made = function(f"made = lambda d: {taken_source(place)}", {})
    assert callable(made)
    read: Callable[[bytes], int] = made
    return read
