"""A fortnight without sun, and a BMS that lives on its own battery: never below what cells bear."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from appliance.config import build_modes, load_site
from appliance.cycle import Cycle
from appliance.model import GoToState, Memory, Request, State
from appliance.simulated_plant import Plant
from appliance.site import SiteSettings
from appliance.site.rescue import Rescue
from simulator.models.profile import parse_profile
from tests.stories import HOME

LONG_S, SHORT_S = 60.0, 2.0
FORTNIGHT_S = 14 * 86_400.0
OWN_W = 25.0
"""What the BMS draws from its cells, day and night."""
DARK = ("utc,load_w,pv_w", "2026-01-05T00:00:00Z,400,0", "2026-01-19T00:00:00Z,400,0")


@dataclass
class Fortnight:
    """What happened to the battery."""

    lowest_v: float = 9.0
    lowest_pct: float = 100.0
    rescues: int = 0
    rescued_wh: float = 0.0
    states: Counter[State] = field(default_factory=Counter)
    numbers: set[int] = field(default_factory=set)


def fortnight(site: SiteSettings, goal: State = State.RUN) -> Fortnight:
    """Two weeks through the production cycle, from 15 %."""
    plant = Plant(site, parse_profile(DARK), 15.0)
    cycle = Cycle(site, *build_modes(site))
    cycle.adopt(Memory(mode="self_consumption", mode_by="test"))
    pct_per_s = 100.0 * OWN_W / 3_600.0 / site.battery.capacity_wh
    found, saving, start = Fortnight(), False, datetime(2026, 1, 5, tzinfo=UTC)
    now_s, asked = 0.0, goal is State.RUN
    while now_s < FORTNIGHT_S and 114 not in found.numbers:
        seen = plant.look(now_s, start + timedelta(seconds=now_s))
        if not asked and now_s > 600.0:
            asked = True
            seen = type(seen)(
                now_s, seen.utc, seen.battery, seen.inverter, seen.grid, seen.pv, seen.box,
                seen.board, (Request("r", "ctl", GoToState(goal)),), relays=seen.relays,
            )  # fmt: skip
        decision = cycle.step(seen)
        step_s = LONG_S if decision.state in (State.RUN, State.SLEEP, State.IDLE) else SHORT_S
        plant.follow(decision.setpoints, step_s)
        plant.drain(pct_per_s * step_s)
        now_s += step_s
        rescue = cycle.memory.rescue
        saves = rescue is not None and rescue.rests_until_s is None
        found.rescues += saves and not saving
        saving = saves
        if saves:
            assert decision.setpoints.power_w <= 0.0, decision.why
            found.rescued_wh -= plant.battery_w * step_s / 3_600.0
        assert seen.battery is not None
        found.lowest_v = min(found.lowest_v, *(r.cell_min_v or 0.0 for r in seen.battery.racks))
        found.lowest_pct = min(found.lowest_pct, plant.soc_pct)
        found.states[decision.state] += 1
        found.numbers |= {error.number for error in decision.errors}
    return found


@pytest.mark.parametrize("goal", [State.RUN, State.IDLE])
def test_a_dark_fortnight_never_takes_the_cells_below_what_they_bear(goal: State) -> None:
    site = load_site(HOME)
    found = fortnight(site, goal)
    assert found.lowest_v > site.battery.cell_voltage.minimum_v + 0.2
    assert found.lowest_pct > 4.5
    assert found.rescues >= 5
    # What the BMS drew, and the losses of the inverter while it charged, came from the grid.
    assert found.rescued_wh == pytest.approx(FORTNIGHT_S / 3_600.0 * OWN_W, rel=0.6)
    assert 115 in found.numbers and not found.numbers & {114, 116}
    assert found.states[State.ERROR] == 0


def test_without_the_rescue_charge_it_would_be_lost() -> None:
    site = load_site(HOME)
    without = site.battery.model_copy(update={"rescue": Rescue(enabled=False)})
    found = fortnight(site.model_copy(update={"battery": without}))
    assert found.rescues == 0
    assert found.lowest_v < site.battery.cell_voltage.minimum_v
    assert {114, 116} <= found.numbers
