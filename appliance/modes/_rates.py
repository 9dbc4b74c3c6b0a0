"""Rates per kWh that hold at some times."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from appliance.settings import Settings
from appliance.site.periods import Calendar, Period

Price = Annotated[float, Field(ge=-10_000, le=10_000)]
"""Per kWh, in the site's currency."""


class TimedRate(Settings):
    """A rate, and when it holds."""

    rate_per_kwh: Price
    """Per kWh while it holds. An export rate that is paid to the site is negative."""
    during: tuple[Period, ...] = ()
    """Empty: always."""


class Rates:
    """Several timed rates."""

    def __init__(self, rates: tuple[TimedRate, ...], zone: str) -> None:
        self._rates = tuple(
            (one.rate_per_kwh, Calendar(one.during, zone) if one.during else None) for one in rates
        )

    def total(self, utc: datetime) -> float:
        """The sum of all that hold now."""
        return sum((rate for rate, when in self._rates if when is None or when.at(utc)), 0.0)

    def first(self, utc: datetime) -> float | None:
        """The first that holds now; None: none does."""
        return next((rate for rate, when in self._rates if when is None or when.at(utc)), None)
