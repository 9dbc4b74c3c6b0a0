"""Answers to what concerns the whole box: mode, state, power, cap."""

from typing import Final

import msgspec

from appliance.answers.rules import LONGEST_MANUAL_S, ON_SITE, Granted, Known, RefusedError, within
from appliance.model import (
    CapPower,
    GoToMode,
    GoToState,
    ManualPower,
    Memory,
    PowerCap,
    Request,
    SetPower,
    Snapshot,
    State,
    emergency,
)
from appliance.statemachine.states import GOALS, STATES
from appliance.testing import without_test

MANUAL_MODE: Final = "local_control"


def mode(known: Known, request: Request, memory: Memory, _seen: Snapshot) -> Granted:
    """GoToMode: any mode this box has; while a test runs it counts from its end."""
    assert isinstance(request.want, GoToMode)
    title = known.title(request.want.mode)
    changed = msgspec.structs.replace(
        memory, mode=request.want.mode, mode_by=request.source, manual=None, external=None
    )
    later = "" if memory.test is None else f", once the test by {memory.test.by} is over"
    return changed, f"mode is {title}{later}"


def state(_known: Known, request: Request, memory: Memory, _seen: Snapshot) -> Granted:
    """GoToState: one of GOALS; not RUN while the emergency stop is latched.

    People who work on the box end its maintenance: nobody from outside does.
    """
    assert isinstance(request.want, GoToState)
    goal = request.want.state
    if goal not in GOALS:
        msg = f"state = {goal} cannot be asked for; possible: {', '.join(GOALS)}"
        raise RefusedError(msg)
    if memory.test is not None:
        return _end_test(request, memory, goal)
    if memory.goal is State.MAINTENANCE and request.source not in ON_SITE:
        msg = "the box is in maintenance; only somebody on site may end it"
        raise RefusedError(msg)
    if STATES[memory.goal].ends_process and request.source not in ON_SITE:
        msg = "the box is about to start again; ask once it has"
        raise RefusedError(msg)
    stopped = emergency(memory.errors)
    if goal is State.RUN and stopped:
        msg = "the emergency stop is latched; release the button, then reset it"
        raise RefusedError(msg)
    reason = f"going to {STATES[goal].title}"
    if memory.state is State.ERROR and goal is State.RUN:
        reason = "the box runs again once its errors are gone"
    before = memory.goal_before if STATES[memory.goal].ends_process else memory.goal
    # Whoever sees the box may have it try again at once; from afar its rests go on growing.
    stops = 0 if request.source in ON_SITE else memory.stops
    waits = memory.awaits_start and goal is not State.RUN
    changed = msgspec.structs.replace(
        memory, goal=goal, goal_before=before, stops=stops, awaits_start=waits
    )
    return changed, reason


def _end_test(request: Request, memory: Memory, goal: State) -> Granted:
    """Another state ends the test. One that came from maintenance goes back there, unless somebody on site asks."""
    assert memory.test is not None
    by, home = memory.test.by, memory.test.returns_to
    if goal is State.RUN:
        msg = f"a test by {by} runs; end it first"
        raise RefusedError(msg)
    if home is not State.MAINTENANCE or request.source in ON_SITE:
        home = goal
    elif goal is not State.IDLE:
        msg = "the box is in maintenance; only somebody on site may end it"
        raise RefusedError(msg)
    ended = without_test(memory, f"{request.source} asked for {goal}")
    reason = f"the test by {by} is over; going to {STATES[home].title}"
    return msgspec.structs.replace(ended, goal=home, stops=0), reason


def power(known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """SetPower: only in local control, within the inverter's rating, for a limited time."""
    want = request.want
    assert isinstance(want, SetPower)
    if memory.test is not None:
        msg = f"a test by {memory.test.by} runs; a power is set in it, or after it"
        raise RefusedError(msg)
    if memory.mode != MANUAL_MODE:
        msg = f"mode is {memory.mode}; a power can be set in {MANUAL_MODE} only"
        raise RefusedError(msg)
    known.power_fits(want.power_w)
    within("duration_s", want.duration_s, LONGEST_MANUAL_S)
    most_var, asked_var = known.site.inverter.max_reactive_var, want.reactive_var
    if asked_var is not None and not -most_var <= asked_var <= most_var:
        msg = f"reactive_var = {asked_var:g} must be between {-most_var:g} and {most_var:g}"
        raise RefusedError(msg)
    until_s = seen.now_s + want.duration_s
    manual = ManualPower(want.power_w, until_s, asked_var, seen.now_s, request.source)
    with_var = "" if asked_var is None else f", {asked_var:.0f} var"
    reason = f"{want.power_w:.0f} W{with_var} for {want.duration_s:.0f} s"
    return msgspec.structs.replace(memory, manual=manual), reason


def cap(known: Known, request: Request, memory: Memory, _seen: Snapshot) -> Granted:
    """CapPower: magnitudes up to the inverter's rating; it only narrows, so anybody may ask."""
    want, inverter = request.want, known.site.inverter
    assert isinstance(want, CapPower)
    for name, asked_w, most_w in (
        ("max_charge_w", want.max_charge_w, inverter.max_charge_w),
        ("max_discharge_w", want.max_discharge_w, inverter.max_discharge_w),
    ):
        if asked_w is not None and not 0.0 <= asked_w <= most_w:
            msg = f"{name} = {asked_w:g} must be between 0 and {most_w:g}"
            raise RefusedError(msg)
    capped = PowerCap(want.max_charge_w, want.max_discharge_w)
    told = [
        f"{name} {watts:.0f} W"
        for name, watts in (("charge", capped.max_charge_w), ("discharge", capped.max_discharge_w))
        if watts is not None
    ]
    reason = f"no more than: {', '.join(told)}" if told else "no cap"
    return msgspec.structs.replace(memory, cap=capped), reason
