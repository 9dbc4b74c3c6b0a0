"""What goes wrong on purpose: one switch per fault."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass
class Faults:
    """Switches that tests and people turn while the hub runs."""

    silent: bool = False
    """Half-open: connections stay, nothing is answered."""
    pubacks_to_lose: int = 0
    """So many messages are stored, but not confirmed."""
    clock_skew_s: float = 0.0
    """The hub's own clock is ahead by this much when it checks signatures."""

    def loses_puback(self) -> bool:
        """True when this confirmation is to be lost."""
        if self.pubacks_to_lose <= 0:
            return False
        self.pubacks_to_lose -= 1
        return True

    def utc(self) -> datetime:
        """The hub's wall clock."""
        return datetime.now(UTC) + timedelta(seconds=self.clock_skew_s)
