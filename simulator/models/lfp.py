"""One LFP cell: open-circuit voltage by state of charge, resistance by temperature.

The curve is of our own making, of the shape that LFP data sheets show: a long plateau near 3.3 V,
a knee at each end. It goes on below 0 % and above 100 %, for cells that are out of balance.
"""

from bisect import bisect_right
from math import exp

OCV_BY_SOC = (
    (-10.0, 1.80), (0.0, 2.55), (1.0, 2.78), (2.0, 2.92), (5.0, 3.08), (10.0, 3.18),
    (15.0, 3.21), (20.0, 3.235), (30.0, 3.268), (40.0, 3.283), (50.0, 3.290), (60.0, 3.300),
    (70.0, 3.320), (80.0, 3.330), (90.0, 3.336), (95.0, 3.345), (98.0, 3.375), (99.0, 3.41),
    (100.0, 3.48), (101.0, 3.60), (110.0, 4.70),
)  # fmt: skip
"""State of charge in % to volts."""

STEPS_PER_PCT = 10
"""The curve is walked on a grid of 0.1 %."""
LOWEST_PCT, HIGHEST_PCT = -10, 110
REFERENCE_C = 25.0


def open_circuit_v(soc_pct: float) -> float:
    """Open-circuit voltage of a cell in V, straight between the points of the table."""
    after = bisect_right(OCV_BY_SOC, (soc_pct, 0.0))
    after = min(max(after, 1), len(OCV_BY_SOC) - 1)
    (left, left_v), (right, right_v) = OCV_BY_SOC[after - 1], OCV_BY_SOC[after]
    return left_v + (right_v - left_v) * (soc_pct - left) / (right - left)


def grid_v() -> list[float]:
    """The curve on the grid, from LOWEST_PCT to HIGHEST_PCT."""
    first, last = LOWEST_PCT * STEPS_PER_PCT, HIGHEST_PCT * STEPS_PER_PCT
    return [open_circuit_v(step / STEPS_PER_PCT) for step in range(first, last + 1)]


def resistance_factor(temperature_c: float) -> float:
    """Resistance relative to 25 °C; it doubles in about 28 K of cold."""
    return exp(0.025 * (REFERENCE_C - temperature_c))
