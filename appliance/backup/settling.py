"""What becomes of island and test when the state of the box changes; the report of a test."""

from typing import Final

import msgspec

from appliance.backup.steps import LOW, TIME_OVER
from appliance.model import (
    NO_BACKUP,
    STOPS,
    BackupMemory,
    BackupReport,
    BackupTrial,
    Island,
    IslandFigures,
    Memory,
    Snapshot,
    State,
)
from appliance.site import USUAL, SiteSettings
from appliance.statemachine.transitions import IslandWay

BACK: Final = (State.STARTING, State.RUN)
BLACK: Final = "started without a grid"


def settle_backup(
    state: State, way: IslandWay, seen: Snapshot, memory: Memory, site: SiteSettings
) -> BackupMemory:
    """The backup's memory once `state` is entered; `memory` as it was before."""
    backup = memory.backup
    if state is State.ISLAND:
        return backup if memory.state is State.ISLAND else _begun(way, seen, backup)
    if backup.island is not None:
        backup = msgspec.structs.replace(
            backup, island=None, shed=NO_BACKUP.shed, restorable_since_s=None
        )
    if backup.black_start_by and (state is State.RUN or memory.goal is not State.RUN):
        backup = msgspec.structs.replace(backup, black_start_by="")
    test = backup.test
    if test is None or (state in BACK and not _is_back(state, backup)):
        return backup
    report = _report(test, state, seen, memory, site)
    return msgspec.structs.replace(backup, test=None, report=report)


def _begun(way: IslandWay, seen: Snapshot, backup: BackupMemory) -> BackupMemory:
    because = {
        IslandWay.TEST: "" if backup.test is None else f"test by {backup.test.by}",
        IslandWay.BLACK_START: BLACK,
    }.get(way, backup.gone)
    island = Island(seen.now_s, seen.utc, because, step_since_s=seen.now_s)
    soc_pct = None if seen.battery is None else seen.battery.soc_pct
    return msgspec.structs.replace(
        backup,
        island=island,
        figures=IslandFigures(soc_before_pct=soc_pct, soc_after_pct=soc_pct),
        black_start_by="",
        shed_changed_s=seen.now_s,
    )


def _is_back(state: State, backup: BackupMemory) -> bool:
    return state is State.RUN and backup.figures.left_s is not None


def _report(
    test: BackupTrial, state: State, seen: Snapshot, memory: Memory, site: SiteSettings
) -> BackupReport:
    figures = memory.backup.figures
    failed = [*_not_finished(test, state, memory), *_beyond(figures, site)]
    left_s = figures.left_s
    unknown = [] if figures.lowest_v is not None else ["nobody measured the island's voltage"]
    return BackupReport(
        began_at=test.began_at,
        ended_at=seen.utc,
        by=test.by,
        asked_s=test.asked_s,
        passed=not failed,
        reasons=tuple(failed or unknown),
        figures=figures,
        back_s=None if left_s is None or state is not State.RUN else seen.now_s - left_s,
    )


def _not_finished(test: BackupTrial, state: State, memory: Memory) -> list[str]:
    """Why it did not come to its end."""
    stopping = next((e for e in memory.errors if not STOPS.isdisjoint(e.effects)), None)
    if stopping is not None:
        return [f"error {stopping.number}: {stopping.title}"]
    if state is not State.RUN:
        return ["the box was asked to stop"]
    return [] if test.ended == TIME_OVER else [test.ended or LOW]


def _beyond(figures: IslandFigures, site: SiteSettings) -> list[str]:
    """Figures that do not pass."""
    if site.backup is None:
        return []
    trial, volt = site.backup.trial, (site.grid_code or USUAL).nominal_v
    dark_s = figures.carried_after_s
    told = []
    if dark_s is None:
        told.append("the house was never carried")
    elif dark_s > trial.dark_goal_s:
        told.append(f"dark for {dark_s:.1f} s, {trial.dark_goal_s:g} s are allowed")
    for name, unit, low, high, least, most in (
        ("voltage", "V", figures.lowest_v, figures.highest_v, trial.lowest_pu * volt, trial.highest_pu * volt),
        ("frequency", "Hz", figures.lowest_hz, figures.highest_hz, trial.lowest_hz, trial.highest_hz),
    ):  # fmt: skip
        if low is not None and low < least:
            told.append(f"{name} down to {low:.1f} {unit}, {least:.1f} {unit} are allowed")
        if high is not None and high > most:
            told.append(f"{name} up to {high:.1f} {unit}, {most:.1f} {unit} are allowed")
    return told
