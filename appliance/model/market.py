"""What the outside says of time and money: the parts that hold now, picked before the cycle begins.

Prices are per kWh in the site's currency: an import price is paid, an export price is paid to the site. All
instants are aware UTC; a start belongs to its step, an end does not.
"""

from datetime import datetime

from appliance.model.word import Word


class PriceStep(Word, frozen=True):
    """Prices from one instant to another. None: not known."""

    start_at: datetime
    end_at: datetime
    import_per_kwh: float | None = None
    export_per_kwh: float | None = None


class Imbalance(Word, frozen=True):
    """The latest of the system's imbalance: price and volume, each with the settlement period it belongs to."""

    price_per_kwh: float
    price_start_at: datetime
    volume_wh: float
    """+ the system is short, − long."""
    volume_start_at: datetime


class PlanStep(Word, frozen=True):
    """What a plan wants from one instant to another: a power, or a state of energy at the end."""

    start_at: datetime
    end_at: datetime
    power_w: float | None = None
    """Battery power, discharge +."""
    soe_wh: float | None = None
    made_at: datetime | None = None
    """When the plan was made."""


class Dispatch(Word, frozen=True):
    """An order of a market platform."""

    start_at: datetime
    end_at: datetime
    action: str
    """charge_max, discharge_max, avoid_import, avoid_export."""
    allow_deviation: bool = False
    """Modes below may do something else."""


class ScheduleEntry(Word, frozen=True):
    """One entry of a charge schedule. None: nothing is asked of that quantity."""

    start_at: datetime
    end_at: datetime
    power_w: float | None = None
    """Battery power, discharge +."""
    reactive_var: float | None = None


class Schedule(Word, frozen=True):
    """The entries of one source, in the order of time, without overlap."""

    source: str
    """cloud, local."""
    entries: tuple[ScheduleEntry, ...]


class Market(Word, frozen=True):
    """What holds now. None: nobody has said, or it is over."""

    price: PriceStep | None = None
    imbalance: Imbalance | None = None
    plan: PlanStep | None = None
    dispatch: Dispatch | None = None
    unread: tuple[str, ...] = ()
    """Sources that cannot be used, each with the reason; what they said before still counts."""


class MarketData(Word, frozen=True):
    """Everything that was told, for any time. Prices and plan in the order of time, without overlap."""

    prices: tuple[PriceStep, ...] = ()
    imbalance: Imbalance | None = None
    plan: tuple[PlanStep, ...] = ()
    dispatch: tuple[Dispatch, ...] = ()
    """As the platform orders them: of several that hold the first counts."""
    unread: tuple[str, ...] = ()
