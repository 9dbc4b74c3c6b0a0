"""For how long did each limit hold the battery back, by UTC day: pure, told of every Decision in order.

How long comes from the monotonic clock, the day from the wall clock at the beginning of each step.
So the sum over all days and names is exactly the time that passed, however the wall clock jumps.
"""

from datetime import datetime, timedelta
from typing import Final

from appliance.model import Decision

FREE: Final = "none"
"""No limit held the wish back."""
UNSEEN: Final = "unseen"
"""More than LONGEST_STEP_S without a decision: nobody knows."""
LONGEST_STEP_S: Final = 2.0
DAY: Final = timedelta(days=1)
Seconds = tuple[str, str, float]


def split(begin: datetime, step_s: float) -> list[tuple[str, float]]:
    """`step_s` from `begin` on, cut at midnights: the days, and the seconds in each."""
    parts = []
    while True:
        midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
        left_s = (midnight - begin).total_seconds()
        day = begin.date().isoformat()
        if step_s <= left_s:
            parts.append((day, step_s))
            return parts
        parts.append((day, left_s))
        step_s -= left_s
        begin = midnight


class LimitHours:
    """Belongs to one thread."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, str], float] = {}
        self._last: Decision | None = None

    def add(self, decision: Decision) -> None:
        """One cycle: what the one before had decided has held until now."""
        last, self._last = self._last, decision
        if last is None:
            return
        step_s = decision.now_s - last.now_s
        if step_s <= 0.0:
            return
        name = UNSEEN if step_s > LONGEST_STEP_S else last.limits.binding or FREE
        for day, seconds in split(last.utc, step_s):
            key = day, name
            self._seconds[key] = self._seconds.get(key, 0.0) + seconds

    def waiting(self) -> list[Seconds]:
        """What has not been written yet: (day, name, seconds)."""
        return [(day, name, seconds) for (day, name), seconds in self._seconds.items()]

    def written(self) -> None:
        """What was waiting is on its way to the disk."""
        self._seconds.clear()
