"""Local control: a person sets the battery power, for a limited time."""

from typing import Final

from appliance.model import Memory, Snapshot, Wish
from appliance.modes._answers import exactly
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.settings import Settings
from appliance.site import SiteSettings

TITLE: Final = "Local control"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}


class ModeSettings(Settings):
    """Nothing to set."""


class Mode:
    """Does what was asked until it expires, then rests."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        del settings, site

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """The asked power; 0 W without one or after its time."""
        manual = memory.manual
        if manual is None:
            return exactly(0.0, "no power was asked for")
        return exactly(manual.power_w, f"for another {manual.until_s - seen.now_s:.0f} s")

    def wakes(self, _seen: Snapshot, memory: Memory) -> bool:
        """When charging was asked for."""
        return memory.manual is not None and memory.manual.power_w < 0.0
