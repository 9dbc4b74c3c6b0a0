"""Answers to what concerns the whole box: mode, state, power, cap."""

from typing import Final

import msgspec

from appliance.answers.rules import LONGEST_MANUAL_S, ON_SITE, Granted, Known, RefusedError, within
from appliance.model import (
    NO_CAP,
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
BUTTON: Final = "button"
HOUR_S: Final = 3_600.0
STARTS_AN_HOUR: Final = 10
"""From afar; whoever stands beside the box hears its contactors."""


def mode(known: Known, request: Request, memory: Memory, _seen: Snapshot) -> Granted:
    """GoToMode: any mode this box has; while a test runs it counts from its end."""
    assert isinstance(request.want, GoToMode)
    title = known.title(request.want.mode)
    changed = msgspec.structs.replace(
        memory, mode=request.want.mode, mode_by=request.source, manual=None, external=None
    )
    later = "" if memory.test is None else f", once the test by {memory.test.by} is over"
    return changed, f"mode is {title}{later}"


def state(_known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
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
    if goal is State.RUN and emergency(memory.errors):
        msg = "the emergency stop is latched; release the button, then reset it"
        raise RefusedError(msg)
    starts = memory.starts_from_afar
    if goal is State.RUN and request.source not in (*ON_SITE, BUTTON):
        starts = _start_from_afar(memory, seen.now_s)
    reason = f"going to {STATES[goal].title}"
    if memory.state is State.ERROR and goal is State.RUN:
        reason = "the box runs again once its errors are gone"
    before = memory.goal_before if STATES[memory.goal].ends_process else memory.goal
    # Whoever sees the box may have it try again at once; from afar its rests go on growing.
    stops = 0 if request.source in ON_SITE else memory.stops
    waits = memory.awaits_start and goal is not State.RUN
    changed = msgspec.structs.replace(
        memory,
        goal=goal,
        goal_before=before,
        stops=stops,
        awaits_start=waits,
        starts_from_afar=starts,
    )
    return changed, reason


def _start_from_afar(memory: Memory, now_s: float) -> tuple[float, ...]:
    """When the box was started from afar within the last hour. Raises RefusedError for what it does not bear."""
    if memory.awaits_start:
        msg = "an emergency stop was reset; somebody on site has to start the box"
        raise RefusedError(msg)
    starts = tuple(start_s for start_s in memory.starts_from_afar if now_s - start_s < HOUR_S)
    if memory.goal is State.RUN:
        return starts
    if len(starts) >= STARTS_AN_HOUR:
        wait_s = HOUR_S - (now_s - starts[0])
        msg = (
            f"started {len(starts)} times within an hour, contactors wear; again in {wait_s:.0f} s"
        )
        raise RefusedError(msg)
    return (*starts, now_s)


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
    before = memory.test.returns_to if STATES[home].ends_process else ended.goal_before
    return msgspec.structs.replace(ended, goal=home, goal_before=before, stops=0), reason


def power(known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """SetPower: only in local control, within the inverter's rating, for a limited time. None takes it back."""
    want = request.want
    assert isinstance(want, SetPower)
    if want.power_w is None:
        held = memory.manual is not None
        reason = "the power by hand is taken back" if held else "no power by hand holds"
        return msgspec.structs.replace(memory, manual=None), reason
    if memory.test is not None:
        msg = f"a test by {memory.test.by} runs; a power is set in it, or after it"
        raise RefusedError(msg)
    if memory.mode != MANUAL_MODE:
        msg = f"mode is {memory.mode}; a power can be set in {MANUAL_MODE} only"
        raise RefusedError(msg)
    known.power_fits(want.power_w)
    within("duration_s", want.duration_s, LONGEST_MANUAL_S)
    most_var, asked_var = known.site.inverter.max_reactive_var, want.reactive_var
    if asked_var and not most_var:
        msg = f"reactive_var = {asked_var:g}: this inverter cannot be told reactive power"
        raise RefusedError(msg)
    if asked_var is not None and not -most_var <= asked_var <= most_var:
        msg = f"reactive_var = {asked_var:g} must be between {0.0 - most_var:g} and {most_var:g}"
        raise RefusedError(msg)
    until_s = seen.now_s + want.duration_s
    manual = ManualPower(want.power_w, until_s, asked_var, seen.now_s, request.source)
    with_var = "" if asked_var is None else f", {asked_var:.0f} var"
    reason = f"{want.power_w:.0f} W{with_var} for {want.duration_s:.0f} s"
    return msgspec.structs.replace(memory, manual=manual), reason


def cap(known: Known, request: Request, memory: Memory, _seen: Snapshot) -> Granted:
    """CapPower: magnitudes up to the inverter's rating. From afar what was set on site can only be narrowed."""
    want, inverter = request.want, known.site.inverter
    assert isinstance(want, CapPower)
    for name, asked_w, most_w in (
        ("max_charge_w", want.max_charge_w, inverter.max_charge_w),
        ("max_discharge_w", want.max_discharge_w, inverter.max_discharge_w),
    ):
        if asked_w is not None and not 0.0 <= asked_w <= most_w:
            msg = f"{name} = {asked_w:g} must be between 0 and {most_w:g}"
            raise RefusedError(msg)
    by = request.source
    if by not in ON_SITE and memory.cap.by in ON_SITE:
        _only_narrows("max_charge_w", want.max_charge_w, memory.cap.max_charge_w)
        _only_narrows("max_discharge_w", want.max_discharge_w, memory.cap.max_discharge_w)
        by = memory.cap.by
    capped = PowerCap(want.max_charge_w, want.max_discharge_w, by)
    told = [
        f"{name} {watts:.0f} W"
        for name, watts in (("charge", capped.max_charge_w), ("discharge", capped.max_discharge_w))
        if watts is not None
    ]
    reason = f"no more than: {', '.join(told)}" if told else "no cap"
    return msgspec.structs.replace(memory, cap=capped if told else NO_CAP), reason


def _only_narrows(name: str, asked_w: float | None, set_w: float | None) -> None:
    if set_w is not None and (asked_w is None or asked_w > set_w):
        asked = "none" if asked_w is None else f"{asked_w:g}"
        msg = f"{name} = {asked}: {set_w:g} W was set on site, and only somebody there may widen it"
        raise RefusedError(msg)
