"""What does the screen show? From the newest Status to texts, tones and positions; no Qt, no clock."""

from datetime import datetime

from appliance import texts
from appliance.gui import figures
from appliance.gui.alarms import AlarmRow, AlarmsHead, Banner, alarm_rows, alarms_head, banner
from appliance.gui.asks import Asked
from appliance.gui.by_hand import ByHand, by_hand
from appliance.gui.estop import Estop, estop
from appliance.gui.flows import Flow, Ring, flows, ring
from appliance.gui.heard import HeardRow, heard_rows
from appliance.gui.modes import (
    ModeRow,
    ModesHead,
    ModeTile,
    mode_rows,
    mode_tile,
    modes_head,
    more_rows,
)
from appliance.gui.states import (
    CHOICES,
    RESTARTS,
    Start,
    StateHead,
    StateRow,
    start,
    state_head,
    state_rows,
)
from appliance.gui.texts import spoken, text
from appliance.gui.why import limit_name, sentence
from appliance.model import State, Status, Word

GREY_AFTER_S = 1.0
LOST_AFTER_S = 5.0

PILL_TONES = {
    State.INIT: "info",
    State.WAKING: "info",
    State.PRECHARGE: "info",
    State.STARTING: "info",
    State.RUN: "ok",
    State.ISLAND: "warning",
    State.STOPPING: "info",
    State.IDLE: "quiet",
    State.MAINTENANCE: "warning",
    State.ERROR: "fault",
    State.SLEEP: "quiet",
    State.RESTART: "info",
    State.REBOOT: "info",
}


class Look(Word, frozen=True):
    """Everything a view depends on."""

    status: Status | None
    """The newest, however old."""
    age_s: float
    """Of that status; of the screen itself when there is none."""
    utc: datetime
    asked: Asked = Asked()
    site: str = ""
    """Its name, until the core says one."""
    has_pv: bool = True
    battery_w: float | None = None
    """Battery power (discharge +), averaged, so that the time to full does not flicker."""

    @property
    def live(self) -> bool:
        """May the values be shown as those of now?"""
        return self.status is not None and self.age_s <= GREY_AFTER_S


class Header(Word, frozen=True):
    """The status bar."""

    site: str
    pill: str
    pill_tone: str
    """ok, info, quiet, warning, fault."""
    time: str
    clock_note: str


class Why(Word, frozen=True):
    """The core's sentence, and the limit in force."""

    sentence: str
    limit: str


class Link(Word, frozen=True):
    """Is there a core?"""

    live: bool
    lost: bool
    detail: str


class View(Word, frozen=True):
    """The whole screen."""

    header: Header
    link: Link
    solar: Flow
    grid: Flow
    load: Flow
    battery: Flow
    ring: Ring
    mode: ModeTile
    modes: ModesHead
    why: Why
    banner: Banner
    alarms: AlarmsHead
    estop: Estop
    by_hand: ByHand
    state: StateHead
    start: Start
    alarm_rows: tuple[AlarmRow, ...]
    mode_rows: tuple[ModeRow, ...]
    more_rows: tuple[ModeRow, ...]
    heard_rows: tuple[HeardRow, ...]
    state_rows: tuple[StateRow, ...]
    restart_rows: tuple[StateRow, ...]


def view(look: Look) -> View:
    """The screen for what is known."""
    four = flows(look.status, look.live, look.has_pv)
    return View(
        header=_header(look),
        link=_link(look),
        solar=four.solar,
        grid=four.grid,
        load=four.load,
        battery=four.battery,
        ring=ring(look.status, look.live, look.battery_w),
        mode=mode_tile(look.status, look.live, look.asked),
        modes=modes_head(look.status, look.asked),
        why=_why(look),
        banner=banner(look.status),
        alarms=alarms_head(look.status, look.asked),
        by_hand=by_hand(look.status, look.live, look.asked),
        estop=estop(look.status, look.live, look.age_s, look.asked),
        state=state_head(look.status, look.live, look.asked),
        start=start(look.status, look.live, look.asked),
        alarm_rows=alarm_rows(look.status, look.asked, look.utc),
        mode_rows=mode_rows(look.status, look.live, look.asked),
        more_rows=more_rows(look.status, look.live, look.asked),
        heard_rows=heard_rows(look.status),
        state_rows=state_rows(look.status, look.live, look.asked, CHOICES),
        restart_rows=state_rows(look.status, look.live, look.asked, RESTARTS),
    )


def _header(look: Look) -> Header:
    status = look.status
    pill, tone = _pill(look)
    trusted = status.snapshot.clock_trusted if status is not None else None
    return Header(
        site=status.site if status is not None else look.site,
        pill=pill,
        pill_tone=tone,
        time=figures.clock_time(look.utc),
        clock_note=text("clock_not_set") if trusted is False else "",
    )


def _pill(look: Look) -> tuple[str, str]:
    status = look.status
    if status is None:
        return text("state_connecting"), "quiet"
    if look.age_s > LOST_AFTER_S:
        return text("state_no_data"), "fault"
    if not look.live:
        return text("data_age", age=figures.age(look.age_s)), "warning"
    decision = status.decision
    if decision.test is not None:
        left = figures.left(decision.test.until_s - decision.now_s)
        return text("test_pill", left=left), "warning"
    if decision.manual is not None and decision.state is State.RUN:
        return text("state_manual"), "info"
    title = texts.state_title(decision.state, spoken())
    return title, PILL_TONES.get(decision.state, "quiet")


def _link(look: Look) -> Link:
    status = look.status
    if status is None:
        detail = text("lost_never", age=figures.age(look.age_s))
    else:
        heard_at = figures.clock_time(status.snapshot.utc)
        detail = text("lost_since", age=figures.age(look.age_s), time=heard_at)
    return Link(live=look.live, lost=look.age_s > LOST_AFTER_S, detail=detail)


def _why(look: Look) -> Why:
    if look.status is None:
        return Why(sentence=text("why_unknown"), limit="")
    decision = look.status.decision
    binding = decision.limits.binding if look.live else None
    return Why(
        sentence=sentence(look.status),
        limit=text("limited", limit=limit_name(binding)) if binding else "",
    )
