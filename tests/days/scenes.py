"""Scenes of a day: what house, sun, market and grid do, and what goes wrong; each a profile made here."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from appliance.model import Dispatch, Market, Snapshot
from simulator.models.profile import Profile, parse_profile

ZONE = "Europe/Copenhagen"
EVERY_S = 300
Disturb = Callable[[Snapshot, float], Snapshot]
"""What the box sees instead, by the hour since local midnight."""


def as_it_is(seen: Snapshot, _hour: float) -> Snapshot:
    return seen


def meter_frozen(seen: Snapshot, hour: float) -> Snapshot:
    """The grid meter says the same for half an hour from noon on."""
    if not 12.0 <= hour < 12.5 or seen.grid is None:
        return seen
    return msgspec.structs.replace(seen, grid=msgspec.structs.replace(seen.grid, power_w=-1_234.0))


def bms_away(seen: Snapshot, hour: float) -> Snapshot:
    """The BMS says nothing for ten minutes in the evening."""
    return msgspec.structs.replace(seen, battery=None) if 18.0 <= hour < 18.17 else seen


def _evening(hour: float) -> float:
    """1 at half past six, 0 three hours before and after."""
    return max(0.0, 1.0 - abs(hour - 18.5) / 3.0)


def usual(hour: float) -> float:
    """Cheap from one to five, dear in the evening."""
    return 0.10 if 1.0 <= hour < 5.0 else 0.22 + 0.14 * _evening(hour)


@dataclass(frozen=True)
class Scene:
    """One day of a house with 5 kW of battery."""

    name: str
    sun_w: float = 4_500.0
    """At noon."""
    clouds: bool = False
    load_w: float = 400.0
    soc_pct: float = 50.0
    starts_at: datetime = datetime(2026, 6, 16, 22, tzinfo=UTC)
    """Local midnight."""
    hours: int = 24
    price: Callable[[float], float] = field(default=usual)
    lost_from_h: float | None = None
    """The grid is away for an hour."""
    disturb: Disturb = as_it_is

    def profile(self) -> Profile:
        """Rows of five minutes."""
        columns = "utc,load_w,pv_w,import_price_per_kwh,export_price_per_kwh,imbalance_price_per_kwh,imbalance_wh,voltage_v"
        rows = (self._row(number) for number in range(self.hours * 3600 // EVERY_S))
        return parse_profile([columns, *rows], self.name)

    def _row(self, number: int) -> str:
        at = self.starts_at + timedelta(seconds=number * EVERY_S)
        hour = number * EVERY_S / 3600.0
        day = max(0.0, math.sin(math.pi * (hour - 5.0) / 15.0)) if 5.0 < hour < 20.0 else 0.0
        shade = 0.35 + 0.65 * (math.sin(number * 1.7) > 0.0) if self.clouds else 1.0
        load_w = self.load_w * (1.0 + 0.6 * math.sin(number / 7.0) ** 2) + 1_800.0 * _evening(hour)
        price = self.price(hour)
        half_hour = int(hour * 2)
        imbalance_wh = 400_000.0 * math.sin(half_hour * 0.9)
        values = (
            load_w, self.sun_w * day**1.3 * shade, price, 0.7 * price,
            price + 0.08 * math.sin(half_hour * 0.9), imbalance_wh,
            0.0 if self.lost_from_h is not None and self.lost_from_h <= hour < self.lost_from_h + 1.0 else 232.0,
        )  # fmt: skip
        return ",".join([at.isoformat(), *(f"{value:.4f}" for value in values)])

    def market(self, market: Market | None, utc: datetime) -> Market | None:
        """With the order of a platform from 18:00 to 19:00."""
        begins = self.starts_at + timedelta(hours=18)
        order = Dispatch(begins, begins + timedelta(hours=1), "discharge_max")
        if market is None or not order.start_at <= utc < order.end_at:
            return market
        return msgspec.structs.replace(market, dispatch=order)


def negative(hour: float) -> float:
    """Paid for taking it from eleven to three."""
    return -0.05 if 11.0 <= hour < 15.0 else usual(hour)


WINTER: dict[str, Any] = {"sun_w": 500.0, "load_w": 800.0, "starts_at": datetime(2026, 1, 13, 23, tzinfo=UTC)}  # fmt: skip
SCENES = (
    Scene("sunny"),
    Scene("cloudy", clouds=True),
    Scene("winter", **WINTER),
    Scene("negative prices", price=negative),
    Scene("grid loss", lost_from_h=13.0),
    Scene("meter frozen", disturb=meter_frozen),
    Scene("BMS drop-out", disturb=bms_away),
    Scene("day of 23 hours", starts_at=datetime(2026, 3, 28, 23, tzinfo=UTC), hours=23),
    Scene("day of 25 hours", starts_at=datetime(2026, 10, 24, 22, tzinfo=UTC), hours=25),
    Scene("full", soc_pct=100.0),
    Scene("empty", soc_pct=5.0, **WINTER),
)
