"""One test of a running box by hand: keeps it alive, shows it, does what is typed or planned, ends it."""

import math
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol, TextIO

import msgspec

from appliance.bus import NO_ANSWER
from appliance.clock import Clock
from appliance.ctl.failing import pin_hint
from appliance.ctl.keyboard import (
    HELP,
    HOLD_S,
    Command,
    Help,
    Keyboard,
    Lines,
    More,
    Quit,
    Step,
    Wait,
    command,
)
from appliance.model import (
    Answer,
    BeatTest,
    EndTest,
    HoldPower,
    StartTest,
    State,
    Status,
    StepTo,
    TryMode,
    Want,
)
from appliance.statemachine.steps import NEXT

OK, FAILED = 0, 1
BEAT_S: Final = 1.0
LINE_S: Final = 1.0
LOOK_S: Final = 0.1
SILENT_S: Final = 5.0
"""Without a word from the core for so long the test is over for whoever types."""
PATIENCE_S: Final = 20.0
"""A pipe asks for a step again until the box is ready for it."""
AGAIN_S: Final = 0.5


class Core(Protocol):
    """A client of the core."""

    def ask(self, want: Want, timeout_s: float = 2.0) -> Answer:
        """Ask and wait."""

    def send(self, want: Want) -> str:
        """Ask without waiting."""

    def answers(self) -> list[Answer]:
        """Answers since the last call."""

    def newest(self) -> Status | None:
        """The newest status since the last call."""


