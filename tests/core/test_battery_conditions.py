"""Conditions of battery, inverter and rescue charge at each edge, and with each value missing."""

from typing import Any

import pytest
from msgspec.structs import replace

from appliance.errors.battery import just_started, racks
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
    GridView,
    InverterState,
    Memory,
    PowerCap,
    RackApart,
    RackReading,
    RescueCharge,
    RunningTest,
    Severity,
    State,
)
from appliance.site import SiteSettings
from tests.core.conditions import ON, SITE, holds
from tests.stories import NOON, battery, inverter, rack, seen, with_grid_code

AWAY: tuple[str, ...] = ()
INIT, WAKING, PRECHARGE, STARTING = State.INIT, State.WAKING, State.PRECHARGE, State.STARTING
RUN, IDLE = State.RUN, State.IDLE
STANDBY = battery(state=BatteryState.STANDBY)
OFF = inverter(state=InverterState.OFF)


def in_a_test(step: State | None) -> dict[str, Any]:
    """A test of which somebody wants that step."""
    return {"test": RunningTest("ctl", "k", 999.0, 100.0, True, IDLE, step)}


def test_racks_that_are_wrong() -> None:
    def of(*known: RackReading, **changes: Any) -> tuple[str, ...]:
        told = replace(battery(), racks=known, **changes)
        return racks(told, lambda one: one.soc_pct == 1.0)

    wrong, opened = rack(2, soc_pct=1.0), rack(1, soc_pct=1.0, contactors_closed=False)
    assert racks(None, lambda _: True) == of() == of(rack(1)) == AWAY
    assert of(wrong) == of(rack(1), wrong) == ("rack 2",)
    assert of(opened) == ("rack 1",), "the only one is always meant"
    assert of(opened, wrong) == ("rack 2",)
    assert of(opened, rack(2)) == AWAY
    assert of(opened, wrong, state=BatteryState.STANDBY) == ("rack 1", "rack 2")


def test_just_started() -> None:
    def of(state: State, since_s: float) -> bool:
        return just_started(seen(100.0), Memory(state=state, state_since_s=since_s))

    assert of(INIT, 94.1) and of(INIT, 100.0)
    assert not of(INIT, 94.0) and not of(RUN, 99.0)
    for number in (101, 201):
        assert holds(number, INIT, 5.9, battery=None, inverter=None) == AWAY


def test_a_battery_that_is_heard_is_not_silent() -> None:
    for state in State:
        assert holds(101, state) == AWAY
        assert holds(101, state, memory={"waking": True, "woken_at_s": 0.0}) == AWAY


@pytest.mark.parametrize(
    ("number", "state", "source", "wanted", "other"),
    [
        (105, PRECHARGE, "battery", {"battery": battery()}, {"battery": STANDBY}),
        (204, STARTING, "inverter", {"inverter": inverter()}, {"inverter": OFF}),
    ],
)
def test_a_test_may_stay_at_its_step(
    number: int, state: State, source: str, wanted: dict[str, Any], other: dict[str, Any]
) -> None:
    nothing: dict[str, Any] = {source: None}
    stays, passes = in_a_test(state), in_a_test(RUN)
    assert holds(number, state, memory=stays, **wanted) == AWAY
    late: dict[str, Any] = {"for_s": 60.1}
    assert holds(number, state, memory=stays, **late, **wanted) == AWAY
    for readings in (other, nothing):
        assert holds(number, state, 19.9, memory=stays, **readings) == AWAY
        assert holds(number, state, memory=stays, **late, **readings) == (source,)
        assert holds(number, IDLE, memory=stays, **late, **readings) == AWAY
    for memory in (passes, in_a_test(None), None):
        assert holds(number, state, memory=memory, **late, **wanted) == (source,)
        assert holds(number, IDLE, memory=memory, **late, **other) == AWAY


def test_a_start_that_waits_for_the_grid_is_not_late() -> None:
    coded = with_grid_code(SITE)
    assert coded.grid_code is not None
    wait_s = coded.grid_code.connect.wait_s

    def of(steady_s: float, site: SiteSettings = coded, **changes: Any) -> tuple[str, ...]:
        view = GridView(steady_s, 0.0)
        return holds(204, STARTING, 999.0, site=site, **({"grid_view": view} | changes))

    assert of(wait_s + 60.0) == AWAY
    assert of(wait_s + 60.1) == of(0.0, SITE) == of(0.0, grid_view=None) == ("inverter",)
    quick = holds(204, STARTING, 59.0, site=coded, grid_view=GridView(wait_s + 99.0, 0.0))
    assert quick == AWAY


def test_faults_with_their_words() -> None:
    fault = inverter(state=InverterState.FAULT)
    assert holds(202, inverter=fault) == ("inverter",)
    assert holds(202, inverter=replace(fault, faults=("a", "b"))) == ("inverter: a, b",)
    assert holds(202, inverter=inverter(faults=("a",))) == holds(202, inverter=None) == AWAY
    assert holds(202) == AWAY
    assert holds(102, battery=battery(faults=("a", "b"))) == ("battery: a, b",)
    failed = battery(state=BatteryState.FAULT, faults=("a",))
    assert holds(102, battery=failed) == ("battery: a",)
    alone = battery(rack(1, faults=("a",)), faults=("rack 1: a",))
    assert holds(102, battery=alone) == ("battery: rack 1: a",)
    assert holds(102, battery=battery(rack(1), rack(2), faults=("a",))) == ("battery: a",)


