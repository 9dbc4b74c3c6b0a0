"""A rack of LFP cells in series: electrical, thermal, and what its BMS measures and allows.

Current and power: discharge +, at the DC terminals. Limits are magnitudes.
"""

from math import sqrt
from typing import Protocol

from simulator.models.cells import Cells, Curves, Front
from simulator.models.lfp import HIGHEST_PCT, LOWEST_PCT, STEPS_PER_PCT, resistance_factor

CELL_OHM_AH = 0.039
"""Resistance of a cell at 25 °C times its capacity: 1.5 mΩ at 26 Ah."""
HEAT_CAPACITY_J_PER_K_AH = 26.0
"""Of one cell with its share of the housing, by capacity."""
LOSS_W_PER_K_AH = 0.0012

MAX_C_RATE = 1.0
CHARGE_TAPER_V, CHARGE_STOP_V = 3.50, 3.65
DISCHARGE_TAPER_V, DISCHARGE_STOP_V = 3.00, 2.60
CHARGE_TAPER_PCT, DISCHARGE_TAPER_PCT = 97.0, 5.0
CHARGE_STOP_C, CHARGE_FULL_C = 0.0, 10.0
DISCHARGE_STOP_C, DISCHARGE_FULL_C = -20.0, -5.0
HOT_TAPER_C, HOT_STOP_C = 45.0, 58.0


class DcSide(Protocol):
    """What an inverter sees of a battery: one rack, or several in parallel."""

    @property
    def connected(self) -> bool:
        """Contactors closed."""

    @property
    def voltage_v(self) -> float:
        """At the terminals."""

    @property
    def cell_avg_v(self) -> float:
        """Of the mean cell."""

    @property
    def max_current_a(self) -> float:
        """What it is made for."""


