"""What each Flux mode, at work, does in the box while an input is missing: as its file declares."""

from typing import Any, Final

import pytest

from appliance.config import mode_inputs
from appliance.model import Market, MeterReading, State
from appliance.modes._inputs import Without
from tests.modes.flux_world import FLUX, imbalance, order, site
from tests.stories import Story, battery, inverter

DAY: Final = {"start": "06:00", "end": "22:00"}
CURVE: Final = [{"price_per_kwh": 0.0, "soe_wh": 9_000.0}, {"price_per_kwh": 1.0, "soe_wh": 9_000.0}]  # fmt: skip
AT_WORK: Final[dict[str, tuple[dict[str, Any], Market | None]]] = {
    "axle_schedule": ({}, order("charge_max", "2026-06-21T11:00", "2026-06-21T14:00")),
    "discharge_to_soe": ({"entries": [{"period": DAY, "soe_wh": 0.0}]}, None),
    "dynamic_peak_discharge": (
        {"entries": [{"period": DAY, "short_prediction": {"allow": True}}]},
        imbalance(0.3, 5.0, "2026-06-21T11:30"),
    ),
    "niv_chase": (
        {"entries": [{"charge_curve": CURVE, "default_pricing": [{"rate_per_kwh": 0.5}]}]}, None,
    ),
    "charge_to_soe": ({"entries": [{"period": DAY, "soe_wh": 10_000.0}]}, None),
    "dynamic_peak_approach": (
        {"entries": [{"peak_period": {"start": "14:00", "end": "19:00"}, "to_soe_wh": 10_000.0, "assumed_charge_power_w": 5_000.0, "force_duration_factor": 3.0}]},
        None,
    ),
    "import_avoidance": ({}, None),
    "export_avoidance": ({}, None),
    "import_avoidance_when_short": (
        {"entries": [{"short_prediction": {"allow": True}}]}, imbalance(0.3, 5.0, "2026-06-21T11:30"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ["battery", "inverter", "grid", "pv", "box"])
@pytest.mark.parametrize("mode", FLUX)
def test_at_work(mode: str, name: str) -> None:
    settings, market = AT_WORK[mode]
    whole = site(mode).model_copy(update={"modes": {mode: settings}})
    grid_w = -2_000.0 if mode == "export_avoidance" else 2_000.0
    story = Story(site=whole, changes={"grid": MeterReading(power_w=grid_w), "market": market})
    before = story.running().run(1.0, inverter=inverter(), battery=battery(soe_wh=4_000.0))
    assert abs(before.setpoints.power_w) > 100.0, before.why
    decision = story.run(10.0 if name == "battery" else 3.0, **{name: None})
    seen = {
        Without.STOPS: decision.state is State.ERROR and not decision.setpoints.contactors_closed,
        Without.RESTS: decision.state is State.RUN and decision.setpoints.power_w == 0.0,
        Without.GOES_ON: decision.setpoints.power_w * before.setpoints.power_w > 0.0,
    }
    assert seen[Without(mode_inputs()[mode][name])], decision.why
