"""Conditions of a rescue charge at each edge, and with each value missing."""

from typing import Any

import pytest

from appliance.errors.critically_low import (
    critically_low,
    forbids_rescue,
    not_yet_up,
    trickle_w,
)
from appliance.model import (
    ActiveError,
    BatteryState,
    Effect,
    Memory,
    PowerCap,
    RackReading,
    RescueCharge,
    State,
)
from tests.core.conditions import SITE, error, holds
from tests.stories import battery, rack, seen

AWAY: tuple[str, ...] = ()
RUN, IDLE = State.RUN, State.IDLE


def low(cell_v: float = 2.78, soc_pct: float | None = 8.0, **changes: Any) -> Any:
    cells = rack(cell_min_v=cell_v, cell_max_v=cell_v + 0.05)
    return battery(cells, **({"soc_pct": soc_pct, "power_w": -150.0} | changes))


def test_how_low_is_critical() -> None:
    quiet_w = 0.05 * 10_600.0
    assert critically_low(None, SITE) == ""
    assert critically_low(low(power_w=quiet_w), SITE) == "cell 1.7 at 2.78 V"
    assert critically_low(low(power_w=quiet_w + 0.1), SITE) == ""
    assert critically_low(low(power_w=quiet_w + 0.1, soc_pct=4.9), SITE) == "cell 1.7 at 2.78 V"
    assert critically_low(low(power_w=None, soc_pct=None), SITE) == ""
    resting = low(power_w=None, state=BatteryState.STANDBY)
    assert critically_low(resting, SITE) == "cell 1.7 at 2.78 V"
    assert critically_low(low(3.2, 4.9, power_w=9_000.0), SITE) == "state of charge 4.9 %"
    assert not_yet_up(low(3.2, None), SITE) == ""
    assert not_yet_up(low(2.9, None), SITE) == "cell 1.7 at 2.90 V"
    assert not_yet_up(low(2.9, 8.0), SITE) == "cell 1.7 at 2.90 V"
    lowest = battery(rack(1, cell_min_v=2.7), rack(2, cell_min_v=2.6), rack(3, cell_min_v=2.65))
    assert critically_low(lowest, SITE) == "cell 2.7 at 2.60 V"


def test_the_row_of_a_rescue_that_goes_on() -> None:
    going, pausing = RescueCharge(0.0), RescueCharge(0.0, rests_until_s=200.0)
    up, between, down = low(3.2, 50.0), low(2.9, 50.0), low()

    def of(told: Any, rescue: RescueCharge | None = None) -> tuple[str, ...]:
        return holds(115, memory={"rescue": rescue}, battery=told)

    assert of(None) == of(None, going) == AWAY
    assert of(down) == of(down, going) == ("battery: cell 1.7 at 2.78 V",)
    assert of(down, pausing) == AWAY
    assert of(between) == of(between, pausing) == AWAY
    assert of(between, going) == ("battery: cell 1.7 at 2.90 V",)
    assert of(low(2.9, 4.9), going) == ("battery: state of charge 4.9 %",)
    assert of(up) == of(up, going) == AWAY


def test_the_row_of_a_battery_that_must_not_be_rescued() -> None:
    pausing = {"rescue": RescueCharge(0.0, rests_until_s=200.0, ended="hot")}
    assert holds(116, memory=pausing, battery=low()) == (
        "battery: the rescue charge pauses: hot",
    )  # fmt: skip
    assert holds(116, battery=low()) == AWAY
    assert holds(116, memory=pausing, battery=low(3.2, 50.0)) == AWAY
    assert holds(116, memory=pausing, battery=None) == AWAY


