"""Charge only: brings the battery to a state of charge, at a rate, or by a time of day as slowly or as late as will do."""

from datetime import datetime
from math import isfinite
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from appliance.model import BatteryReading, Memory, Snapshot, Wish
from appliance.modes._answers import exactly, no_discharge, nothing, unknown
from appliance.modes._deadline import Deadline
from appliance.modes._demand import Demand
from appliance.modes._entries import NO_CLOCK, Times
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._pace import Efficiency
from appliance.modes._residual import SILENT
from appliance.modes._soe import UNKNOWN
from appliance.modes._waking import worth_waking
from appliance.settings import Percent, Settings, Watts
from appliance.site import SiteSettings
from appliance.site.periods import Days, Period, StartTime, Zone

TITLE: Final = "Charge only"
SUMMARY: Final = "Charges to a set level, at a rate or by a time of day"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}
NEARLY_PCT: Final = 0.05
"""The site's own maximum is never quite reached: power falls to zero before it."""
Otherwise = Literal["hold", "keep", "leave"]


class ModeSettings(Settings):
    """How full, by when, how fast, and what holds while nothing is to be charged."""

    target_pct: Percent = 100.0
    """State of charge to reach."""
    resume_pct: Percent = 1.0
    """Once reached, it charges again when so much is missing; less than the target."""
    pace: Literal["rate", "slow", "late"] = "rate"
    """At `rate_w`; or to be there by `by`: slowly all the time, or at `rate_w` as late as will do."""
    rate_w: Annotated[float, Field(gt=0, le=100e6)] | None = None
    """Never faster. None: what the inverter is rated for."""
    by: StartTime | None = None
    """Clock time at which it is reached, for `slow` and `late`."""
    days: Days = "all"
    """On which days: all, weekdays, weekends, or such as `mon,thu`."""
    zone: Zone | None = None
    """Of the deadline; None: the site's."""
    early_min: Annotated[float, Field(ge=0, le=600)] = 15.0
    """So long before the deadline it is to be done: the last percents go slowly."""
    during: tuple[Period, ...] = ()
    """It charges only then. None: always."""
    max_import_w: Watts | None = None
    """The grid gives no more than this, load and charge together. None: what the connection allows."""
    charge_efficiency: Efficiency = 0.92
    """What arrives in the battery, of what is charged."""
    when_reached: Otherwise = "hold"
    """hold: 0 W; keep: the modes below may do all but discharge; leave: they decide."""
    when_waiting: Otherwise = "hold"
    """The same while it is not time to charge."""

    @model_validator(mode="after")
    def _a_pace_has_its_time(self) -> Self:
        if (self.pace != "rate") != (self.by is not None):
            msg = f"pace = {self.pace}: slow and late need by = HH:MM, and nothing else has it"
            raise ValueError(msg)
        if self.resume_pct >= self.target_pct:
            msg = f"resume_pct = {self.resume_pct:g} must be below target_pct = {self.target_pct:g}"
            raise ValueError(msg)
        return self


class Mode:
    """Never discharges."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        self._settings, self._site = settings, site
        self._target_pct = min(settings.target_pct, site.battery.soc.maximum_pct)
        self._times = Times(settings.during, site.zone)
        self._deadline = None
        if settings.by is not None:
            at = Period(days=settings.days, start=settings.by, end=settings.by, zone=settings.zone)
            self._deadline = Deadline(at, settings.during, site.zone)
        rated_w = site.inverter.max_charge_w
        self._rate_w = rated_w if settings.rate_w is None else min(settings.rate_w, rated_w)
        self._demand = Demand(site)
        self._by = "" if settings.by is None else f" by {settings.by}"
        self._reached = False
        self._begun_for: datetime | None = None
        """Once begun for a deadline, as late as will do, it goes on: no start and stop at the very edge."""

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """Charge so much at least, within the rate and the import; or what holds while nothing is to be charged."""
        settings, battery = self._settings, seen.battery
        soc_pct = None if battery is None else battery.soc_pct
        if battery is None or soc_pct is None or not isfinite(soc_pct):
            return unknown(UNKNOWN)
        short_pct = settings.resume_pct if self._reached else NEARLY_PCT
        self._reached = soc_pct >= self._target_pct - short_pct
        if self._reached:
            return _idle(settings.when_reached, f"{self._target_pct:.0f} % are reached")
        most_w = self._most_w(seen, memory)
        if most_w is None:
            return unknown(SILENT)
        because = self._times.why_not(seen.utc, seen.clock_trusted)
        if because:
            return _idle(settings.when_waiting, because)
        if self._deadline is not None and seen.clock_trusted is False:
            return _idle(settings.when_waiting, NO_CLOCK)
        charge_w = self._paced_w(battery, soc_pct, min(most_w, self._rate_w), seen)
        reason = f"{soc_pct:.0f} of {self._target_pct:.0f} %{self._by}"
        if charge_w is None:
            return _idle(settings.when_waiting, f"{reason}, there is time")
        if settings.max_import_w is not None and charge_w >= most_w:
            reason = f"{reason}, the import leaves {most_w:.0f} W"
        limited = settings.rate_w is not None or settings.max_import_w is not None
        least_w = -min(most_w, self._rate_w) if limited else None
        return Wish(0.0 - charge_w, reason, lowest_w=least_w, highest_w=0.0 - charge_w)

    def _paced_w(
        self, battery: BatteryReading, soc_pct: float, rate_w: float, seen: Snapshot
    ) -> float | None:
        """How fast now, a magnitude; None: not yet."""
        settings, deadline = self._settings, self._deadline
        if deadline is None:
            return rate_w
        full_wh = battery.capacity_wh
        full_wh = self._site.battery.capacity_wh if full_wh is None else full_wh
        missing_wh = (self._target_pct - soc_pct) / 100.0 * full_wh
        left_s = max(0.0, deadline.left_s(seen.utc) - 60.0 * settings.early_min)
        needed_w = missing_wh / settings.charge_efficiency * 3_600.0 / max(left_s, 60.0)
        if settings.pace == "slow":
            return min(needed_w, rate_w)
        # Its own limit, not the cycle's, which may be a ramp; next to none is one that will be gone.
        can_w = battery.max_charge_w
        can_w = min(rate_w, can_w) if can_w is not None and can_w > 0.1 * rate_w else rate_w
        then = deadline.after(seen.utc)
        if left_s <= 0.0 or needed_w >= can_w:
            self._begun_for = then
        return rate_w if self._begun_for == then else None

    def _most_w(self, seen: Snapshot, memory: Memory) -> float | None:
        """What the import leaves for the battery; None: the grid meter is silent, and the import is bounded."""
        cap_w = self._settings.max_import_w
        if cap_w is None:
            return self._site.inverter.max_charge_w
        grid_w = None if seen.grid is None else seen.grid.power_w
        if grid_w is None or not isfinite(grid_w):
            return None
        return max(0.0, cap_w - grid_w - self._demand.battery_w(seen, memory))

    def wakes(self, seen: Snapshot, memory: Memory) -> bool:
        """When there is something to charge now."""
        return worth_waking(self.wish(seen, memory))


def _idle(how: Otherwise, reason: str) -> Wish:
    if how == "hold":
        return exactly(0.0, reason)
    return no_discharge(reason) if how == "keep" else nothing(reason)