class Rack:
    """Step it with the DC power; afterwards every attribute describes the same instant."""

    def __init__(
        self,
        *,
        modules: int = 8,
        cells_per_module: int = 16,
        capacity_ah: float = 26.0,
        soc_pct: float = 50.0,
        soh_pct: float = 99.0,
        temperature_c: float = 20.0,
        soc_spread_pct: float = 1.0,
        resistance_spread: float = 0.10,
        resistance: float = 1.0,
        seed: int = 1,
    ) -> None:
        self.cell_count = modules * cells_per_module
        self.cells_per_module = cells_per_module
        self.capacity_ah = capacity_ah * soh_pct / 100.0
        self.soh_pct = soh_pct
        self.soc_pct = soc_pct
        self.temperature_c = temperature_c
        self.cells = Cells(self.cell_count, seed, soc_spread_pct, resistance_spread)
        self._curves = Curves(self.cells.offsets)
        cells = self.cells
        self._coolest_warmth = cells.warmths[cells.coolest]
        self._warmest_warmth = cells.warmths[cells.warmest]
        self.cell_min_c_at, self.cell_max_c_at = cells.coolest + 1, cells.warmest + 1
        self._per_cell_ohm = CELL_OHM_AH * resistance / capacity_ah
        self._heat_capacity_j_per_k = HEAT_CAPACITY_J_PER_K_AH * capacity_ah * self.cell_count
        self._loss_w_per_k = LOSS_W_PER_K_AH * capacity_ah * self.cell_count
        self._pct_per_as = 100.0 / (3600.0 * self.capacity_ah)
        self.max_current_a = MAX_C_RATE * capacity_ah
        self.connected = False
        self.charge_wh = self.discharge_wh = self.heat_wh = 0.0
        self.warm_spread_c = 0.5
        self.step(0.0, 0.0, temperature_c)

    @property
    def energy_wh(self) -> float:
        """What a full rack holds, open-circuit voltage times charge."""
        return self._energy_wh(100.0)

    def source(self) -> tuple[float, float]:
        """Open-circuit voltage and resistance now (V, ohm): what the rack is to its neighbours."""
        curves = self._curves
        soc_pct = self.soc_pct
        if soc_pct < LOWEST_PCT + 2.0 or soc_pct > HIGHEST_PCT - 2.0:
            soc_pct = self.soc_pct = min(max(soc_pct, LOWEST_PCT + 2.0), HIGHEST_PCT - 2.0)
        along = (soc_pct - LOWEST_PCT) * STEPS_PER_PCT
        base = self._base = int(along)
        frac = self._frac = along - base
        count = self.cell_count
        open_v = count * (curves.mean_v[base] + frac * curves.mean_rise_v[base])
        ohm = self._ohm = self._per_cell_ohm * resistance_factor(self.temperature_c)
        return open_v, ohm * count * self.cells.mean_factor

    def step(
        self, dt_s: float, power_w: float, ambient_c: float, shared_a: float | None = None
    ) -> None:
        """Go on by `dt_s` with this DC power (discharge +); 0 while the contactors are open.

        With `shared_a` the current is this, whatever the power: racks in parallel have shared it.
        """
        open_v, total_ohm = self.source()
        if not self.connected:
            current_a = 0.0
        elif shared_a is not None:
            current_a = shared_a
        else:
            # power = open_v * current - total_ohm * current²; beyond its peak the peak is all there is.
            inside = open_v * open_v - 4.0 * total_ohm * power_w
            current_a = (
                (open_v - sqrt(inside)) / (2.0 * total_ohm)
                if inside > 0.0
                else open_v / (2.0 * total_ohm)
            )
        voltage_v = open_v - current_a * total_ohm
        heat_w = current_a * current_a * total_ohm
        temperature_c = self.temperature_c
        warmer_c = temperature_c - ambient_c
        self.temperature_c = temperature_c + (
            (heat_w - self._loss_w_per_k * warmer_c) * dt_s / self._heat_capacity_j_per_k
        )
        self.warm_spread_c = 0.5 + 0.1 * abs(warmer_c)
        self.current_a, self.voltage_v = current_a, voltage_v
        self.cell_avg_v = voltage_v / self.cell_count
        hours = dt_s / 3600.0
        power_w = self.power_w = voltage_v * current_a
        self.heat_wh += heat_w * hours
        if power_w > 0.0:
            self.discharge_wh += power_w * hours
        else:
            self.charge_wh -= power_w * hours
        self.soc_pct = soc_pct = self.soc_pct - current_a * dt_s * self._pct_per_as
        self.soe_wh = self._energy_wh(soc_pct)
        self._measure_cells(current_a * self._ohm)
        self._limit(soc_pct)

    def cell_v(self, index: int) -> float:
        """Voltage of a cell, counted from 0, at the instant of the last step."""
        curves, at = self._curves, self._base + self.cells.offsets[index]
        open_v = curves.cell_v[at] + self._frac * curves.cell_rise_v[at]
        return open_v - self.current_a * self._ohm * self.cells.factors[index]

    def cell_c(self, index: int) -> float:
        """Temperature of a cell, counted from 0."""
        return self.cell_avg_c + self.warm_spread_c * (
            self.cells.warmths[index] - self.cells.mean_warmth
        )

    def _energy_wh(self, soc_pct: float) -> float:
        along = (soc_pct - LOWEST_PCT) * STEPS_PER_PCT
        base = int(along)
        frac = along - base
        curves = self._curves
        part_v = curves.mean_v[base] + frac * curves.mean_rise_v[base] / 2.0
        below = curves.below_v_pct[base] + frac * part_v / STEPS_PER_PCT
        return below * self.capacity_ah * self.cell_count / 100.0 if soc_pct > 0.0 else 0.0

    def _measure_cells(self, drop_v: float) -> None:
        """The extreme cells; numbers count from 1. `drop_v` is current times resistance of a mean cell."""
        cells = self.cells
        discharging = drop_v > 0.0
        high = cells.highest_discharging if discharging else cells.highest_charging
        low = cells.lowest_discharging if discharging else cells.lowest_charging
        self._find_extremes(high, low, drop_v)
        average_c = self.cell_avg_c = self.temperature_c
        spread_c, mean = self.warm_spread_c, cells.mean_warmth
        self.cell_min_c = average_c + spread_c * (self._coolest_warmth - mean)
        self.cell_max_c = average_c + spread_c * (self._warmest_warmth - mean)

    def _find_extremes(self, high: Front, low: Front, drop_v: float) -> None:
        curves, base, frac = self._curves, self._base, self._frac
        curve, rise = curves.cell_v, curves.cell_rise_v
        highest_v, lowest_v, highest_at, lowest_at = -1e9, 1e9, 0, 0
        for offset, factor, index in high:
            at = base + offset
            volt = curve[at] + frac * rise[at] - drop_v * factor
            if volt > highest_v:
                highest_v, highest_at = volt, index
        for offset, factor, index in low:
            at = base + offset
            volt = curve[at] + frac * rise[at] - drop_v * factor
            if volt < lowest_v:
                lowest_v, lowest_at = volt, index
        self.cell_max_v, self.cell_max_at = highest_v, highest_at + 1
        self.cell_min_v, self.cell_min_at = lowest_v, lowest_at + 1

    def _limit(self, soc_pct: float) -> None:
        """What the BMS allows now, as magnitudes at the DC terminals."""
        charge = discharge = 1.0
        if (
            self.cell_max_v > CHARGE_TAPER_V
            or soc_pct > CHARGE_TAPER_PCT
            or self.cell_min_c < CHARGE_FULL_C
        ):
            charge = min(
                (CHARGE_STOP_V - self.cell_max_v) / (CHARGE_STOP_V - CHARGE_TAPER_V),
                (100.0 - soc_pct) / (100.0 - CHARGE_TAPER_PCT),
                (self.cell_min_c - CHARGE_STOP_C) / (CHARGE_FULL_C - CHARGE_STOP_C),
            )
        if (
            self.cell_min_v < DISCHARGE_TAPER_V
            or soc_pct < DISCHARGE_TAPER_PCT
            or self.cell_min_c < DISCHARGE_FULL_C
        ):
            discharge = min(
                (self.cell_min_v - DISCHARGE_STOP_V) / (DISCHARGE_TAPER_V - DISCHARGE_STOP_V),
                soc_pct / DISCHARGE_TAPER_PCT,
                (self.cell_min_c - DISCHARGE_STOP_C) / (DISCHARGE_FULL_C - DISCHARGE_STOP_C),
            )
        hot = (HOT_STOP_C - self.cell_max_c) / (HOT_STOP_C - HOT_TAPER_C)
        most_w = self.max_current_a * self.voltage_v
        if charge == discharge == 1.0 <= hot:
            self.max_charge_w = self.max_discharge_w = most_w
            return
        self.max_charge_w = most_w * max(0.0, min(1.0, charge, hot))
        self.max_discharge_w = most_w * max(0.0, min(1.0, discharge, hot))
