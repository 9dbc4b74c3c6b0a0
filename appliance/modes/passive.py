"""Passive: watch and report, no power."""

from typing import Final

from appliance.model import Memory, Snapshot, Wish
from appliance.modes._answers import exactly
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.settings import Settings
from appliance.site import SiteSettings

TITLE: Final = "Passive"
SUMMARY: Final = "Watches and reports, no power"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}


class ModeSettings(Settings):
    """Nothing to set."""


class Mode:
    """Wishes for nothing."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        del settings, site

    def wish(self, _seen: Snapshot, _memory: Memory) -> Wish:
        """Always 0 W."""
        return exactly(0.0, "it only watches")

    def wakes(self, _seen: Snapshot, _memory: Memory) -> bool:
        """Never."""
        return False
