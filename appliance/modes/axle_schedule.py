"""Axle schedule: the orders of a market platform, as they are dispatched."""

from typing import Final

from appliance.model import Dispatch, Memory, Snapshot, Wish
from appliance.modes._answers import exactly, nothing, unknown
from appliance.modes._avoidance import avoid_export, avoid_import
from appliance.modes._entries import NO_CLOCK
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._residual import (
    SILENT,
    SMOOTHING_S,
    Residual,
    Smoothing,
    residual_now_w,
)
from appliance.modes._waking import worth_waking
from appliance.settings import Settings
from appliance.site import SiteSettings

TITLE: Final = "Axle schedule"
SUMMARY: Final = "Carries out the orders of a market platform"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}
AVOIDS: Final = {"avoid_import": avoid_import, "avoid_export": avoid_export}


class ModeSettings(Settings):
    """The orders come with the market data."""

    smoothing_s: Smoothing = SMOOTHING_S
    """Time constant with which the residual load is smoothed. 0: not at all."""


class Mode:
    """Does what the order of now says; where it allows to deviate, modes below may do something else."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        self._residual = Residual(site, settings.smoothing_s)
        self._full_w = {
            "charge_max": -site.inverter.max_charge_w,
            "discharge_max": site.inverter.max_discharge_w,
        }

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """Full power, or avoidance of import or export; nothing without an order."""
        return self._answer(seen, self._residual.step(seen, memory))

    def wakes(self, seen: Snapshot, memory: Memory) -> bool:
        """When it is ordered to charge."""
        return worth_waking(self._answer(seen, residual_now_w(seen, memory)))

    def _answer(self, seen: Snapshot, residual_w: float | None) -> Wish:
        order = None if seen.market is None else seen.market.dispatch
        if order is None or not order.start_at <= seen.utc < order.end_at:
            return nothing("no order")
        if seen.clock_trusted is False:
            return nothing(NO_CLOCK)
        wish = self._ordered(order, residual_w)
        if order.allow_deviation and not wish.missing:
            return Wish(wish.power_w, f"{wish.reason}, but others may do as they like")
        return wish

    def _ordered(self, order: Dispatch, residual_w: float | None) -> Wish:
        full_w = self._full_w.get(order.action)
        if full_w is not None:
            return exactly(full_w, f"ordered until {order.end_at:%H:%M} UTC")
        avoid = AVOIDS.get(order.action)
        if avoid is None:
            return nothing(f"it does not know the order {order.action[:40]!r}")
        return unknown(SILENT) if residual_w is None else avoid(residual_w)
