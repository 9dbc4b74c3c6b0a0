"""External control: does what a system outside asks for, now or by a charge schedule.

A power that is asked for now comes before the schedule: it is newer. It ends at its time, or when whoever asked is
not heard any more. Where neither holds, the battery rests or the modes below decide (docs/decisions/0033).
"""

from typing import Final, Literal
from zoneinfo import ZoneInfo

from appliance.model import ExternalPower, Memory, Snapshot, Wish
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._orders import Heartbeat, Otherwise, ordered, silent_s, without
from appliance.modes._schedule import scheduled
from appliance.modes._waking import worth_waking
from appliance.settings import Seconds, Settings
from appliance.site import SiteSettings

TITLE: Final = "External control"
SUMMARY: Final = "Does what a system outside asks for, now or by a schedule"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}
NOBODY_ASKS: Final = "nobody asks for anything"


class ModeSettings(Settings):
    """When what was asked for does not count any more, and what is done then."""

    heartbeat_s: Heartbeat | None = None
    """Whoever asks is heard this often, or is gone. None: the duration that was asked for is enough."""
    when_silent: Literal["rest", "hold", "leave"] = "rest"
    """Once it is gone: 0 W; what was asked for, to its end; or as if nothing had been asked for."""
    otherwise: Otherwise = "leave"
    """With nothing asked for and no entry of a schedule: the modes below decide, or 0 W."""
    follows_schedule: bool = True
    """Without an order the charge schedule is followed."""
    cloud_away_s: Seconds | None = None
    """The cloud's schedule does not count once the cloud is away for longer. None: it does until it ends."""


class Mode:
    """Exactly what was asked for; nobody below may change it."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        self._settings = settings
        self._zone = ZoneInfo(site.zone)

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """The power asked for, else the schedule's, else none."""
        asked = memory.external
        wish = None if asked is None else self._asked(asked, seen)
        return self._planned(seen, memory) if wish is None else wish

    def _asked(self, asked: ExternalPower, seen: Snapshot) -> Wish | None:
        """None: whoever asked is gone, and it is as if nobody had."""
        settings = self._settings
        gone_s = silent_s(asked.heard_s, settings.heartbeat_s, seen.now_s)
        if gone_s is not None and settings.when_silent != "hold":
            silent = f"{asked.by} was not heard for {gone_s:.0f} s"
            return without("rest", silent) if settings.when_silent == "rest" else None
        reason = f"asked by {asked.by}, for another {asked.until_s - seen.now_s:.0f} s"
        return ordered(asked.power_w, asked.reactive_var, reason)

    def _planned(self, seen: Snapshot, memory: Memory) -> Wish:
        settings = self._settings
        if not settings.follows_schedule or not memory.schedules:
            return without(settings.otherwise, NOBODY_ASKS)
        if seen.clock_trusted is False:
            unknown = "nobody knows what time it is, so no schedule holds"
            return without(settings.otherwise, unknown)
        found = scheduled(seen, memory, settings.cloud_away_s)
        if found is None:
            return without(settings.otherwise, "no entry of a schedule holds now")
        source, entry = found
        until = entry.end_at.astimezone(self._zone)
        reason = f"by the {source} schedule until {until:%H:%M}"
        return ordered(entry.power_w, entry.reactive_var, reason)

    def wakes(self, seen: Snapshot, memory: Memory) -> bool:
        """When charging is asked for."""
        return worth_waking(self.wish(seen, memory))
