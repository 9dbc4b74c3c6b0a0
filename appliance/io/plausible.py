"""Can this number be true at all? A reading outside physical bounds is not known, so it is None.

Bounds go by the unit in the name and are far wider than any limit of operation: they catch broken
wires, half-written registers and wrong scales, not full batteries.
"""

from functools import cache
from math import inf

BOUNDS = {
    "_w": (-10e6, 10e6),
    "_var": (-10e6, 10e6),
    "_va": (-10e6, 10e6),
    "_wh": (0.0, 1e11),
    "_v": (-10.0, 2_000.0),
    "_a": (-5_000.0, 5_000.0),
    "_hz": (0.0, 100.0),
    "_pct": (0.0, 110.0),
    "_c": (-60.0, 200.0),
}
CELL_BOUNDS = {"_v": (0.0, 6.0), "_c": (-60.0, 120.0)}
"""For names that start with `cell_`."""
NAMED_BOUNDS = {"cell_max_v": (0.5, 6.0), "cell_avg_v": (0.5, 6.0)}
"""One cell may be dead; where the highest of all is, nothing was measured."""


@cache
def bounds(name: str) -> tuple[float, float]:
    """Lowest and highest believable value of a quantity with this name."""
    if name in NAMED_BOUNDS:
        return NAMED_BOUNDS[name]
    unit = "_" + name.rpartition("_")[2]
    if name.startswith("cell_") and unit in CELL_BOUNDS:
        return CELL_BOUNDS[unit]
    return BOUNDS.get(unit, (-inf, inf))


def plausible(name: str, value: float) -> float | None:
    """The value, or None when it is not a number or cannot be true."""
    low, high = bounds(name)
    return value if low <= value <= high else None
