"""Import avoidance: cover what the site draws. With export avoidance beside it this is self-consumption."""

from typing import Final

from appliance.model import Memory, Snapshot, Wish
from appliance.modes._answers import nothing, unknown
from appliance.modes._avoidance import avoid_import
from appliance.modes._entries import Times
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._residual import SILENT, SMOOTHING_S, Residual, Smoothing
from appliance.settings import Settings
from appliance.site import SiteSettings
from appliance.site.periods import Period

TITLE: Final = "Import avoidance"
SUMMARY: Final = "Covers what the site draws from the grid"
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
    """Discharges what the site draws; modes below may discharge more, or charge with a surplus."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        self._times = Times(settings.during, site.zone)
        self._residual = Residual(site, settings.smoothing_s)

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """As much as the site draws; in a surplus only the bound that no import begins."""
        residual_w = self._residual.step(seen, memory)
        why_not = self._times.why_not(seen.utc, seen.clock_trusted)
        if why_not:
            return nothing(why_not)
        return unknown(SILENT) if residual_w is None else avoid_import(residual_w)

    def wakes(self, _seen: Snapshot, _memory: Memory) -> bool:
        """Never: it does not charge."""
        return False
