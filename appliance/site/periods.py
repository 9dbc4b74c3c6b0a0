"""When: days and clock times in a time zone, as people write them, turned into instants.

A period belongs to the day on which it starts; an end that is not after its start is on the next day, and 24:00 is
midnight. Instants are made anew for each date, so a day with 23 or 25 hours is as long as it is: a clock time that
occurs twice means the first time, one that does not occur means the instant an hour later.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from appliance.settings import Settings

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GROUPS: Final = {
    "all": frozenset(range(7)),
    "weekdays": frozenset(range(5)),
    "weekends": frozenset((5, 6)),
}
FAR_AHEAD: Final = datetime.max.replace(tzinfo=UTC)


NO_PLACES: Final = ("localtime", "posixrules", "Factory", "posix/", "right/")
"""Files beside the zones: whatever the machine is set to, nothing at all, and zones with leap seconds."""


def _known_zone(name: str) -> str:
    try:
        if name.startswith(NO_PLACES):
            raise ZoneInfoNotFoundError(name)
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = "no such time zone; a name such as Europe/Copenhagen or UTC is needed"
        raise ValueError(msg) from error
    return name


def _known_days(days: str) -> str:
    if days not in GROUPS and not set(days.split(",")) <= set(WEEKDAYS):
        msg = f"must be {', '.join(GROUPS)}, or some of {','.join(WEEKDAYS)} with commas between"
        raise ValueError(msg)
    return days


Zone = Annotated[str, AfterValidator(_known_zone)]
Days = Annotated[str, AfterValidator(_known_days)]
ClockTime = Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
"""HH:MM; 24:00 is the end of the day."""
StartTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""HH:MM. No 24:00: what starts at the end of a day starts at 00:00 of the next."""


class Period(Settings):
    """A part of some days: start included, end excluded."""

    days: Days = "all"
    start: StartTime = "00:00"
    end: ClockTime = "24:00"
    zone: Zone | None = None
    """None: the site's."""


class Span:
    """One period in its zone. Asks the calendar only when the answer may have changed."""

    def __init__(self, period: Period, zone: str) -> None:
        self._zone = ZoneInfo(period.zone or zone)
        named = {WEEKDAYS.index(day) for day in period.days.split(",") if day in WEEKDAYS}
        self._days = GROUPS.get(period.days, frozenset(named))
        self._start, self._end = _minutes(period.start), _minutes(period.end)
        if self._end <= self._start:
            self._end += 24 * 60
        self._found: tuple[datetime, datetime] | None = None
        self._from = self._until = FAR_AHEAD

    def at(self, utc: datetime) -> tuple[datetime, datetime] | None:
        """Start and end (UTC) of the occurrence that holds now; None: it is not now."""
        if not self._from <= utc < self._until:
            self._look(utc)
        return self._found

    def on(self, day: date) -> tuple[datetime, datetime]:
        """Start and end (UTC) on this day, whether or not it is one of the days."""
        return self._instant(day, self._start), self._instant(day, self._end)

    def _look(self, utc: datetime) -> None:
        """The occurrence that holds, or the gap between two of them."""
        today = utc.astimezone(self._zone).date()
        self._found, self._from, self._until = None, utc, FAR_AHEAD
        for number in range(-1, 9):
            day = today + timedelta(days=number)
            if day.weekday() not in self._days:
                continue
            start_at, end_at = self.on(day)
            if start_at <= utc < end_at:
                self._found, self._from, self._until = (start_at, end_at), start_at, end_at
                return
            if end_at <= utc:
                self._from = end_at
            elif start_at > utc:
                self._until = start_at
                return

    def _instant(self, day: date, minutes: int) -> datetime:
        days, minutes = divmod(minutes, 24 * 60)
        clock = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60)  # noqa: DTZ001 the zone follows
        return (clock + timedelta(days=days)).replace(tzinfo=self._zone).astimezone(UTC)


class Calendar:
    """Several periods, of which the first that holds counts."""

    def __init__(self, periods: tuple[Period, ...], zone: str) -> None:
        self._spans = tuple(Span(period, zone) for period in periods)

    def at(self, utc: datetime) -> tuple[datetime, datetime] | None:
        """Start and end (UTC) of what holds now; None: nothing does."""
        for span in self._spans:
            found = span.at(utc)
            if found is not None:
                return found
        return None


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return 60 * int(hours) + int(minutes)
