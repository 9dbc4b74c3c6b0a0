"""State of charge: what the BMS says, with its drift taken out.

shown = BMS + delta. The delta comes from the ends (full, empty), where the charge is known, and from
our own counting for a while after one. It moves slowly, so that the shown value does not jump; a
jump of the BMS while current flows is taken up by the delta and given back slowly.
"""

from dataclasses import dataclass
from typing import Final

LARGEST_DELTA_PCT: Final = 20.0
"""A BMS that is more wrong than this is faulty, and not ours to hide."""
PCT_PER_S: Final = 0.1 / 60.0
"""How fast the delta moves between the ends."""
JUMP_PCT: Final = 1.0
TRUSTED_S: Final = 48.0 * 3600.0
TRUSTED_GAP_PCT: Final = 2.0
"""Own counting is believed so long after an end, with so much unknown at most."""
FLOWING_C: Final = 0.02


@dataclass(frozen=True, slots=True)
class Step:
    """What flowed since the last sample, discharge +."""

    ah: float = 0.0
    dt_s: float = 0.0
    gap_s: float = 0.0
    """Time in which nobody knows what flowed: `ah` is 0 then."""
    unknown_ah: float = 0.0
    """What may have flowed in the gap, as a magnitude."""


NOTHING: Final = Step()


class CoulombCounter:
    """Integrates the current (discharge +) by trapezoids; never over silence."""

    def __init__(self, longest_gap_s: float) -> None:
        self._longest_gap_s = longest_gap_s
        self._last: tuple[float, float] | None = None

    def add(self, current_a: float | None, at_s: float) -> Step:
        """A sample; a missing one ends nothing by itself, a long time without one is a gap."""
        if current_a is None:
            return NOTHING
        last, self._last = self._last, (at_s, current_a)
        if last is None:
            return NOTHING
        dt_s = at_s - last[0]
        if dt_s <= 0.0:
            self._last = last if dt_s < 0.0 else self._last
            return NOTHING
        if dt_s > self._longest_gap_s:
            most_a = max(abs(current_a), abs(last[1]))
            return Step(gap_s=dt_s, unknown_ah=most_a * dt_s / 3600.0)
        return Step((current_a + last[1]) / 2.0 * dt_s / 3600.0, dt_s)


class SocCorrection:
    """Holds the delta, and our own count since the last end."""

    def __init__(self, delta_pct: float = 0.0, drift_pct: float | None = None) -> None:
        self.delta_pct = _bounded(delta_pct)
        self.drift_pct = drift_pct
        """BMS less truth at the last end."""
        self._target_pct = self.delta_pct
        self._own_pct: float | None = None
        self._unknown_pct = 0.0
        self._end_at_s = 0.0
        self._at_end = False
        self._jumped_pct = 0.0
        """What the BMS has set right by itself since the last end."""
        self._bms_pct: float | None = None

    def forget(self) -> None:
        """Other racks are connected now: our count does not go on, the delta stays."""
        self._own_pct = self._bms_pct = None
        self._target_pct = self.delta_pct

    def update(
        self, bms_pct: float, step: Step, capacity_ah: float, at_s: float, end_pct: float | None
    ) -> float:
        """The state of charge to show, 0 to 100 %. `end_pct` is 100 or 0 while it is known."""
        moved_pct = 100.0 * step.ah / capacity_ah
        before_pct, self._bms_pct = self._bms_pct, bms_pct
        changed_pct = 0.0 if before_pct is None else bms_pct - before_pct
        if end_pct is not None:
            self._set(end_pct, bms_pct, at_s)
        else:
            self._at_end = False
            self._count(changed_pct, moved_pct, step, capacity_ah)
            self._take_up_jump(changed_pct + moved_pct, step, capacity_ah)
            self._approach(bms_pct, step.dt_s, at_s)
        return min(100.0, max(0.0, bms_pct + self.delta_pct))

    def _set(self, end_pct: float, bms_pct: float, at_s: float) -> None:
        if not self._at_end:
            self.drift_pct = bms_pct - self._jumped_pct - end_pct
        self._at_end, self._end_at_s = True, at_s
        self._jumped_pct = self._unknown_pct = 0.0
        self._own_pct = end_pct
        self.delta_pct = self._target_pct = _bounded(end_pct - bms_pct)

    def _count(self, changed_pct: float, moved_pct: float, step: Step, capacity_ah: float) -> None:
        if self._own_pct is None:
            return
        # The BMS has counted on while we did not hear it.
        self._own_pct += changed_pct if step.gap_s else -moved_pct
        self._unknown_pct += 100.0 * step.unknown_ah / capacity_ah

    def _take_up_jump(self, jump_pct: float, step: Step, capacity_ah: float) -> None:
        if step.gap_s or step.dt_s == 0.0 or abs(jump_pct) < JUMP_PCT:
            return
        flowing = abs(step.ah) * 3600.0 / step.dt_s > FLOWING_C * capacity_ah
        if flowing or self._own_pct is not None:
            self.delta_pct = _bounded(self.delta_pct - jump_pct)
            self._jumped_pct += jump_pct

    def _approach(self, bms_pct: float, dt_s: float, at_s: float) -> None:
        if self._own_pct is not None:
            trusted = at_s - self._end_at_s <= TRUSTED_S and self._unknown_pct <= TRUSTED_GAP_PCT
            if trusted:
                self._target_pct = _bounded(self._own_pct - bms_pct)
            else:
                self._own_pct = None
        most = PCT_PER_S * dt_s
        self.delta_pct += min(most, max(-most, self._target_pct - self.delta_pct))


def _bounded(delta_pct: float) -> float:
    return min(LARGEST_DELTA_PCT, max(-LARGEST_DELTA_PCT, delta_pct))
