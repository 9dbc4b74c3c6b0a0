"""Settlement periods: half hours of real time, at :00 and :30; numbered from London's midnight.

A London day has 48 of them, 46 when the clock goes forward and 50 when it goes back.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

HALF_HOUR: Final = timedelta(minutes=30)
LONDON: Final = ZoneInfo("Europe/London")


def settlement_start(utc: datetime) -> datetime:
    """Of the period that holds now. London is whole hours from UTC, so its half hours are UTC's."""
    return utc.replace(minute=0 if utc.minute < 30 else 30, second=0, microsecond=0)


def settlement_number(utc: datetime) -> tuple[date, int]:
    """London's date, and the period's number on it, from 1."""
    day = utc.astimezone(LONDON).date()
    return day, (utc - _midnight(day)) // HALF_HOUR + 1


def settlements_on(day: date) -> int:
    """How many that day has: 46, 48 or 50."""
    return (_midnight(day + timedelta(days=1)) - _midnight(day)) // HALF_HOUR


def start_of(day: date, number: int) -> datetime:
    """Start (UTC) of a numbered period. Raises ValueError for a number that the day does not have."""
    count = settlements_on(day)
    if not 1 <= number <= count:
        msg = f"settlement period {number} of {day}: must be 1 to {count}"
        raise ValueError(msg)
    return _midnight(day) + (number - 1) * HALF_HOUR


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=LONDON).astimezone(UTC)
