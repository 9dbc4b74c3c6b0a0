"""What the core tells the screen, the cloud and ctl."""

import msgspec

from appliance.model.decisions import Decision, Snapshot
from appliance.model.word import Word


class Lateness(Word, frozen=True):
    """How late the control loop's ticks began, in ms, over the last minute."""

    p50_ms: float
    p99_ms: float
    max_ms: float


class Scheduling(Word, frozen=True):
    """How the operating system runs the core."""

    wanted: str
    got: str
    memory_locked: bool
    reason: str = ""
    """Why not all that was wanted was obtained."""


class LackedMode(Word, frozen=True):
    """A mode that this box cannot run."""

    title: str
    because: str


class Status(Word, frozen=True):
    """What the core publishes to the screen, the cloud and ctl, ten times a second."""

    site: str
    version: str
    uptime_s: float
    snapshot: Snapshot
    decision: Decision
    ages_s: dict[str, float | None]
    """Age of the last measurement of every source; None: never heard."""
    modes: dict[str, str]
    """Every mode this box can run: name and title."""
    capacity_wh: float
    reserve_pct: float
    """State of charge below which the battery is not discharged."""
    rated_w: float
    """The largest battery power of this site, for scaling pictures."""
    lateness: Lateness | None = None
    without: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    """By mode and input: what happens while the input is missing."""
    scheduling: Scheduling | None = None
    summaries: dict[str, str] = msgspec.field(default_factory=dict)
    """By mode: what it does, in one line."""
    lacked: dict[str, LackedMode] = msgspec.field(default_factory=dict)
    """Modes that this box does not have, by name."""

    @property
    def followed(self) -> str:
        """The mode in use; while a test runs the one it tries."""
        decision = self.decision
        test = decision.test
        return decision.mode if test is None or test.mode is None else test.mode

    @property
    def beside(self) -> tuple[str, ...]:
        """The modes that are asked together with it, the first in priority first; known in RUN."""
        return tuple(one.mode for one in self.decision.heard if one.mode != self.followed)

    @property
    def load_w(self) -> float | None:
        """Site consumption: grid + battery + pv; None unless all that are metered are known."""
        seen = self.snapshot
        sources = [seen.grid, seen.inverter]
        if "meters.pv" in self.ages_s:
            sources.append(seen.pv)
        known = [one.power_w for one in sources if one is not None and one.power_w is not None]
        return sum(known) if len(known) == len(sources) else None
