"""One control cycle: a Snapshot in, a Decision out. Deterministic; cannot reach the world."""

from collections.abc import Mapping
from typing import Final

import msgspec

from appliance.answers import Desk
from appliance.answers.expiry import passed
from appliance.backup.care import BackupCare, island_told
from appliance.battery.care import Care
from appliance.battery.fullness import fullness
from appliance.battery.rescue import rescue_next, rescue_wish, rescuing
from appliance.error_watch import ErrorWatch
from appliance.limits import Allowed, apply_limits, limits_of
from appliance.model import (
    Answer,
    Decision,
    Effect,
    Limits,
    Memory,
    Snapshot,
    State,
    Wish,
)
from appliance.programme import ModeLike, Programme, Together
from appliance.reactive import QUIET, ReactivePower, ahead_var, reactive_power
from appliance.site import SiteSettings
from appliance.statemachine.machine import next_state, outputs
from appliance.statemachine.states import STATES
from appliance.statemachine.transitions import Scene, stops_after
from appliance.testing import REST, TITLE, forced_now, look, told
from appliance.why import sentence

NONE: Final[frozenset[Effect]] = frozenset()
NO_UPDATE: Final = frozenset({Effect.BLOCK_UPDATE, Effect.EMERGENCY_STOP})
SCHEDULE: Final = "schedule"
NO_ANSWERS: Final[tuple[Answer, ...]] = ()
NOTHING: Final = Together(Wish(0.0), "", "", ())
AT_REST: Final = Allowed(0.0, Limits(), ""), QUIET


