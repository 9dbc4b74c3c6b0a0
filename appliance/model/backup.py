"""Backup power: where the island is on its way, what it carries, what a test of it has found."""

from datetime import datetime
from enum import StrEnum

from appliance.model.word import Word


class IslandStep(StrEnum):
    """The way into the island and out of it, in this order."""

    OPENING = "opening"
    """The inverter is off, and the switch to the grid opens."""
    FORMING = "forming"
    """The switch is known open, and the inverter begins to make the grid."""
    CARRYING = "carrying"
    """The house lives on the battery."""
    LEAVING = "leaving"
    """The inverter goes off, and nothing carries the house for a moment."""
    CLOSING = "closing"
    """The inverter is known off, and the switch closes."""


class Island(Word, frozen=True):
    """One island, from the moment the grid is left until it is back. Times are monotonic unless they end in `_at`."""

    since_s: float
    since_at: datetime
    because: str
    step: IslandStep = IslandStep.OPENING
    step_since_s: float = 0.0
    grid_since_s: float | None = None
    """For so long the meter has seen a grid to come back to; None: it sees none."""
    over_since_s: float | None = None
    """For so long more is asked of it than it can give."""


class IslandFigures(Word, frozen=True):
    """What was measured in an island. None: nobody measured it."""

    opened_s: float | None = None
    """From the beginning until the switch was known open."""
    carried_after_s: float | None = None
    """From the beginning until the house had power again."""
    left_s: float | None = None
    """When it began to leave (monotonic)."""
    lowest_v: float | None = None
    """Line to neutral, at the inverter, while it carried."""
    highest_v: float | None = None
    lowest_hz: float | None = None
    highest_hz: float | None = None
    highest_w: float = 0.0
    carried_wh: float = 0.0
    """Into the house."""
    soc_before_pct: float | None = None
    soc_after_pct: float | None = None
    shed: tuple[str, ...] = ()
    """Every load that was shed meanwhile."""


class BackupReport(Word, frozen=True):
    """What a test of the backup has found."""

    began_at: datetime
    ended_at: datetime
    by: str
    """touchscreen, ctl, schedule."""
    asked_s: float
    """So long the house was to be carried."""
    passed: bool
    reasons: tuple[str, ...]
    """Why not; where it passed, what nobody could judge."""
    figures: IslandFigures
    back_s: float | None = None
    """From the end of the island until the box ran with the grid again: `left` to RUN."""


class BackupTrial(Word, frozen=True):
    """A test that was asked for and is not over."""

    by: str
    asked_s: float
    began_s: float
    began_at: datetime
    ended: str = ""
    """Why it goes back to the grid."""


class BackupMemory(Word, frozen=True):
    """What backup power remembers from one cycle to the next."""

    gone_since_s: float | None = None
    """Since when there is no grid; None: there is one, or nobody says that there is none."""
    gone: str = ""
    """How that is known."""
    stopped_since_s: float | None = None
    """Since when the inverter is known off or in fault."""
    black_start_by: str = ""
    """Who asked the box to start without a grid; "" when nobody has."""
    island: Island | None = None
    figures: IslandFigures = IslandFigures()
    """Of the island that is, or of the last one."""
    test: BackupTrial | None = None
    report: BackupReport | None = None
    """Of the last test."""
    shed: tuple[str, ...] = ()
    """Relays of the loads that are off now."""
    shed_changed_s: float = 0.0
    restorable_since_s: float | None = None
    """For so long one of them could be back."""


NO_BACKUP = BackupMemory()
