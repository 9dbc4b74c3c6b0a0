"""Transitions at their very bounds: one watt, one second, one reading more or less."""

from typing import Any

import msgspec
import pytest

from appliance.model import (
    BatteryState,
    Effect,
    InverterState,
    Memory,
    RescueCharge,
    Setpoints,
    State,
)
from appliance.statemachine.machine import next_state
from appliance.statemachine.transitions import Scene
from tests.core.boxes import (
    ERROR,
    IDLE,
    INIT,
    MAINTENANCE,
    OFF,
    PRECHARGE,
    RUN,
    SLEEP,
    STARTING,
    STOPPING,
)
from tests.stories import battery, inverter, rack, seen

ON = Setpoints(inverter_on=True, contactors_closed=True)


def enters(
    state: State, after_s: float, *effects: Effect, wakes: bool = False,
    memory: dict[str, Any] | None = None, **readings: Any,
) -> State:  # fmt: skip
    """Where the box goes from `state`, in which it is for so long; a reserve of 10 %."""
    before = Memory(state=state, state_since_s=100.0, commanded=ON)
    before = msgspec.structs.replace(before, **(memory or {}))
    scene = Scene(seen(100.0 + after_s, **readings), before, frozenset(effects), 10.0, wakes)
    return next_state(scene)[0]


def test_an_error_rests_its_time_to_the_end() -> None:
    assert enters(ERROR, 2.99) is ERROR
    assert enters(ERROR, 3.0) is INIT
    assert enters(ERROR, 3.0, Effect.STOP) is ERROR
    assert enters(ERROR, 5.99, memory={"stops": 2}) is ERROR
    assert enters(ERROR, 6.0, memory={"stops": 2}) is INIT


@pytest.mark.parametrize(("current_a", "goes"), [(None, False), (0.0, True), (1.0, False)])
def test_a_battery_without_contactors_is_open_when_its_current_is_known_to_be_none(
    current_a: float | None, goes: bool
) -> None:
    alone = battery(has_contactors=False, current_a=current_a)
    wanted = {"goal": MAINTENANCE, "commanded": Setpoints()}
    found = enters(IDLE, 1.0, memory=wanted, battery=alone, inverter=OFF)
    assert found is (MAINTENANCE if goes else IDLE)


def test_contacts_that_say_open_while_current_flows_are_not_known_to_be_open() -> None:
    odd = battery(rack(contactors_closed=False), state=BatteryState.STANDBY, current_a=6.0)
    wanted = {"goal": MAINTENANCE, "commanded": Setpoints()}
    assert enters(IDLE, 1.0, memory=wanted, battery=odd, inverter=OFF) is IDLE
    still = msgspec.structs.replace(odd, current_a=0.5)
    assert enters(IDLE, 1.0, memory=wanted, battery=still, inverter=OFF) is MAINTENANCE
    pressed = enters(IDLE, 1.0, Effect.EMERGENCY_STOP, memory=wanted, battery=still, inverter=OFF)
    assert pressed is ERROR


def test_it_runs_when_both_are_ready() -> None:
    assert enters(STARTING, 1.0) is RUN
    assert enters(STARTING, 1.0, battery=battery(state=BatteryState.PRECHARGE)) is STARTING
    assert enters(STARTING, 1.0, battery=None) is STARTING
    assert enters(STARTING, 1.0, inverter=inverter(state=InverterState.STARTING)) is STARTING
    assert enters(STARTING, 1.0, inverter=None) is STARTING
    assert enters(PRECHARGE, 1.0, battery=None) is PRECHARGE


@pytest.mark.parametrize(
    ("soc_pct", "after_s", "power_w", "wakes", "sleeps"),
    [
        (10.5, 300.0, 0.0, False, True),
        (10.51, 300.0, 0.0, False, False),
        (10.5, 299.9, 0.0, False, False),
        (10.5, 300.0, -1.0, False, False),
        (10.5, 300.0, 50.0, False, True),
        (10.5, 300.0, 0.0, True, False),
        (None, 300.0, 0.0, False, False),
    ],
)
def test_an_empty_battery_rests(
    soc_pct: float | None, after_s: float, power_w: float, wakes: bool, sleeps: bool
) -> None:
    memory = {"commanded": Setpoints(power_w=power_w, inverter_on=True, contactors_closed=True)}
    empty = battery(soc_pct=soc_pct)
    found = enters(RUN, after_s, wakes=wakes, memory=memory, battery=empty)
    assert found is (SLEEP if sleeps else RUN)


def test_a_rescue_keeps_an_empty_battery_awake_while_it_charges() -> None:
    empty = battery(soc_pct=10.0)
    charging = {"rescue": RescueCharge(90.0)}
    assert enters(RUN, 400.0, memory=charging, battery=empty) is RUN
    pausing = {"rescue": RescueCharge(90.0, 9_000.0, "done")}
    assert enters(RUN, 400.0, memory=pausing, battery=empty) is SLEEP


def test_it_sleeps_a_minute_at_least() -> None:
    assert enters(SLEEP, 59.9, wakes=True) is SLEEP
    assert enters(SLEEP, 60.0, wakes=True) is PRECHARGE
    assert enters(SLEEP, 600.0, wakes=False) is SLEEP


def test_stopping_takes_five_seconds_at_most_and_a_slow_one_twenty() -> None:
    wanted = {"goal": IDLE}
    assert enters(STOPPING, 5.0, memory=wanted) is STOPPING
    assert enters(STOPPING, 5.01, memory=wanted) is IDLE
    slow = inverter(follows_slowly=True)
    assert enters(STOPPING, 20.0, memory=wanted, inverter=slow) is STOPPING
    assert enters(STOPPING, 20.01, memory=wanted, inverter=slow) is IDLE
    opened = battery(rack(contactors_closed=False), state=BatteryState.STANDBY)
    assert enters(STOPPING, 0.1, memory=wanted, battery=opened) is STOPPING
    assert enters(STOPPING, 0.1, memory=wanted, inverter=OFF) is STOPPING
    assert enters(STOPPING, 0.1, memory=wanted, battery=opened, inverter=OFF) is IDLE
    assert enters(STOPPING, 0.1, memory=wanted, battery=None, inverter=None) is IDLE


@pytest.mark.parametrize("state", [State.RESTART, State.REBOOT])
def test_a_restart_that_does_not_come_is_given_up(state: State) -> None:
    assert enters(state, 30.0) is state
    assert enters(state, 30.1) is INIT
