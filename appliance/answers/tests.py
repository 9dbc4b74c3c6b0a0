"""Answers to whoever tests the box (docs/decisions/0024): a test has one owner, an end, and no way past a wall."""

from typing import Final

import msgspec

from appliance.answers.battery import may_sleep
from appliance.answers.rules import ON_SITE, Granted, Known, RefusedError, within
from appliance.model import (
    STOPS,
    BatteryState,
    ForcedActuator,
    ForceOutput,
    HoldPower,
    InverterState,
    ManualPower,
    Memory,
    Request,
    RunningTest,
    Snapshot,
    StartTest,
    State,
    StepTo,
    TryMode,
)
from appliance.statemachine.states import STATES
from appliance.statemachine.steps import DOWN, NEXT
from appliance.testing import SLEEP, Output, outputs_of, without_test

LONGEST_S: Final = 3_600.0


def start(_known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """StartTest: by somebody on site, in maintenance or with the installer's PIN, while nothing stops the box."""
    assert isinstance(request.want, StartTest)
    if request.source not in ON_SITE:
        msg = "a test is begun on site, by somebody who sees the box"
        raise RefusedError(msg)
    if request.unauthorised:
        raise RefusedError(request.unauthorised)
    if memory.test is not None:
        left_s = memory.test.until_s - seen.now_s
        msg = f"a test by {memory.test.by} runs for another {left_s:.0f} s"
        raise RefusedError(msg)
    for error in memory.errors:
        if not STOPS.isdisjoint(error.effects):
            msg = f"error {error.number} stops the box: {error.title}"
            raise RefusedError(msg)
    if STATES[memory.goal].ends_process or STATES[memory.state].ends_process:
        msg = "the box is about to start again"
        raise RefusedError(msg)
    maintained = memory.state is memory.goal is State.MAINTENANCE
    if not maintained and not request.authorised:
        msg = "outside maintenance a test needs the installer's PIN"
        raise RefusedError(msg)
    duration_s = request.want.duration_s
    within("duration_s", duration_s, LONGEST_S)
    test = RunningTest(
        by=request.source, key=request.key, until_s=seen.now_s + duration_s, heard_s=seen.now_s,
        by_pin=request.authorised, returns_to=memory.goal,
    )  # fmt: skip
    because = "with the installer's PIN" if request.authorised else "in maintenance"
    changed = msgspec.structs.replace(memory, test=test, test_ended="", manual=None, external=None)
    return changed, f"a test {because} for {duration_s:.0f} s"


def end(_known: Known, request: Request, memory: Memory, _seen: Snapshot) -> Granted:
    """EndTest: by anybody; to end one is always safe."""
    test = memory.test
    if test is None:
        msg = "no test runs"
        raise RefusedError(msg)
    home = STATES[test.returns_to].title
    return without_test(memory, f"{request.source} ended it"), f"the test is over: back to {home}"


def beat(_known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """BeatTest: whoever began it is still there."""
    test = _owned(request, memory, seen)
    left_s = test.until_s - seen.now_s
    return msgspec.structs.replace(memory, test=test), f"another {left_s:.0f} s"


def power(known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """HoldPower: in RUN only, within the inverter's rating; all limits and errors stand."""
    want, test = request.want, _owned(request, memory, seen)
    assert isinstance(want, HoldPower)
    if memory.state is not State.RUN:
        msg = f"a power needs the state run; the box is {STATES[memory.state].title}"
        raise RefusedError(msg)
    known.power_fits(want.power_w)
    within("duration_s", want.duration_s, LONGEST_S)
    until_s = min(seen.now_s + want.duration_s, test.until_s)
    held = ManualPower(want.power_w, until_s)
    changed = msgspec.structs.replace(test, power=held, mode=None)
    reason = f"{want.power_w:.0f} W for {until_s - seen.now_s:.0f} s"
    return msgspec.structs.replace(memory, test=changed), reason


def step(_known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """StepTo: down to rest from everywhere; up one state, where all that the state needs is there."""
    test = _owned(request, memory, seen)
    assert isinstance(request.want, StepTo)
    wanted, state = request.want.state, memory.state
    if wanted is state:
        msg = f"the box is {STATES[state].title} already"
        raise RefusedError(msg)
    if wanted in DOWN:
        home = wanted if wanted is State.MAINTENANCE else test.returns_to
        changed = msgspec.structs.replace(test, step=None, power=None, mode=None, returns_to=home)
        reason = f"going down to {STATES[wanted].title}"
        return msgspec.structs.replace(memory, test=changed, goal=wanted), reason
    if wanted is not NEXT.get(state):
        possible = ", ".join([NEXT[state], *DOWN] if state in NEXT else DOWN)
        msg = f"the box is {STATES[state].title}; it can go to: {possible}"
        raise RefusedError(msg)
    missing = _missing(wanted, seen)
    if missing:
        raise RefusedError(missing)
    changed = msgspec.structs.replace(test, step=wanted, power=None, mode=None)
    reason = f"going up to {STATES[wanted].title}, and no further"
    return msgspec.structs.replace(memory, test=changed, goal=State.RUN), reason


def _missing(wanted: State, seen: Snapshot) -> str:
    """Why a step up cannot be made; the machine itself looks again in every cycle."""
    battery, inverter = seen.battery, seen.inverter
    if wanted is State.PRECHARGE:
        silent = [name for name in ("inverter", "board") if getattr(seen, name) is None]
        return f"the {silent[0]} does not answer" if silent else ""
    if wanted is State.STARTING and (
        battery is None or battery.state is not BatteryState.CONNECTED
    ):
        return "the battery is not connected"
    if wanted is State.RUN and (inverter is None or inverter.state is not InverterState.RUNNING):
        return "the inverter does not run"
    return ""


def mode(known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """TryMode: for the rest of the test; the mode of the box stays what it is."""
    test = _owned(request, memory, seen)
    assert isinstance(request.want, TryMode)
    name = request.want.mode
    title = "none, 0 W" if name is None else known.title(name)
    changed = msgspec.structs.replace(test, mode=name, power=None)
    return msgspec.structs.replace(memory, test=changed), f"the test's mode is {title}"


def output(known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """ForceOutput: what no power flows through; contactors are moved by steps alone."""
    want, test = request.want, _owned(request, memory, seen)
    assert isinstance(want, ForceOutput)
    name, percent, outputs = want.name, want.percent, outputs_of(known.site)
    if name not in outputs:
        driven = "; what is driven is held by its name" if name in known.site.relays else ""
        names = ", ".join(sorted(outputs)) or "none"
        msg = f"output = {name!r} cannot be held{driven}; this box has: {names}"
        raise RefusedError(msg)
    others = tuple(one for one in test.outputs if one.actuator != name)
    if percent is None:
        memory = _woken(name, memory, seen.now_s)
        changed = msgspec.structs.replace(test, outputs=others)
        return msgspec.structs.replace(memory, test=changed), f"{name} is not held any more"
    if outputs[name] is Output.CLIMATE:
        if not 0.0 <= percent <= 100.0:
            msg = f"percent = {percent:g} must be between 0 and 100"
            raise RefusedError(msg)
    elif percent not in (0.0, 100.0):
        msg = f"percent = {percent:g}: a {outputs[name]} is on (100) or off (0)"
        raise RefusedError(msg)
    if name == SLEEP and percent:
        may_sleep(known, memory, seen)
    within("duration_s", want.duration_s, LONGEST_S)
    until_s = min(seen.now_s + want.duration_s, test.until_s)
    held = ForcedActuator(name, percent, until_s)
    memory = _woken(name, memory, until_s if percent else seen.now_s)
    changed = msgspec.structs.replace(test, outputs=(*others, held))
    reason = f"{name} at {percent:.0f} % for {until_s - seen.now_s:.0f} s"
    return msgspec.structs.replace(memory, test=changed), reason


def _woken(name: str, memory: Memory, at_s: float) -> Memory:
    """Where the output is the battery's sleep: the memory with the instant at which it is woken."""
    return msgspec.structs.replace(memory, asleep_until_s=at_s) if name == SLEEP else memory


def _owned(request: Request, memory: Memory, seen: Snapshot) -> RunningTest:
    """The running test, heard now. Raises RefusedError unless the asker began it."""
    test = memory.test
    if test is None:
        ended = f": {memory.test_ended}" if memory.test_ended else ""
        msg = f"no test runs{ended}"
        raise RefusedError(msg)
    if request.key != test.key:
        msg = f"the test belongs to somebody else ({test.by})"
        raise RefusedError(msg)
    return msgspec.structs.replace(test, heard_s=seen.now_s)
