"""The mean of single cell voltages or temperatures, which come a few per frame."""

from collections.abc import Callable

from appliance.io.bms._signals import Bits, Dictionary, Payloads
from appliance.io.bms.family import SingleMap
from appliance.io.plausible import plausible

RENEW_S = 1.0
"""A round of all cells takes seconds; means need not be renewed more often than this."""


class Averages:
    """Means by rack."""

    def __init__(
        self,
        name: str,
        single: SingleMap,
        rack_of: Callable[[int], int],
        dictionary: Dictionary,
    ) -> None:
        self._name = name
        self._map = single
        self._rack_of = rack_of
        """Rack of the cell with this number, counted from 0."""
        found = [dictionary.bits(f"{single.message[0]}.{signal}") for signal in single.signals]
        valid = [dictionary.bits(f"{single.message[0]}.{signal}") for signal in single.valid]
        self._signals: tuple[Bits, ...] = tuple(bits for bits in found if bits is not None)
        self._valid: tuple[Bits | None, ...] = tuple(valid) or (None,) * len(found)
        self._frames = dictionary.frames(f"{single.message[0]}.{single.signals[0]}")
        self._renewed_at_s: float | None = None
        self._means: dict[int, float] = {}

    def mean(self, rack: int, latest: Payloads, now_s: float) -> float | None:
        """Of the valid cells of a rack; None when none was heard of."""
        if self._renewed_at_s is None or now_s - self._renewed_at_s >= RENEW_S:
            self._renewed_at_s = now_s
            self._means = self._renewed(latest, now_s)
        return self._means.get(rack)

    def _renewed(self, latest: Payloads, now_s: float) -> dict[int, float]:
        by_rack: dict[int, list[float]] = {}
        per_frame = len(self._signals)
        for frame in range(self._frames):
            key = (self._signals[0].frame_id, frame)
            data = latest.fresh(key, now_s, self._map.max_age_s)
            if data is None:
                continue
            for place, (bits, valid) in enumerate(zip(self._signals, self._valid, strict=False)):
                number = self._number(bits, valid, data)
                if number is not None:
                    rack = self._rack_of(frame * per_frame + place)
                    by_rack.setdefault(rack, []).append(number)
        return {rack: sum(numbers) / len(numbers) for rack, numbers in by_rack.items()}

    def _number(self, bits: Bits, valid: Bits | None, data: bytes) -> float | None:
        raw = bits.raw(data)
        if raw is None or (valid is not None and not valid.raw(data)):
            return None
        number = (raw * bits.scale + bits.offset) * self._map.scale + self._map.offset
        return plausible(self._name, number)
