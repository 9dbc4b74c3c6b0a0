"""How long to wait before the next attempt? Full jitter, doubling, so that a fleet does not come back at once."""

from dataclasses import dataclass
from random import Random
from typing import Final

from appliance.cloud.link import Cause

FIRST_S: Final = 1.0
STABLE_S: Final = 60.0
"""A link that held this long starts again at the shortest wait."""
LONGEST_S: Final = {
    Cause.NETWORK: 30.0,
    Cause.DEADLINE: 30.0,
    Cause.OTHER: 300.0,
    Cause.REFUSED: 300.0,
}
"""A refusal or a hub that misbehaves is asked less often than one that is not there."""


@dataclass
class Pacing:
    """Counts failures in a row."""

    random: Random
    failures: int = 0

    def pause_s(self, cause: Cause, held_s: float) -> float:
        """Seconds to wait after a link that held `held_s` (0: it was never open)."""
        if held_s >= STABLE_S:
            self.failures = 0
        self.failures += 1
        ceiling_s = min(LONGEST_S[cause], FIRST_S * 2.0 ** min(self.failures - 1, 20))
        return self.random.uniform(0.0, ceiling_s)
