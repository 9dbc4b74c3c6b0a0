"""The cycle in one sentence: log line, screen line and test oracle."""

from typing import Final

from appliance.limits import Allowed
from appliance.model import STOPS, ActiveError, Snapshot, State
from appliance.programme import Together
from appliance.statemachine.states import STATES

ON_ITS_WAY_W: Final = 50.0
Errors = tuple[ActiveError, ...]


def sentence(
    seen: Snapshot,
    state: State,
    because: str,
    wanted: Together,
    allowed: Allowed,
    errors: Errors,
    reactive: str = "",
) -> str:
    """The cycle in one sentence; `reactive` is its end, where there is reactive power to tell of."""
    row = STATES[state]
    if because:
        return f"{row.title}: {because}{_worst(errors)}"
    waits_s = seen.grid_view.wait_s if state is State.STARTING and seen.grid_view else 0.0
    if waits_s > 0.0:
        return f"{row.title}: the grid has to be steady for another {waits_s:.0f} s"
    if not row.power:
        return f"{row.title}: {row.says}{_worst(errors)}"
    return _of_the_wish(wanted, allowed) + reactive


def _of_the_wish(wanted: Together, allowed: Allowed) -> str:
    """Who wants what, who of the modes allows less, and which limit allows less still."""
    wish, title = wanted.wish, wanted.title
    if wish.missing:
        return f"{title} cannot say: {wish.missing}; 0 W"
    if wish.power_w is None:
        return f"{title} wants nothing: {wish.reason}" if wish.reason else f"{title} wants nothing"
    wants_w = wish.power_w if wish.wants_w is None else wish.wants_w
    sentence = f"{wish.by or title} wants {wants_w:.0f} W"
    if wish.reason:
        sentence += f", {wish.reason}"
    if wanted.held_by:
        sentence += f"; {wanted.held_by} allows {wish.power_w:.0f} W"
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
