"""When a rescue charge begins, goes on and ends: every state and goal, to the second and the watt."""

from typing import Any

import msgspec
import pytest

from appliance.battery.rescue import rescue_next, rescue_wish, rescuing
from appliance.errors import ROWS
from appliance.model import (
    ActiveError,
    BatteryReading,
    Memory,
    MeterReading,
    RescueCharge,
    State,
)
from appliance.site import SiteSettings
from tests.stories import NOON, Story, battery, rack, seen


def _site(**rescue: Any) -> SiteSettings:
    home = Story().site
    wanted = home.battery.rescue.model_copy(update=rescue)
    return home.model_copy(
        update={
            "battery": home.battery.model_copy(update={"capacity_wh": 10_000.0, "rescue": wanted})
        }
    )


SITE = _site()
"""A trickle of 200 W; below 2.8 V or 5 %, until 3.0 V and 10 %."""
CHARGES = RescueCharge(50.0)


def raised(number: int) -> ActiveError:
    row = ROWS[number]
    return ActiveError(number, "battery", row.severity, row.title, row.remedy, row.effects, NOON)


def low(
    power_w: float | None = -200.0, cell_v: float = 2.7, soc_pct: float = 4.0
) -> BatteryReading:
    cells = rack(cell_min_v=cell_v, cell_max_v=cell_v + 0.1)
    return battery(cells, soc_pct=soc_pct, power_w=power_w, current_a=None)


def following(now_s: float = 100.0, reading: BatteryReading | None = None, site: SiteSettings = SITE,
              grid: MeterReading | None = None, silent: bool = False, **memory: Any) -> RescueCharge | None:  # fmt: skip
    told = None if silent else (low() if reading is None else reading)
    picture = seen(now_s, battery=told, grid=MeterReading(400.0) if grid is None else grid)
    usual: dict[str, Any] = {"state": State.RUN, "state_since_s": 0.0, "errors": (raised(115),)}
    return rescue_next(picture, Memory(**(usual | memory)), site)


def ended(now_s: float = 100.0, **changes: Any) -> str:
    found = following(now_s, **({"rescue": CHARGES} | changes))
    assert found is not None
    if found.ended:
        assert (found.since_s, found.rests_until_s) == (50.0, now_s + 3_600.0)
    return found.ended


def test_the_states_in_which_it_begins() -> None:
    begins = {state for state in State if following(state=state) is not None}
    assert begins == {State.RUN, State.SLEEP, State.IDLE}
    assert following() == RescueCharge(100.0)


def test_the_states_in_which_it_goes_on() -> None:
    on = {state for state in State if ended(state=state) == ""}
    assert on == {State.RUN, State.SLEEP, State.IDLE, State.WAKING, State.PRECHARGE, State.STARTING}
    assert ended(state=State.ERROR) == "the box was stopped"


def test_the_goals_with_which_it_begins_and_goes_on() -> None:
    for site, goals in ((SITE, {State.RUN, State.IDLE}), (_site(from_idle=False), {State.RUN})):
        assert {goal for goal in State if following(goal=goal, site=site) is not None} == goals
        assert {goal for goal in State if ended(goal=goal, site=site) == ""} == goals


def test_what_it_needs_to_begin() -> None:
    assert following(errors=()) is None
    assert following(errors=(raised(116),)) is None
    assert following(reading=low(cell_v=2.9, soc_pct=6.0)) is None
    assert following(grid=MeterReading(None)) is None
    assert following(silent=True) is None
    by_hand: Any = {"test": object()}
    assert following(**by_hand) is None
    assert ended(**by_hand) == "the box was stopped"


@pytest.mark.parametrize(("now_s", "rests"), [(199.9, True), (200.0, False)])
def test_it_rests_until(now_s: float, rests: bool) -> None:
    pausing = RescueCharge(50.0, 200.0, "too hot")
    assert following(now_s, rescue=pausing) == (pausing if rests else None)
    assert rescuing(Memory(rescue=CHARGES))
    assert not rescuing(Memory(rescue=pausing)) and not rescuing(Memory())


def test_it_is_done_when_it_runs_and_is_up() -> None:
    up = low(cell_v=3.0, soc_pct=10.0)
    assert following(reading=up, rescue=CHARGES) is None
    assert following(reading=up, rescue=CHARGES, state=State.STARTING) == CHARGES
    assert following(reading=low(cell_v=2.99, soc_pct=10.0), rescue=CHARGES) == CHARGES
    assert following(reading=low(cell_v=3.0, soc_pct=9.9), rescue=CHARGES) == CHARGES
    silent = following(rescue=CHARGES, silent=True)
    assert silent == msgspec.structs.replace(CHARGES, in_vain_since_s=100.0)


@pytest.mark.parametrize(
    ("power_w", "since_s"),
    [(-40.0, None), (-39.9, 100.0), (0.0, 100.0), (40.0, 100.0), (None, 100.0), (-200.0, None)],
)
def test_a_fifth_of_the_trickle_arrives(power_w: float | None, since_s: float | None) -> None:
    found = following(reading=low(power_w), rescue=CHARGES)
    assert found is not None and found.in_vain_since_s == since_s
    vain = msgspec.structs.replace(CHARGES, in_vain_since_s=60.0)
    found = following(reading=low(power_w), rescue=vain)
    assert found is not None and found.in_vain_since_s == (None if since_s is None else 60.0)
    found = following(reading=low(power_w), rescue=vain, state=State.STARTING)
    assert found is not None and found.in_vain_since_s is None


def test_two_minutes_in_vain_end_it() -> None:
    vain = RescueCharge(50.0, in_vain_since_s=60.0)
    assert ended(180.0, reading=low(0.0), rescue=vain) == ""
    assert ended(180.1, reading=low(0.0), rescue=vain) == "nothing of it arrives in the battery"
    assert ended(180.1, reading=low(), rescue=vain) == ""


def test_the_longest_time_ends_it() -> None:
    assert ended(28_850.0) == ""
    assert ended(28_850.1) == "it took longer than 8.0 h"


def test_what_forbids_it_ends_it() -> None:
    assert ended(grid=MeterReading(None)) == "the grid meter is silent"
    assert ended(awaits_start=True) == "after the emergency stop somebody has to start the box"


def test_it_wishes_for_the_trickle() -> None:
    wish = rescue_wish(seen(battery=low()), SITE)
    assert (wish.power_w, wish.reason, wish.by) == (-200.0, "cell 1.7 at 2.70 V", "rescue charge")
    assert rescue_wish(seen(battery=None), SITE).reason == ""
