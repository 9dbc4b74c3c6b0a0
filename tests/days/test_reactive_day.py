"""A day on a rural line: the sun lifts the voltage at noon, the evening lowers it, and Q(U) answers both."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import pi, sin

import pytest

from appliance.config import build_modes, load_site
from appliance.cycle import Cycle
from appliance.model import Memory, State
from appliance.simulated_plant import Plant
from appliance.site import SiteSettings
from simulator.models.profile import parse_profile
from tests.stories import HOME

STEP_S, DAY_S = 10.0, 86_400.0
START = datetime(2026, 6, 21, tzinfo=UTC)


def volts(hour: float) -> float:
    """230 V at night, 252 V at noon, 212 V at seven in the evening."""
    if 6.0 <= hour < 17.0:
        return 230.0 + 22.0 * sin((hour - 6.0) / 11.0 * pi)
    return 230.0 - 18.0 * sin((hour - 17.0) / 5.0 * pi) if 17.0 <= hour < 22.0 else 230.0


def rows() -> tuple[str, ...]:
    """A row every five minutes."""
    told = []
    for minute in range(0, 1_440, 5):
        hour = minute / 60.0
        pv_w = 8_000.0 * max(0.0, sin((hour - 5.0) / 14.0 * pi)) if 5.0 < hour < 19.0 else 0.0
        at = START + timedelta(minutes=minute)
        told.append(
            f"{at.isoformat()},{1_500.0 if hour > 17 else 400.0},{pv_w:.0f},{volts(hour):.2f}"
        )
    return ("utc,load_w,pv_w,voltage_v", *told)


def site(priority: str) -> SiteSettings:
    whole = load_site(HOME).model_dump(mode="json")
    curve = {
        "points": [[0.93, 0.44], [0.97, 0.0], [1.03, 0.0], [1.07, -0.44]],
        "source": "a test", "verified": True,
    }  # fmt: skip
    whole["battery"]["capacity_wh"] = 60_000.0
    whole["inverter"] |= {"max_reactive_var": 2_200.0}
    whole["reactive"] = {"policy": "q_u", "priority": priority, "q_u": curve}
    return SiteSettings.model_validate_json(json.dumps(whole))


@dataclass
class Day:
    """What came of it."""

    absorbed_varh: float = 0.0
    given_varh: float = 0.0
    fullest: float = 0.0
    """Of the apparent power, squared."""
    held: Counter[str | None] = field(default_factory=Counter)
    numbers: set[int] = field(default_factory=set)
    at: dict[int, tuple[float, str]] = field(default_factory=dict)
    """By hour: reactive power, and why."""
    charged_wh: float = 0.0


def day(priority: str) -> Day:
    home = site(priority)
    plant = Plant(home, parse_profile(rows()), 20.0)
    cycle = Cycle(home, *build_modes(home))
    cycle.adopt(Memory(mode="self_consumption", mode_by="test"))
    found, rated_va = Day(), home.inverter.apparent_va
    for number in range(round(DAY_S / STEP_S)):
        now_s = number * STEP_S
        decision = cycle.step(plant.look(now_s, START + timedelta(seconds=now_s)))
        plant.follow(decision.setpoints, STEP_S)
        told = decision.setpoints
        assert told.reactive_var == 0.0 or decision.state is State.RUN
        found.fullest = max(found.fullest, (told.power_w**2 + told.reactive_var**2) / rated_va**2)
        varh = plant.reactive_var * STEP_S / 3_600.0
        found.given_varh += max(0.0, varh)
        found.absorbed_varh -= min(0.0, varh)
        found.held[decision.limits.binding] += 1
        found.numbers |= {error.number for error in decision.errors}
        if now_s % 3_600.0 == 0.0:
            found.at[round(now_s / 3_600.0)] = (told.reactive_var, decision.why)
    found.charged_wh = plant.charge_wh
    return found


@pytest.fixture(scope="module")
def days() -> dict[str, Day]:
    return {priority: day(priority) for priority in ("p", "q")}


def test_the_circle_is_full_at_noon_and_never_more(days: dict[str, Day]) -> None:
    for found in days.values():
        assert found.fullest == pytest.approx(1.0, abs=1e-9)
        assert found.numbers == set()
        assert found.at[2] == (0.0, "Self-consumption wants 396 W"), "in the dead band"


def test_with_priority_of_active_power_the_evening_gets_its_reactive_power_and_noon_none(
    days: dict[str, Day],
) -> None:
    found = days["p"]
    assert found.held["apparent power"] == 0
    assert found.at[12] == (
        0.0,
        "Self-consumption wants -7599 W; the inverter allows -5000 W; "
        "Q(U) wants -2200 var, the apparent power allows 0 var",
    )
    var, why = found.at[20]
    assert var == pytest.approx(2_200.0)
    assert why == "Self-consumption wants 1500 W; 2200 var by Q(U)"
    assert found.given_varh == pytest.approx(6_027.0, abs=10.0)
    assert found.absorbed_varh == pytest.approx(900.0, abs=50.0)


def test_with_priority_of_reactive_power_noon_charges_less(days: dict[str, Day]) -> None:
    found = days["q"]
    var, why = found.at[12]
    assert var == pytest.approx(-2_200.0)
    assert why == (
        "Self-consumption wants -7599 W; the apparent power beside -2200 var allows -4490 W; "
        "-2200 var by Q(U)"
    )
    assert found.held["apparent power"] * STEP_S / 3_600.0 == pytest.approx(7.6, abs=0.1)
    assert found.given_varh == pytest.approx(6_027.0, abs=10.0)
    assert found.absorbed_varh == pytest.approx(15_627.0, abs=20.0)
    assert days["p"].charged_wh - found.charged_wh == pytest.approx(3_228.0, abs=50.0)