class Cycle:
    """Holds the little that must be remembered from one cycle to the next."""

    def __init__(
        self, site: SiteSettings, modes: Mapping[str, ModeLike], titles: Mapping[str, str]
    ) -> None:
        self._site = site
        self._programme = Programme(site, modes, titles)
        self._watch = ErrorWatch(site)
        self._limits = limits_of(site)
        self._desk = Desk(site, titles, self._watch)
        self._care = Care(site)
        self._backup = BackupCare(site)
        self._number = 0
        self.memory = Memory(mode=site.control.start_mode, mode_by="site.toml")

    def adopt(self, memory: Memory) -> None:
        """Go on from what another cycle left behind."""
        self.memory = memory
        self._watch.adopt(memory.errors)

    def step(self, seen: Snapshot) -> Decision:
        """Errors, then requests, then at most one transition, then the wish within its limits."""
        try:
            return self._step(seen)
        except BaseException:
            # Who was to be answered was not, and the memory is the one before: what was reset is not.
            self._watch.put_back(self.memory.errors)
            raise

    def _step(self, seen: Snapshot) -> Decision:
        before = self.memory.schedules
        memory, answers = self._take_in(seen)
        errors = memory.errors
        effects = frozenset([e for error in errors for e in error.effects]) if errors else NONE
        reserve_pct = self._site.battery.soc.reserve_pct
        way = self._backup.way(seen, memory)
        scene = Scene(seen, memory, effects, reserve_pct, self._wakes(seen, memory), way)
        state, because = next_state(scene)
        row = STATES[state]
        since_s = seen.now_s if because else memory.state_since_s
        goal = memory.goal
        if because and STATES[memory.state].ends_process:
            # A restart that did not come is not tried for ever: somebody should look.
            goal = State.MAINTENANCE if memory.goal_before is State.MAINTENANCE else State.IDLE
        wanted, allowed, reactive = self._wanted(seen, memory) if row.power else (NOTHING, *AT_REST)
        wish = wanted.wish
        setpoints = outputs(state, since_s, allowed.power_w, scene, reactive.var)
        setpoints, memory = self._care.add(setpoints, state, row.sleep, since_s, seen, memory)
        if self._backup.there:
            setpoints, memory = self._backup.add(setpoints, state, way, seen, memory)
        test = memory.test
        forced = memory.forced and tuple(one for one in memory.forced if seen.now_s < one.until_s)
        self._number += 1
        self.memory = msgspec.structs.replace(
            memory, state=state, state_since_s=since_s, goal=goal, commanded=setpoints,
            forced=forced, stops=stops_after(scene, state), decided_at_s=seen.now_s,
            limits=allowed.limits,
        )  # fmt: skip
        why = told(test, seen.now_s) + sentence(
            seen, state, because, wanted, allowed, errors, reactive.words
        )
        if state is State.ISLAND and not because:
            why = island_told(seen, memory)
        return Decision(
            self._number, seen.now_s, seen.utc, state, goal, memory.mode, memory.mode_by, setpoints,
            wish.power_w if wish.wants_w is None else wish.wants_w,
            allowed.limits, errors, answers, memory.manual, why, forced_now(memory, forced, self._site),
            row.update and not setpoints.contactors_closed and effects.isdisjoint(NO_UPDATE)
            and test is None,
            memory.cap,
            test, memory.test_ended, awaits_start=memory.awaits_start, heard=wanted.heard,
            scheduled=memory.scheduled, wish_var=reactive.wish_var, racks_suspect=memory.racks_suspect,
            schedules=None if memory.schedules is before else memory.schedules,
            backup=memory.backup if self._backup.there else None,
        )  # fmt: skip

    def _take_in(self, seen: Snapshot) -> tuple[Memory, tuple[Answer, ...]]:
        """The memory with the errors raised now, what was asked for, and the rescue charge."""
        memory, answers = self._backup.look(seen, self._scheduled(seen)), NO_ANSWERS
        errors = self._watch.update(seen, memory)
        if errors is not memory.errors:
            memory = msgspec.structs.replace(memory, errors=errors)
        if memory.test is not None:
            memory = look(memory, seen)
        memory = fullness(passed(memory, seen), seen)
        if seen.requests:
            memory, answers = self._desk.take(seen.requests, memory, seen)
        if memory.manual is not None and seen.now_s >= memory.manual.until_s:
            memory = msgspec.structs.replace(memory, manual=None)
        if memory.errors or memory.rescue is not None:
            rescue = rescue_next(seen, memory, self._site)
            if rescue != memory.rescue:
                memory = msgspec.structs.replace(memory, rescue=rescue)
        return memory, answers

    def _scheduled(self, seen: Snapshot) -> Memory:
        """The memory with the mode that the site's schedule names, once it names another than before."""
        memory = self.memory
        scheduled = self._programme.scheduled(seen)
        if scheduled is None or scheduled == memory.scheduled:
            return memory
        return msgspec.structs.replace(
            memory, scheduled=scheduled, mode=scheduled, mode_by=SCHEDULE
        )

    def _wanted(self, seen: Snapshot, memory: Memory) -> tuple[Together, Allowed, ReactivePower]:
        """What is wished for, and what the limits leave of it."""
        test = memory.test
        if rescuing(memory):
            wanted = Together(rescue_wish(seen, self._site), "", "", ())
        elif test is not None and test.mode is None:
            wanted = Together(REST.wish(seen, memory), TITLE, "", ())
        else:
            wanted = self._programme.ask(self._followed(memory), seen, memory)
        wish, by, site = wanted.wish, wanted.reactive_by, self._site
        ahead = ahead_var(wish, by, seen, memory, site)
        limited = msgspec.structs.replace(memory, reactive_ahead_var=ahead) if ahead else memory
        allowed = apply_limits(wish.power_w or 0.0, seen, limited, site, self._limits)
        return wanted, allowed, reactive_power(wish, by, allowed.power_w, seen, memory, site)

    def _wakes(self, seen: Snapshot, memory: Memory) -> bool:
        if memory.test is not None and memory.test.mode is None:
            return REST.wakes(seen, memory)
        return self._programme.wakes(self._followed(memory), seen, memory)

    @staticmethod
    def _followed(memory: Memory) -> str:
        """The mode in use; while a test runs the one it tries."""
        test = memory.test
        return memory.mode if test is None or test.mode is None else test.mode
