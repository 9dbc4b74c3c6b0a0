"""What did people ask for on this screen, and what became of it?"""

from dataclasses import dataclass, field
from typing import Protocol

from appliance.gui.reasons import reason
from appliance.gui.texts import text
from appliance.model import (
    AckErrors,
    Answer,
    Decision,
    EndTest,
    GoToMode,
    GoToState,
    ResetErrors,
    ResetEstop,
    State,
    Status,
    Want,
    Word,
    emergency,
)
from appliance.statemachine.states import STATES

ANSWER_S = 3.0
"""After this long without an answer, or without its effect, the ask has failed."""
SHOWN_S = 6.0
"""How long a refusal stays."""


class Client(Protocol):
    """The core as the screen sees it; `bus.CoreClient` is one. No call waits."""

    def newest(self) -> Status | None:
        """The newest status since the last call."""

    def send(self, want: Want) -> str:
        """Ask; returns the id of the answer to come."""

    def answers(self) -> list[Answer]:
        """Answers since the last call."""

    def close(self) -> None:
        """Hang up."""


class Asked(Word, frozen=True):
    """The open and the failed asks, as the screen shows them."""

    mode: str | None = None
    """The mode that was asked for and is not yet in use."""
    mode_refused: str = ""
    state: State | None = None
    """The state that was asked for and is not yet the goal."""
    state_refused: str = ""
    after_stop: bool = False
    """An emergency stop was reset, and nobody has started the box since, or put this aside."""
    resetting: bool = False
    reset_refused: str = ""
    confirming: frozenset[int] = frozenset()
    """Numbers of the errors whose confirmation is on its way."""
    confirm_refused: str = ""
    resetting_errors: frozenset[int] = frozenset()
    """Numbers of the latched errors whose reset is on its way."""
    ending_test: bool = False
    test_refused: str = ""
    error_refused: str = ""
    refused_number: int | None = None
    """Of the error that was not reset."""


@dataclass(slots=True)
class _Ask:
    want: Want
    at_s: float
    accepted: bool = False


@dataclass(slots=True)
class _Refusal:
    want: Want
    reason: str
    at_s: float


@dataclass(slots=True)
class Asks:
    """Sends what people ask for and follows it until it shows in a Decision, fails or times out."""

    client: Client
    _open: dict[str, _Ask] = field(default_factory=dict)
    _refused: dict[type, _Refusal] = field(default_factory=dict)
    after_stop: bool = False
    """Since an emergency stop the box has not been asked to do anything but rest."""

    def send(self, want: Want, now_s: float) -> None:
        """Ask; a new ask of a kind replaces the open one and forgets its refusal."""
        if not isinstance(want, AckErrors):
            self._open = {
                key: ask for key, ask in self._open.items() if type(ask.want) is not type(want)
            }
        self._refused.pop(type(want), None)
        self._open[self.client.send(want)] = _Ask(want, now_s)

    def follow(self, decision: Decision | None, now_s: float) -> Asked:
        """Take the answers; drop what has happened, what failed and what has been shown enough."""
        for answer in self.client.answers():
            self._take(answer, now_s)
        for key, ask in list(self._open.items()):
            if ask.accepted and _shows(ask.want, decision):
                del self._open[key]
            elif now_s - ask.at_s > ANSWER_S:
                del self._open[key]
                missed = text(_missed(ask.want) if ask.accepted else "no_answer")
                self._refused[type(ask.want)] = _Refusal(ask.want, missed, now_s)
        for kind, refusal in list(self._refused.items()):
            if now_s - refusal.at_s > SHOWN_S:
                del self._refused[kind]
        return self._asked(decision)

    def _take(self, answer: Answer, now_s: float) -> None:
        ask = self._open.get(answer.id)
        if ask is None:
            return
        if answer.ok:
            ask.accepted = True
        else:
            del self._open[answer.id]
            self._refused[type(ask.want)] = _Refusal(ask.want, reason(answer.reason), now_s)

    def _asked(self, decision: Decision | None) -> Asked:
        wants = [ask.want for ask in self._open.values()]
        errors = decision.errors if decision is not None else ()
        stopped = emergency(errors)
        if decision is not None:
            self.after_stop = stopped or (self.after_stop and decision.goal is State.IDLE)
        states = [want.state for want in wants if isinstance(want, GoToState)]
        modes = [want.mode for want in wants if isinstance(want, GoToMode)]
        numbers = [want.number for want in wants if isinstance(want, AckErrors)]
        confirming = {error.number for error in errors} if None in numbers else set(numbers)
        not_reset = self._refused.get(ResetErrors)
        resetting = {want.number for want in wants if isinstance(want, ResetErrors)}
        return Asked(
            mode=modes[-1] if modes else None,
            mode_refused=self._reason(GoToMode),
            state=states[-1] if states else None,
            state_refused=self._reason(GoToState),
            after_stop=self.after_stop and not stopped,
            resetting=any(isinstance(want, ResetEstop) for want in wants),
            reset_refused=self._reason(ResetEstop),
            confirming=frozenset(number for number in confirming if number is not None),
            confirm_refused=self._reason(AckErrors),
            resetting_errors=frozenset(number for number in resetting if number is not None),
            ending_test=any(isinstance(want, EndTest) for want in wants),
            test_refused=self._reason(EndTest),
            error_refused=self._reason(ResetErrors),
            refused_number=not_reset.want.number
            if not_reset is not None and isinstance(not_reset.want, ResetErrors)
            else None,
        )

    def _reason(self, kind: type) -> str:
        refusal = self._refused.get(kind)
        return refusal.reason if refusal is not None else ""


def _shows(want: Want, decision: Decision | None) -> bool:
    """Has an accepted ask reached the Decision? A mode is waited for, and a goal that the core lives to see."""
    if isinstance(want, GoToMode):
        return decision is not None and decision.mode == want.mode
    if isinstance(want, GoToState) and not STATES[want.state].ends_process:
        return decision is not None and decision.goal is want.state
    return True


def _missed(want: Want) -> str:
    return "not_there" if isinstance(want, GoToState) else "not_in_use"
