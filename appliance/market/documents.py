"""What files say of the market, checked; and turned into words.

Instants are ISO 8601 with a time zone; prices are per kWh in the site's currency; powers in W, discharge +; energies
in Wh. The whole of a document is refused for one mistake in it.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Annotated, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, Field, ValidationError, model_validator

from appliance.data_file import sentence
from appliance.model import Dispatch, Imbalance, PlanStep, PriceStep
from appliance.modes._settlement import settlement_start, start_of
from appliance.settings import Settings

LONGEST: Final = 160
"""Of what is told of a mistake."""
MOST_ITEMS: Final = 500
"""Orders are looked through one by one."""
MOST_STEPS: Final = 10_000
MOST_PERIODS: Final = 50
"""Of a day with 25 hours."""


class MarketError(ValueError):
    """Market data cannot be used; the text names source, field, value and what is allowed."""


def _sane(at: datetime) -> datetime:
    if not 2000 <= at.year <= 2100:
        msg = "must be between 2000 and 2100"
        raise ValueError(msg)
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_sane)]
Price = Annotated[float, Field(ge=-1e5, le=1e5)]
Power = Annotated[float, Field(ge=-1e8, le=1e8)]
Energy = Annotated[float, Field(ge=0, le=1e10)]


class _Step(Settings):
    start: Instant
    end: Instant

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.end <= self.start:
            msg = f"end = {self.end.isoformat()} must be after start = {self.start.isoformat()}"
            raise ValueError(msg)
        return self


class _Price(_Step):
    import_price_per_kwh: Price | None = None
    export_price_per_kwh: Price | None = None


class _Prices(Settings):
    prices: Annotated[tuple[_Price, ...], Field(max_length=MOST_STEPS)]


class _PlanStep(_Step):
    power_w: Power | None = None
    soe_wh: Energy | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.power_w is None) == (self.soe_wh is None):
            msg = "must have either power_w or soe_wh"
            raise ValueError(msg)
        return self


class _Plan(Settings):
    made_at: Instant
    steps: Annotated[tuple[_PlanStep, ...], Field(max_length=MOST_STEPS)]


class _Order(_Step):
    action: Literal["charge_max", "discharge_max", "avoid_import", "avoid_export"]
    allow_deviation: bool = False


class _Orders(Settings):
    items: Annotated[tuple[_Order, ...], Field(max_length=MOST_ITEMS)]


class _OfPeriod(Settings):
    """A settlement period: its start, or its day and number."""

    start: Instant | None = None
    day: date | None = None
    number: Annotated[int, Field(ge=1, le=MOST_PERIODS)] | None = None

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        counted = self.day is not None and self.number is not None
        if (self.start is None) is not counted or (self.day is None) != (self.number is None):
            msg = "must have either start, or day and number"
            raise ValueError(msg)
        if self.day is not None and not 2000 <= self.day.year <= 2100:
            msg = f"day = {self.day} must be between 2000 and 2100"
            raise ValueError(msg)
        if self.start is not None and self.start != settlement_start(self.start):
            msg = f"start = {self.start.isoformat()} must be on the hour or half past"
            raise ValueError(msg)
        return self


class _PeriodPrice(_OfPeriod):
    per_kwh: Price


class _PeriodVolume(_OfPeriod):
    wh: Annotated[float, Field(ge=-1e13, le=1e13)]


class _Imbalance(Settings):
    price: _PeriodPrice
    volume: _PeriodVolume


Document = TypeVar("Document", bound=Settings)
Step = TypeVar("Step", PriceStep, PlanStep)


def prices(text: bytes) -> tuple[PriceStep, ...]:
    """{"prices": [{start, end, import_price_per_kwh, export_price_per_kwh}]}. Raises MarketError."""
    steps = (
        PriceStep(one.start, one.end, one.import_price_per_kwh, one.export_price_per_kwh)
        for one in _checked(_Prices, text).prices
    )
    return _in_order("prices", steps)


def plan(text: bytes) -> tuple[PlanStep, ...]:
    """{"made_at", "steps": [{start, end, power_w or soe_wh}]}. Raises MarketError."""
    said = _checked(_Plan, text)
    steps = (
        PlanStep(one.start, one.end, one.power_w, one.soe_wh, said.made_at) for one in said.steps
    )
    return _in_order("steps", steps)


def dispatch(text: bytes) -> tuple[Dispatch, ...]:
    """{"items": [{start, end, action, allow_deviation}]}. Raises MarketError."""
    return tuple(
        Dispatch(one.start, one.end, one.action, one.allow_deviation)
        for one in _checked(_Orders, text).items
    )


def imbalance(text: bytes) -> Imbalance:
    """{"price": {per_kwh, period}, "volume": {wh, period}}; period: start, or day and number. Raises MarketError."""
    said = _checked(_Imbalance, text)
    return Imbalance(
        said.price.per_kwh, _start("price", said.price), said.volume.wh, _start("volume", said.volume)
    )  # fmt: skip


def _start(field: str, said: _OfPeriod) -> datetime:
    if said.day is None or said.number is None:
        assert said.start is not None
        return said.start
    try:
        return start_of(said.day, said.number)
    except ValueError as error:
        msg = f"{field}.number: {error}"
        raise MarketError(msg) from None


def _checked(kind: type[Document], text: bytes) -> Document:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        first = mistakes[0]
        said = str(first["msg"]) if first["type"] == "json_invalid" else sentence(first)
        more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
        raise MarketError(said[:LONGEST] + more) from None


def _in_order(name: str, steps: Iterable[Step]) -> tuple[Step, ...]:
    """In the order of time. Raises MarketError where two overlap."""
    start: Callable[[Step], datetime] = lambda step: step.start_at  # noqa: E731 typed
    ordered = tuple(sorted(steps, key=start))
    for one, other in pairwise(ordered):
        if other.start_at < one.end_at:
            msg = (
                f"{name}: the one from {other.start_at.isoformat()} "
                f"must not begin before {one.end_at.isoformat()}, where another ends"
            )
            raise MarketError(msg)
    return ordered
