"""A home whose inverter takes reactive power, and what is made of a wish there."""

import json
from typing import Any

from appliance.model import Memory, MeterReading, PhaseReading, Setpoints, State, Wish
from appliance.reactive import ReactivePower, reactive_power
from appliance.site import SiteSettings
from tests.stories import Story, seen

RATED_VA, MOST_VAR = 5_000.0, 3_000.0
Q_U = {
    "points": [[0.93, 0.3], [0.97, 0.0], [1.03, 0.0], [1.07, -0.3]], "source": "a test", "verified": True,
}  # fmt: skip
COS_PHI_P = {"points": [[0.5, 1.0], [1.0, 0.8]], "source": "a test", "verified": True}
WHOLE = Story().site.model_dump(mode="json")


def site(most_var: float = MOST_VAR, rated_va: float | None = None, **reactive: Any) -> SiteSettings:  # fmt: skip
    """The home (5 kW both ways) with an inverter that takes reactive power."""
    rating = WHOLE["inverter"] | {"max_reactive_var": most_var, "rated_va": rated_va}
    return SiteSettings.model_validate_json(
        json.dumps(WHOLE | {"inverter": rating, "reactive": reactive})
    )


def at_volts(*volts: float | None) -> MeterReading:
    return MeterReading(0.0, phases=tuple(PhaseReading(voltage_v=volt) for volt in volts))


def ran(before_var: float = 0.0, ago_s: float = 60.0) -> Memory:
    return Memory(
        State.RUN, -3_600.0, commanded=Setpoints(reactive_var=before_var), decided_at_s=100.0 - ago_s
    )  # fmt: skip


def reactive(
    settings: SiteSettings, power_w: float = 0.0, wish: Wish | None = None, memory: Memory | None = None, **now: Any,
) -> ReactivePower:  # fmt: skip
    wish = Wish(power_w) if wish is None else wish
    return reactive_power(wish, "A mode", power_w, seen(**now), memory or ran(), settings)
