"""Local control: a person or a system on site sets the battery power, for a limited time."""

from typing import Final

from appliance.model import Memory, Snapshot, Wish
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._orders import Heartbeat, Otherwise, ordered, silent_s, without
from appliance.settings import Seconds, Settings
from appliance.site import SiteSettings

TITLE: Final = "Local control"
SUMMARY: Final = "A power set by hand on site, for a limited time"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}
CLOUD: Final = "cloud"


class ModeSettings(Settings):
    """When a power that was set does not count any more, and what is done then."""

    heartbeat_s: Heartbeat | None = None
    """Whoever has set the power is heard this often, or it ends for good. None: its duration is enough."""
    fallback: Otherwise = "rest"
    """Without a power that counts: 0 W, or the modes below decide."""
    cloud_away_s: Seconds | None = None
    """A power that the cloud has set ends once the cloud is away for longer. None: at its time."""


class Mode:
    """Does what was asked until it expires, then falls back."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        del site
        self._settings = settings

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """The asked power; the fallback without one, or when whoever asked is gone."""
        settings, manual = self._settings, memory.manual
        if manual is None:
            return without(settings.fallback, "no power was asked for")
        gone_s = silent_s(manual.heard_s, settings.heartbeat_s, seen.now_s)
        if gone_s is not None:
            return without(settings.fallback, f"{manual.by} was not heard for {gone_s:.0f} s")
        away_s = silent_s(memory.cloud_away_since_s, settings.cloud_away_s, seen.now_s)
        if away_s is not None and manual.by == CLOUD:
            return without(settings.fallback, f"the cloud is away for {away_s:.0f} s")
        reason = f"for another {manual.until_s - seen.now_s:.0f} s"
        return ordered(manual.power_w, manual.reactive_var, reason)

    def wakes(self, seen: Snapshot, memory: Memory) -> bool:
        """When charging was asked for."""
        power_w = None if memory.manual is None else self.wish(seen, memory).power_w
        return power_w is not None and power_w < 0.0
