"""Answers to what people do about errors: acknowledge, reset."""

from math import isfinite
from typing import Final

import msgspec

from appliance.answers.rules import ON_SITE, Granted, Known, RefusedError
from appliance.errors import ERRORS, ESTOP_NUMBER, ROWS
from appliance.model import (
    AckErrors,
    ActiveError,
    Memory,
    Request,
    ResetErrors,
    Snapshot,
    State,
)
from appliance.statemachine.states import STATES

HEARD_FROM: Final = {1: "battery", 2: "inverter", 4: "board"}
"""Who must be heard before an error of this hundred can be known to be gone."""

TELLS: Final = {
    112: ("cell_max_v",), 114: ("cell_min_v",), 123: ("cell_min_c", "cell_max_c"),
    133: ("cell_max_c",),
}  # fmt: skip
"""What the rack itself must say before one of these can be known to be gone."""


def _knows(error: ActiveError, seen: Snapshot) -> bool:
    """Its source is heard, and tells what it is judged by."""
    source, fields = HEARD_FROM.get(error.number // 100), TELLS.get(error.number, ())
    if source is not None and getattr(seen, source) is None:
        return False
    racks = () if seen.battery is None else seen.battery.racks
    mine = [rack for rack in racks if f"rack {rack.rack}" == error.source_name]
    told = [getattr(rack, name) for rack in mine for name in fields]
    return not fields or (bool(told) and all(v is not None and isfinite(v) for v in told))


def acknowledge(known: Known, request: Request, memory: Memory, _seen: Snapshot) -> Granted:
    """AckErrors: marks raised errors as seen by the asker."""
    assert isinstance(request.want, AckErrors)
    number = request.want.number
    if number is not None and number not in ROWS:
        numbers = f"{ERRORS[0].number} to {ERRORS[-1].number}"
        msg = f"number = {number} is not an error of this box ({numbers})"
        raise RefusedError(msg)
    count = known.watch.acknowledge(number, request.source)
    if number is not None and not count:
        msg = f"error {number} is not raised"
        raise RefusedError(msg)
    return known.after_errors(memory), f"{count} acknowledged"


def reset_estop(known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """ResetEstop: by somebody on site, once the button is released and the board says so.

    A reset starts nothing (ISO 13850, IEC 60204-1): the box rests until it is asked to run.
    """
    if request.source not in ON_SITE:
        msg = "an emergency stop is reset on site, by somebody who sees that all is safe"
        raise RefusedError(msg)
    if seen.board is None:
        msg = "the emergency stop's wire cannot be read"
        raise RefusedError(msg)
    if seen.board.estop_pressed:
        msg = "the emergency stop is still pressed; release it first"
        raise RefusedError(msg)
    if STATES[memory.goal].ends_process:
        # What it would come back to is on the disk already, and that may be to run.
        msg = "the box is about to start again; ask once it has"
        raise RefusedError(msg)
    if not known.watch.reset((ESTOP_NUMBER,), seen, memory):
        msg = "there is no emergency stop to reset"
        raise RefusedError(msg)
    maintained = memory.goal is State.MAINTENANCE
    goal = State.MAINTENANCE if maintained else State.IDLE
    then = "maintenance goes on" if maintained else "the box rests until somebody starts it"
    changed = msgspec.structs.replace(
        memory, goal=goal, awaits_start=True, stops=0, manual=None, external=None
    )
    return known.after_errors(changed), f"the emergency stop is reset; {then}"


def reset(known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """ResetErrors: by somebody on site, once the cause is seen to be gone."""
    assert isinstance(request.want, ResetErrors)
    if request.source not in ON_SITE:
        msg = "a latched error is reset on site, by somebody who has seen to its cause"
        raise RefusedError(msg)
    number = request.want.number
    if number == ESTOP_NUMBER:
        msg = "the emergency stop has a reset of its own: reset-estop"
        raise RefusedError(msg)
    waiting = known.watch.latched([n for n in ROWS if number in (None, n) and n != ESTOP_NUMBER])
    if not waiting:
        raise RefusedError(_nothing_to_reset(number, memory))
    unknown = {error.number for error in waiting if not _knows(error, seen)}
    gone = known.watch.reset({error.number for error in waiting} - unknown, seen, memory)
    stay = "; ".join(_stays(error, seen) for error in waiting if error not in gone)
    if not gone:
        raise RefusedError(stay)
    told = "reset: " + ", ".join(f"{error.number} {error.title}" for error in gone)
    changed = msgspec.structs.replace(memory, manual=None, external=None, stops=0)
    return known.after_errors(changed), f"{told}; not reset: {stay}" if stay else told


def _stays(error: ActiveError, seen: Snapshot) -> str:
    """Why it cannot be reset yet."""
    if _knows(error, seen):
        return f"the cause is still there: {error.title} ({error.source})"
    source = HEARD_FROM[error.number // 100]
    who = error.source_name if getattr(seen, source) is not None else f"the {source}"
    return f"{who} does not answer, so nobody knows whether the cause is gone"


def _nothing_to_reset(number: int | None, memory: Memory) -> str:
    if number is not None:
        return f"error {number} is not latched"
    if any(error.number == ESTOP_NUMBER for error in memory.errors):
        return "the emergency stop has a reset of its own: reset-estop"
    return "no latched error is there to be reset"
