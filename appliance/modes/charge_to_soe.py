"""Charge to a state of energy by the end of a period, at an even pace."""

from typing import Final

from appliance.model import Memory, Snapshot, Wish
from appliance.modes._answers import charge, nothing, unknown
from appliance.modes._entries import NO_CLOCK, NOT_NOW, Entries, Entry
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._pace import Efficiency, WattHours, pace_w
from appliance.modes._soe import UNKNOWN, soe_wh
from appliance.modes._waking import worth_waking
from appliance.settings import Settings
from appliance.site import SiteSettings

TITLE: Final = "Charge to energy"
SUMMARY: Final = "Charges evenly to a set energy by the end of a period"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}


class Goal(Entry):
    """What should be in the battery when the period ends."""

    soe_wh: WattHours
    """State of energy."""


class ModeSettings(Settings):
    """The first entry that holds counts."""

    entries: tuple[Goal, ...] = ()
    """Empty: never."""
    charge_efficiency: Efficiency = 0.95
    """So much of what is charged arrives in the battery."""


class Mode:
    """Charges what is missing; modes below may charge faster."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        self._efficiency = settings.charge_efficiency
        self._entries = Entries(settings.entries, site.zone)
        self._site = site

    def wish(self, seen: Snapshot, _memory: Memory) -> Wish:
        """What is missing over the time that is left; nothing once it is there."""
        return self._answer(seen, soe_wh(seen.battery, self._site))

    def wakes(self, seen: Snapshot, _memory: Memory) -> bool:
        """When it would charge; a battery that sleeps because it is empty does not say so."""
        return worth_waking(self._answer(seen, soe_wh(seen.battery, self._site) or 0.0))

    def _answer(self, seen: Snapshot, now_wh: float | None) -> Wish:
        if seen.clock_trusted is False:
            return nothing(NO_CLOCK)
        found = self._entries.at(seen.utc)
        if found is None:
            return nothing(NOT_NOW)
        if now_wh is None:
            return unknown(UNKNOWN)
        goal, end_at = found
        missing_wh = (goal.soe_wh - now_wh) / self._efficiency
        power_w = pace_w(missing_wh, seen.utc, end_at, self._site.inverter.max_charge_w)
        if power_w <= 0.0:
            return nothing(f"{goal.soe_wh:.0f} Wh are in the battery")
        return charge(power_w, f"from {now_wh:.0f} to {goal.soe_wh:.0f} Wh by {end_at:%H:%M} UTC")
