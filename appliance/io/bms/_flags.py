"""Faults and warnings: flags that are set, pairs of bits that come and go, numbers with names."""

from dataclasses import dataclass, field

from appliance.io.bms._map_values import CodeMap, FlagMap, Texts
from appliance.io.bms._signals import Dictionary
from appliance.io.bms._sources import Part, Sourcer, is_set
from appliance.io.bms._store import Key, Stored

ARRIVED, GONE = 1, 2
"""Of a pair of bits; the other two values change nothing."""


@dataclass(slots=True)
class Flag:
    """A signal that says that something is wrong."""

    part: Part
    text: str
    values: frozenset[int] = frozenset()
    mask: int | None = None
    pair: bool = False
    is_on: bool = False
    """Of a pair: what it said last."""

    def holds(self, stored: Stored, now_s: float) -> bool:
        """Whether it is set; a flag that is not heard is not."""
        raw = self.part.raw(stored, now_s)
        if self.pair:
            if raw in (ARRIVED, GONE):
                self.is_on = raw == ARRIVED
            return self.is_on and raw is not None
        return raw is not None and is_set(raw, self.values, self.mask)


@dataclass(slots=True)
class _Group:
    """Flags of one payload: one look at it tells whether any is set."""

    key: Key
    max_age_s: float
    payload_bytes: int = 0
    ones: int = 0
    """Bits of which none is set while nothing is wrong."""
    always: bool = False
    """Flags that are not simply 0 while nothing is wrong."""
    flags: list[Flag] = field(default_factory=list)

    def texts(self, stored: Stored, now_s: float) -> list[str]:
        frame = stored.get(self.key)
        if frame is None or now_s - frame[2] > self.max_age_s:
            return []
        if not self.always and not int.from_bytes(frame[1], "little") & self.ones:
            return []
        return [flag.text for flag in self.flags if flag.holds(stored, now_s)]

    def heard(self, stored: Stored, now_s: float) -> bool:
        frame = stored.get(self.key)
        return (
            frame is not None
            and now_s - frame[2] <= self.max_age_s
            and len(frame[1]) >= self.payload_bytes
        )


class Flags:
    """The flags of one table, of one rack or of the battery."""

    def __init__(
        self, texts: Texts, sourcer: Sourcer, rack: int | None, max_age_s: float
    ) -> None:  # fmt: skip
        self._groups: dict[tuple[Key, float], _Group] = {}
        for message, signals in texts.items():
            for signal, text in signals.items():
                for row in _rows(text):
                    age_s = row.max_age_s or max_age_s
                    self._add(f"{message}.{signal}", row, sourcer, rack, age_s)

    def _add(
        self, name: str, row: FlagMap, sourcer: Sourcer, rack: int | None, max_age_s: float
    ) -> None:
        part = sourcer.part(name, rack, max_age_s)
        if part is None:
            return
        values = sourcer.dictionary.numbers(name, row.equals)
        group = self._groups.setdefault((part.key, max_age_s), _Group(part.key, max_age_s))
        group.flags.append(Flag(part, row.text, values, row.mask, row.pair))
        group.ones |= part.bits.ones
        group.always = group.always or 0 in values or row.pair
        group.payload_bytes = max(group.payload_bytes, part.bits.payload_bytes)

    def __bool__(self) -> bool:
        return bool(self._groups)

    def texts(self, stored: Stored, now_s: float) -> list[str]:
        """What the flags that are set say."""
        return [text for group in self._groups.values() for text in group.texts(stored, now_s)]

    def all_heard(self, stored: Stored, now_s: float) -> bool:
        """Whether every flag comes."""
        return all(group.heard(stored, now_s) for group in self._groups.values())


def _rows(text: str | FlagMap | tuple[FlagMap, ...]) -> tuple[FlagMap, ...]:
    """A text alone, a flag, or several of one signal."""
    if isinstance(text, str):
        return (FlagMap(text=text),)
    return text if isinstance(text, tuple) else (text,)


class Code:
    """A signal with the number of a fault."""

    def __init__(self, row: CodeMap, sourcer: Sourcer, rack: int | None, max_age_s: float) -> None:
        self.row = row
        self._part = sourcer.part(row.signal, rack, row.max_age_s or max_age_s)
        self._texts = _texts(row, sourcer.dictionary)
        self._none = sourcer.dictionary.numbers(row.signal, row.none)

    def text(self, stored: Stored, now_s: float) -> str | None:
        """What is wrong; None when nothing is, or nobody says."""
        number = None if self._part is None else self._part.raw(stored, now_s)
        if number is None or number in self._none:
            return None
        return self._texts.get(number, f"unknown fault {number}")


def _texts(row: CodeMap, dictionary: Dictionary) -> dict[int, str]:
    names = dictionary.names(row.signal)
    texts = {
        number: name.removeprefix(row.strip).replace("_", " ").lower()
        for number, name in names.items()
    }
    for choice, text in row.texts.items():
        for number in dictionary.numbers(row.signal, (choice,)):
            texts[number] = text
    return texts
