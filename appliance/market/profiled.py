"""The market in virtual time: what the rows of a profile say of prices, imbalance and plan."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, Protocol

from appliance.market.view import EARLIEST, LATEST
from appliance.model import Imbalance, Market, PlanStep, PriceStep
from appliance.modes._settlement import settlement_start

COLUMNS: Final = frozenset(
    {
        "import_price_per_kwh", "export_price_per_kwh",
        "imbalance_price_per_kwh", "imbalance_wh", "plan_power_w", "plan_soe_wh",
    }
)  # fmt: skip


class ProfileRow(Protocol):
    """What a profile knows until its next row; None: nobody says."""

    from_s: float
    """Seconds from the profile's first row."""
    import_price_per_kwh: float | None
    export_price_per_kwh: float | None
    imbalance_price_per_kwh: float | None
    imbalance_wh: float | None
    plan_power_w: float | None
    plan_soe_wh: float | None


class ProfileRows(Protocol):
    """Rows by seconds from the first; after its end the profile begins again."""

    start_at: datetime
    period_s: float
    until_s: float
    """For so long what `at` has answered holds."""

    @property
    def columns(self) -> Collection[str]:
        """The ones there are."""

    def at(self, seconds: float, /) -> ProfileRow:
        """What holds then."""


class ProfileMarket:
    """One Market a row, the same object for as long as the row holds: this is asked every step of a year."""

    def __init__(self, profile: ProfileRows) -> None:
        self._profile = profile
        told = not COLUMNS.isdisjoint(profile.columns)
        self._market: Market | None = None
        self._from_at = LATEST if told else EARLIEST
        self._until_at = LATEST

    def at(self, utc: datetime) -> Market | None:
        """What holds; None: the profile has no such column."""
        if not self._from_at <= utc < self._until_at:
            self._turn_page(utc)
        return self._market

    def _turn_page(self, utc: datetime) -> None:
        profile = self._profile
        seconds = (utc - profile.start_at).total_seconds()
        row = profile.at(seconds)
        since_s = seconds - (seconds % profile.period_s - row.from_s)
        self._from_at = from_at = profile.start_at + timedelta(seconds=since_s)
        self._until_at = until_at = profile.start_at + timedelta(seconds=profile.until_s)
        self._market = market_of(row, from_at, until_at)


def market_of(row: ProfileRow, start_at: datetime, end_at: datetime) -> Market:
    """A row's imbalance is that of the settlement period in which the row begins; its plan was made as it began."""
    price = plan = imbalance = None
    if row.import_price_per_kwh is not None or row.export_price_per_kwh is not None:
        price = PriceStep(start_at, end_at, row.import_price_per_kwh, row.export_price_per_kwh)
    if row.plan_power_w is not None or row.plan_soe_wh is not None:
        plan = PlanStep(start_at, end_at, row.plan_power_w, row.plan_soe_wh, start_at)
    if row.imbalance_price_per_kwh is not None and row.imbalance_wh is not None:
        period = settlement_start(start_at)
        imbalance = Imbalance(row.imbalance_price_per_kwh, period, row.imbalance_wh, period)
    return Market(price, imbalance, plan)
