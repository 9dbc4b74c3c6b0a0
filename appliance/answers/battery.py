"""Answers to what is asked of battery and air: sleep, balancing, fans and heaters."""

from typing import Final

import msgspec

from appliance.answers.rules import LONGEST_MANUAL_S, ON_SITE, Granted, Known, RefusedError, within
from appliance.battery.sleeping import is_open
from appliance.model import (
    BalanceCells,
    ForceClimate,
    ForcedActuator,
    Memory,
    Request,
    SleepBattery,
    Snapshot,
    State,
)
from appliance.site import lacks
from appliance.statemachine.states import STATES

LONGEST_SLEEP_S: Final = 30 * 86_400.0
UNTIL_WOKEN_S: Final = 10 * 365 * 86_400.0


def may_sleep(known: Known, memory: Memory, seen: Snapshot) -> None:
    """Raises RefusedError unless the battery may be sent to sleep now."""
    if missing := lacks(known.site, "sleep"):
        raise RefusedError(missing)
    if memory.state not in (State.IDLE, State.SLEEP):
        msg = f"the battery sleeps only while the box rests; it is {STATES[memory.state].title}"
        raise RefusedError(msg)
    sleeps_silently = seen.battery is None and memory.commanded.battery_asleep
    if not sleeps_silently and not is_open(seen.battery):
        msg = "the battery is connected or silent; it must be heard and open before it sleeps"
        raise RefusedError(msg)


def sleep(known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """SleepBattery: only while the box rests, and only where there are means; waking is always granted."""
    want = request.want
    assert isinstance(want, SleepBattery)
    if not want.asleep:
        awake = not memory.commanded.battery_asleep
        changed = msgspec.structs.replace(memory, asleep_until_s=seen.now_s)
        return changed, "the battery is awake" if awake else "the battery is being woken"
    may_sleep(known, memory, seen)
    duration_s = want.duration_s
    if duration_s is not None:
        within("duration_s", duration_s, LONGEST_SLEEP_S)
    until_s = seen.now_s + (UNTIL_WOKEN_S if duration_s is None else duration_s)
    how_long = "until it is woken" if duration_s is None else f"for {duration_s:.0f} s"
    changed = msgspec.structs.replace(memory, asleep_until_s=until_s)
    return changed, f"the battery sleeps {how_long}"


def balance(known: Known, request: Request, memory: Memory, _seen: Snapshot) -> Granted:
    """BalanceCells: permission for the rule, where the feature is on; forbidding is always granted."""
    assert isinstance(request.want, BalanceCells)
    on = request.want.on
    if on and (missing := lacks(known.site, "cell_balance")):
        raise RefusedError(missing)
    reason = "cells are balanced when they need it" if on else "no cell balancing"
    return msgspec.structs.replace(memory, balancing_asked=on), reason


def climate(known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """ForceClimate: a fan or heater of this site, for a limited time; what is hot or unknown still wins."""
    want, settings = request.want, known.site.climate
    assert isinstance(want, ForceClimate)
    name, percent = want.actuator, want.percent
    if request.source not in ON_SITE and memory.test is None:
        msg = "fans and heaters are held by somebody on site only"
        raise RefusedError(msg)
    if settings is None or name not in settings.actuators:
        names = ", ".join(settings.actuators) if settings and settings.actuators else "none"
        msg = f"actuator = {name!r} is not known; this box has: {names}"
        raise RefusedError(msg)
    others = tuple(one for one in memory.forced if one.actuator != name)
    if percent is None:
        return msgspec.structs.replace(memory, forced=others), f"{name} follows its rule"
    if not 0.0 <= percent <= 100.0:
        msg = f"percent = {percent:g} must be between 0 and 100"
        raise RefusedError(msg)
    within("duration_s", want.duration_s, LONGEST_MANUAL_S)
    forced = ForcedActuator(name, percent, seen.now_s + want.duration_s)
    reason = f"{name} at {percent:.0f} % for {want.duration_s:.0f} s"
    return msgspec.structs.replace(memory, forced=(*others, forced)), reason