def test_power_exactly_at_its_bounds() -> None:
    def of(power_w: float, commanded_w: float = 0.0, *raised: ActiveError) -> tuple[str, ...]:
        memory = {"commanded": replace(ON, power_w=commanded_w), "errors": raised}
        return holds(134, memory=memory, battery=battery(power_w=power_w))

    assert of(500.0) == of(-500.0) == AWAY
    assert of(500.1) == ("battery: is discharged",)
    assert of(-500.1) == ("battery: is charged",)
    assert of(501.0, 0.001) == of(-501.0, -0.001) == AWAY, "asked for, however little"
    hot = error(Effect.NO_CHARGE, Effect.NO_DISCHARGE)
    assert of(212.0, 0.0, hot) == of(-212.0, 0.0, hot) == AWAY
    assert of(212.1, 0.0, hot) == ("battery: is discharged",)


def test_power_that_nobody_asked_for_of_a_large_battery() -> None:
    size = SITE.battery.model_copy(update={"capacity_wh": 100_000.0})
    site = SITE.model_copy(update={"battery": size})
    assert holds(134, site=site, battery=battery(power_w=2_000.0)) == AWAY
    assert holds(134, site=site, battery=battery(power_w=2_000.1)) == ("battery: is discharged",)


def test_a_rack_that_is_open_for_another_reason_is_no_excuse() -> None:
    opened = rack(2, contactors_closed=False)
    told = battery(rack(1), opened, faults=("rack 2: a",))
    assert holds(102, battery=told) == ("battery: rack 2: a",)


def test_two_racks_of_which_one_is_silent() -> None:
    unsaid = battery(rack(1, current_a=None), RackReading(2))
    assert holds(136, battery=unsaid) == ("rack 2",)
    assert holds(136, battery=battery(RackReading(1))) == AWAY


def test_a_rack_whose_contactors_nobody_tells_of_is_not_apart_for_that() -> None:
    assert holds(126, battery=battery(rack(1), rack(2, contactors_closed=None))) == AWAY
    told = battery(rack(1), rack(2, contactors_closed=None, faults=("hm",)))
    assert holds(126, battery=told) == ("rack 2: hm",)
    alone = battery(rack(1, contactors_closed=None, faults=("hm",)))
    assert holds(126, battery=alone) == AWAY, "there are no others"


def test_a_faulty_rack_that_is_silent_leaves_at_once() -> None:
    gone = RackReading(1, faults=("a",))
    told = battery(gone, rack(2), faults=("rack 1: a",))
    late = {"racks_apart": (RackApart(1, 1.0, 0.0),)}
    assert holds(102, battery=told, memory=late) == AWAY
    assert holds(102, battery=battery(gone, RackReading(2), faults=("rack 1: a",))) == (
        "battery: rack 1: a",
    )


def test_when_every_rack_is_faulty_it_is_the_battery() -> None:
    opened = rack(1, faults=("a",), contactors_closed=False)
    told = battery(opened, rack(2, faults=("b",)), faults=("rack 1: a", "rack 2: b"))
    assert holds(102, battery=told) == ("battery: rack 1: a, rack 2: b",)


def test_the_grid_protection_was_outlasted() -> None:
    stages = GridView(0.0, 0.0, outlasted=("a", "b"))
    assert holds(211, grid_view=stages) == ("inverter: a, b",)
    assert holds(211, grid_view=GridView(0.0, 0.0)) == holds(211, grid_view=None) == AWAY


def test_power_and_setpoint_of_an_inverter_that_says_nothing() -> None:
    told = {"commanded": replace(ON, power_w=-4_000.0)}
    for number in (203, 205, 206, 207, 208, 209, 213):
        assert holds(number, memory=told, inverter=None) == AWAY
    unsaid = inverter().__class__(InverterState.RUNNING)
    assert holds(207, memory=told, inverter=unsaid) == AWAY
    assert holds(205, memory=told, inverter=unsaid, battery=battery(power_w=None, current_a=None)) == AWAY  # fmt: skip
    slow = inverter(0.0, setpoint_w=4_000.0, follows_slowly=True)
    assert holds(209, memory=told, inverter=slow) == ("inverter",)
    assert holds(209, IDLE, memory=told, inverter=slow) == AWAY
    much = inverter(-4_801.0, setpoint_w=-4_000.0, follows_slowly=True)
    assert holds(209, IDLE, memory=told, inverter=much) == ("inverter",)


@pytest.mark.parametrize(
    ("told_w", "gives_w", "exceeds"),
    [
        (600.0, 0.0, False), (600.0, -1.0, True), (-600.0, 1.0, True), (-600.0, 0.0, False),
        (1_500.0, 1_000.0, False), (3_000.0, 2_000.0, False), (1_000.0, -1_000.0, True),
        (5_000.0, -0.5, True), (5_000.0, 0.5, False),
    ],
)  # fmt: skip
def test_the_other_direction_is_always_too_much(
    told_w: float, gives_w: float, exceeds: bool
) -> None:
    memory = {"commanded": replace(ON, power_w=told_w)}
    expected = ("inverter",) if exceeds else AWAY
    assert holds(205, memory=memory, inverter=inverter(gives_w)) == expected


# ------------------------------------------------------------------ critically low


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


def error(*effects: Effect, derate_pct: float | None = None) -> ActiveError:
    return ActiveError(
        7, "here", Severity.ERROR, "Odd", "none", effects, NOON, derate_pct=derate_pct
    )


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
