"""A mode's list of lines, each with the period in which it holds. Of several the first counts."""

from datetime import datetime
from typing import Final, Generic, TypeVar

from appliance.settings import Settings
from appliance.site.periods import Calendar, Period, Span

NO_CLOCK: Final = "nobody knows what time it is"
NOT_NOW: Final = "no entry holds now"


class Entry(Settings):
    """One line."""

    period: Period = Period()
    """When it holds."""


Line = TypeVar("Line", bound=Entry)


class Entries(Generic[Line]):
    """The lines in their order."""

    def __init__(self, lines: tuple[Line, ...], zone: str) -> None:
        self._lines = tuple((line, Span(line.period, zone)) for line in lines)

    def at(self, utc: datetime) -> tuple[Line, datetime] | None:
        """The first that holds, and when its period ends; None: none does."""
        for line, span in self._lines:
            found = span.at(utc)
            if found is not None:
                return line, found[1]
        return None


class Times:
    """Periods, of which none at all means always, whatever the clock says."""

    def __init__(self, during: tuple[Period, ...], zone: str) -> None:
        self._calendar = Calendar(during, zone) if during else None

    def why_not(self, utc: datetime, clock_trusted: bool | None) -> str:
        """Why it is not the time; "" when it is."""
        if self._calendar is None:
            return ""
        if clock_trusted is False:
            return NO_CLOCK
        return "" if self._calendar.at(utc) is not None else "this is not its time"
