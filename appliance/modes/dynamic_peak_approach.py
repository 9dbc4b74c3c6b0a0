"""Dynamic peak approach: be full before a peak of the network's charges, earlier when the system is long."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from appliance.model import Memory, Snapshot, Wish
from appliance.modes._answers import charge, nothing, unknown
from appliance.modes._entries import NO_CLOCK
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._pace import Efficiency, WattHours, pace_w
from appliance.modes._peaks import Peak, Peaks
from appliance.modes._prediction import NEVER, Allowance, predicted
from appliance.modes._settlement import HALF_HOUR, settlement_start
from appliance.modes._soe import UNKNOWN, soe_wh
from appliance.modes._waking import worth_waking
from appliance.settings import Settings
from appliance.site import SiteSettings
from appliance.site.periods import Period

TITLE: Final = "Dynamic peak approach"
SUMMARY: Final = "Is full before a peak of the network's charges"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}
Factor = Annotated[float, Field(ge=0, le=24)]


class PeakApproach(Settings):
    """How full before which peak, and how early to begin."""

    peak_period: Period
    """The peak."""
    to_soe_wh: WattHours
    """State of energy at the beginning of the peak."""
    encourage_to_soe_wh: WattHours = 0.0
    """While the system is long; 0: as `to_soe_wh`."""
    assumed_charge_power_w: Annotated[float, Field(gt=0, le=100e6)]
    """Of the battery, to reckon how long before the peak charging begins."""
    force_duration_factor: Factor = 1.0
    """It begins so many times as early as charging from empty takes."""
    encourage_duration_factor: Factor = 1.0
    """The same while the system is long."""
    charge_cushion_s: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    """So long before the peak it should be full."""
    long_prediction: Allowance = NEVER
    """Whether the settlement period before may say that the system is long."""


class ModeSettings(Settings):
    """The first entry that wants to charge counts."""

    entries: tuple[PeakApproach, ...] = ()
    """Empty: never."""
    charge_efficiency: Efficiency = 0.95
    """So much of what is charged arrives in the battery."""


class Mode:
    """Charges along a line that ends before the peak; modes below may charge faster."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        self._efficiency, self._site = settings.charge_efficiency, site
        self._peaks = tuple((one, Peaks(one.peak_period, site.zone)) for one in settings.entries)

    def wish(self, seen: Snapshot, _memory: Memory) -> Wish:
        """What is missing at the end of the settlement period; nothing when the battery is ahead of the line."""
        return self._answer(seen, soe_wh(seen.battery, self._site))

    def wakes(self, seen: Snapshot, _memory: Memory) -> bool:
        """When it would charge; a battery that sleeps because it is empty does not say so."""
        return worth_waking(self._answer(seen, soe_wh(seen.battery, self._site) or 0.0))

    def _answer(self, seen: Snapshot, now_wh: float | None) -> Wish:
        if seen.clock_trusted is False:
            return nothing(NO_CLOCK)
        blind = False
        for entry, peaks in self._peaks:
            peak = peaks.next(seen.utc)
            for wanted_wh, reason in self._lines(entry, peak, seen):
                blind = blind or now_wh is None
                if now_wh is not None and wanted_wh > now_wh:
                    return self._charge(wanted_wh, now_wh, seen.utc, reason)
        return unknown(UNKNOWN) if blind else nothing("the battery is full enough for the peak")

    def _lines(
        self, entry: PeakApproach, peak: Peak | None, seen: Snapshot
    ) -> list[tuple[float, str]]:
        """The energy wanted at the end of the settlement period, by the lines that hold, the first in rank first."""
        if peak is None:
            return []
        lines = [(entry.to_soe_wh, entry.force_duration_factor, "to be full before the peak")]
        imbalance = predicted(seen.market, seen.utc, NEVER, entry.long_prediction)
        if imbalance is not None and imbalance.volume_wh < 0.0:
            full_wh = entry.encourage_to_soe_wh or entry.to_soe_wh
            lines.insert(0, (full_wh, entry.encourage_duration_factor, "the system is long"))
        full_at = peak[0] - timedelta(seconds=entry.charge_cushion_s)
        then = settlement_start(seen.utc) + HALF_HOUR
        found = []
        for full_wh, factor, reason in lines:
            hours = full_wh / entry.assumed_charge_power_w / self._efficiency * factor
            share = _share(then, full_at - timedelta(hours=hours), full_at, peak[1])
            if share is not None:
                found.append((full_wh * share, reason))
        return found

    def _charge(self, wanted_wh: float, now_wh: float, utc: datetime, reason: str) -> Wish:
        missing_wh = (wanted_wh - now_wh) / self._efficiency
        end_at = settlement_start(utc) + HALF_HOUR
        power_w = pace_w(missing_wh, utc, end_at, self._site.inverter.max_charge_w)
        return charge(power_w, f"{reason}: {wanted_wh:.0f} Wh by {end_at:%H:%M} UTC")


def _share(then: datetime, begin_at: datetime, full_at: datetime, end_at: datetime) -> float | None:
    """Of what is wanted: rises from the beginning to full, and stays until the peak ends. None: outside."""
    if not begin_at <= then <= end_at:
        return None
    if then >= full_at:
        return 1.0
    return (then - begin_at) / (full_at - begin_at)
