"""Backup: keeps a reserve for the time without a grid. The island itself is the state machine's, in any mode."""

from typing import Annotated, Final

from pydantic import Field

from appliance.model import Memory, Snapshot, Wish
from appliance.modes._answers import charge, no_discharge, nothing, unknown
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.settings import Percent, Settings, Watts
from appliance.site import SiteSettings

TITLE: Final = "Backup reserve"
SUMMARY: Final = "Keeps a reserve in the battery for the time without a grid"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}


class ModeSettings(Settings):
    """How much is kept, and how it is filled up again."""

    reserve_pct: Percent = 30.0
    """Below this nobody discharges while the grid is there."""
    hysteresis_pct: Annotated[float, Field(ge=0.1, le=20)] = 1.0
    """So far above it discharging is allowed again."""
    refill_w: Watts = 0.0
    """It is charged with so much at least up to the reserve, from the grid if need be. 0: by those below only."""


class Mode:
    """Binds those below it; wants something itself only where it fills up."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        self._settings = settings
        self._refill_w = min(settings.refill_w, site.inverter.max_charge_w)
        self._holds = False

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """Nothing above the reserve; below it no discharge, and a charge where that is wanted."""
        del memory
        settings = self._settings
        soc_pct = None if seen.battery is None else seen.battery.soc_pct
        if soc_pct is None:
            return unknown("the state of charge is not known")
        ends_pct = settings.reserve_pct + (settings.hysteresis_pct if self._holds else 0.0)
        self._holds = soc_pct <= ends_pct and settings.reserve_pct > 0.0
        if not self._holds:
            return nothing(f"{soc_pct:.0f} % is above the reserve of {settings.reserve_pct:g} %")
        reason = f"{soc_pct:.0f} % of a reserve of {settings.reserve_pct:g} %"
        if self._refill_w > 0.0 and soc_pct < settings.reserve_pct:
            return charge(self._refill_w, reason)
        return no_discharge(reason)

    def wakes(self, seen: Snapshot, memory: Memory) -> bool:
        """Where it fills up by itself."""
        return (self.wish(seen, memory).power_w or 0.0) < 0.0
