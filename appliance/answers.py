"""Every request gets an answer, with a reason: the same rules for screen, cloud, ctl and buttons."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from appliance.battery.sleeping import is_open
from appliance.error_watch import ErrorWatch
from appliance.errors import ERRORS, ESTOP_NUMBER, ROWS
from appliance.model import (
    AckErrors,
    Answer,
    BalanceCells,
    CapPower,
    Effect,
    ForceClimate,
    ForcedActuator,
    GoToMode,
    GoToState,
    ManualPower,
    Memory,
    PowerCap,
    Request,
    ResetErrors,
    ResetEstop,
    SetPower,
    SleepBattery,
    Snapshot,
    State,
)
from appliance.site import SiteSettings
from appliance.statemachine.states import GOALS, STATES

LONGEST_MANUAL_S: Final = 3_600.0
MANUAL_MODE: Final = "local_control"
LONGEST_SLEEP_S: Final = 30 * 86_400.0
UNTIL_WOKEN_S: Final = 10 * 365 * 86_400.0
ON_SITE: Final = ("touchscreen", "ctl")
"""Who stands beside the box and has read the screen; a button is pushed too easily."""
HEARD_FROM: Final = {1: "battery", 2: "inverter", 4: "board"}
"""Who must be heard before an error of this hundred can be known to be gone."""


class RefusedError(Exception):
    """The request cannot be granted; the text says why."""


class Desk:
    """Takes requests one by one, each on top of what the one before has changed."""

    def __init__(self, site: SiteSettings, modes: Mapping[str, str], watch: ErrorWatch) -> None:
        self._site = site
        self._modes = modes
        self._watch = watch

    def take(
        self, requests: tuple[Request, ...], memory: Memory, seen: Snapshot
    ) -> tuple[Memory, tuple[Answer, ...]]:
        """The memory after all requests, and one answer for each."""
        answers = []
        for request in requests:
            try:
                memory, reason = self._grant(request, memory, seen)
                answers.append(Answer(request.id, True, reason))
            except RefusedError as refused:
                answers.append(Answer(request.id, False, str(refused)))
        return memory, tuple(answers)

    def _grant(self, request: Request, memory: Memory, seen: Snapshot) -> tuple[Memory, str]:
        take = _TAKES[type(request.want)]
        return take(self, request, memory, seen)

    def mode(self, request: Request, memory: Memory, _seen: Snapshot) -> tuple[Memory, str]:
        """GoToMode: any mode this box has."""
        assert isinstance(request.want, GoToMode)
        name = request.want.mode
        if name not in self._modes:
            msg = f"mode = {name!r} is not known; this box has: {', '.join(sorted(self._modes))}"
            raise RefusedError(msg)
        changed = msgspec.structs.replace(memory, mode=name, mode_by=request.source, manual=None)
        return changed, f"mode is {self._modes[name]}"

    def state(self, request: Request, memory: Memory, _seen: Snapshot) -> tuple[Memory, str]:
        """GoToState: one of GOALS; not RUN while the emergency stop is latched.

        People who work on the box end its maintenance: nobody from outside does.
        """
        assert isinstance(request.want, GoToState)
        goal = request.want.state
        if goal not in GOALS:
            msg = f"state = {goal} cannot be asked for; possible: {', '.join(GOALS)}"
            raise RefusedError(msg)
        if memory.goal is State.MAINTENANCE and request.source not in ON_SITE:
            msg = "the box is in maintenance; only somebody on site may end it"
            raise RefusedError(msg)
        stopped = any(Effect.EMERGENCY_STOP in error.effects for error in memory.errors)
        if goal is State.RUN and stopped:
            msg = "the emergency stop is latched; release the button, then reset it"
            raise RefusedError(msg)
        reason = f"going to {STATES[goal].title}"
        if memory.state is State.ERROR and goal is State.RUN:
            reason = "the box runs again once its errors are gone"
        return msgspec.structs.replace(memory, goal=goal, stops=0), reason

    def power(self, request: Request, memory: Memory, seen: Snapshot) -> tuple[Memory, str]:
        """SetPower: only in local control, within the inverter's rating, for a limited time."""
        want = request.want
        assert isinstance(want, SetPower)
        low_w, high_w = -self._site.inverter.max_charge_w, self._site.inverter.max_discharge_w
        if memory.mode != MANUAL_MODE:
            msg = f"mode is {memory.mode}; a power can be set in {MANUAL_MODE} only"
            raise RefusedError(msg)
        if not low_w <= want.power_w <= high_w:
            msg = f"power_w = {want.power_w:g} must be between {low_w:g} and {high_w:g}"
            raise RefusedError(msg)
        if not 0 < want.duration_s <= LONGEST_MANUAL_S:
            msg = f"duration_s = {want.duration_s:g} must be above 0, at most {LONGEST_MANUAL_S:g}"
            raise RefusedError(msg)
        manual = ManualPower(want.power_w, seen.now_s + want.duration_s)
        reason = f"{want.power_w:.0f} W for {want.duration_s:.0f} s"
        return msgspec.structs.replace(memory, manual=manual), reason

    def acknowledge(self, request: Request, memory: Memory, _seen: Snapshot) -> tuple[Memory, str]:
        """AckErrors: marks raised errors as seen by the asker."""
        assert isinstance(request.want, AckErrors)
        number = request.want.number
        if number is not None and number not in ROWS:
            known = f"{ERRORS[0].number} to {ERRORS[-1].number}"
            msg = f"number = {number} is not an error of this box ({known})"
            raise RefusedError(msg)
        count = self._watch.acknowledge(number, request.source)
        if number is not None and not count:
            msg = f"error {number} is not raised"
            raise RefusedError(msg)
        return self._after_errors(memory), f"{count} acknowledged"

    def reset_estop(self, request: Request, memory: Memory, seen: Snapshot) -> tuple[Memory, str]:
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
        if not self._watch.reset((ESTOP_NUMBER,), seen, memory):
            msg = "there is no emergency stop to reset"
            raise RefusedError(msg)
        changed = msgspec.structs.replace(memory, manual=None, stops=0)
        return self._after_errors(changed), "the emergency stop is reset"

    def reset(self, request: Request, memory: Memory, seen: Snapshot) -> tuple[Memory, str]:
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
        waiting = self._watch.latched(chosen)
        if not waiting:
            msg = "no latched error" if number is None else f"error {number} is not latched"
            raise RefusedError(f"{msg} is there to be reset" if number is None else msg)
        for error in waiting:
            source = HEARD_FROM.get(error.number // 100)
            if source is not None and getattr(seen, source) is None:
                msg = f"the {source} does not answer, so nobody knows whether the cause is gone"
                raise RefusedError(msg)
        gone = self._watch.reset(chosen, seen, memory)
        if not gone:
            msg = f"the cause is still there: {waiting[0].title} ({waiting[0].source})"
            raise RefusedError(msg)
        told = ", ".join(f"{error.number} {error.title}" for error in gone)
        changed = msgspec.structs.replace(memory, manual=None, stops=0)
        return self._after_errors(changed), f"reset: {told}"

    def cap(self, request: Request, memory: Memory, _seen: Snapshot) -> tuple[Memory, str]:
        """CapPower: magnitudes up to the inverter's rating; it only narrows, so anybody may ask."""
        want, inverter = request.want, self._site.inverter
        assert isinstance(want, CapPower)
        for name, asked_w, most_w in (
            ("max_charge_w", want.max_charge_w, inverter.max_charge_w),
            ("max_discharge_w", want.max_discharge_w, inverter.max_discharge_w),
        ):
            if asked_w is not None and not 0.0 <= asked_w <= most_w:
                msg = f"{name} = {asked_w:g} must be between 0 and {most_w:g}"
                raise RefusedError(msg)
        cap = PowerCap(want.max_charge_w, want.max_discharge_w)
        told = [
            f"{name} {watts:.0f} W"
            for name, watts in (("charge", cap.max_charge_w), ("discharge", cap.max_discharge_w))
            if watts is not None
        ]
        reason = f"no more than: {', '.join(told)}" if told else "no cap"
        return msgspec.structs.replace(memory, cap=cap), reason

    def sleep(self, request: Request, memory: Memory, seen: Snapshot) -> tuple[Memory, str]:
        """SleepBattery: only while the box rests, and only where there are means; waking is always granted."""
        want = request.want
        assert isinstance(want, SleepBattery)
        if not want.asleep:
            awake = not memory.commanded.battery_asleep
            changed = msgspec.structs.replace(memory, asleep_until_s=seen.now_s)
            return changed, "the battery is awake" if awake else "the battery is being woken"
        if self._site.battery.sleep.means == "none":
            msg = "this battery has no means to sleep (battery.sleep.means in site.toml)"
            raise RefusedError(msg)
        if memory.state not in (State.IDLE, State.SLEEP):
            msg = f"the battery sleeps only while the box rests; it is {STATES[memory.state].title}"
            raise RefusedError(msg)
        sleeps_silently = seen.battery is None and memory.commanded.battery_asleep
        if not sleeps_silently and not is_open(seen.battery):
            msg = "the battery is connected or silent; it must be heard and open before it sleeps"
            raise RefusedError(msg)
        duration_s = want.duration_s
        if duration_s is not None and not 0 < duration_s <= LONGEST_SLEEP_S:
            msg = f"duration_s = {duration_s:g} must be above 0, at most {LONGEST_SLEEP_S:g}"
            raise RefusedError(msg)
        until_s = seen.now_s + (UNTIL_WOKEN_S if duration_s is None else duration_s)
        how_long = "until it is woken" if duration_s is None else f"for {duration_s:.0f} s"
        changed = msgspec.structs.replace(memory, asleep_until_s=until_s)
        return changed, f"the battery sleeps {how_long}"

    def balance(self, request: Request, memory: Memory, _seen: Snapshot) -> tuple[Memory, str]:
        """BalanceCells: permission for the rule, where the feature is on; forbidding is always granted."""
        assert isinstance(request.want, BalanceCells)
        on = request.want.on
        if on and not self._site.battery.balancing.enabled:
            msg = "cell balancing is switched off here (battery.balancing.enabled in site.toml)"
            raise RefusedError(msg)
        reason = "cells are balanced when they need it" if on else "no cell balancing"
        return msgspec.structs.replace(memory, balancing_asked=on), reason

    def climate(self, request: Request, memory: Memory, seen: Snapshot) -> tuple[Memory, str]:
        """ForceClimate: a fan or heater of this site, for a limited time; what is hot or unknown still wins."""
        want, climate = request.want, self._site.climate
        assert isinstance(want, ForceClimate)
        name, percent = want.actuator, want.percent
        if climate is None or name not in climate.actuators:
            known = ", ".join(climate.actuators) if climate and climate.actuators else "none"
            msg = f"actuator = {name!r} is not known; this box has: {known}"
            raise RefusedError(msg)
        others = tuple(one for one in memory.forced if one.actuator != name)
        if percent is None:
            return msgspec.structs.replace(memory, forced=others), f"{name} follows its rule"
        if not 0.0 <= percent <= 100.0:
            msg = f"percent = {percent:g} must be between 0 and 100"
            raise RefusedError(msg)
        if not 0.0 < want.duration_s <= LONGEST_MANUAL_S:
            msg = f"duration_s = {want.duration_s:g} must be above 0, at most {LONGEST_MANUAL_S:g}"
            raise RefusedError(msg)
        forced = ForcedActuator(name, percent, seen.now_s + want.duration_s)
        reason = f"{name} at {percent:.0f} % for {want.duration_s:.0f} s"
        return msgspec.structs.replace(memory, forced=(*others, forced)), reason

    def _after_errors(self, memory: Memory) -> Memory:
        return msgspec.structs.replace(memory, errors=self._watch.raised())


_Take = Callable[[Desk, Request, Memory, Snapshot], tuple[Memory, str]]
_TAKES: Final[dict[type, _Take]] = {
    GoToMode: Desk.mode,
    GoToState: Desk.state,
    SetPower: Desk.power,
    AckErrors: Desk.acknowledge,
    ResetEstop: Desk.reset_estop,
    ResetErrors: Desk.reset,
    CapPower: Desk.cap,
    SleepBattery: Desk.sleep,
    BalanceCells: Desk.balance,
    ForceClimate: Desk.climate,
}
