"""Dynamic peak discharge: empty the battery into a peak of the network's charges, when the system needs it most."""

from datetime import datetime, timedelta
from typing import Final

from appliance.model import Memory, Snapshot, Wish
from appliance.modes._answers import exactly, no_charge, nothing, unknown
from appliance.modes._avoidance import cover_only
from appliance.modes._entries import NO_CLOCK, NOT_NOW, Entries, Entry
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._most import most_discharge_w
from appliance.modes._pace import WattHours
from appliance.modes._prediction import NEVER, Allowance, predicted
from appliance.modes._residual import SILENT, SMOOTHING_S, Residual, Smoothing
from appliance.modes._soe import UNKNOWN, soe_wh
from appliance.settings import Settings
from appliance.site import SiteSettings

TITLE: Final = "Dynamic peak discharge"
SUMMARY: Final = "Gives power during a network peak when it is needed most"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}
RELEASED_AFTER: Final = timedelta(minutes=10)
"""Once the battery must empty it does so until there is clearly time enough: losses empty it a
little earlier than was counted, and the power would otherwise go on and off."""


class PeakDischarge(Entry):
    """What should be left at the end of a peak, and who comes first in it."""

    target_soe_wh: WattHours = 0.0
    """State of energy at the end of the peak."""
    short_prediction: Allowance = NEVER
    """Whether the settlement period before may say that the system is short."""
    prioritise_residual_load: bool = False
    """Cover what the site draws throughout the peak, and give only what is left over to the system."""


class ModeSettings(Settings):
    """The first entry that holds counts."""

    entries: tuple[PeakDischarge, ...] = ()
    """Empty: never."""
    smoothing_s: Smoothing = SMOOTHING_S
    """Time constant with which the residual load is smoothed. 0: not at all."""


class Mode:
    """Waits for a short system as long as there is time to empty the battery; never charges in the peak."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        self._entries = Entries(settings.entries, site.zone)
        self._residual = Residual(site, settings.smoothing_s)
        self._site = site
        self._emptying = False

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """Full power when it is time or the system is short; else the site's load, or nothing."""
        residual_w = self._residual.step(seen, memory)
        was_emptying, self._emptying = self._emptying, False
        if seen.clock_trusted is False:
            return nothing(NO_CLOCK)
        found = self._entries.at(seen.utc)
        if found is None:
            return nothing(NOT_NOW)
        now_wh = soe_wh(seen.battery, self._site)
        if now_wh is None:
            return unknown(UNKNOWN)
        entry, end_at = found
        available_wh = now_wh - entry.target_soe_wh
        if available_wh <= 0.0:
            return no_charge("the battery is empty enough")
        margin = RELEASED_AFTER if was_emptying else timedelta(0)
        self._emptying = self._must_empty(available_wh, seen.utc, end_at - margin, memory, seen)
        if self._emptying:
            return self._full("it must empty until the end of the peak")
        return self._waiting(entry, seen, residual_w, available_wh, end_at)

    def wakes(self, _seen: Snapshot, _memory: Memory) -> bool:
        """Never: it does not charge."""
        return False

    def _must_empty(
        self, available_wh: float, utc: datetime, end_at: datetime, memory: Memory, seen: Snapshot
    ) -> bool:
        """No time is left to wait. A battery that may not discharge at all is not waited for either way."""
        most_w = most_discharge_w(seen, memory, self._site)
        return most_w > 0.0 and utc + timedelta(hours=available_wh / most_w) > end_at

    def _waiting(
        self, entry: PeakDischarge, seen: Snapshot, residual_w: float | None,
        available_wh: float, end_at: datetime,
    ) -> Wish:  # fmt: skip
        """While there is time: what the system's state and the site's load say."""
        imbalance = predicted(seen.market, seen.utc, entry.short_prediction, NEVER)
        short = imbalance is not None and imbalance.volume_wh >= 0.0
        if not entry.prioritise_residual_load:
            if short:
                return self._full("the system is short")
            return no_charge("it waits until the system is short")
        if residual_w is None:
            return unknown(SILENT)
        reserve_wh = residual_w * (end_at - seen.utc).total_seconds() / 3600.0
        if short and (residual_w <= 0.0 or available_wh > reserve_wh):
            return self._full("the system is short, and the site has enough")
        return cover_only(residual_w, "it keeps the rest for the peak")

    def _full(self, reason: str) -> Wish:
        return exactly(self._site.inverter.max_discharge_w, reason)
