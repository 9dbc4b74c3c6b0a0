"""Which alarms are shown, in which words, and which one is the banner?"""

from datetime import datetime

from appliance.gui import figures
from appliance.gui.asks import Asked
from appliance.gui.texts import text
from appliance.model import ActiveError, Effect, Severity, Status, Word

ORDER = (Severity.CRITICAL, Severity.ERROR, Severity.WARNING)
NO_POWER = {Effect.NO_CHARGE, Effect.NO_DISCHARGE}


class AlarmRow(Word, frozen=True):
    """One row of the alarms page."""

    number: int
    tone: str
    """warning, fault."""
    caption: str
    title: str
    body: str
    button: str
    """"" when it is confirmed."""
    can_confirm: bool
    confirmed: str


class AlarmsHead(Word, frozen=True):
    """The head of the alarms page, and the badge on the rail."""

    active: int
    unseen: int
    badge: str
    tone: str
    count: str
    can_confirm_all: bool
    refused: str
    empty_title: str
    empty_more: str
    known: bool


class Banner(Word, frozen=True):
    """The worst alarm that nobody has confirmed; `title` is "" when there is none."""

    title: str
    tone: str
    more: str


def _errors(status: Status | None) -> list[ActiveError]:
    """Unconfirmed first, then worst first, then newest first."""
    errors = list(status.decision.errors) if status is not None else []
    errors.sort(key=lambda error: error.since_at, reverse=True)
    errors.sort(key=lambda error: (error.acknowledged_by is not None, ORDER.index(error.severity)))
    return errors


def _tone(severity: Severity) -> str:
    return "warning" if severity is Severity.WARNING else "fault"


def alarm_rows(status: Status | None, asked: Asked, now: datetime) -> tuple[AlarmRow, ...]:
    """The active alarms."""
    return tuple(_row(error, asked, now) for error in _errors(status))


def _row(error: ActiveError, asked: Asked, now: datetime) -> AlarmRow:
    by = error.acknowledged_by
    confirming = error.number in asked.confirming
    button = "" if by is not None else text("confirming" if confirming else "confirm")
    return AlarmRow(
        number=error.number,
        tone=_tone(error.severity),
        caption=figures.since(error.source, error.since_at, now),
        title=error.title,
        body=" ".join(part for part in (did(error.effects), figures.closed(error.remedy)) if part),
        button=button,
        can_confirm=by is None and not confirming,
        confirmed="" if by is None else figures.confirmed_by(by),
    )


def did(effects: tuple[Effect, ...]) -> str:
    """What the box did about an error."""
    if set(effects) >= NO_POWER:
        return text("effect_no power")
    return " ".join(text(f"effect_{effect}") for effect in effects)


def alarms_head(status: Status | None, asked: Asked) -> AlarmsHead:
    """Counts, and what an empty list means."""
    errors = _errors(status)
    unseen = [error for error in errors if error.acknowledged_by is None]
    count = "alarms_count" if unseen else "alarms_count_seen"
    empty = "alarms_unknown" if status is None else "alarms_none"
    return AlarmsHead(
        active=len(errors),
        unseen=len(unseen),
        badge=str(len(unseen) or len(errors) or ""),
        tone=_tone((unseen or errors)[0].severity) if errors else "",
        count=text(count, active=len(errors), unseen=len(unseen)) if errors else "",
        can_confirm_all=len({e.number for e in unseen} - asked.confirming) > 1,
        refused=text("not_confirmed", reason=asked.confirm_refused)
        if asked.confirm_refused
        else "",
        empty_title=text(empty),
        empty_more=text(f"{empty}_more"),
        known=status is not None,
    )


def banner(status: Status | None) -> Banner:
    """The worst alarm that nobody has confirmed."""
    unseen = [error for error in _errors(status) if error.acknowledged_by is None]
    if not unseen:
        return Banner(title="", tone="", more="")
    worst = unseen[0]
    more = text("banner_more", count=len(unseen) - 1) if len(unseen) > 1 else ""
    return Banner(title=_named(worst), tone=_tone(worst.severity), more=more)


def _named(error: ActiveError) -> str:
    """The title, after the source unless the title names it."""
    source = error.source.partition(":")[0]
    if source.casefold() in error.title.casefold():
        return error.title
    return text("banner", source=figures.name(source), title=error.title)