@pytest.mark.parametrize(
    ("raised", "forbids"),
    [
        (error(), False), (error(Effect.NO_DISCHARGE), False), (error(Effect.NO_CHARGE), True),
        (error(Effect.STOP), True), (error(Effect.OPEN_CONTACTORS), True),
        (error(Effect.EMERGENCY_STOP), True), (error(Effect.BLOCK_UPDATE), False),
        (error(Effect.DERATE, derate_pct=50.0), False), (error(Effect.DERATE, derate_pct=2.0), True),
        (error(Effect.DERATE, derate_pct=2.12), False), (error(Effect.DERATE, derate_pct=2.119), True),
    ],
)  # fmt: skip
def test_errors_that_forbid_a_rescue(raised: ActiveError, forbids: bool) -> None:
    expected = "error 7 Odd" if forbids else ""
    assert forbids_rescue(seen(battery=low()), Memory(errors=(raised,)), SITE) == expected
    second = Memory(errors=(error(), raised))
    assert forbids_rescue(seen(battery=low()), second, SITE) == expected


def test_an_inverter_too_small_for_half_of_the_trickle() -> None:
    assert trickle_w(SITE) == 212.0

    def of(max_charge_w: float) -> str:
        small = SITE.inverter.model_copy(update={"max_charge_w": max_charge_w})
        site = SITE.model_copy(update={"inverter": small})
        return forbids_rescue(seen(battery=low()), Memory(errors=(error(),)), site)

    assert of(106.0) == ""
    assert of(105.9) == "error 7 Odd"


def test_what_the_battery_itself_takes() -> None:
    def of(limit_w: float | None, state: State = RUN, for_s: float = 10.0) -> str:
        memory = Memory(state=state, state_since_s=100.0 - for_s)
        return forbids_rescue(seen(100.0, battery=low(max_charge_w=limit_w)), memory, SITE)

    assert of(105.9) == of(105.9, for_s=11.0) == "the battery's own limit allows 106 W"
    assert of(0.0, for_s=9.9) == of(0.0, IDLE) == of(106.0) == of(None) == ""
    memory = Memory(state=RUN, state_since_s=0.0)
    assert forbids_rescue(seen(battery=None), memory, SITE) == ""


def test_what_the_owner_lets_it_take() -> None:
    def of(cap_w: float | None) -> str:
        return forbids_rescue(seen(battery=low()), Memory(cap=PowerCap(max_charge_w=cap_w)), SITE)

    assert of(None) == of(106.0) == of(9_000.0) == ""
    assert of(105.9) == "the owner's cap allows 106 W"
    assert of(float("nan")) == "the owner's cap allows nan W"


def test_cells_that_may_not_be_charged() -> None:
    def of(*known: RackReading, **changes: Any) -> str:
        told = battery(*known, soc_pct=3.0, **changes)
        return forbids_rescue(seen(battery=told), Memory(), SITE)

    for name in ("cell_min_v", "cell_min_c", "cell_max_c"):
        unknown = rack(2, **{name: None})
        assert of(rack(1), unknown) == "cells of rack 2 are unknown"
        assert of(rack(1), unknown, guards_cells=True) == ""
        assert of(unknown, rack(3, cell_min_v=2.4), guards_cells=True) == (
            "cell 3.7 at 2.40 V is too low to be charged"
        )
    nameless = rack(1, cell_min_v=2.4, cell_min_v_at=None)
    assert of(nameless) == "cell 1 at 2.40 V is too low to be charged"
    assert of(rack(1, cell_min_c=1.0, cell_max_c=60.0)) == "cells of rack 1 at 1 °C"
    assert of(rack(1, cell_min_c=2.0, cell_max_c=60.0)) == "cells of rack 1 at 2 °C"
    assert of(rack(1, cell_min_c=20.0, cell_max_c=60.0)) == "cells of rack 1 at 60 °C"
    assert of(rack(1, cell_min_c=21.0, cell_max_c=21.0)) == ""
    assert of(rack(1, cell_min_c=22.0, cell_max_c=21.0)) == "cells of rack 1 at 21 °C"
    assert of(rack(1, cell_min_v=2.4), rack(2)) == "cell 1.7 at 2.40 V is too low to be charged"
