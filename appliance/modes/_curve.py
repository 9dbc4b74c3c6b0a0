"""A curve of points: the state of energy that is wanted at a price."""

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator

from appliance.modes._pace import WattHours
from appliance.modes._rates import Price
from appliance.settings import Settings


class Point(Settings):
    """One point of a curve."""

    price_per_kwh: Price
    """Price at which this state of energy is wanted."""
    soe_wh: WattHours
    """State of energy."""


def _in_order(points: tuple[Point, ...]) -> tuple[Point, ...]:
    for before, after in pairwise(points):
        if after.price_per_kwh < before.price_per_kwh:
            msg = f"prices must not fall: {before.price_per_kwh:g} before {after.price_per_kwh:g}"
            raise ValueError(msg)
    return points


Curve = Annotated[tuple[Point, ...], AfterValidator(_in_order)]
"""Prices rise from point to point; two points at one price are a step."""


def curve_at(points: tuple[Point, ...], price_per_kwh: float) -> float | None:
    """Wh at that price, straight between points; at a step what was before it. None: outside of the curve."""
    for before, after in pairwise(points):
        wide = after.price_per_kwh - before.price_per_kwh
        if wide > 0.0 and before.price_per_kwh <= price_per_kwh <= after.price_per_kwh:
            share = (price_per_kwh - before.price_per_kwh) / wide
            return before.soe_wh + share * (after.soe_wh - before.soe_wh)
    return None
