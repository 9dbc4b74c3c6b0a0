"""State of health: how much it holds between two known charges, and how hard it resists."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from appliance.io.bms.soc import Step

KEEP: Final = 5
"""The capacity is the mean of the last so many measurements."""
LEAST_SPAN_PCT: Final = 50.0
"""Two ends nearer than this tell too little."""
LONGEST_S: Final = 72.0 * 3600.0
"""The error of the current sensor adds up as well."""
UNKNOWN_SHARE: Final = 0.01
COLDEST_C, HOTTEST_C = 10.0, 40.0
"""A cold battery gives less, and is not worse."""
PLAUSIBLE: Final = (0.3, 1.3)

STEP_C: Final = 0.2
STEADY_C: Final = 0.02
SOONEST_S, LATEST_S = 1.0, 2.0
"""Earlier the voltage has not settled, later the charge has changed it."""
NEW_SHARE: Final = 0.15
PLAUSIBLE_TIMES: Final = 10.0


@dataclass(slots=True)
class _Span:
    """Counting since a known charge."""

    soc_pct: float
    sure: bool
    """Full or empty, rather than read from a voltage."""
    at_s: float
    ah: float = 0.0
    unknown_ah: float = 0.0
    in_window: bool = True


class CapacityMeter:
    """Ah between two known charges, as a share of what lies between them."""

    def __init__(self, measured_ah: tuple[float, ...] = ()) -> None:
        self.measured_ah = measured_ah[-KEEP:]
        self._span: _Span | None = None

    @property
    def capacity_ah(self) -> float | None:
        """The mean of the last measurements; None before the first."""
        known = self.measured_ah
        return sum(known) / len(known) if known else None

    def forget(self) -> None:
        """Other racks are connected now: what was counted belongs to others."""
        self._span = None

    def count(self, step: Step, temperature_c: float | None) -> None:
        """What has flowed."""
        span = self._span
        if span is not None:
            span.ah += step.ah
            span.unknown_ah += step.unknown_ah
            known = temperature_c is not None and COLDEST_C <= temperature_c <= HOTTEST_C
            span.in_window = span.in_window and known

    def known_charge(self, soc_pct: float, sure: bool, at_s: float, nominal_ah: float) -> None:
        """The charge is known now; a measurement when it is far from the last one."""
        span = self._span
        far = span is not None and abs(span.soc_pct - soc_pct) >= LEAST_SPAN_PCT
        if span is not None and far:
            self._measure(span, soc_pct, at_s, nominal_ah)
        if span is None or far or sure or not span.sure:
            self._span = _Span(soc_pct, sure, at_s)

    def _measure(self, span: _Span, soc_pct: float, at_s: float, nominal_ah: float) -> None:
        capacity_ah = 100.0 * span.ah / (span.soc_pct - soc_pct)
        low, high = PLAUSIBLE
        if (
            span.in_window
            and at_s - span.at_s <= LONGEST_S
            and span.unknown_ah <= UNKNOWN_SHARE * nominal_ah
            and low * nominal_ah <= capacity_ah <= high * nominal_ah
        ):
            self.measured_ah = (*self.measured_ah, capacity_ah)[-KEEP:]


class ResistanceMeter:
    """Voltage step over current step, at 25 °C, of the whole battery."""

    def __init__(self, resistance_ohm: float | None = None) -> None:
        self.resistance_ohm = resistance_ohm
        self._seen: deque[tuple[float, float, float]] = deque()

    def forget(self) -> None:
        """Other racks are connected now."""
        self._seen.clear()

    def update(
        self, at_s: float, voltage_v: float, current_a: float, nominal_ah: float,
        warmth: float, expected_ohm: float,
    ) -> None:  # fmt: skip
        """A sample. `warmth` is the resistance now relative to 25 °C, `expected_ohm` that of a new battery."""
        seen = self._seen
        while seen and at_s - seen[0][0] > LATEST_S:
            seen.popleft()
        steady = bool(seen) and abs(seen[-1][2] - current_a) <= STEADY_C * nominal_ah
        seen.append((at_s, voltage_v, current_a))
        before_s, before_v, before_a = seen[0]
        risen_a = current_a - before_a
        if at_s - before_s < SOONEST_S or abs(risen_a) < STEP_C * nominal_ah or not steady:
            return
        measured_ohm = (before_v - voltage_v) / risen_a / warmth
        seen.clear()
        if expected_ohm / PLAUSIBLE_TIMES <= measured_ohm <= expected_ohm * PLAUSIBLE_TIMES:
            last_ohm = self.resistance_ohm
            self.resistance_ohm = (
                measured_ohm
                if last_ohm is None
                else last_ohm + NEW_SHARE * (measured_ohm - last_ohm)
            )
