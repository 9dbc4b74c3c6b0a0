"""Answers to what people do about errors: acknowledge, reset."""

from math import isfinite
from typing import Final

import msgspec

from appliance.answers.rules import ON_SITE, Granted, Known, RefusedError
from appliance.errors import ERRORS, ESTOP_NUMBER, ROWS
from appliance.model import AckErrors, ActiveError, Memory, Request, ResetErrors, Snapshot

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
    """ResetEstop: by somebody on site, once the button is released and the board says so."""
    if request.source not in ON_SITE:
        msg = "an emergency stop is reset on site, by somebody who sees that all is safe"
        raise RefusedError(msg)
    if seen.board is None:
        msg = "the emergency stop's wire cannot be read"
        raise RefusedError(msg)
    if seen.board.estop_pressed:
        msg = "the emergency stop is still pressed; release it first"
        raise RefusedError(msg)
    if not known.watch.reset((ESTOP_NUMBER,), seen, memory):
        msg = "there is no emergency stop to reset"
        raise RefusedError(msg)
    changed = msgspec.structs.replace(memory, manual=None, stops=0)
    return known.after_errors(changed), "the emergency stop is reset"


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
    chosen = [n for n in ROWS if n != ESTOP_NUMBER] if number is None else [number]
    waiting = known.watch.latched(chosen)
    if not waiting:
        msg = "no latched error" if number is None else f"error {number} is not latched"
        raise RefusedError(f"{msg} is there to be reset" if number is None else msg)
    for error in waiting:
        if not _knows(error, seen):
            source = HEARD_FROM[error.number // 100]
            who = error.source_name if getattr(seen, source) is not None else f"the {source}"
            msg = f"{who} does not answer, so nobody knows whether the cause is gone"
            raise RefusedError(msg)
    gone = known.watch.reset(chosen, seen, memory)
    if not gone:
        msg = f"the cause is still there: {waiting[0].title} ({waiting[0].source})"
        raise RefusedError(msg)
    told = ", ".join(f"{error.number} {error.title}" for error in gone)
    changed = msgspec.structs.replace(memory, manual=None, stops=0)
    return known.after_errors(changed), f"reset: {told}"
