"""NIV chase: follow the price of the system's imbalance, by curves of the state of energy wanted at each price."""

from datetime import datetime
from typing import Final, NamedTuple

from appliance.model import Market, Memory, Snapshot, Wish
from appliance.modes._answers import charge, discharge, nothing, unknown
from appliance.modes._curve import Curve, curve_at
from appliance.modes._entries import NO_CLOCK, NOT_NOW, Entries, Entry
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._pace import Efficiency, pace_w
from appliance.modes._prediction import NEVER, Allowance, predicted
from appliance.modes._rates import Price, Rates, TimedRate
from appliance.modes._settlement import HALF_HOUR, settlement_number, settlement_start
from appliance.modes._soe import UNKNOWN, soe_wh
from appliance.modes._waking import worth_waking
from appliance.settings import Settings
from appliance.site import SiteSettings

TITLE: Final = "NIV chase"
SUMMARY: Final = "Follows the imbalance price of the electricity system"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}


class Chase(Entry):
    """What is wanted at which price."""

    charge_curve: Curve = ()
    """Below it the battery is charged up to it."""
    discharge_curve: Curve = ()
    """Above it the battery is discharged down to it."""
    curve_shift_long_per_kwh: Price = 0.0
    """The system is long: the price counts as so much lower."""
    curve_shift_short_per_kwh: Price = 0.0
    """The system is short: the price counts as so much higher."""
    default_pricing: tuple[TimedRate, ...] = ()
    """The price while nobody tells one; the first that holds."""
    when_short: Allowance = NEVER
    when_long: Allowance = NEVER


class ModeSettings(Settings):
    """The first entry that holds counts."""

    entries: tuple[Chase, ...] = ()
    """Empty: never."""
    import_rates: tuple[TimedRate, ...] = ()
    """What the network and the supplier take for each kWh imported, all that hold are added."""
    export_rates: tuple[TimedRate, ...] = ()
    """The same for each kWh exported; negative where the site is paid."""
    charge_efficiency: Efficiency = 0.95
    """So much of what is charged arrives in the battery."""


class Prices(NamedTuple):
    """Per kWh: what charging costs and discharging brings, shifted by the system's direction."""

    charge: float
    discharge: float


class Mode:
    """Moves the battery to the state of energy wanted at the price, by the end of the settlement period."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        self._settings, self._site = settings, site
        self._entries = Entries(settings.entries, site.zone)
        self._defaults = {
            id(entry): Rates(entry.default_pricing, site.zone) for entry in settings.entries
        }
        self._import = Rates(settings.import_rates, site.zone)
        self._export = Rates(settings.export_rates, site.zone)

    def wish(self, seen: Snapshot, _memory: Memory) -> Wish:
        """Charge below the one curve, else discharge above the other; more of the same is welcome."""
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
        prices = self._prices(found[0], seen.utc, seen.market)
        if prices is None:
            return nothing("nobody tells a price")
        if now_wh is None:
            return unknown(UNKNOWN)
        return self._chase(found[0], prices, seen.utc, now_wh)

    def _prices(self, entry: Chase, utc: datetime, market: Market | None) -> Prices | None:
        told = predicted(market, utc, entry.when_short, entry.when_long)
        if told is None:
            price, volume_wh = self._defaults[id(entry)].first(utc), 0.0
        else:
            price, volume_wh = told.price_per_kwh, told.volume_wh
        if price is None:
            return None
        if volume_wh < 0.0:
            price -= entry.curve_shift_long_per_kwh
        elif volume_wh > 0.0:
            price += entry.curve_shift_short_per_kwh
        return Prices(price + self._import.total(utc), price - self._export.total(utc))

    def _chase(self, entry: Chase, prices: Prices, utc: datetime, now_wh: float) -> Wish:
        rating, end_at = self._site.inverter, settlement_start(utc) + HALF_HOUR
        by = f"Wh by the end of settlement period {settlement_number(utc)[1]}"
        low_wh = curve_at(entry.charge_curve, prices.charge)
        if low_wh is not None and low_wh > now_wh:
            missing_wh = (low_wh - now_wh) / self._settings.charge_efficiency
            power_w = pace_w(missing_wh, utc, end_at, rating.max_charge_w)
            return charge(power_w, f"at {prices.charge:.3f} from {now_wh:.0f} to {low_wh:.0f} {by}")
        high_wh = curve_at(entry.discharge_curve, prices.discharge)
        if high_wh is not None and high_wh < now_wh:
            power_w = pace_w(now_wh - high_wh, utc, end_at, rating.max_discharge_w)
            return discharge(
                power_w, f"at {prices.discharge:.3f} from {now_wh:.0f} to {high_wh:.0f} {by}"
            )
        return nothing("at this price the battery holds what it should")
