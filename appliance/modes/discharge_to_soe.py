"""Discharge to a state of energy by the end of a period, at an even pace."""

from typing import Final

from appliance.model import Memory, Snapshot, Wish
from appliance.modes._answers import discharge, nothing, unknown
from appliance.modes._entries import NO_CLOCK, NOT_NOW, Entries, Entry
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._pace import WattHours, pace_w
from appliance.modes._soe import UNKNOWN, soe_wh
from appliance.settings import Settings
from appliance.site import SiteSettings

TITLE: Final = "Discharge to energy"
SUMMARY: Final = "Discharges evenly to a set energy by the end of a period"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}


class Goal(Entry):
    """What should be left in the battery when the period ends."""

    soe_wh: WattHours
    """State of energy."""


class ModeSettings(Settings):
    """The first entry that holds counts."""

    entries: tuple[Goal, ...] = ()
    """Empty: never."""


class Mode:
    """Discharges what is too much; modes below may discharge faster."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        self._entries = Entries(settings.entries, site.zone)
        self._site = site

    def wish(self, seen: Snapshot, _memory: Memory) -> Wish:
        """What is too much over the time that is left; nothing once it is gone."""
        if seen.clock_trusted is False:
            return nothing(NO_CLOCK)
        found = self._entries.at(seen.utc)
        if found is None:
            return nothing(NOT_NOW)
        now_wh = soe_wh(seen.battery, self._site)
        if now_wh is None:
            return unknown(UNKNOWN)
        goal, end_at = found
        most_w = self._site.inverter.max_discharge_w
        power_w = pace_w(now_wh - goal.soe_wh, seen.utc, end_at, most_w)
        if power_w <= 0.0:
            return nothing(f"no more than {goal.soe_wh:.0f} Wh are in the battery")
        return discharge(
            power_w, f"from {now_wh:.0f} to {goal.soe_wh:.0f} Wh by {end_at:%H:%M} UTC"
        )

    def wakes(self, _seen: Snapshot, _memory: Memory) -> bool:
        """Never: it does not charge."""
        return False
