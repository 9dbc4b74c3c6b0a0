"""What is sensible while there is no plan to go by: use one's own, rest, or go by the price of the hour."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from appliance.model import PriceStep, Wish
from appliance.modes._answers import exactly, unknown
from appliance.modes._residual import SILENT, SMOOTHING_S, Smoothing
from appliance.settings import Settings, Watts
from appliance.site import SiteSettings

Rule = Literal["self_use", "rest", "prices"]
Price = Annotated[float, Field(ge=-1e5, le=1e5)]


class Rules(Settings):
    """Thresholds, in the currency of the market data per kWh, count only where `without_plan` is prices."""

    without_plan: Rule = "self_use"
    """self_use: avoid import and export; rest: 0 W; prices: the thresholds below."""
    charge_below_per_kwh: Price | None = None
    """Charge while the import price is lower than this; None: never for its price."""
    discharge_above_per_kwh: Price | None = None
    """Discharge, also into the grid, while the export price is higher than this; None: never for its price."""
    charge_w: Watts | None = None
    """So fast; None: as much as there is."""
    discharge_w: Watts | None = None
    """So fast; None: as much as there is."""
    between_prices: Literal["self_use", "rest"] = "self_use"
    """What it does while neither holds, or no price is known."""
    smoothing_s: Smoothing = SMOOTHING_S
    """self_use: of what the site draws."""

    @model_validator(mode="after")
    def _thresholds_fit(self) -> Self:
        low, high = self.charge_below_per_kwh, self.discharge_above_per_kwh
        if self.without_plan == "prices" and low is None and high is None:
            msg = 'without_plan = "prices" needs charge_below_per_kwh or discharge_above_per_kwh'
            raise ValueError(msg)
        given = [
            f"{name}_per_kwh = {value:g}"
            for name, value in (("charge_below", low), ("discharge_above", high))
            if value is not None
        ]
        if self.without_plan != "prices" and given:
            msg = f'{" and ".join(given)}: counts only with without_plan = "prices"'
            raise ValueError(msg)
        if low is not None and high is not None and low > high:
            msg = f"charge_below_per_kwh = {low:g} must not be above discharge_above_per_kwh = {high:g}"
            raise ValueError(msg)
        return self


def by_rule(
    rules: Rules, site: SiteSettings, why: str, price: PriceStep | None, residual_w: float | None
) -> Wish:
    """`why`: there is no plan. `residual_w`: what the site draws without the battery; None: not known."""
    if rules.without_plan != "prices":
        return _plainly(rules.without_plan, why, residual_w)
    paid = None if price is None else price.import_per_kwh
    got = None if price is None else price.export_per_kwh
    low, high = rules.charge_below_per_kwh, rules.discharge_above_per_kwh
    if low is not None and paid is not None and paid < low:
        power_w = site.inverter.max_charge_w if rules.charge_w is None else rules.charge_w
        return exactly(-power_w, f"{why}; importing costs {paid:g}, less than {low:g}")
    if high is not None and got is not None and got > high:
        power_w = site.inverter.max_discharge_w if rules.discharge_w is None else rules.discharge_w
        return exactly(power_w, f"{why}; exporting pays {got:g}, more than {high:g}")
    known = "no price is known" if paid is None and got is None else "the price is between"
    return _plainly(rules.between_prices, f"{why}; {known}", residual_w)


def _plainly(rule: Literal["self_use", "rest"], why: str, residual_w: float | None) -> Wish:
    if rule == "rest":
        return exactly(0.0, f"{why}, so it rests")
    if residual_w is None:
        return unknown(SILENT)
    return exactly(residual_w, f"{why}, so it avoids import and export")
