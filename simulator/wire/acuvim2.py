"""An Accuenergy Acuvim II on the wire: two blocks of floats, energies, function 3.

From two open programs, cepro/simt-flux `acuvim2` and AndrianTriPutra/acuvim-ii `acuvim.go`.

Primary values at 0x4000, those of the transformers' secondary side at 0x3000; power in W (or kW, as
the header of the V3 map says). Import is positive, currents have no sign. A meter mounted the other
way round counts with the opposite sign.
"""

from collections.abc import Callable
from math import sqrt
from random import Random
from typing import Final

from simulator.models.site import Site
from simulator.wire.carlo_gavazzi import Flow, grid_flow, pv_flow
from simulator.wire.registers import F32, READ_HOLDING, U32, Read, Registers, Row, Store

PRIMARY, SECONDARY = 0x4000, 0x3000
ENERGY_AT: Final = 0x4048
PHASES: Final = 3
NOISE_W, NOISE_V, NOISE_A = 0.3, 0.05, 0.001
WITHOUT_VALUE: Final = range(62, 72, 2)
"""Unbalance and demand: not imitated, 0."""


class Acuvim2:
    """What one meter measures. `ct`, `pt`: ratios of the transformers in front of it."""

    def __init__(
        self,
        site: Site,
        flow: Flow,
        *,
        reversed_mounting: bool = False,
        ct: float = 1.0,
        pt: float = 1.0,
        in_kw: bool = False,
    ) -> None:
        self._site, self._flow, self._rng = site, flow, Random(7)
        if reversed_mounting:
            self._flow = flow.turned()
        self._watts = 0.001 if in_kw else 1.0
        rows = [*self._block(PRIMARY, 1.0, 1.0), *self._block(SECONDARY, pt, ct)]
        counters = (self._flow.import_wh, self._flow.export_wh, Store().read, Store().read)
        rows += [
            Row(ENERGY_AT + 2 * place, U32, read, 100.0, (READ_HOLDING,))
            for place, read in enumerate(counters)
        ]
        self.registers = Registers(rows)

    def power_w(self) -> float:
        """Total active power as the meter counts it."""
        return self._flow.power_w() or 0.0

    def reactive_var(self) -> float:
        """Total reactive power as the meter counts it."""
        return self._flow.reactive_var() or 0.0

    def _phase_w(self) -> float:
        return self.power_w() / PHASES

    def _block(self, base: int, pt: float, ct: float) -> list[Row]:
        """Floats; on the secondary side volts and amperes are smaller by the ratios."""
        site = self._site
        nothing, watts = Store().read, self._watts / pt / ct
        factor: Callable[[], float] = lambda: 1.0  # noqa: E731
        values: list[tuple[int, int, Callable[[], float], float, float]] = [
            (0, 1, lambda: site.frequency_hz, 1.0, 0.001),
            (2, 4, lambda: site.voltage_v, 1.0 / pt, NOISE_V),
            (10, 4, lambda: site.voltage_v * sqrt(3.0), 1.0 / pt, NOISE_V),
            (18, 4, lambda: abs(self._phase_w()) / site.voltage_v, 1.0 / ct, NOISE_A),
            (28, 3, self._phase_w, watts, NOISE_W),
            (34, 1, self.power_w, watts, NOISE_W),
            (36, 3, lambda: self.reactive_var() / PHASES, watts, 0.0),
            (42, 1, self.reactive_var, watts, 0.0),
            (44, 3, lambda: abs(self._phase_w()), watts, NOISE_W),
            (50, 1, lambda: abs(self.power_w()), watts, NOISE_W),
            (52, 4, factor, 1.0, 0.0),
        ]
        rows = [
            Row(base + offset + 2 * place, F32, self._measured(read, scale, noise), 1.0, (READ_HOLDING,))
            for offset, count, read, scale, noise in values
            for place in range(count)
        ]  # fmt: skip
        empty = [26, 60, *WITHOUT_VALUE]
        return rows + [Row(base + at, F32, nothing, 1.0, (READ_HOLDING,)) for at in empty]

    def _measured(self, read: Callable[[], float], scale: float, noise: float) -> Read:
        """A value with the noise of a real measurement: zero in the mean."""
        return lambda: scale * (read() + noise * self._rng.uniform(-1.0, 1.0))


def grid_meter(site: Site, turned: bool) -> Acuvim2:
    """The meter at the grid connection: import +."""
    return Acuvim2(site, grid_flow(site), reversed_mounting=turned)


def pv_meter(site: Site, turned: bool) -> Acuvim2:
    """The meter of the PV plant: production +."""
    return Acuvim2(site, pv_flow(site), reversed_mounting=turned)
