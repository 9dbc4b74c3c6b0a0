"""A reading of the BMS in, the same reading with what can be known beyond it out.

Every method takes the instant of the measurement; nothing here reads a clock. Before the nominal
charge is known (cells in series) a reading passes unchanged.
"""

import msgspec

from appliance.io.bms.cells import Ends, Sample, cells_in_series, sample
from appliance.io.bms.curves import Cell, load_cell
from appliance.io.bms.soc import CoulombCounter, SocCorrection, Step
from appliance.io.bms.soh import CapacityMeter, ResistanceMeter
from appliance.model import BatteryMemory, BatteryReading
from appliance.site import Battery


class Estimator:
    """State of charge, capacity and resistance of one battery."""

    def __init__(self, settings: Battery, memory: BatteryMemory, cell: Cell | None = None) -> None:
        estimate = settings.estimate
        self._settings = settings
        self._cell = cell or load_cell(estimate.chemistry)
        self._series = estimate.cells_in_series
        self._counter = CoulombCounter(estimate.gap_s)
        self._soc = SocCorrection(memory.soc_delta_pct, memory.soc_drift_pct)
        self._capacity = CapacityMeter(memory.capacities_ah)
        self._resistance = ResistanceMeter(memory.resistance_ohm)
        full_v = estimate.full_cell_v or self._cell.full_v
        empty_v = estimate.empty_cell_v or self._cell.empty_v
        self._ends = Ends(self._cell, full_v, empty_v, estimate.gap_s)
        self._joined: tuple[int, ...] | None = None
        self._gaps, self._gap_s = memory.gaps, memory.gap_s
        self._shown_pct: float | None = None

    def remember(self, memory: BatteryMemory) -> BatteryMemory:
        """What must survive a restart, in `memory`; the rest of it is left as it is."""
        return msgspec.structs.replace(
            memory,
            soc_delta_pct=self._soc.delta_pct,
            soc_drift_pct=self._soc.drift_pct,
            capacities_ah=self._capacity.measured_ah,
            resistance_ohm=self._resistance.resistance_ohm,
            gaps=self._gaps,
            gap_s=self._gap_s,
        )

    def update(self, reading: BatteryReading, at_s: float) -> BatteryReading:
        """The reading measured at `at_s`, with its state of charge corrected and its health added."""
        self._series = self._series or cells_in_series(reading)
        if not self._settings.estimate.enabled or self._series is None:
            return reading
        now = sample(reading, at_s)
        step = self._counter.add(now.current_a, at_s)
        if step.gap_s:
            self._gaps, self._gap_s = self._gaps + 1, self._gap_s + step.gap_s
        self._look_who_joined(now)
        nominal_ah = self._nominal_ah(self._series)
        capacity_ah = self._capacity.capacity_ah or nominal_ah
        # With fewer racks the others carry it all.
        part = self._part()
        end_pct = self._know_charge(now, step, capacity_ah * part)
        if len(now.joined) == self._settings.racks:
            self._know_health(now, step, end_pct, nominal_ah)
        if now.soc_pct is not None:
            self._shown_pct = self._soc.update(now.soc_pct, step, capacity_ah * part, at_s, end_pct)
        return self._tell(reading)

    def _nominal_ah(self, series: int) -> float:
        return self._settings.capacity_wh / (series * self._cell.nominal_v)

    def _look_who_joined(self, now: Sample) -> None:
        if self._joined is not None and now.joined != self._joined:
            self._soc.forget()
            self._capacity.forget()
            self._resistance.forget()
        self._joined = now.joined

    def _part(self) -> float:
        """The share of the racks that is connected."""
        return len(self._joined or ()) / self._settings.racks or 1.0

    def _know_charge(self, now: Sample, step: Step, capacity_ah: float) -> float | None:
        """100 or 0 while full or empty."""
        series = self._series or 1
        ohm = (
            self._cell.cell_ohm_ah / self._nominal_ah(series)
            if self._resistance.resistance_ohm is None
            else self._resistance.resistance_ohm / series
        )
        share = self._settings.racks / max(1, len(now.joined))
        ohm *= share * self._cell.warmth(now.temperature_c)
        return self._ends.update(now, 100.0 * step.ah / capacity_ah, capacity_ah, ohm)

    def _know_health(
        self, now: Sample, step: Step, end_pct: float | None, nominal_ah: float
    ) -> None:
        self._capacity.count(step, now.temperature_c)
        rested_pct = self._ends.rested_pct(now, nominal_ah)
        if end_pct is not None:
            self._capacity.known_charge(end_pct, True, now.at_s, nominal_ah)
        elif rested_pct is not None:
            self._capacity.known_charge(rested_pct, False, now.at_s, nominal_ah)
        if now.voltage_v is not None and now.current_a is not None:
            series = self._series or 1
            self._resistance.update(
                now.at_s, now.voltage_v, now.current_a, nominal_ah,
                self._cell.warmth(now.temperature_c), self._cell.cell_ohm_ah / nominal_ah * series,
            )  # fmt: skip

    def _tell(self, reading: BatteryReading) -> BatteryReading:
        nominal_ah = self._nominal_ah(self._series or 1)
        measured_ah = self._capacity.capacity_ah
        soh_pct = reading.soh_pct if measured_ah is None else 100.0 * measured_ah / nominal_ah
        capacity_wh = (
            reading.capacity_wh
            if measured_ah is None
            else self._settings.capacity_wh * measured_ah / nominal_ah
        )
        shown_pct = None if reading.soc_pct is None else self._shown_pct
        measured_ohm = self._resistance.resistance_ohm
        soe_wh = reading.soe_wh
        if shown_pct is not None and (measured_ah is not None or self._soc.delta_pct):
            health = 1.0 if soh_pct is None else min(100.0, soh_pct) / 100.0
            full_wh = capacity_wh or self._settings.capacity_wh * health
            soe_wh = shown_pct / 100.0 * full_wh * self._part()
        return msgspec.structs.replace(
            reading,
            soc_pct=shown_pct,
            soc_bms_pct=reading.soc_pct,
            soc_drift_pct=self._soc.drift_pct,
            soh_pct=soh_pct,
            soe_wh=soe_wh,
            capacity_wh=capacity_wh,
            resistance_ohm=reading.resistance_ohm if measured_ohm is None else measured_ohm,
            full=self._ends.full if reading.full is None else reading.full,
            empty=self._ends.empty if reading.empty is None else reading.empty,
        )
