"""What the cells say: their voltages without current and temperature; full, empty, at rest."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from appliance.io.bms.curves import REFERENCE_C, Cell
from appliance.model import BatteryReading, RackReading

TAPERED_C: Final = 0.05
"""Full: charging has fallen below this share of the capacity per hour."""
RELEASED_C: Final = 0.02
"""Full is over above this discharge."""
REST_C: Final = 0.01
FULL_FOR_S: Final = 60.0
EMPTY_FOR_S: Final = 10.0
REST_FOR_S: Final = 1_800.0
"""A cell's voltage tells its charge only after half an hour without current."""
LEFT_PCT: Final = 1.0
"""No longer full (empty) once so much has flowed out (in)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One instant of the battery. Current: discharge +. Cells: of the racks that are connected."""

    at_s: float
    current_a: float | None
    voltage_v: float | None
    soc_pct: float | None
    """As the BMS says."""
    cell_max_v: float | None
    cell_min_v: float | None
    cell_mean_v: float | None
    temperature_c: float | None
    joined: tuple[int, ...]


def sample(reading: BatteryReading, at_s: float) -> Sample:
    """The instant of a reading. An extreme that any connected rack does not tell is not known."""
    racks = reading.working
    return Sample(
        at_s=at_s,
        current_a=reading.current_a,
        voltage_v=reading.voltage_v,
        soc_pct=reading.soc_pct,
        cell_max_v=_if_all([rack.cell_max_v for rack in racks], max),
        cell_min_v=_if_all([rack.cell_min_v for rack in racks], min),
        cell_mean_v=_if_all([_mean_v(rack) for rack in racks], _mean),
        temperature_c=_if_all([_mean_c(rack) for rack in racks], _mean),
        joined=tuple([rack.rack for rack in racks]),
    )


def spread_v(reading: BatteryReading) -> float | None:
    """Highest less lowest cell of the worst connected rack."""
    racks = reading.working
    return _if_all([rack_spread_v(rack) for rack in racks], max)


def rack_spread_v(rack: RackReading) -> float | None:
    """Highest less lowest cell."""
    if rack.cell_max_v is None or rack.cell_min_v is None:
        return None
    return rack.cell_max_v - rack.cell_min_v


def cells_in_series(reading: BatteryReading) -> int | None:
    """How many cells make a rack's voltage; None when no rack tells enough."""
    for rack in reading.racks:
        mean_v = _mean_v(rack)
        if rack.voltage_v is not None and mean_v is not None and mean_v > 0.5:
            return round(rack.voltage_v / mean_v)
    return None


def open_v(cell_v: float, current_a: float, cell_ohm: float) -> float:
    """A cell's voltage without its current (discharge +): under load it is lower than at rest."""
    return cell_v + current_a * cell_ohm


def _mean_v(rack: RackReading) -> float | None:
    if rack.cell_avg_v is not None:
        return rack.cell_avg_v
    if rack.cell_max_v is None or rack.cell_min_v is None:
        return None
    return (rack.cell_max_v + rack.cell_min_v) / 2.0


def _mean_c(rack: RackReading) -> float | None:
    if rack.cell_avg_c is not None:
        return rack.cell_avg_c
    if rack.cell_max_c is None or rack.cell_min_c is None:
        return None
    return (rack.cell_max_c + rack.cell_min_c) / 2.0


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _if_all(values: list[float | None], of: Callable[[list[float]], float]) -> float | None:
    known = [value for value in values if value is not None]
    return of(known) if known and len(known) == len(values) else None


class Held:
    """Whether something has been so for long enough, without a gap."""

    def __init__(self, for_s: float, longest_gap_s: float) -> None:
        self._for_s = for_s
        self._longest_gap_s = longest_gap_s
        self._since_s: float | None = None
        self._last_s = 0.0

    def update(self, now: bool, at_s: float) -> bool:
        """True once `now` has been true at every look for long enough."""
        if not now or at_s - self._last_s > self._longest_gap_s:
            self._since_s = at_s if now else None
        elif self._since_s is None:
            self._since_s = at_s
        self._last_s = at_s
        return self._since_s is not None and at_s - self._since_s >= self._for_s


class Ends:
    """Finds the instants at which the charge is known without counting."""

    def __init__(self, cell: Cell, full_v: float, empty_v: float, longest_gap_s: float) -> None:
        self._cell = cell
        self._full_v, self._empty_v = full_v, empty_v
        self._full = Held(FULL_FOR_S, longest_gap_s)
        self._empty = Held(EMPTY_FOR_S, longest_gap_s)
        self._rest = Held(REST_FOR_S, longest_gap_s)
        self.full: bool | None = None
        self.empty: bool | None = None
        """None until the cells were heard."""
        self._away_pct = 0.0

    def update(self, now: Sample, moved_pct: float, capacity_ah: float, ohm: float) -> float | None:
        """100 or 0 while the battery is full or empty, else None.

        `moved_pct` has flowed out since the last look; `ohm` is a cell's resistance per ampere of the
        battery, at its temperature.
        """
        current_a, high_v, low_v = now.current_a, now.cell_max_v, now.cell_min_v
        if current_a is None or high_v is None or low_v is None:
            self._full.update(False, now.at_s)
            self._empty.update(False, now.at_s)
            return None
        c_rate = current_a / capacity_ah
        cold_v = self._cell.open_v(100.0, now.temperature_c or REFERENCE_C) - self._cell.open_v(
            100.0
        )
        top = open_v(high_v, current_a, ohm) - cold_v >= self._full_v
        full = self._full.update(top and -TAPERED_C <= c_rate <= RELEASED_C, now.at_s)
        cold_v = self._cell.open_v(0.0, now.temperature_c or REFERENCE_C) - self._cell.open_v(0.0)
        bottom = open_v(low_v, current_a, ohm) - cold_v <= self._empty_v
        empty = self._empty.update(bottom and c_rate >= 0.0, now.at_s)
        self._remember(full, empty, moved_pct)
        if full == empty:
            return None
        return 100.0 if full else 0.0

    def _remember(self, full: bool, empty: bool, moved_pct: float) -> None:
        self._away_pct = 0.0 if full or empty else self._away_pct + moved_pct
        self.full = full or (bool(self.full) and self._away_pct < LEFT_PCT)
        self.empty = empty or (bool(self.empty) and self._away_pct > -LEFT_PCT)

    def rested_pct(self, now: Sample, capacity_ah: float) -> float | None:
        """The charge told by the mean cell after a long rest, where the curve is steep; else None."""
        current_a, mean_v, warm_c = now.current_a, now.cell_mean_v, now.temperature_c
        still = current_a is not None and abs(current_a) < REST_C * capacity_ah
        if not self._rest.update(still, now.at_s) or mean_v is None or warm_c is None:
            return None
        soc_pct = self._cell.soc_at(mean_v, warm_c)
        return soc_pct if self._cell.steep_at(soc_pct) else None
