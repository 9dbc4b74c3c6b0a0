"""Who was asked, who wanted what, who was followed and who held? The answers behind one decision."""

from appliance.gui.reasons import wish_reason
from appliance.gui.texts import text
from appliance.gui.why import limit_name, mode_title
from appliance.model import Decision, Heard, Status, Wish, Word


class HeardRow(Word, frozen=True):
    """The answer of one mode, or the limit that bit."""

    title: str
    wants: str
    more: str
    """The room that it leaves to those below, and its reason."""
    mark: str
    won: bool
    holds: bool
    """It has changed what another one wanted."""
    blind: bool
    """It does not know what it has to know."""
    counts: bool
    """False below one that is blind: nobody listens."""


def heard_rows(status: Status | None) -> tuple[HeardRow, ...]:
    """The first in priority first; the limit that bit is the last."""
    if status is None:
        return ()
    decision = status.decision
    rows, counts = [], True
    for one in decision.heard:
        rows.append(_row(one, status, counts))
        counts = counts and not one.wish.missing
    return (*rows, *_limit(decision)) if rows else ()


def _row(one: Heard, status: Status, counts: bool) -> HeardRow:
    wish = one.wish
    words = [*_room(wish, status.rated_w), wish_reason(wish.missing or wish.reason)]
    return HeardRow(
        title=mode_title(status, one.mode),
        wants=_wants(wish),
        more=_begun(" · ".join(word for word in words if word)),
        mark=_mark(one, counts),
        won=one.won,
        holds=one.held and not one.won,
        blind=bool(one.wish.missing),
        counts=counts,
    )


def _begun(words: str) -> str:
    """With a capital first."""
    return words[:1].upper() + words[1:]


def _mark(one: Heard, counts: bool) -> str:
    if not counts:
        return text("heard_ignored")
    if one.won:
        return text("heard_won")
    return text("heard_held") if one.held else ""


def _wants(wish: Wish) -> str:
    if wish.missing:
        return text("heard_blind")
    watts = wish.power_w if wish.wants_w is None else wish.wants_w
    if watts is not None:
        return power(watts)
    if wish.reactive_var is not None:
        return text("heard_reactive", var=f"{wish.reactive_var:.0f}").replace("-", "\N{MINUS SIGN}")
    return text("heard_nothing")


def power(watts: float) -> str:
    """Battery power (discharge +) in words."""
    whole = round(watts)
    if whole == 0:
        return text("heard_rest")
    return text("heard_discharge" if whole > 0 else "heard_charge", watts=abs(whole))


def _room(wish: Wish, rated_w: float) -> list[str]:
    """The bounds for those below; none that the battery cannot reach."""
    low, high = wish.lowest_w, wish.highest_w
    if low is not None and low == high:
        return [text("heard_exactly")]
    told = []
    if low is not None and low > -rated_w:
        told.append(_bound(low, "heard_no_charge", "heard_discharge_least", "heard_charge_most"))
    if high is not None and high < rated_w:
        told.append(
            _bound(high, "heard_no_discharge", "heard_discharge_most", "heard_charge_least")
        )
    return told


def _bound(watts: float, zero: str, discharging: str, charging: str) -> str:
    whole = round(watts)
    if whole == 0:
        return text(zero)
    return text(discharging if whole > 0 else charging, watts=abs(whole))


def _limit(decision: Decision) -> tuple[HeardRow, ...]:
    binding = decision.limits.binding
    if binding is None:
        return ()
    name = limit_name(binding)
    return (
        HeardRow(
            title=_begun(name),
            wants=power(decision.setpoints.power_w),
            more=_begun(text("heard_limit")),
            mark=text("heard_allows"),
            won=False,
            holds=True,
            blind=False,
            counts=True,
        ),
    )
