"""Settlement periods: half hours, counted from a day's local midnight (Balancing and Settlement Code, section X)."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

PERIOD: Final = timedelta(minutes=30)
MOST: Final = 50
"""On the day with 25 hours; 46 on the one with 23."""


def periods_of(day: date, zone: ZoneInfo) -> int:
    """How many this day has: 46, 48 or 50 where the clocks change by an hour."""
    return (_midnight(day + timedelta(days=1), zone) - _midnight(day, zone)) // PERIOD


def start_of(day: date, number: int, zone: ZoneInfo) -> datetime:
    """UTC of the start of period `number`, which is counted from 1, in real half hours."""
    return _midnight(day, zone) + (number - 1) * PERIOD


def period_at(utc: datetime) -> datetime:
    """Start of the period that contains this instant; all zones in use are whole half hours from UTC, or nearly."""
    return utc.replace(minute=utc.minute // 30 * 30, second=0, microsecond=0)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
