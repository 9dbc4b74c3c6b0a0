"""Which alarms are shown, in which words, what can be done about them, and which one is the banner?"""

from datetime import datetime

from appliance import texts
from appliance.gui import figures
from appliance.gui.asks import Asked
from appliance.gui.texts import spoken, text
from appliance.model import ActiveError, Effect, Severity, Status, Word

ORDER = (Severity.CRITICAL, Severity.ERROR, Severity.WARNING)
NO_POWER = {Effect.NO_CHARGE, Effect.NO_DISCHARGE}
TONES = {Severity.WARNING: "warning", Severity.ERROR: "fault", Severity.CRITICAL: "critical"}


class AlarmRow(Word, frozen=True):
    """One row of the alarms page."""

    number: int
    tone: str
    """warning, fault, critical."""
    caption: str
    title: str
    did: str
    """What the box did about it."""
    body: str
    button: str
    """"" when it is confirmed."""
    can_confirm: bool
    confirmed: str
    reset: str
    """On the button of an error that stays until it is reset; "" for all others."""
    can_reset: bool
    refused: str
    """Why it was not reset."""


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
    """Those that wait for a person first, then worst first, then newest first."""
    errors = list(status.decision.errors) if status is not None else []
    errors.sort(key=lambda error: error.since_at, reverse=True)
    errors.sort(key=lambda error: (not _waits(error), ORDER.index(error.severity)))
    return errors


def _waits(error: ActiveError) -> bool:
    return error.acknowledged_by is None or _resettable(error)


def _resettable(error: ActiveError) -> bool:
    """The emergency stop has a page and a reset of its own."""
    return error.latched and Effect.EMERGENCY_STOP not in error.effects


def alarm_rows(status: Status | None, asked: Asked, now: datetime) -> tuple[AlarmRow, ...]:
    """The active alarms."""
    return tuple(_row(error, asked, now) for error in _errors(status))


def _row(error: ActiveError, asked: Asked, now: datetime) -> AlarmRow:
    by, number = error.acknowledged_by, error.number
    confirming, resetting = number in asked.confirming, number in asked.resetting_errors
    button = "" if by is not None else text("confirming" if confirming else "confirm")
    refused = asked.error_refused if _resettable(error) and asked.refused_number == number else ""
    where = figures.since(error.source_name, error.since_at, now)
    told = figures.sentence(error.source.partition(":")[2].strip())
    words = (told, texts.remedy(error, spoken()))
    return AlarmRow(
        number=number,
        tone=TONES[error.severity],
        caption=f"{text(f'severity_{error.severity}')} · {where}",
        title=texts.title(error, spoken()),
        did=did(error),
        body=" ".join(figures.closed(part) for part in words if part),
        button=button,
        can_confirm=by is None and not confirming,
        confirmed="" if by is None else figures.confirmed_by(by),
        reset=text("reset_asking" if resetting else "reset_hold") if _resettable(error) else "",
        can_reset=_resettable(error) and not resetting,
        refused=text("not_reset", reason=refused) if refused else "",
    )


def did(error: ActiveError) -> str:
    """What the box did about an error."""
    effects = list(error.effects)
    if set(effects) >= NO_POWER:
        effects = [effect for effect in effects if effect not in NO_POWER]
        words = [text("effect_no power")]
    else:
        words = []
    percent = "" if error.derate_pct is None else f"{error.derate_pct:.0f}"
    words += [text(f"effect_{effect}", percent=percent) for effect in effects]
    if error.latched:
        words.append(text("latched"))
    return " · ".join(words) or text("effect_none")


def alarms_head(status: Status | None, asked: Asked) -> AlarmsHead:
    """Counts, and what an empty list means."""
    errors = _errors(status)
    unseen = [error for error in errors if error.acknowledged_by is None]
    empty = "alarms_unknown" if status is None else "alarms_none"
    return AlarmsHead(
        active=len(errors),
        unseen=len(unseen),
        badge=str(len(unseen) or len(errors) or ""),
        tone=TONES[(unseen or errors)[0].severity] if errors else "",
        count=_count(errors, len(unseen)),
        can_confirm_all=len({e.number for e in unseen} - asked.confirming) > 1,
        refused=text("not_confirmed", reason=asked.confirm_refused)
        if asked.confirm_refused
        else "",
        empty_title=text(empty),
        empty_more=text(f"{empty}_more"),
        known=status is not None,
    )


def _count(errors: list[ActiveError], unseen: int) -> str:
    """How many there are, and for how many of them a person is waited for."""
    if not errors:
        return ""
    latched = sum(map(_resettable, errors))
    words = [text("alarms_active", count=len(errors))]
    words.append(text("alarms_unseen", count=unseen) if unseen else text("alarms_seen"))
    if latched:
        words.append(text("alarms_latched", count=latched))
    return " · ".join(words)


def banner(status: Status | None) -> Banner:
    """The worst alarm that nobody has confirmed."""
    unseen = [error for error in _errors(status) if error.acknowledged_by is None]
    if not unseen:
        return Banner(title="", tone="", more="")
    worst = unseen[0]
    more = text("banner_more", count=len(unseen) - 1) if len(unseen) > 1 else ""
    return Banner(title=_named(worst), tone=TONES[worst.severity], more=more)


def _named(error: ActiveError) -> str:
    """The title, after the source unless the title names it."""
    title, source = texts.title(error, spoken()), error.source_name
    if source.casefold() in error.title.casefold():
        return title
    return text("banner", source=figures.named(source), title=title)
