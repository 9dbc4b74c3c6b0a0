"""May the system's latest imbalance be taken for that of the settlement period we are in?"""

from datetime import datetime
from math import isfinite
from typing import Annotated, Final

from pydantic import Field

from appliance.model import Imbalance, Market
from appliance.modes._settlement import HALF_HOUR, settlement_start
from appliance.settings import Settings

KNOWN_AFTER_S: Final = 600.0
"""The first figures of a period are settled so long after it has begun."""


class Allowance(Settings):
    """Whether the imbalance of the period before may stand for this one's."""

    allow: bool = False
    """A prediction may be used."""
    volume_cutoff_wh: Annotated[float, Field(ge=0, le=1e12)] = 0.0
    """The system must be at least so far out of balance."""
    time_cutoff_s: Annotated[float, Field(ge=0, le=1_800)] = KNOWN_AFTER_S
    """Only so far into the period."""


NEVER: Final = Allowance()


def predicted(
    market: Market | None, utc: datetime, when_short: Allowance, when_long: Allowance
) -> Imbalance | None:
    """The imbalance to go by, by the direction it has; None: none that may be used."""
    told = None if market is None else market.imbalance
    if told is None or told.price_start_at != told.volume_start_at:
        return None
    if not (isfinite(told.price_per_kwh) and isfinite(told.volume_wh)):
        return None
    start_at = settlement_start(utc)
    into_s = (utc - start_at).total_seconds()
    if told.volume_start_at == start_at:
        return told if into_s >= KNOWN_AFTER_S else None
    if told.volume_start_at != start_at - HALF_HOUR:
        return None
    rule = when_short if told.volume_wh > 0.0 else when_long
    enough = abs(told.volume_wh) >= rule.volume_cutoff_wh
    return told if rule.allow and enough and into_s < rule.time_cutoff_s else None
