"""What may the box be asked to do from this screen, and may it be started after an emergency stop?"""

from typing import Final

from appliance.gui.asks import Asked
from appliance.gui.texts import text
from appliance.gui.why import sentence
from appliance.model import State, Status, Word, emergency

CHOICES: Final = (State.RUN, State.IDLE, State.MAINTENANCE)
"""By a tap."""
RESTARTS: Final = (State.RESTART, State.REBOOT)
"""By holding: whoever only looks should not take the box away."""


class StateHead(Word, frozen=True):
    """What is happening now, and what became of the last ask."""

    now: str
    pending: str
    """Name of the state that was asked for; "" when nothing is open."""
    refused: str
    can_choose: bool


class StateRow(Word, frozen=True):
    """One state that may be asked for."""

    name: str
    title: str
    does: str
    note: str
    current: bool
    """It is the goal."""
    pending: bool
    can_choose: bool


class Start(Word, frozen=True):
    """The sheet after the reset of an emergency stop: nothing runs until somebody starts it."""

    active: bool
    now: str
    label: str
    can_start: bool
    refused: str


def state_head(status: Status | None, live: bool, asked: Asked) -> StateHead:
    """The line on top of the sheet."""
    return StateHead(
        now=text("why_unknown") if status is None else text("state_now", what=sentence(status)),
        pending="" if asked.state is None else str(asked.state),
        refused=text("state_not_changed", reason=asked.state_refused)
        if asked.state_refused
        else "",
        can_choose=live,
    )


def state_rows(
    status: Status | None, live: bool, asked: Asked, states: tuple[State, ...]
) -> tuple[StateRow, ...]:
    """These states, in this order; nothing before the core has said anything."""
    if status is None:
        return ()
    return tuple(_row(state, status, live, asked) for state in states)


def _row(state: State, status: Status, live: bool, asked: Asked) -> StateRow:
    decision = status.decision
    pending, current = state is asked.state, state is decision.goal
    barred = state is State.RUN and _stopped(status)
    note = ""
    if pending:
        note = text("state_asking")
    elif current:
        note = text("state_there" if decision.state is state else "state_wanted")
    return StateRow(
        name=str(state),
        title=text(f"state_to_{state}"),
        does=text("state_barred" if barred else f"state_does_{state}"),
        note=note,
        current=current,
        pending=pending,
        can_choose=live and not barred and asked.state is None,
    )


def _stopped(status: Status) -> bool:
    return emergency(status.decision.errors)


def start(status: Status | None, live: bool, asked: Asked) -> Start:
    """Active from the reset until it is started, or put aside."""
    if status is None or not asked.after_stop:
        return Start(active=False, now="", label=text("start_hold"), can_start=False, refused="")
    resting = status.decision.state is State.IDLE
    label = "start_asking" if asked.state is not None else "start_hold"
    return Start(
        active=True,
        now=sentence(status),
        label=text(label if resting else "start_not_yet"),
        can_start=live and resting and asked.state is None,
        refused=text("start_refused", reason=asked.state_refused) if asked.state_refused else "",
    )
