"""Maintenance charge: every so many days the battery is charged full and kept full for a while, so that cells
balance and the state of charge is known anew.

It needs no memory of its own: when the battery was last full, from when to when, is in `Memory.full`
(docs/decisions/0033).
"""

from datetime import datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import Field

from appliance.model import FULL_AGAIN, FullCharge, Memory, Snapshot, Wish
from appliance.modes._answers import charge, nothing, unknown
from appliance.modes._entries import NO_CLOCK, Times
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._waking import worth_waking
from appliance.settings import Settings, Watts
from appliance.site import SiteSettings
from appliance.site.periods import Period

TITLE: Final = "Maintenance charge"
SUMMARY: Final = "Charges full every so many days, so that the cells balance"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}
MINUTE: Final = timedelta(minutes=1)
CHARGE_SHARE, HOLD_SHARE = 0.1, 0.02
"""Of the capacity in one hour: gentle; and no more than what balancing counts as rest."""


class ModeSettings(Settings):
    """How often, when, how fast, and for how long it is kept full."""

    every_days: Annotated[float, Field(ge=1, le=366)] = 30.0
    """After it was last full."""
    during: tuple[Period, ...] = ()
    """It begins and charges only then. None: always. What is full is kept full to the end of its time."""
    rate_w: Watts | None = None
    """None: a tenth of the capacity in an hour."""
    hold_min: Annotated[float, Field(ge=0, le=2_880)] = 120.0
    """So long it is kept full."""
    hold_rate_w: Watts | None = None
    """What it may charge meanwhile, as far as cells allow. None: a fiftieth of the capacity in an hour."""


class Mode:
    """Wants nothing until it is due."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        capacity_wh, rated_w = site.battery.capacity_wh, site.inverter.max_charge_w
        rate_w, hold_w = settings.rate_w, settings.hold_rate_w
        self._rate_w = min(CHARGE_SHARE * capacity_wh if rate_w is None else rate_w, rated_w)
        self._hold_w = min(HOLD_SHARE * capacity_wh if hold_w is None else hold_w, rated_w)
        self._times = Times(settings.during, site.zone)
        self._every = timedelta(days=settings.every_days)
        self._hold = timedelta(minutes=settings.hold_min)
        self._zone = ZoneInfo(site.zone)
        self._maximum_pct = site.battery.soc.maximum_pct

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """Charge when it is due and may; keep it full; else when the next is due."""
        full, utc = memory.full, seen.utc
        if full is not None and full.until_at > utc + FULL_AGAIN:
            full = None  # the clock was wrong then
        if self._maximum_pct < 100.0:
            return nothing(f"it is never full: the site stops at {self._maximum_pct:g} %")
        if seen.clock_trusted is False:
            return nothing(NO_CLOCK)
        if full is not None and full.until_at + self._every > utc:
            return self._after(full, utc)
        if seen.battery is None:
            return unknown("the battery is silent")
        last = "never" if full is None else f"{full.until_at.astimezone(self._zone):%F}"
        because = self._times.why_not(utc, seen.clock_trusted)
        if because:
            return nothing(f"it is due, last full: {last}; {because}")
        return charge(self._rate_w, f"it is due, last full: {last}")

    def _after(self, full: FullCharge, utc: datetime) -> Wish:
        """It is full, or was not long ago."""
        held = full.until_at - full.since_at
        was_due = full.before_at is None or full.since_at - full.before_at >= self._every
        if was_due and held < self._hold and utc - full.until_at <= FULL_AGAIN:
            told = f"{held // MINUTE} of {self._hold // MINUTE} min"
            return charge(self._hold_w, f"it is kept full for {told}, so that cells balance")
        due = (full.until_at + self._every).astimezone(self._zone)
        return nothing(f"the next is due on {due:%F}")

    def wakes(self, seen: Snapshot, memory: Memory) -> bool:
        """When it is due and may charge."""
        return worth_waking(self.wish(seen, memory))
