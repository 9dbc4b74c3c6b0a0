"""What does the full-screen notice of an emergency stop say, and may Reset be offered?"""

from appliance import texts
from appliance.gui import figures
from appliance.gui.asks import Asked
from appliance.gui.flows import battery_power_w
from appliance.gui.texts import spoken, text
from appliance.model import ActiveError, BoardReading, Effect, Status, Word


class Estop(Word, frozen=True):
    """The notice."""

    active: bool
    title: str
    since: str
    happened: str
    todo: str
    button: str
    """What the red button is: pressed, released, silent; or that the core is silent."""
    released: bool
    facts: str
    """Battery power and contactors."""
    label: str
    can_reset: bool
    refused: str


def estop(status: Status | None, live: bool, age_s: float, asked: Asked) -> Estop:
    """The notice for the worst error that stops the box at once; not active without one.

    Without fresh data the notice stays: an emergency stop does not end by a lost connection.
    """
    errors = [
        error
        for error in (status.decision.errors if status is not None else ())
        if Effect.EMERGENCY_STOP in error.effects
    ]
    if status is None or not errors:
        return _none()
    board = status.snapshot.board if live else None
    released = board is not None and not board.estop_pressed
    error = errors[0]
    return Estop(
        active=True,
        title=texts.title(error, spoken()),
        since=_since(error),
        happened=text(_happened(status) if live else "estop_unconfirmed"),
        todo=figures.closed(texts.remedy(error, spoken())),
        button=_button(status, live, age_s),
        released=released,
        facts=_facts(status) if live else "",
        label=_label(board, asked),
        can_reset=released and not asked.resetting,
        refused=text("not_reset", reason=asked.reset_refused) if asked.reset_refused else "",
    )


def _none() -> Estop:
    return Estop(
        active=False, title="", since="", happened="", todo="", button="", released=False, facts="",
        label=text("reset"), can_reset=False, refused="",
    )  # fmt: skip


def _happened(status: Status) -> str:
    power_w = battery_power_w(status)
    if power_w is None:
        return "estop_unconfirmed"
    moving = figures.direction(power_w, status.rated_w) != 0
    return "estop_stopping" if moving else "estop_stopped"


def _since(error: ActiveError) -> str:
    time, what = figures.clock_time(error.since_at), figures.named(error.source)
    if figures.name(error.source) == error.title:
        return text("estop_since", time=time)
    return text("estop_source_since", what=what, time=time)


def _button(status: Status, live: bool, age_s: float) -> str:
    if not live:
        return text("estop_no_data", age=figures.age(age_s))
    board = status.snapshot.board
    if board is None:
        return text("estop_unknown")
    return text("estop_pressed" if board.estop_pressed else "estop_released")


def _facts(status: Status) -> str:
    power = figures.kilowatts(battery_power_w(status), status.rated_w)
    return f"{text('estop_battery', power=power)} · {text(_contactors(status))}"


def _contactors(status: Status) -> str:
    battery = status.snapshot.battery
    closed = [rack.contactors_closed for rack in battery.racks] if battery is not None else []
    if any(closed):
        return "estop_contactors_closed"
    return "estop_contactors_unknown" if not closed or None in closed else "estop_contactors_open"


def _label(board: BoardReading | None, asked: Asked) -> str:
    if asked.resetting:
        return text("reset_asking")
    if board is None:
        return text("reset_unknown")
    return text("reset_not_yet" if board.estop_pressed else "reset_hold")
