"""Export avoidance: store what the site has left over."""

from typing import Final

from appliance.model import Memory, Snapshot, Wish
from appliance.modes._answers import nothing, unknown
from appliance.modes._avoidance import avoid_export
from appliance.modes._entries import Times
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
from appliance.site.periods import Period

TITLE: Final = "Export avoidance"
SUMMARY: Final = "Stores what the site has left over"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}


class ModeSettings(Settings):
    """When."""

    during: tuple[Period, ...] = ()
    """Empty: always."""
    smoothing_s: Smoothing = SMOOTHING_S
    """Time constant with which the residual load is smoothed. 0: not at all."""


class Mode:
    """Charges what is left over; modes below may charge more, or cover the load."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        self._times = Times(settings.during, site.zone)
        self._residual = Residual(site, settings.smoothing_s)

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """As much as is left over; without a surplus only the bound that no export begins."""
        return self._answer(seen, self._residual.step(seen, memory))

    def wakes(self, seen: Snapshot, memory: Memory) -> bool:
        """When more is left over than it costs to be awake."""
        return worth_waking(self._answer(seen, residual_now_w(seen, memory)))

    def _answer(self, seen: Snapshot, residual_w: float | None) -> Wish:
        why_not = self._times.why_not(seen.utc, seen.clock_trusted)
        if why_not:
            return nothing(why_not)
        return unknown(SILENT) if residual_w is None else avoid_export(residual_w)
