"""What files say of the market, checked; and turned into words.

Instants are ISO 8601 with a time zone; prices are per kWh in the site's currency; powers in W, discharge +; energies
in Wh. The whole of a document is refused for one mistake in it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Annotated, Final, Literal, Self, TypeVar

import msgspec
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


class _Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    prices: list[msgspec.Raw]


class _PlanStep(_Step):
    power_w: Power | None = None
    soe_wh: Energy | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.power_w is None) == (self.soe_wh is None):
            msg = "must have either power_w or soe_wh"
            raise ValueError(msg)
        return self


class _Made(Settings):
    made_at: Instant


class _Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    made_at: msgspec.Raw
    steps: list[msgspec.Raw]


class _Order(_Step):
    action: Literal["charge_max", "discharge_max", "avoid_import", "avoid_export"]
    allow_deviation: bool = False


class _Orders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    items: list[msgspec.Raw]


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


Whole = TypeVar("Whole", bound=msgspec.Struct)
Part = TypeVar("Part", bound=Settings)
Step = TypeVar("Step", PriceStep, PlanStep)


def prices(text: bytes) -> tuple[PriceStep, ...]:
    """{"prices": [{start, end, import_price_per_kwh, export_price_per_kwh}]}. Raises MarketError."""
    return price_rows(_whole(_Prices, text).prices)


def price_rows(rows: Sequence[bytes | msgspec.Raw]) -> tuple[PriceStep, ...]:
    """The same, each row a JSON object. Raises MarketError."""
    steps = (
        PriceStep(one.start, one.end, one.import_price_per_kwh, one.export_price_per_kwh)
        for one in _each(_Price, "prices", rows, MOST_STEPS)
    )
    return _in_order("prices", steps)


def plan(text: bytes) -> tuple[PlanStep, ...]:
    """{"made_at", "steps": [{start, end, power_w or soe_wh}]}. Raises MarketError."""
    said = _whole(_Plan, text)
    made_at = _checked(_Made, b'{"made_at":%b}' % bytes(said.made_at)).made_at
    steps = (
        PlanStep(one.start, one.end, one.power_w, one.soe_wh, made_at)
        for one in _each(_PlanStep, "steps", said.steps, MOST_STEPS)
    )
    return _in_order("steps", steps)


def dispatch(text: bytes) -> tuple[Dispatch, ...]:
    """{"items": [{start, end, action, allow_deviation}]}. Raises MarketError."""
    return tuple(
        Dispatch(one.start, one.end, one.action, one.allow_deviation)
        for one in _each(_Order, "items", _whole(_Orders, text).items, MOST_ITEMS)
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


def _whole(kind: type[Whole], text: bytes) -> Whole:
    """The outermost shape. What is inside is checked piece by piece: control must not wait for a whole file."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MarketError(str(error)[:LONGEST]) from None


def _each(
    kind: type[Part], name: str, pieces: Sequence[bytes | msgspec.Raw], most: int
) -> Iterator[Part]:
    if len(pieces) > most:
        msg = f"{name}: {len(pieces)} of them, must be at most {most}"
        raise MarketError(msg)
    for number, piece in enumerate(pieces, 1):
        yield _checked(kind, bytes(piece), f"{name}.{number}")


def _checked(kind: type[Part], text: bytes, place: str = "") -> Part:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        first = mistakes[0]
        path = [place] if place else []
        if first["type"] == "json_invalid":
            said = " ".join((*path, first["msg"]))
        else:
            said = sentence(first, [*path, *(str(part) for part in first["loc"])])
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
