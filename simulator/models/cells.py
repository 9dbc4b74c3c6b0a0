"""How the cells of a rack differ, and which of them can be the highest or the lowest.

v_i = ocv(soc + offset_i) - current * resistance * factor_i. Voltage rises with the offset; with the
resistance it falls while discharging and rises while charging. So the highest cell while
discharging is one that no other beats in both (higher offset, lower factor), and so on for the
four corners: a front of about five cells each, and nobody else needs to be looked at.
"""

from itertools import pairwise
from random import Random

from simulator.models.lfp import LOWEST_PCT, STEPS_PER_PCT, grid_v

Front = tuple[tuple[int, float, int], ...]
"""Cells as (offset in grid steps, resistance factor, index)."""


class Cells:
    """The seeded spread of the cells in series; offsets are whole grid steps and add up to about 0."""

    def __init__(
        self, count: int, seed: int, soc_spread_pct: float, resistance_spread: float
    ) -> None:
        rng = Random(seed)
        widest = soc_spread_pct * STEPS_PER_PCT
        self.count = count
        self.offsets = [round(_bounded(rng) * widest) for _ in range(count)]
        self.factors = [1.0 + resistance_spread * _bounded(rng) for _ in range(count)]
        self.warmths = [_bounded(rng) for _ in range(count)]
        """-1 is the coolest place, +1 the warmest."""
        self.mean_factor = sum(self.factors) / count
        self.mean_warmth = sum(self.warmths) / count
        self.coolest = min(range(count), key=self.warmths.__getitem__)
        self.warmest = max(range(count), key=self.warmths.__getitem__)
        self.highest_discharging = self._front(+1, -1)
        self.highest_charging = self._front(+1, +1)
        self.lowest_discharging = self._front(-1, +1)
        self.lowest_charging = self._front(-1, -1)

    def _front(self, offset_sign: int, factor_sign: int) -> Front:
        """Cells that no other beats in both offset and factor, in the directions of the signs."""
        order = sorted(
            range(self.count),
            key=lambda i: (-offset_sign * self.offsets[i], -factor_sign * self.factors[i]),
        )
        front: list[tuple[int, float, int]] = []
        best = float("-inf")
        for i in order:
            if factor_sign * self.factors[i] > best:
                best = factor_sign * self.factors[i]
                front.append((self.offsets[i], self.factors[i], i))
        return tuple(front)


class Curves:
    """Open-circuit voltage on the grid of 0.1 %: of one cell, of the mean cell, and the energy below."""

    def __init__(self, offsets: list[int]) -> None:
        self.cell_v = grid_v()
        self.cell_rise_v = [b - a for a, b in pairwise(self.cell_v)]
        last = len(self.cell_v) - 1
        shares: dict[int, int] = {}
        for offset in offsets:
            shares[offset] = shares.get(offset, 0) + 1
        self.mean_v = [
            sum(n * self.cell_v[min(max(i + k, 0), last)] for k, n in shares.items()) / len(offsets)
            for i in range(last + 1)
        ]
        self.mean_rise_v = [b - a for a, b in pairwise(self.mean_v)]
        self.zero = -LOWEST_PCT * STEPS_PER_PCT
        self.below_v_pct = self._below()

    def _below(self) -> list[float]:
        """Volts times %, from 0 % up to each grid point; times Ah it is energy."""
        below = [0.0] * len(self.mean_v)
        for i in range(self.zero + 1, len(below)):
            mean_v = (self.mean_v[i - 1] + self.mean_v[i]) / 2
            below[i] = below[i - 1] + mean_v / STEPS_PER_PCT
        return below


def _bounded(rng: Random) -> float:
    """Bell-shaped between -1 and 1, standard deviation 0.33."""
    return (rng.random() + rng.random() + rng.random()) / 1.5 - 1.0
