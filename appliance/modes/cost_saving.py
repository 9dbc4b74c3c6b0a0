"""Cost saving: does what a plan says, and by a simple rule what is sensible while there is no plan to go by."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from appliance.model import Market, Memory, PlanStep, Snapshot, Wish
from appliance.modes._answers import exactly, unknown
from appliance.modes._entries import NO_CLOCK
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._pace import Efficiency, pace_w
from appliance.modes._residual import Residual, residual_now_w
from appliance.modes._soe import UNKNOWN, soe_wh
from appliance.modes._waking import worth_waking
from appliance.modes._without_plan import Rules, by_rule
from appliance.site import SiteSettings

TITLE: Final = "Cost saving"
SUMMARY: Final = "Follows a plan by price; without one, a simple rule"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}
NOTHING: Final = Market()
NO_PLAN: Final = "no plan holds now"
STAYS: Final = 5.0
"""What has been reached counts as reached until it is away by so many tolerances: meters jitter."""


class ModeSettings(Rules):
    """How a plan is followed; and the rule without one."""

    max_age_h: Annotated[float, Field(gt=0, le=168)] = 36.0
    """An older plan is none: a plan for tomorrow is made when tomorrow's prices are known."""
    charge_efficiency: Efficiency = 0.95
    """So much of what is charged arrives in the battery."""
    tolerance_pct: Annotated[float, Field(ge=0.01, le=5)] = 0.1
    """Of the battery's capacity: a state of energy nearer than this is reached."""


class Mode:
    """Follows the plan's power, or moves evenly towards its state of energy."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        self._settings = settings
        self._site = site
        self._max_age = timedelta(hours=settings.max_age_h)
        self._tolerance_wh = settings.tolerance_pct / 100.0 * site.battery.capacity_wh
        self._residual = Residual(site, settings.smoothing_s)
        self._reached_wh: float | None = None
        self._until: tuple[datetime | None, str] = (None, "")

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """The plan's power, and nobody below may change it; without a plan what the rule says."""
        now_wh = soe_wh(seen.battery, self._site)
        plan = (seen.market or NOTHING).plan
        goal_wh = None if plan is None else plan.soe_wh
        self._reached_wh = goal_wh if self._is_reached(goal_wh, now_wh) else None
        return self._answer(seen, now_wh, self._residual.step(seen, memory))

    def wakes(self, seen: Snapshot, memory: Memory) -> bool:
        """When it would charge; a battery that sleeps because it is empty does not say so."""
        now_wh = soe_wh(seen.battery, self._site) or 0.0
        return worth_waking(self._answer(seen, now_wh, residual_now_w(seen, memory)))

    def _answer(self, seen: Snapshot, now_wh: float | None, residual_w: float | None) -> Wish:
        market = seen.market or NOTHING
        plan = market.plan
        why_not = self._why_not(seen, plan)
        if plan is not None and not why_not:
            return self._planned(seen, plan, now_wh)
        price = None if why_not == NO_CLOCK else market.price
        return by_rule(self._settings, self._site, why_not, price, residual_w)

    def _why_not(self, seen: Snapshot, plan: PlanStep | None) -> str:
        """Why there is no plan to go by; "" when there is one."""
        if seen.clock_trusted is False:
            return NO_CLOCK
        if plan is None or not plan.start_at <= seen.utc < plan.end_at:
            return NO_PLAN
        if plan.made_at is not None and seen.utc - plan.made_at > self._max_age:
            hours = (seen.utc - plan.made_at) / timedelta(hours=1)
            return f"the plan is {hours:.0f} h old"
        return "" if plan.power_w is not None or plan.soe_wh is not None else NO_PLAN

    def _planned(self, seen: Snapshot, plan: PlanStep, now_wh: float | None) -> Wish:
        if plan.power_w is not None:
            return exactly(plan.power_w, f"as planned until {self._clock(plan.end_at)}")
        if now_wh is None or plan.soe_wh is None:
            return unknown(UNKNOWN)
        if self._is_reached(plan.soe_wh, now_wh):
            return exactly(0.0, f"the plan's {plan.soe_wh:.0f} Wh are in the battery")
        inverter, missing_wh = self._site.inverter, plan.soe_wh - now_wh
        end = self._clock(plan.end_at)
        reason = f"from {now_wh:.0f} to {plan.soe_wh:.0f} Wh by {end} as planned"
        if missing_wh < 0.0:
            most_w = inverter.max_discharge_w
            return exactly(pace_w(-missing_wh, seen.utc, plan.end_at, most_w), reason)
        taken_wh = missing_wh / self._settings.charge_efficiency
        return exactly(-pace_w(taken_wh, seen.utc, plan.end_at, inverter.max_charge_w), reason)

    def _clock(self, at: datetime) -> str:
        """The same text for many cycles: a year in virtual time has 31 million."""
        if at != self._until[0]:
            self._until = at, f"{at:%H:%M} UTC"
        return self._until[1]

    def _is_reached(self, goal_wh: float | None, now_wh: float | None) -> bool:
        if goal_wh is None or now_wh is None:
            return False
        near_wh = self._tolerance_wh * (STAYS if goal_wh == self._reached_wh else 1.0)
        return abs(goal_wh - now_wh) <= near_wh
