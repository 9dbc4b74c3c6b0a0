"""Values from a signal map's sources: fresh, in our units, believable, with the place of the cell."""

from collections.abc import Iterable
from dataclasses import dataclass

from appliance.io.bms._signals import NO_MUX, Bits, Dictionary, Payloads
from appliance.io.bms.family import Layout, Sources, Texts
from appliance.io.plausible import plausible


@dataclass(frozen=True, slots=True)
class Taken:
    """One source, with its signals found in the DBC."""

    bits: tuple[Bits, ...]
    scale: float
    offset: float
    max_age_s: float
    rack: Bits | None
    at: tuple[Bits, Bits] | None


@dataclass(frozen=True, slots=True)
class Value:
    """A number, and where it was measured, when the source says so."""

    number: float
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """A signal that is not 0 when something is wrong."""

    bits: Bits
    text: str


def take(sources: Sources, dictionary: Dictionary, max_age_s: float) -> tuple[Taken, ...]:
    """The sources of one value; what cannot be found is noted in the dictionary."""
    taken = []
    for source in sources:
        bits = [dictionary.bits(name) for name in source.signal]
        places = [dictionary.bits(name) for name in source.at or ()]
        found, where = _found(bits), _found(places)
        taken.append(
            Taken(
                bits=found,
                scale=source.scale,
                offset=source.offset,
                max_age_s=source.max_age_s or max_age_s,
                rack=None if source.rack is None else dictionary.bits(source.rack),
                at=(where[0], where[1]) if len(where) == 2 else None,
            )
        )
    return tuple(taken)


def flags(texts: Texts, dictionary: Dictionary) -> tuple[Flag, ...]:
    """The flags of one table of texts."""
    return tuple(
        Flag(bits, text)
        for message, signals in texts.items()
        for signal, text in signals.items()
        if isinstance(text, str)
        and (bits := dictionary.bits(f"{message}.{signal}")) is not None
    )


def _found(bits: Iterable[Bits | None]) -> tuple[Bits, ...]:
    return tuple(one for one in bits if one is not None)


class Reader:
    """Takes values out of the newest payloads. `rack` counts from 1; None is the battery as a whole."""

    def __init__(self, latest: Payloads, layout: Layout) -> None:
        self._latest = latest
        self._layout = layout

    def raw(self, bits: Bits, rack: int | None, now_s: float, max_age_s: float) -> int | None:
        """The bare number of a signal; None when it is missing or too old."""
        frame_id, mux = bits.frame_id, NO_MUX
        if bits.muxed:
            mux = self._index(rack or 1)
        elif rack is not None:
            frame_id += self._layout.id_step * (rack - 1)
        data = self._latest.fresh((frame_id, mux), now_s, max_age_s)
        return None if data is None else bits.raw(data)

    def value(
        self, name: str, sources: tuple[Taken, ...], rack: int | None, now_s: float
    ) -> Value | None:
        """The first source that is fresh and believable."""
        for taken in sources:
            found = self._value(name, taken, rack, now_s)
            if found is not None:
                return found
        return None

    def number(
        self, name: str, sources: tuple[Taken, ...], rack: int | None, now_s: float
    ) -> float | None:
        """Like `value`, without the place."""
        found = self.value(name, sources, rack, now_s)
        return None if found is None else found.number

    def texts(
        self, rows: tuple[Flag, ...], rack: int | None, now_s: float, max_age_s: float
    ) -> list[str]:
        """What the flags that are set say."""
        return [row.text for row in rows if self.raw(row.bits, rack, now_s, max_age_s)]

    def _index(self, rack: int) -> int:
        return self._layout.first_rack + rack - 1

    def _value(self, name: str, taken: Taken, rack: int | None, now_s: float) -> Value | None:
        holder = rack
        if taken.rack is not None:
            if rack is None:
                return None
            index = self.raw(taken.rack, None, now_s, taken.max_age_s)
            if index != self._index(rack):
                return None
            holder = None
        total = 0.0
        for bits in taken.bits:
            raw = self.raw(bits, holder, now_s, taken.max_age_s)
            if raw is None:
                return None
            total += raw * bits.scale + bits.offset
        number = plausible(name, total / len(taken.bits) * taken.scale + taken.offset)
        return None if number is None else Value(number, self._at(name, taken, rack, holder, now_s))

    def _at(
        self, name: str, taken: Taken, rack: int | None, holder: int | None, now_s: float
    ) -> str | None:
        if taken.at is None:
            return None
        module = self.raw(taken.at[0], holder, now_s, taken.max_age_s)
        place = self.raw(taken.at[1], holder, now_s, taken.max_age_s)
        if module is None or place is None:
            return None
        layout = self._layout
        size = layout.cells_per_module if name.endswith("_v") else layout.sensors_per_module
        return f"{rack}.{module * size + place + 1}"
