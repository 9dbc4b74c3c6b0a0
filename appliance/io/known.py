"""Arithmetic of drivers: with values that may be missing, within bounds, between points.

A sum of which a part is not known is not known.
"""

from bisect import bisect_right
from collections.abc import Sequence
from math import fsum, isfinite

from appliance.io.plausible import plausible
from appliance.io.registers import Values
from appliance.model import PhaseReading


def total(*parts: float | None, name: str = "power_w") -> float | None:
    """The sum, when all parts are known and a quantity of that name can be so large."""
    known = [part for part in parts if part is not None]
    return plausible(name, fsum(known)) if len(known) == len(parts) else None


def times(factor: float, value: float | None) -> float | None:
    """A known value times a factor."""
    return None if value is None else factor * value


def within(value: float, most: float) -> float:
    """A command that the device can take, either sign; 0 for what is no number."""
    return max(-most, min(most, value)) if isfinite(value) else 0.0


def along(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """y at x, straight between the points; beyond the ends the last value. `xs` rises."""
    after = bisect_right(xs, x)
    if after == 0:
        return ys[0]
    if after == len(xs):
        return ys[-1]
    left_x, left_y = xs[after - 1], ys[after - 1]
    return left_y + (ys[after] - left_y) * (x - left_x) / (xs[after] - left_x)


def hottest(*values_c: float | None) -> float | None:
    """The highest of those that are known."""
    return max((value_c for value_c in values_c if value_c is not None), default=None)


def phases(values: Values, sign: float = 1.0) -> tuple[PhaseReading, ...]:
    """Three phases from values named l1_v, l1_a, l1_w, l1_var and so on; `sign` turns power and current."""
    return tuple(
        PhaseReading(
            voltage_v=values.get(f"l{number}_v"),
            current_a=times(sign, values.get(f"l{number}_a")),
            power_w=times(sign, values.get(f"l{number}_w")),
            reactive_var=times(sign, values.get(f"l{number}_var")),
        )
        for number in (1, 2, 3)
    )
