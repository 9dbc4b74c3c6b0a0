"""The peak that comes next, or that it is."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from appliance.site.periods import Period, Span

DAYS_AHEAD: Final = 9
Peak = tuple[datetime, datetime]
"""Start and end (UTC)."""


class Peaks:
    """The occurrences of a period. Asks the calendar only when one is over."""

    def __init__(self, period: Period, zone: str) -> None:
        self._span = Span(period, zone)
        self._zone = ZoneInfo(period.zone or zone)
        self._looked_at: datetime | None = None
        self._next: Peak | None = None

    def next(self, utc: datetime) -> Peak | None:
        """The first occurrence that has not ended yet; None: there is none for a week."""
        peak, looked_at = self._next, self._looked_at
        if peak is None or looked_at is None or not looked_at <= utc < peak[1]:
            self._next, self._looked_at = self._look(utc), utc
        return self._next

    def _look(self, utc: datetime) -> Peak | None:
        today = utc.astimezone(self._zone).date()
        for number in range(-1, DAYS_AHEAD):
            peak = self._span.on(today + timedelta(days=number))
            if peak[1] > max(utc, peak[0]) and self._span.at(peak[0]) == peak:
                return peak
        return None
