"""Answers to what is asked of the backup: a test of it, a start without a grid."""

from typing import Final

import msgspec

from appliance.answers.rules import ON_SITE, Granted, Known, RefusedError
from appliance.errors.backup import GRID_ERRORS, grid_gone, grid_inside
from appliance.model import (
    STOPS,
    ActiveError,
    BackupTrial,
    BlackStart,
    EndBackupTest,
    Memory,
    Request,
    Snapshot,
    State,
    TryBackup,
)
from appliance.site import Backup, lacks
from appliance.site.backup import TRIAL_S
from appliance.statemachine.states import STATES

BUTTON: Final = "button"
MAY_START: Final = (State.INIT, State.ERROR, State.IDLE)
GOALS: Final = (State.RUN, State.IDLE)
ASKED: Final = "was asked to end"


def _settings(known: Known) -> Backup:
    """Raises RefusedError where this box has no backup."""
    missing, backup = lacks(known.site, "backup"), known.site.backup
    if missing:
        raise RefusedError(missing)
    assert backup is not None
    return backup


def _is_a_length(duration_s: float) -> None:
    """Raises RefusedError for one that no test has."""
    shortest_s, longest_s = TRIAL_S
    if not shortest_s <= duration_s <= longest_s:
        raise RefusedError(
            f"duration_s = {duration_s:g} must be between {shortest_s:g} and {longest_s:g}"
        )


def try_backup(known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """TryBackup: on site, while the box runs, the grid is there and the battery holds enough."""
    want, backup = request.want, _settings(known)
    assert isinstance(want, TryBackup)
    if request.source not in ON_SITE:
        raise RefusedError(
            "a test of the backup is begun on site: the house goes dark for a moment"
        )
    if backup.own_switch:
        raise RefusedError("this inverter leaves the grid by itself only, when that is lost")
    if memory.state is not State.RUN or memory.goal is not State.RUN:
        raise RefusedError(f"it needs a box that runs; it is {STATES[memory.state].title}")
    if memory.test is not None or memory.backup.test is not None:
        raise RefusedError("a test runs already")
    if memory.rescue is not None:
        raise RefusedError("the battery is being rescued")
    _is_a_length(want.duration_s)
    if not grid_inside(seen, known.site):
        raise RefusedError("the grid's voltage and frequency are not known to be as they should")
    soc_pct = None if seen.battery is None else seen.battery.soc_pct
    least_pct = backup.trial.min_soc_pct
    if soc_pct is None or soc_pct < least_pct:
        told = "is not known" if soc_pct is None else f"is {soc_pct:.0f} %"
        raise RefusedError(f"the state of charge {told}; a test needs {least_pct:g} %")
    test = BackupTrial(request.source, want.duration_s, seen.now_s, seen.utc)
    changed = msgspec.structs.replace(memory.backup, test=test)
    reason = (
        "the test begins: the house goes dark for some seconds, "
        f"then lives on the battery for {want.duration_s:.0f} s"
    )
    return msgspec.structs.replace(memory, backup=changed), reason


def end(known: Known, request: Request, memory: Memory, _seen: Snapshot) -> Granted:
    """EndBackupTest: by anybody; going back to the grid is always granted."""
    _settings(known)
    assert isinstance(request.want, EndBackupTest)
    test = memory.backup.test
    if test is None:
        raise RefusedError("no test of the backup runs")
    ended = msgspec.structs.replace(test, ended=test.ended or f"{request.source} {ASKED}")
    changed = msgspec.structs.replace(memory.backup, test=ended)
    return msgspec.structs.replace(memory, backup=changed), "going back to the grid"


def black_start(known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """BlackStart: by somebody on site or a button, where there is no grid. The switch is still opened first."""
    backup = _settings(known)
    assert isinstance(request.want, BlackStart)
    if request.source not in (*ON_SITE, BUTTON):
        raise RefusedError("a start without a grid is asked for on site")
    left = _what_else_holds(backup, known, memory, seen)
    known.watch.adopt(left)
    asked = msgspec.structs.replace(memory.backup, black_start_by=request.source)
    changed = msgspec.structs.replace(
        memory, backup=asked, errors=known.watch.raised(), goal=State.RUN, awaits_start=False
    )
    return changed, "starts without a grid, once the switch to it is known open"


def _what_else_holds(
    backup: Backup, known: Known, memory: Memory, seen: Snapshot
) -> tuple[ActiveError, ...]:
    """The errors without those of the lost grid. Raises RefusedError where the box may not start without one."""
    if backup.black_start == "never":
        raise RefusedError('this site starts with a grid only (backup.black_start = "never")')
    if memory.state not in MAY_START or memory.goal not in GOALS or memory.test is not None:
        raise RefusedError(f"the box is {STATES[memory.state].title}")
    if not grid_gone(seen, known.site) and seen.grid is not None:
        raise RefusedError("nobody says that the grid is gone")
    left = tuple([error for error in memory.errors if error.number not in GRID_ERRORS])
    for error in left:
        if not STOPS.isdisjoint(error.effects):
            raise RefusedError(f"error {error.number} stops the box: {error.title}")
    soc_pct = None if seen.battery is None else seen.battery.soc_pct
    if soc_pct is not None and soc_pct < backup.start_pct:
        raise RefusedError(
            f"the state of charge is {soc_pct:.0f} %; it needs {backup.start_pct:g} %"
        )
    return left