class ByHand:
    """One test, from its begin to its end."""

    def __init__(
        self,
        core: Core,
        keyboard: Keyboard | None,
        clock: Clock,
        out: TextIO,
        err: TextIO,
        rest: Callable[[float], object],
    ) -> None:
        """`keyboard` None: nobody types, the commands are known before. `rest`: let so many seconds pass."""
        self._core, self._keyboard, self._clock, self._rest = core, keyboard, clock, rest
        self._out, self._err = out, err
        self._person = keyboard is not None and keyboard.is_terminal
        self._over = False
        self._lines = Lines()
        self._waiting: deque[tuple[Command, float]] = deque()
        """Commands that wait, and since when the first is tried."""
        self._status: Status | None = None
        self._heard_s = self._beat_s = self._line_s = self._next_s = clock.now_s()
        self._power_w = 0.0
        self._beats: set[str] = set()
        self.code = OK

    def run(self, start: StartTest, commands: tuple[Command, ...] = ()) -> int:
        """Begin, do, end; the exit code."""
        answer = self._core.ask(start)
        self._tell(msgspec.structs.replace(answer, reason=pin_hint(answer.reason)))
        if not answer.ok:
            return FAILED
        self._waiting.extend((one, math.nan) for one in commands)
        self._heard_s = self._clock.now_s()
        try:
            if self._keyboard is None:
                self._loop()
            else:
                with self._keyboard.keys():
                    self._loop()
        except KeyboardInterrupt:
            pass
        finally:
            ended = self._core.ask(EndTest())
            self._say(ended.reason if ended.ok else f"the test was over: {ended.reason}")
        return self.code

    def _loop(self) -> None:
        while self._goes_on():
            if self._waiting:
                self._advance()
            elif self._keyboard is None or self._keyboard.ended:
                return
            else:
                self._type(self._keyboard, LOOK_S)

    def _type(self, keyboard: Keyboard, timeout_s: float) -> None:
        """What is typed is done in its turn; a person who asks for zero or for the end does not wait."""
        for line in self._lines.feed(keyboard.read(timeout_s)):
            try:
                typed = command(line)
            except ValueError as error:
                self._complain(str(error))
                continue
            urgent = isinstance(typed, Quit) or (isinstance(typed, HoldPower) and not typed.power_w)
            if self._person and urgent:
                self._waiting.clear()
            self._waiting.append((typed, math.nan))

    def _goes_on(self) -> bool:
        """Say that somebody is there, show how the box is; False when there is no test any more."""
        now_s = self._clock.now_s()
        self._look(now_s)
        if self._over:
            return False
        for answer in self._core.answers():
            if answer.id in self._beats and not answer.ok:
                return self._fail(f"the test is over: {answer.reason}")
        if now_s - self._heard_s > SILENT_S:
            return self._fail(NO_ANSWER)
        if now_s >= self._beat_s:
            self._beat_s = now_s + BEAT_S
            self._beats.add(self._core.send(BeatTest()))
        if now_s >= self._line_s and self._status is not None:
            self._line_s = now_s + LINE_S
            self._say(line_of(self._status))
        return True

    def _look(self, now_s: float) -> None:
        status = self._core.newest()
        if status is not None:
            self._status, self._heard_s = status, now_s

    def _advance(self) -> None:
        """Try the first command that waits; what is not done yet is tried again."""
        wanted, since_s = self._waiting[0]
        now_s = self._clock.now_s()
        if math.isnan(since_s):
            since_s = now_s
        self._waiting.popleft()
        if now_s < self._next_s or not self._done(wanted, now_s - since_s):
            self._waiting.appendleft((wanted, since_s))
            self._pause()

    def _pause(self) -> None:
        if self._keyboard is not None and self._person:
            self._type(self._keyboard, LOOK_S)
        else:
            self._rest(LOOK_S)

    def _done(self, wanted: Command, tried_s: float) -> bool:
        match wanted:
            case Quit():
                self._over = True
            case Help():
                self._say(HELP)
            case Wait(seconds, state):
                return self._waited(seconds, state, tried_s)
            case Step():
                return self._step(tried_s)
            case More(power_w):
                self._ask(HoldPower(self._power_w + power_w, HOLD_S))
            case _:
                self._ask(wanted)
        return True

    def _waited(self, seconds: float, state: State | None, tried_s: float) -> bool:
        if state is not None and self._status is not None and self._status.decision.state is state:
            return True
        if tried_s < seconds:
            return False
        if state is not None:
            self._fail(f"not in the state {state} within {seconds:.0f} s")
            self._give_up()
        return True

    def _step(self, tried_s: float) -> bool:
        state = None if self._status is None else self._status.decision.state
        if state is None or (state not in NEXT and not self._person and tried_s < PATIENCE_S):
            return False
        if state not in NEXT:
            self._complain(f"refused: there is no step up from {state}")
            self._give_up()
            return True
        answer = self._core.ask(StepTo(NEXT[state]))
        if not answer.ok and not self._person and tried_s < PATIENCE_S:
            self._next_s = self._clock.now_s() + AGAIN_S
            return False
        self._tell(answer)
        if not answer.ok:
            self._give_up()
        return True

    def _ask(self, want: Want) -> None:
        answer = self._core.ask(want)
        self._tell(answer)
        if answer.ok:
            if isinstance(want, HoldPower):
                self._power_w = want.power_w
            elif isinstance(want, StepTo | TryMode):
                self._power_w = 0.0
        elif self._keyboard is None:
            self._give_up()

    def _give_up(self) -> None:
        """What was to come rests on what has failed; a person decides anew."""
        self._waiting.clear()
        self._over = not self._person

    def _fail(self, text: str) -> bool:
        self.code = FAILED
        self._complain(text)
        return False

    def _tell(self, answer: Answer) -> None:
        if answer.ok:
            self._say(f"done: {answer.reason}")
        else:
            self._complain(f"refused: {answer.reason}")

    def _complain(self, text: str) -> None:
        if not self._person:
            self.code = FAILED
        self._out.flush()
        self._err.write(f"{text}\n")
        self._err.flush()

    def _say(self, text: str) -> None:
        self._out.write(f"{text}\n")
        self._out.flush()


def line_of(status: Status) -> str:
    """How the box is, in one line."""
    seen, decision = status.snapshot, status.decision
    soc = seen.battery.soc_pct if seen.battery else None
    power_w = seen.inverter.power_w if seen.inverter else None
    parts = (
        f"{decision.utc:%H:%M:%S}",
        f"{decision.state:11}",
        f"{decision.setpoints.power_w:6.0f} W asked,",
        "   –– W" if power_w is None else f"{power_w:6.0f} W,",
        "–– %" if soc is None else f"{soc:.1f} %",
        f" {decision.why}",
    )
    return " ".join(parts)
