"""The next time of day by which something is to be done, and how much of the time until then may be used for it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from appliance.site.periods import Period, Span

DAY: Final = timedelta(days=1)
DAYS_AHEAD: Final = 9
Times = tuple[datetime, datetime]


class Deadline:
    """`by`: its days and its start count. `during`: when something may be done; none at all: always."""

    def __init__(self, by: Period, during: tuple[Period, ...], zone: str) -> None:
        self._zone = ZoneInfo(by.zone or zone)
        self._by = Span(by, zone)
        self._during = tuple(Span(period, zone) for period in during)
        self._from: datetime | None = None
        self._next: datetime | None = None
        self._parts: tuple[Times, ...] = ()

    def after(self, utc: datetime) -> datetime:
        """The next one after that instant. The calendar is asked once for each."""
        if self._from is None or self._next is None or not self._from <= utc < self._next:
            self._from = utc
            self._next = next(begin for begin, _ in _on(self._by, self._days(utc)) if begin > utc)
            self._parts = tuple(self._find(utc, self._next))
        return self._next

    def left_s(self, utc: datetime) -> float:
        """Time until it that may be used."""
        self.after(utc)
        left = sum(
            ((end - max(begin, utc)) for begin, end in self._parts if end > utc), timedelta()
        )
        return left.total_seconds()

    def _find(self, utc: datetime, until: datetime) -> Iterator[Times]:
        """The parts of that time that may be used, in order and without overlap."""
        if not self._during:
            yield utc, until
            return
        found = sorted(part for span in self._during for part in _on(span, self._days(utc)))
        reached = utc
        for part in found:
            begin, end = max(part[0], reached), min(part[1], until)
            if begin < end:
                yield begin, end
                reached = end

    def _days(self, utc: datetime) -> Iterator[datetime]:
        today = utc.astimezone(self._zone)
        return (today + number * DAY for number in range(-2, DAYS_AHEAD))


def _on(span: Span, days: Iterator[datetime]) -> Iterator[Times]:
    """When it holds on those of the days that are among its own."""
    for day in days:
        begin, end = span.on(day.date())
        found = span.at(begin)
        if found is not None and found[0] == begin:
            yield begin, end
