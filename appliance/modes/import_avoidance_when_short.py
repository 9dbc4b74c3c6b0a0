"""Import avoidance while the electricity system is short of power."""

from typing import Final

from appliance.model import Memory, Snapshot, Wish
from appliance.modes._answers import nothing, unknown
from appliance.modes._avoidance import avoid_import
from appliance.modes._entries import NO_CLOCK, NOT_NOW, Entries, Entry
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._prediction import NEVER, Allowance, predicted
from appliance.modes._residual import SILENT, SMOOTHING_S, Residual, Smoothing
from appliance.settings import Settings
from appliance.site import SiteSettings

TITLE: Final = "Import avoidance when short"
SUMMARY: Final = "Covers what the site draws while the system is short of power"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}


class WhenShort(Entry):
    """When to look at the system."""

    short_prediction: Allowance = NEVER
    """Whether the settlement period before may say that the system is short."""


class ModeSettings(Settings):
    """The first entry that holds counts."""

    entries: tuple[WhenShort, ...] = ()
    """Empty: never."""
    smoothing_s: Smoothing = SMOOTHING_S
    """Time constant with which the residual load is smoothed. 0: not at all."""


class Mode:
    """Discharges what the site draws, as long as the system is short."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        self._entries = Entries(settings.entries, site.zone)
        self._residual = Residual(site, settings.smoothing_s)

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """As import avoidance; nothing while the system is long or nobody says."""
        residual_w = self._residual.step(seen, memory)
        if seen.clock_trusted is False:
            return nothing(NO_CLOCK)
        found = self._entries.at(seen.utc)
        if found is None:
            return nothing(NOT_NOW)
        imbalance = predicted(seen.market, seen.utc, found[0].short_prediction, NEVER)
        if imbalance is None:
            return nothing("nobody says whether the system is short")
        if imbalance.volume_wh <= 0.0:
            return nothing("the system is not short")
        return unknown(SILENT) if residual_w is None else avoid_import(residual_w)

    def wakes(self, _seen: Snapshot, _memory: Memory) -> bool:
        """Never: it does not charge."""
        return False
