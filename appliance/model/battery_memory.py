"""What is remembered of the battery over restarts."""

from datetime import datetime

from appliance.model.word import Word


class BalanceEpisode(Word, frozen=True):
    """Once that cells were balanced; `spread_v`: highest less lowest cell of the worst rack."""

    began_at: datetime
    spread_before_v: float | None
    ended_at: datetime | None = None
    """None: still going on, or the box was switched off meanwhile."""
    spread_after_v: float | None = None


class BatteryMemory(Word, frozen=True):
    """What the estimator knows that the BMS does not tell."""

    soc_delta_pct: float = 0.0
    """Added to the BMS's state of charge."""
    soc_drift_pct: float | None = None
    """BMS less truth when the battery was last full or empty; + it said too much."""
    capacities_ah: tuple[float, ...] = ()
    """The last measurements between two ends, oldest first."""
    resistance_ohm: float | None = None
    """Of the whole battery at 25 °C."""
    gaps: int = 0
    gap_s: float = 0.0
    """How often, and how long in all, the current was not known; nothing is counted meanwhile."""
    asleep: bool = False
    """It was sent to sleep, and has not answered since."""
    asleep_s: float = 0.0
    """Time asleep since it was installed."""
    balancing: tuple[BalanceEpisode, ...] = ()
    """The last episodes, oldest first."""
