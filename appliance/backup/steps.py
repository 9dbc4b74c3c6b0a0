"""The steps of an island: each waits for what it must know, and ERRORS ends what takes too long."""

from typing import Final

import msgspec

from appliance.backup.figures import measured
from appliance.backup.shedding import shed_next
from appliance.errors.backup import KNOWN_OFF, grid_gone, grid_inside, island_of, switch_open
from appliance.model import (
    BackupMemory,
    InverterState,
    Island,
    IslandStep,
    Memory,
    Snapshot,
)
from appliance.site import USUAL, Backup, SiteSettings

METER_DARK: Final = "the meter is dark"
"""Somebody at the box says that there is no grid, and it does not contradict. The switch is opened all the same."""
TIME_OVER: Final = "its time is over"
LOW: Final = "the battery is low"
OVERLOAD_SHARE: Final = 1.02
"""Of what it gives: meters and inverters differ a little."""


def look(seen: Snapshot, memory: Memory, site: SiteSettings) -> Memory:
    """The memory with what is seen of grid and island in this cycle."""
    settings = site.backup
    if settings is None:
        return memory
    backup, now_s = memory.backup, seen.now_s
    gone = grid_gone(seen, site)
    if not gone and backup.black_start_by and seen.grid is None:
        gone = METER_DARK
    off = seen.inverter is not None and seen.inverter.state in KNOWN_OFF
    backup = msgspec.structs.replace(
        backup,
        gone=gone,
        gone_since_s=_since(bool(gone), backup.gone_since_s, now_s),
        stopped_since_s=_since(off, backup.stopped_since_s, now_s),
    )
    island = island_of(memory)
    if island is not None:
        backup = _in_island(island, backup, seen, memory, site, settings)
    return msgspec.structs.replace(memory, backup=backup)


def _since(holds: bool, since_s: float | None, now_s: float) -> float | None:
    if not holds:
        return None
    return now_s if since_s is None else since_s


def _in_island(
    island: Island, backup: BackupMemory, seen: Snapshot, memory: Memory, site: SiteSettings,
    settings: Backup,
) -> BackupMemory:  # fmt: skip
    now_s = seen.now_s
    carries = island.step is IslandStep.CARRYING
    over = carries and overloaded(seen, site)
    island = msgspec.structs.replace(
        island,
        grid_since_s=_since(grid_inside(seen, site), island.grid_since_s, now_s),
        over_since_s=_since(over, island.over_since_s, now_s),
    )
    passed_s = 0.0 if memory.decided_at_s is None else max(0.0, now_s - memory.decided_at_s)
    figures = measured(backup.figures, island, seen, passed_s)
    backup = msgspec.structs.replace(backup, figures=figures)
    backup = _test(backup, island, seen, settings)
    step = _next(island, backup, seen, site, settings)
    if step is not island.step:
        figures = _reached(backup, island, step, now_s).figures
        island = msgspec.structs.replace(island, step=step, step_since_s=now_s)
    if backup.test is None or backup.test.ended:
        because = island.because if island.grid_since_s is not None else backup.gone or island.because  # fmt: skip
        island = msgspec.structs.replace(island, because=because)
    backup = msgspec.structs.replace(backup, island=island, figures=figures)
    return shed_next(backup, over, seen, site)


def overloaded(seen: Snapshot, site: SiteSettings) -> bool:
    """More flows than inverter and battery give or take. Unknown power is not: the inverter guards itself."""
    battery, power_w = seen.battery, None if seen.inverter is None else seen.inverter.power_w
    if power_w is None or battery is None:
        return False
    if power_w < 0.0:
        most_w = min(site.inverter.max_charge_w, battery.max_charge_w or 0.0)
    else:
        gives_w = (battery.max_discharge_w or 0.0) * site.inverter.efficiency
        most_w = min(site.inverter.max_discharge_w, gives_w)
    return abs(power_w) > OVERLOAD_SHARE * most_w


def _test(backup: BackupMemory, island: Island, seen: Snapshot, settings: Backup) -> BackupMemory:
    """The test with its end, once it has one."""
    test = backup.test
    if test is None or test.ended:
        return backup
    carries = island.step is IslandStep.CARRYING
    soc_pct = None if seen.battery is None else seen.battery.soc_pct
    ended = ""
    if carries and seen.now_s - island.step_since_s >= test.asked_s:
        ended = TIME_OVER
    elif soc_pct is None or soc_pct < settings.trial.min_soc_pct:
        ended = LOW
    if not ended:
        return backup
    return msgspec.structs.replace(backup, test=msgspec.structs.replace(test, ended=ended))


def _next(
    island: Island, backup: BackupMemory, seen: Snapshot, site: SiteSettings, settings: Backup
) -> IslandStep:
    """The step from now on; the same while it waits."""
    inverter, now_s = seen.inverter, seen.now_s
    state = None if inverter is None else inverter.state
    forms = inverter is not None and inverter.grid_forming
    off = state in KNOWN_OFF and forms is not True
    step, in_step_s = island.step, now_s - island.step_since_s
    if step is IslandStep.OPENING:
        ready = settings.own_switch or (switch_open(seen, site) is True and off)
        return IslandStep.FORMING if ready else step
    if step is IslandStep.FORMING:
        ready = state is InverterState.RUNNING and forms is True
        return IslandStep.CARRYING if ready else step
    if step is IslandStep.CARRYING:
        if settings.own_switch:
            return IslandStep.CLOSING if forms is False else step
        return IslandStep.LEAVING if _goes_back(island, backup, now_s, site, settings) else step
    if step is IslandStep.LEAVING and off and in_step_s >= settings.sync_wait_s:
        return IslandStep.CLOSING
    return step


def _goes_back(
    island: Island, backup: BackupMemory, now_s: float, site: SiteSettings, settings: Backup
) -> bool:
    """A test that is over, where the grid is still there; else when the grid has been back for long enough."""
    if island.grid_since_s is None:
        return False
    test = backup.test
    if test is not None:
        always = island.grid_since_s <= island.since_s + settings.switch_s
        if not test.ended or always:
            return test.ended != ""
    wait_s = max(settings.return_after_s, (site.grid_code or USUAL).connect.wait_s)
    return now_s - island.grid_since_s >= wait_s


def _reached(backup: BackupMemory, island: Island, step: IslandStep, now_s: float) -> BackupMemory:
    """With the time at which a step was reached."""
    after_s, figures = now_s - island.since_s, backup.figures
    if step is IslandStep.FORMING:
        figures = msgspec.structs.replace(figures, opened_s=after_s)
    elif step is IslandStep.CARRYING:
        figures = msgspec.structs.replace(figures, carried_after_s=after_s)
    elif step in (IslandStep.LEAVING, IslandStep.CLOSING) and figures.left_s is None:
        figures = msgspec.structs.replace(figures, left_s=now_s)
    return msgspec.structs.replace(backup, figures=figures)
