"""Conditions of battery, inverter and rescue charge at each edge, and with each value missing."""

from typing import Any

import pytest
from msgspec.structs import replace

from appliance.errors.battery import just_started, racks
from appliance.model import (
    ActiveError,
    BatteryState,
    Effect,
    GridView,
    InverterState,
    Memory,
    RackApart,
    RackReading,
    RunningTest,
    State,
)
from appliance.site import SiteSettings
from tests.core.conditions import ON, SITE, error, holds
from tests.stories import battery, inverter, rack, seen, with_grid_code

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
