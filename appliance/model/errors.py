"""What can be wrong, and what that forbids."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from appliance.model.word import Word


class Effect(StrEnum):
    """What an error forbids."""

    NO_CHARGE = "no charge"
    NO_DISCHARGE = "no discharge"
    STOP = "stop"
    """Power to zero, inverter off, contactors open, in this order; state ERROR until it has cleared."""
    DERATE = "derate"
    """No more than `derate_pct` of the inverter's rating, in both directions."""
    OPEN_CONTACTORS = "open contactors"
    """STOP, and the contactors open within a second whatever flows: the battery itself is in danger."""
    EMERGENCY_STOP = "emergency stop"
    """STOP without waiting."""
    BLOCK_UPDATE = "block update"
    """No new software is put in place meanwhile."""


STOPS = frozenset({Effect.STOP, Effect.OPEN_CONTACTORS, Effect.EMERGENCY_STOP})
"""Effects that stop the box: it goes to ERROR."""


class Severity(StrEnum):
    """How bad an error is, for people."""

    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class ActiveError(Word, frozen=True):
    """One raised row of ERRORS for one source."""

    number: int
    source: str
    severity: Severity
    title: str
    remedy: str
    effects: tuple[Effect, ...]
    since_at: datetime
    latched: bool = False
    """Stays until a person resets it, even when its cause is gone."""
    acknowledged_by: str | None = None
    derate_pct: float | None = None
    """Of the rating, where an effect is DERATE."""

    @property
    def source_name(self) -> str:
        """Without the device's own words behind the colon, which may change while it is raised."""
        return self.source.partition(":")[0]

    @property
    def id(self) -> str:
        """Of this one occurrence: the same in the log, on the screen and in the cloud."""
        since = self.since_at.strftime("%Y%m%dT%H%M%S.%fZ")
        return f"{self.number}-{self.source_name.replace(' ', '_')}-{since}"


def emergency(errors: Iterable[ActiveError]) -> bool:
    """An emergency stop is among them, raised or latched."""
    return any(Effect.EMERGENCY_STOP in error.effects for error in errors)
