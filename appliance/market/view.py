"""Which of the market data hold at an instant. Pure; asked every cycle, so the answer is kept until it changes."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple, Protocol, TypeVar

from appliance.model import Market, MarketData

EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
LATEST: Final = datetime.max.replace(tzinfo=UTC)
NOTHING: Final = Market()


class Timed(Protocol):
    """From its start until before its end, both aware UTC."""

    @property
    def start_at(self) -> datetime:
        """Belongs to it."""

    @property
    def end_at(self) -> datetime:
        """Does not."""


Step = TypeVar("Step", bound=Timed)


class Span(NamedTuple):
    """The answer does not change inside: start included, end excluded."""

    from_at: datetime
    until_at: datetime


def in_order(steps: Sequence[Step], utc: datetime) -> tuple[Step | None, Span]:
    """The step that holds, of steps in the order of time without overlap; for how long that is so."""
    after = bisect_right(steps, utc, key=lambda step: step.start_at)
    last = steps[after - 1] if after else None
    if last is not None and utc < last.end_at:
        return last, Span(last.start_at, last.end_at)
    until_at = steps[after].start_at if after < len(steps) else LATEST
    return None, Span(EARLIEST if last is None else last.end_at, until_at)


def first(steps: Sequence[Step], utc: datetime) -> tuple[Step | None, Span]:
    """The first of the steps that hold, which may be in any order; for how long that is so."""
    from_at, until_at = EARLIEST, LATEST
    found = None
    for step in steps:
        for edge_at in (step.start_at, step.end_at):
            if edge_at <= utc:
                from_at = max(from_at, edge_at)
            else:
                until_at = min(until_at, edge_at)
        if found is None and step.start_at <= utc < step.end_at:
            found = step
    return found, Span(from_at, until_at)


class MarketView:
    """Looks again only when there are other data, or when something begins or ends; or the clock jumps."""

    def __init__(self) -> None:
        self._data: MarketData | None = None
        self._from_at, self._until_at = EARLIEST, LATEST
        self._market = NOTHING

    def at(self, data: MarketData | None, utc: datetime) -> Market:
        """What holds; the same object for as long as that is the same."""
        if data is not self._data or not self._from_at <= utc < self._until_at:
            self._pick(data, utc)
        return self._market

    def _pick(self, data: MarketData | None, utc: datetime) -> None:
        self._data = data
        if data is None:
            self._market, self._from_at, self._until_at = NOTHING, EARLIEST, LATEST
            return
        price, price_span = in_order(data.prices, utc)
        plan, plan_span = in_order(data.plan, utc)
        dispatch, dispatch_span = first(data.dispatch, utc)
        spans = (price_span, plan_span, dispatch_span)
        self._from_at = max(span.from_at for span in spans)
        self._until_at = min(span.until_at for span in spans)
        self._market = Market(price, data.imbalance, plan, dispatch, data.unread)
