"""The inverter, the grid and the meters are well."""

from typing import Final

from appliance.errors.grid import DRIFTS, nominal_v
from appliance.errors.inverter import EXCESS_W
from appliance.errors.well.row import Well
from appliance.model import InverterState, Memory, Snapshot, State
from appliance.site import SiteSettings

INVERTER_AT_EASE: Final = {
    State.RUN: InverterState.RUNNING,
    State.SLEEP: InverterState.OFF,
    State.IDLE: InverterState.OFF,
}


def inverter(_site: SiteSettings) -> Well:
    """It does what the state of the box asks of it, and its power is what it was told."""

    def well(seen: Snapshot, memory: Memory) -> bool:
        reading, commanded = seen.inverter, memory.commanded
        if reading is None or INVERTER_AT_EASE.get(memory.state) is not reading.state:
            return False
        if memory.state is State.RUN and not commanded.inverter_on:
            return False
        power_w, held_w, asked_w = reading.power_w, reading.setpoint_w, commanded.power_w
        if power_w is None or not abs(power_w - asked_w) <= EXCESS_W:
            return False
        if held_w is not None and not abs(held_w - asked_w) <= EXCESS_W:
            return False
        view = seen.grid_view
        return view is None or not view.outlasted

    return well


def island(_site: SiteSettings) -> Well:
    """Nothing makes a grid of its own, nor is told to; the last test of the backup, if there was one, has passed."""

    def well(seen: Snapshot, memory: Memory) -> bool:
        if memory.state is State.ISLAND or memory.commanded.grid_forming:
            return False
        if seen.inverter is not None and seen.inverter.grid_forming:
            return False
        report = memory.backup.report
        return report is None or report.passed

    return well


def grid(site: SiteSettings) -> Well:
    """Inside all bands, and nobody has anything to say of it."""
    bands, volt, cut_after_s = site.grid, nominal_v(site), site.connection.cut_after_s
    low_hz = max(bands.operating_low_hz, bands.recommended_low_hz)
    high_hz = min(bands.operating_high_hz, bands.recommended_high_hz)
    lowest_v = max(bands.operating_low_pu * volt, bands.recommended_low_pu * volt)
    highest_v = min(bands.operating_high_pu * volt, bands.recommended_high_pu * volt)
    runs_hz_per_s = min(bands.rocof_hz_per_s, DRIFTS * bands.rocof_hz_per_s)

    def well(seen: Snapshot, _memory: Memory) -> bool:
        reading, view = seen.inverter, seen.grid_view
        if reading is not None and (reading.faults or reading.warnings):
            return False
        if view is None:
            return True
        if view.lost or view.outside or not view.excess_s <= cut_after_s:
            return False
        hertz, rocof = view.frequency_hz, view.rocof_hz_per_s
        if hertz is not None and not low_hz <= hertz <= high_hz:
            return False
        if rocof is not None and not abs(rocof) <= runs_hz_per_s:
            return False
        if view.low_v is not None and not view.low_v >= lowest_v:
            return False
        return view.high_v is None or view.high_v <= highest_v

    return well


def meters(site: SiteSettings) -> Well:
    """The grid meter tells its power, PV is heard where there is a meter for it; there are no others."""
    has_pv = "pv" in site.meters

    def well(seen: Snapshot, _memory: Memory) -> bool:
        grid, pv = seen.grid, seen.pv
        if grid is None or grid.power_w is None or grid.warnings or seen.meters:
            return False
        return not has_pv if pv is None else not pv.warnings

    return well
