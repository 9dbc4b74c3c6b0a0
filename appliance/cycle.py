"""One control cycle: a Snapshot in, a Decision out. Deterministic; cannot reach the world."""

from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

from appliance.answers import Desk
from appliance.battery.care import Care
from appliance.battery.rescue import rescue_next, rescue_wish, rescuing
from appliance.error_watch import ErrorWatch
from appliance.limits import Allowed, apply_limits
from appliance.model import (
    STOPS,
    ActiveError,
    Answer,
    Decision,
    Effect,
    Limits,
    Memory,
    Snapshot,
    State,
    Wish,
)
from appliance.site import SiteSettings
from appliance.statemachine.machine import next_state, outputs
from appliance.statemachine.states import STATES
from appliance.statemachine.transitions import Scene, stops_after
from appliance.testing import REST, TITLE, forced_now, look, told

NONE: Final[frozenset[Effect]] = frozenset()
Errors = tuple[ActiveError, ...]


ON_ITS_WAY_W: Final = 50.0
NO_WISH: Final = Wish(0.0)
AT_REST: Final = Allowed(0.0, Limits(), "")


class ModeLike(Protocol):
    """A control mode: deterministic, no clock, no I/O."""

    def wish(self, seen: Snapshot, memory: Memory, /) -> Wish:
        """Battery power wished for (discharge +); None when it cannot say, with the reason."""

    def wakes(self, seen: Snapshot, memory: Memory, /) -> bool:
        """Would it charge now? An empty, sleeping battery is woken for that."""


class Cycle:
    """Holds the little that must be remembered from one cycle to the next."""

    def __init__(
        self, site: SiteSettings, modes: Mapping[str, ModeLike], titles: Mapping[str, str]
    ) -> None:
        self._site = site
        self._modes = modes
        self._titles = titles
        self._watch = ErrorWatch(site)
        self._desk = Desk(site, titles, self._watch)
        self._care = Care(site)
        self._number = 0
        self.memory = Memory(mode=site.control.start_mode, mode_by="site.toml")

    def adopt(self, memory: Memory) -> None:
        """Go on from what another cycle left behind."""
        self.memory = memory
        self._watch.adopt(memory.errors)

    def step(self, seen: Snapshot) -> Decision:
        """Errors, then requests, then at most one transition, then the wish within its limits."""
        memory = self.memory
        errors = self._watch.update(seen, memory)
        answers: tuple[Answer, ...] = ()
        if errors is not memory.errors:
            memory = msgspec.structs.replace(memory, errors=errors)
        memory = look(memory, seen)
        if seen.requests:
            memory, answers = self._desk.take(seen.requests, memory, seen)
            errors = memory.errors
        if errors or memory.rescue is not None:
            memory = self._rescued(seen, memory)
        effects = frozenset([e for error in errors for e in error.effects]) if errors else NONE
        (mode, title), reserve_pct = self._followed(memory), self._site.battery.soc.reserve_pct
        scene = Scene(seen, memory, effects, reserve_pct, mode.wakes(seen, memory))
        state, because = next_state(scene)
        since_s = seen.now_s if because else memory.state_since_s
        # A restart that did not come is not tried for ever: somebody should look.
        goal = State.IDLE if because and STATES[memory.state].ends_process else memory.goal
        wish, allowed = NO_WISH, AT_REST
        if STATES[state].power:
            saves = rescuing(memory)
            wish = rescue_wish(seen, self._site) if saves else mode.wish(seen, memory)
            allowed = apply_limits(wish.power_w or 0.0, seen, memory, self._site)
        setpoints = outputs(state, since_s, allowed.power_w, scene)
        setpoints, memory = self._care.add(
            setpoints, state, STATES[state].sleep, since_s, seen, memory
        )
        manual = memory.manual
        if manual is not None and seen.now_s >= manual.until_s:
            manual = None
        forced = tuple([one for one in memory.forced if seen.now_s < one.until_s])
        self._number += 1
        self.memory = msgspec.structs.replace(
            memory, state=state, state_since_s=since_s, goal=goal, commanded=setpoints,
            manual=manual, forced=forced, stops=stops_after(scene, state), decided_at_s=seen.now_s,
        )  # fmt: skip
        test = memory.test
        return Decision(
            self._number, seen.now_s, seen.utc, state, goal, memory.mode, memory.mode_by, setpoints,
            wish.power_w if wish.wants_w is None else wish.wants_w,
            allowed.limits, errors, answers, manual,
            told(test, seen.now_s) + _why(seen, state, because, title, wish, allowed, errors),
            forced_now(memory, forced, self._site),
            STATES[state].update and Effect.BLOCK_UPDATE not in effects and test is None, memory.cap,
            test, memory.test_ended,
        )  # fmt: skip

    def _followed(self, memory: Memory) -> tuple[ModeLike, str]:
        """The mode in use and its title; while a test runs only what the test asks for."""
        test = memory.test
        if test is not None and test.mode is None:
            return REST, TITLE
        name = memory.mode if test is None or test.mode is None else test.mode
        return self._modes[name], self._titles[name]

    def _rescued(self, seen: Snapshot, memory: Memory) -> Memory:
        """The memory with the rescue charge as it is from now on."""
        rescue = rescue_next(seen, memory, self._site)
        if rescue == memory.rescue:
            return memory
        return msgspec.structs.replace(memory, rescue=rescue)


def _why(
    seen: Snapshot,
    state: State,
    because: str,
    title: str,
    wish: Wish,
    allowed: Allowed,
    errors: Errors,
) -> str:
    """The cycle in one sentence."""
    row = STATES[state]
    if because:
        return f"{row.title}: {because}{_worst(errors)}"
    waits_s = seen.grid_view.wait_s if state is State.STARTING and seen.grid_view else 0.0
    if waits_s > 0.0:
        return f"{row.title}: the grid has to be steady for another {waits_s:.0f} s"
    if not row.power:
        return f"{row.title}: {row.says}{_worst(errors)}"
    if wish.power_w is None:
        return f"{title} cannot say: {wish.reason}; 0 W"
    wants_w = wish.power_w if wish.wants_w is None else wish.wants_w
    sentence = f"{wish.by or title} wants {wants_w:.0f} W"
    if wish.reason:
        sentence += f", {wish.reason}"
    if allowed.limits.binding is not None:
        return f"{sentence}; {allowed.because} allows {allowed.power_w:.0f} W"
    if abs(wants_w - allowed.power_w) > ON_ITS_WAY_W:
        sentence += f", now at {allowed.power_w:.0f} W"
    return sentence


def _worst(errors: Errors) -> str:
    """The worst error that stops the box, else that holds it back, as the end of a sentence."""
    stopping = [error for error in errors if not STOPS.isdisjoint(error.effects)]
    holding = [error for error in errors if error.effects]
    return next((f" (error {e.number} {e.title})" for e in (*stopping, *holding)), "")
