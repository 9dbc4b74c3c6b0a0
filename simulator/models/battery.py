"""Racks in parallel on one DC bus: they share the current, and even each other out.

Each connected rack is a source behind a resistance. The bus voltage v solves
power = v * sum((open_i - v) / ohm_i); a rack's current is (open_i - v) / ohm_i, also between racks
when nobody wants power. Current and power: discharge +.
"""

from collections.abc import Sequence
from math import sqrt
from random import Random

from simulator.models.rack import Rack

SOC_SPREAD_PCT, RESISTANCE_SPREAD = 0.6, 0.05
"""How far racks of one battery lie apart, at most."""


class Battery:
    """Step it with the DC power. Seen from outside it has the words of a rack."""

    def __init__(self, racks: Sequence[Rack]) -> None:
        self.racks = tuple(racks)
        self.bus_v = 0.0
        """0 while no rack is connected."""

    def step(self, dt_s: float, power_w: float, ambient_c: float) -> None:
        """Go on by `dt_s` with this DC power (discharge +), shared by the racks that are connected."""
        sources = [(rack, *rack.source()) for rack in self.racks if rack.connected]
        shared_a: dict[Rack, float] = {}
        self.bus_v = 0.0
        if sources:
            conductance = sum(1.0 / ohm for _, _, ohm in sources)
            open_v = sum(volts / ohm for _, volts, ohm in sources) / conductance
            # power = v * (open_v - v) * conductance; beyond its peak the peak is all there is.
            inside = open_v * open_v - 4.0 * power_w / conductance
            bus_v = self.bus_v = (open_v + (sqrt(inside) if inside > 0.0 else 0.0)) / 2.0
            shared_a = {rack: (volts - bus_v) / ohm for rack, volts, ohm in sources}
        for rack in self.racks:
            rack.step(dt_s, 0.0, ambient_c, shared_a.get(rack, 0.0))

    # ------------------------------------------------------------ as one rack

    @property
    def connected(self) -> bool:
        """At least one rack is."""
        return any(rack.connected for rack in self.racks)

    @property
    def voltage_v(self) -> float:
        """Of the DC bus; while nobody is connected, of the mean rack."""
        return self.bus_v or _mean([rack.voltage_v for rack in self.racks])

    @property
    def link_v(self) -> float:
        """On the inverter's side of the contactors."""
        return next((rack.voltage_v for rack in self.racks if rack.connected), 0.0)

    @property
    def current_a(self) -> float:
        """Of all racks together."""
        return sum(rack.current_a for rack in self.racks)

    @property
    def power_w(self) -> float:
        """Of all racks together."""
        return sum(rack.power_w for rack in self.racks)

    @property
    def soc_pct(self) -> float:
        """Mean by capacity. Setting it sets every rack."""
        whole_ah = sum(rack.capacity_ah for rack in self.racks)
        return sum(rack.soc_pct * rack.capacity_ah for rack in self.racks) / whole_ah

    @soc_pct.setter
    def soc_pct(self, soc_pct: float) -> None:
        for rack in self.racks:
            rack.soc_pct = soc_pct

    @property
    def temperature_c(self) -> float:
        """Mean. Setting it sets every rack."""
        return _mean([rack.temperature_c for rack in self.racks])

    @temperature_c.setter
    def temperature_c(self, temperature_c: float) -> None:
        for rack in self.racks:
            rack.temperature_c = temperature_c

    @property
    def soh_pct(self) -> float:
        """Mean."""
        return _mean([rack.soh_pct for rack in self.racks])

    @property
    def soe_wh(self) -> float:
        """What can be discharged now, of all racks."""
        return sum(rack.soe_wh for rack in self.racks)

    @property
    def energy_wh(self) -> float:
        """What all racks hold when full."""
        return sum(rack.energy_wh for rack in self.racks)

    @property
    def charge_wh(self) -> float:
        """Charged since the start."""
        return sum(rack.charge_wh for rack in self.racks)

    @property
    def discharge_wh(self) -> float:
        """Discharged since the start."""
        return sum(rack.discharge_wh for rack in self.racks)

    @property
    def heat_wh(self) -> float:
        """Lost in the cells since the start."""
        return sum(rack.heat_wh for rack in self.racks)

    @property
    def cell_count(self) -> int:
        """In series."""
        return self.racks[0].cell_count

    @property
    def cells_per_module(self) -> int:
        """In series."""
        return self.racks[0].cells_per_module

    @property
    def capacity_ah(self) -> float:
        """Of all racks."""
        return sum(rack.capacity_ah for rack in self.racks)

    @property
    def max_current_a(self) -> float:
        """What the connected racks are made for; all of them while none is."""
        return sum(rack.max_current_a for rack in self._in_use())

    @property
    def max_charge_w(self) -> float:
        """As often the weakest connected rack as there are; all racks while none is connected."""
        racks = self._in_use()
        return len(racks) * min(rack.max_charge_w for rack in racks)

    @property
    def max_discharge_w(self) -> float:
        """As often the weakest connected rack as there are; all racks while none is connected."""
        racks = self._in_use()
        return len(racks) * min(rack.max_discharge_w for rack in racks)

    def _in_use(self) -> Sequence[Rack]:
        return [rack for rack in self.racks if rack.connected] or self.racks

    # ------------------------------------------------------------ the extreme cells, and where

    @property
    def cell_avg_v(self) -> float:
        """Mean of the racks in use."""
        return _mean([rack.cell_avg_v for rack in self._in_use()])

    @property
    def cell_avg_c(self) -> float:
        """Mean."""
        return _mean([rack.cell_avg_c for rack in self.racks])

    @property
    def lowest(self) -> Rack:
        """The rack with the lowest cell."""
        return min(self.racks, key=lambda rack: rack.cell_min_v)

    @property
    def highest(self) -> Rack:
        """The rack with the highest cell."""
        return max(self.racks, key=lambda rack: rack.cell_max_v)

    @property
    def coolest(self) -> Rack:
        """The rack with the coolest cell."""
        return min(self.racks, key=lambda rack: rack.cell_min_c)

    @property
    def warmest(self) -> Rack:
        """The rack with the warmest cell."""
        return max(self.racks, key=lambda rack: rack.cell_max_c)

    @property
    def cell_min_v(self) -> float:
        """Of the lowest cell."""
        return self.lowest.cell_min_v

    @property
    def cell_max_v(self) -> float:
        """Of the highest cell."""
        return self.highest.cell_max_v

    @property
    def cell_min_at(self) -> int:
        """Number of the lowest cell, in its rack."""
        return self.lowest.cell_min_at

    @property
    def cell_max_at(self) -> int:
        """Number of the highest cell, in its rack."""
        return self.highest.cell_max_at

    @property
    def cell_min_c(self) -> float:
        """Of the coolest cell."""
        return self.coolest.cell_min_c

    @property
    def cell_max_c(self) -> float:
        """Of the warmest cell."""
        return self.warmest.cell_max_c

    @property
    def cell_min_c_at(self) -> int:
        """Number of the coolest cell, in its rack."""
        return self.coolest.cell_min_c_at

    @property
    def cell_max_c_at(self) -> int:
        """Number of the warmest cell, in its rack."""
        return self.warmest.cell_max_c_at

    def number(self, rack: Rack) -> int:
        """Which one it is, counted from 1."""
        return self.racks.index(rack) + 1


def build_battery(
    racks: int,
    capacity_wh: float,
    soc_pct: float,
    seed: int,
    modules: int = 8,
    cells_per_module: int = 16,
) -> Battery:
    """`racks` that hold `capacity_wh` together when full; several differ a little, by the seed."""
    shape = {"modules": modules, "cells_per_module": cells_per_module}
    rng, made = Random(seed), []
    for number in range(racks):
        capacity_ah = 26.0 * capacity_wh / racks / Rack(**shape, seed=seed + number).energy_wh
        apart = 0.0 if racks == 1 else 2.0 * rng.random() - 1.0
        worse = 0.0 if racks == 1 else 2.0 * rng.random() - 1.0
        made.append(
            Rack(
                **shape,
                capacity_ah=capacity_ah,
                soc_pct=min(max(soc_pct + SOC_SPREAD_PCT * apart, 0.0), 100.0),
                resistance=1.0 + RESISTANCE_SPREAD * worse,
                seed=seed + number,
            )
        )
    return Battery(made)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
