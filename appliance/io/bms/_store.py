"""The newest payload of everything that somebody reads. Receiving only stores; bits are taken out later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from appliance.io.bms._checks import ALGORITHMS
from appliance.io.bms._signals import NO_PAGE, Bits, Dictionary
from appliance.io.bms.family import CheckMap, Family
from appliance.io.buses.can import Frame

Key = int | tuple[int, int, int]
"""Frame id; or frame id, multiplexer value (NO_PAGE: any) and index, of frames that have such."""
Stored = dict[Key, Frame]


@dataclass(slots=True)
class _Select:
    """How the frames of one id are told apart."""

    number: int
    page: Bits | None = None
    index: Bits | None = None
    common: bool = False
    """Somebody reads what all pages have."""

    def keys(self, data: bytes) -> tuple[Key, ...]:
        """Where a payload is kept; nowhere, when it is too short to tell."""
        page = self.page.raw(data) if self.page else NO_PAGE
        index = self.index.raw(data) if self.index else NO_PAGE
        if page is None or index is None:
            return ()
        if self.common and page != NO_PAGE:
            return ((self.number, page, index), (self.number, NO_PAGE, index))
        return ((self.number, page, index),)


@dataclass(slots=True)
class _Check:
    """What a frame must prove."""

    counter: Bits | None
    checksum: Bits | None
    algorithm: Callable[[int, bytes], int] | None
    last: dict[int, int] = field(default_factory=dict)

    def why_not(self, frame: Frame) -> str | None:
        """Why the frame does not count; None when it does."""
        number, data, _at_s = frame
        checksum, algorithm, counter = self.checksum, self.algorithm, self.counter
        if checksum is not None and algorithm is not None:
            at = checksum.first_byte
            rest = data[:at] if len(data) == at + 1 else data[:at] + data[at + 1 :]
            if len(data) <= at or data[at] != algorithm(number, rest):
                return "checksum"
        if counter is not None:
            count = counter.number(data) if len(data) >= counter.payload_bytes else None
            if count is None or self.last.get(number) == count:
                return "counter"
            self.last[number] = count
        return None


class Payloads:
    """Keeps frames by key. Which keys: those that were asked for before the first frame came."""

    def __init__(self, family: Family, dictionary: Dictionary) -> None:
        self._layout = family.layout
        self._dictionary = dictionary
        self.stored: Stored = {}
        self.dropped: dict[str, int] = {"checksum": 0, "counter": 0}
        """How many frames did not count, by why."""
        self._selects: dict[int, _Select | None] = {}
        """By frame id: None, where it has one kind of payload."""
        self._checks: dict[int, _Check] = {}
        self._base: dict[int, int] = {}
        """By frame id: that of the message in the DBC."""
        self._plain: frozenset[int] = frozenset()
        self._special: dict[int, Callable[[Frame], None]] = {}
        self._key_ids: tuple[int, ...] = ()
        self._numbered = {
            f"{message}.{single.number}"
            for single in (family.cells, family.sensors)
            if single is not None and single.number is not None
            for message in single.message
        }

    # ------------------------------------------------------------ who reads what

    def key(self, bits: Bits, rack: int | None, page: int | None = None) -> Key:
        """Where the payload with this signal is kept; from now on it is. `rack` counts from 1."""
        layout, number = self._layout, bits.frame_id
        if layout.by == "id" and rack is not None:
            number += layout.id_step * (rack - 1)
        select = self.want(number, bits.frame_id)
        if select is None:
            return number
        at_rack = layout.first_rack + (rack or 1) - 1
        index = at_rack if select.index else NO_PAGE
        if page is None:
            page = bits.pages[0] if bits.pages else NO_PAGE
            page = at_rack if bits.pages and layout.by == "mux" else page
        select.common = select.common or page == NO_PAGE
        return number, page, index

    def want(self, number: int, base: int) -> _Select | None:
        """Keep the frames of this id, which look like those of `base` in the DBC."""
        if number not in self._selects:
            self._base[number] = base
            self._selects[number] = self._select(number, base)
        return self._selects[number]

    def wants(self, number: int, base: int) -> bool:
        """Whether frames of this id are kept as those of `base`."""
        return self._base.get(number) == base

    def frame_ids(self) -> frozenset[int]:
        """All that are kept."""
        return frozenset(self._base)

    def _select(self, number: int, base: int) -> _Select | None:
        dictionary = self._dictionary
        page = dictionary.multiplexer(base)
        for numbered in self._numbered:
            bits = dictionary.named(base, numbered.partition(".")[2])
            page = bits if bits is not None and bits.name == numbered else page
        indices = [dictionary.named(base, name) for name in self._layout.index]
        index = next((bits for bits in indices if bits is not None), None)
        return None if page is None and index is None else _Select(number, page, index)

    def check(self, rows: tuple[CheckMap, ...]) -> None:
        """Frames of these messages must prove themselves."""
        dictionary = self._dictionary
        for row in rows:
            for name in row.messages:
                counter = dictionary.bits(f"{name}.{row.counter}") if row.counter else None
                checksum = dictionary.bits(f"{name}.{row.checksum}") if row.checksum else None
                if checksum is not None and checksum.ones != 0xFF << 8 * checksum.first_byte:
                    dictionary.mistakes.append(f"{checksum.name} is not one byte")
                algorithm = ALGORITHMS[row.algorithm] if row.algorithm else None
                one = counter or checksum
                for number, base in self._base.items():
                    if one is not None and base == one.frame_id:
                        self._checks[number] = _Check(counter, checksum, algorithm)

    # ------------------------------------------------------------ frames

    def ready(self, key_ids: frozenset[int]) -> None:
        """Everybody has said what they read; these frames publish readings."""
        self._plain = frozenset(
            number
            for number, select in self._selects.items()
            if select is None and number not in self._checks
        )
        self._special = {
            number: self._keep(number) for number in self._selects if number not in self._plain
        }
        self._key_ids = tuple(sorted(key_ids))

    def store_all(self, frames: Sequence[Frame]) -> None:
        """Keep those that somebody reads."""
        plain, special = self._plain, self._special.get
        stored = self.stored
        for frame in frames:
            number = frame[0]
            if number in plain:
                stored[number] = frame
            else:
                keep = special(number)
                if keep is not None:
                    keep(frame)

    def _keep(self, number: int) -> Callable[[Frame], None]:
        """What is done with the frames of an id that are told apart, or prove themselves."""
        check, select, stored, dropped = (
            self._checks.get(number), self._selects[number], self.stored, self.dropped
        )  # fmt: skip
        keep = _put(stored, number) if select is None else _put_by(stored, select)
        if check is None:
            return keep
        why_not = check.why_not
        if check.checksum is None and check.counter is not None and select is None:
            return _put_counted(stored, dropped, check, check.counter, number)

        def keep_checked(frame: Frame) -> None:
            why = why_not(frame)
            if why is None:
                keep(frame)
            else:
                dropped[why] += 1

        return keep_checked

    def key_at_s(self) -> float | None:
        """When a frame that publishes a reading came last."""
        newest = None
        for number in self._key_ids:
            frame = self.stored.get(number)
            if frame is not None and (newest is None or frame[2] > newest):
                newest = frame[2]
        return newest


def _put(stored: Stored, number: int) -> Callable[[Frame], None]:
    def put(frame: Frame) -> None:
        stored[number] = frame

    return put


def _put_counted(
    stored: Stored, dropped: dict[str, int], check: _Check, counter: Bits, number: int
) -> Callable[[Frame], None]:
    """What `why_not` and `_put` do, for the usual case, at once."""
    count_of, size, last = counter.number, counter.payload_bytes, check.last

    def put(frame: Frame) -> None:
        data = frame[1]
        count = count_of(data) if len(data) >= size else None
        if count is None or count == last.get(number):
            dropped["counter"] += 1
        else:
            last[number] = count
            stored[number] = frame

    return put


def _put_by(stored: Stored, select: _Select) -> Callable[[Frame], None]:
    number, page = select.number, select.page
    if select.index is not None or select.common or page is None:

        def put_every(frame: Frame) -> None:
            stored[number] = frame
            for key in select.keys(frame[1]):
                stored[key] = frame

        return put_every
    page_of, size = page.number, page.payload_bytes

    def put_page(frame: Frame) -> None:
        data = frame[1]
        if len(data) >= size:
            stored[number] = stored[number, page_of(data), NO_PAGE] = frame

    return put_page
