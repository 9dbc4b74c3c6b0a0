"""Why does the box do what it does, in the language of the screen?

In English the core's own sentence is shown. In another language it is told again from the same
Decision: shorter, without the measured value behind a limit.
"""

from itertools import takewhile

from appliance.gui import figures
from appliance.gui.reasons import known_wish, wish_reason
from appliance.gui.texts import TEXTS, say, spoken, text
from appliance.model import STOPS, ActiveError, Heard, State, Status
from appliance.programme import settle
from appliance.statemachine.states import STATES
from appliance.texts import ENGLISH, state_title, title

AS_WISHED_W = 50.0
"""A setpoint that near to the wish is the wish, as in the core's own sentence."""
RESCUE = "rescue charge "
"""So the core's sentence begins while it charges an empty battery a little: no mode wishes that."""


def sentence(status: Status) -> str:
    """One sentence on the newest cycle."""
    decision = status.decision
    if spoken() == ENGLISH:
        return figures.sentence(decision.why)
    if not STATES[decision.state].power:
        return figures.sentence(_no_power(status))
    if decision.wish_w is None:
        return figures.sentence(_nothing(status))
    return figures.sentence(_power(status, decision.wish_w))


def _nothing(status: Status) -> str:
    """Nobody wants any power: because nobody can say, or because there is nothing to want."""
    heard, followed = status.decision.heard, status.followed
    blind = next((one for one in heard if one.wish.missing), None)
    if blind is not None:
        mode, missing = mode_title(status, blind.mode), wish_reason(blind.wish.missing)
        return text("why_cannot_say", mode=mode, missing=missing)
    words = text("why_wants_nothing", mode=mode_title(status, followed))
    return words + _because(next((one for one in heard if one.mode == followed), None), ": ")


def _because(one: Heard | None, before: str) -> str:
    """The mode's reason, where it can be told in this language."""
    told = known_wish(one.wish.reason) if one is not None and one.wish.reason else ""
    return f"{before}{told}" if told else ""


def _no_power(status: Status) -> str:
    decision, view = status.decision, status.snapshot.grid_view
    state = decision.state
    words = state_title(state, spoken())
    if state is State.STARTING and view is not None and view.wait_s > 0.0:
        return f"{words}: {text('why_grid_wait', seconds=f'{view.wait_s:.0f}')}"
    words = f"{words}: {say(f'state {state} says', STATES[state].says)}"
    worst = _worst(decision.errors)
    return words if worst is None else f"{words} ({title(worst, spoken())})"


def _worst(errors: tuple[ActiveError, ...]) -> ActiveError | None:
    """The first that stops the box, else that holds it back: the core sorts them by urgency."""
    stopping = [error for error in errors if not STOPS.isdisjoint(error.effects)]
    holding = [error for error in errors if error.effects]
    return next(iter((*stopping, *holding)), None)


def _power(status: Status, wish_w: float) -> str:
    decision = status.decision
    winner = next((one for one in decision.heard if one.won), None)
    who = _wisher(status) if winner is None else mode_title(status, winner.mode)
    words = text("why_wants", mode=who, watts=f"{wish_w:.0f}") + _because(winner, ", ")
    held = _held(status)
    if held:
        words = f"{words}; {held}"
    given = f"{decision.setpoints.power_w:.0f}"
    binding = decision.limits.binding
    if binding is not None:
        return f"{words}; {text('why_allows', limit=limit_name(binding), watts=given)}"
    if abs(wish_w - decision.setpoints.power_w) > AS_WISHED_W:
        return f"{words}, {text('why_now', watts=given)}"
    return words


def _held(status: Status) -> str:
    """The mode whose bound has changed what the winner wants, and what it leaves."""
    heard = status.decision.heard
    holder = next((one for one in heard if one.held and not one.won), None)
    if holder is None:
        return ""
    said = list(takewhile(lambda one: not one.wish.missing, heard))
    left = settle([(one.wish.power_w, one.wish.lowest_w, one.wish.highest_w) for one in said])
    if left.value is None:
        return ""
    mode = mode_title(status, holder.mode)
    return text("why_allows", limit=mode, watts=f"{left.value:.0f}")


def _wisher(status: Status) -> str:
    """Whose wish it is when no mode was followed: the test's, or nobody's but the battery's."""
    decision = status.decision
    if decision.why.startswith(RESCUE):
        return text("why_rescue")
    if decision.test is not None and decision.test.mode is None:
        return text("test_title")
    return mode_title(status, status.followed)


def mode_title(status: Status, mode: str) -> str:
    """A mode as people call it."""
    known = status.modes.get(mode)
    return say(f"mode {mode}", known) if known else figures.name(mode)


def limit_name(binding: str) -> str:
    """A row of LIMITS as people call it."""
    key = f"limit_{binding}"
    return text(key) if key in TEXTS else figures.plain(say(f"limit {binding}", binding))
