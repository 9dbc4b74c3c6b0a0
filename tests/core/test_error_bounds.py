"""Conditions of errors of battery and inverter at their very bounds: a watt, a second, a rack more or less."""

from typing import Any

import msgspec
import pytest

from appliance.errors import ROWS
from appliance.model import (
    BatteryState,
    GridView,
    InverterState,
    Memory,
    RackApart,
    Setpoints,
    State,
)
from appliance.site import SiteSettings
from tests.core.boxes import IDLE, INIT, PRECHARGE, RUN, STARTING, WAKING
from tests.stories import Story, battery, inverter, rack, seen, with_grid_code

SITE = Story().site
OPEN = Setpoints()
ON = Setpoints(inverter_on=True, contactors_closed=True)


def holds(
    number: int, state: State = RUN, for_s: float = 50.0, site: SiteSettings = SITE,
    memory: dict[str, Any] | None = None, **readings: Any,
) -> tuple[str, ...]:  # fmt: skip
    """The sources for which an error's condition holds, at 100 s."""
    before = Memory(state=state, state_since_s=100.0 - for_s, commanded=ON)
    before = msgspec.structs.replace(before, **(memory or {}))
    return ROWS[number].holds(seen(100.0, **readings), before, site)


@pytest.mark.parametrize(("number", "name"), [(101, "battery"), (201, "inverter")])
def test_a_silent_device_has_six_seconds_after_the_start(number: int, name: str) -> None:
    silent: dict[str, Any] = {name: None}
    assert holds(number, INIT, 5.99, **silent) == ()
    assert holds(number, INIT, 6.0, **silent) == (name,)
    assert holds(number, IDLE, 1.0, **silent) == (name,)
    assert holds(number, IDLE, 1.0) == ()


def test_a_battery_that_was_woken_may_be_silent_for_its_time() -> None:
    wake_s = SITE.battery.sleep.wake_s
    waking = {"waking": True, "woken_at_s": 100.0 - wake_s}
    assert holds(101, IDLE, memory=waking, battery=None) == ()
    late = {"waking": True, "woken_at_s": 99.9 - wake_s}
    assert holds(101, IDLE, memory=late, battery=None) == ("battery",)
    assert holds(101, IDLE, memory={"waking": True}, battery=None) == ("battery",)
    over = {"waking": False, "woken_at_s": 99.0}
    assert holds(101, IDLE, memory=over, battery=None) == ("battery",)
    assert holds(101, WAKING, memory=late, battery=None) == ()
    asleep = {"commanded": Setpoints(battery_asleep=True)}
    assert holds(101, IDLE, memory=asleep, battery=None) == ()
    assert holds(106, WAKING, wake_s) == ()
    assert holds(106, WAKING, wake_s + 0.1) == ("battery",)
    assert holds(106, IDLE, wake_s + 0.1) == ()


def test_a_fault_of_one_rack_is_its_own_while_it_leaves() -> None:
    def of(*racks: Any, **memory: Any) -> tuple[str, ...]:
        told = battery(*racks, faults=("rack 1: sick",))
        return holds(102, memory=memory, battery=told)

    sick, away = rack(1, faults=("sick",)), rack(1, faults=("sick",), contactors_closed=False)
    assert of(sick, rack(2)) == ()
    assert of(away, rack(2)) == ()
    assert of(sick, rack(2), racks_apart=(RackApart(1, 97.0, 0.0),)) == ()
    late = (RackApart(1, 96.9, 0.0),)
    assert of(sick, rack(2), racks_apart=late) == ("battery: rack 1: sick",)
    assert of(away, rack(2), racks_apart=late) == ()
    assert of(away, rack(2, faults=("too",))) == ("battery: rack 1: sick",)
    assert of(away, rack(2), racks_apart=(RackApart(2, 1.0, 0.0),)) == ("battery: rack 1: sick",)
    assert of(away) == ("battery: rack 1: sick",)
    both = battery(away, rack(2), faults=("rack 1: sick", "fuse"))
    assert holds(102, battery=both) == ("battery: rack 1: sick, fuse",)
    failed = battery(away, rack(2), faults=("rack 1: sick",), state=BatteryState.FAULT)
    assert holds(102, battery=failed) == ("battery: rack 1: sick",)
    assert holds(102, battery=battery(state=BatteryState.FAULT)) == ("battery",)
    assert holds(102) == ()
    assert holds(102, battery=None) == ()


def test_a_rack_apart_is_told_with_its_reason() -> None:
    two = battery(rack(1), rack(2, contactors_closed=False))
    assert holds(126, battery=two) == ("rack 2",)
    assert holds(126, IDLE, battery=two) == ()
    assert holds(126, battery=battery(rack(1, contactors_closed=False))) == ()
    told = {"commanded": Setpoints(contactors_closed=True, racks_open=(1,))}
    assert holds(126, memory=told, battery=battery(rack(1), rack(2))) == ("rack 1",)
    waits = {"racks_apart": (RackApart(2, 1.0, 0.0, 0, "its voltage does not fit"),)}
    assert holds(126, memory=waits, battery=two) == ("rack 2: its voltage does not fit",)
    odd = battery(rack(1), rack(2, contactors_closed=None, faults=("hm",)))
    assert holds(126, battery=odd) == ("rack 2: hm",)
    fine = battery(rack(1), rack(2, faults=("hm",)))
    assert holds(126, battery=fine) == ()


def test_figures_of_the_estimate() -> None:
    drift, worn = SITE.battery.estimate.drift_pct, SITE.battery.estimate.degraded_pct
    assert holds(124, battery=battery(soc_drift_pct=drift)) == ()
    assert holds(124, battery=battery(soc_drift_pct=drift + 0.1)) == ("battery",)
    assert holds(124, battery=battery(soc_drift_pct=-drift - 0.1)) == ("battery",)
    assert holds(124, battery=None) == ()
    assert holds(125, battery=battery(soh_pct=worn)) == ()
    assert holds(125, battery=battery(soh_pct=worn - 0.1)) == ("battery",)
    assert holds(125, battery=battery(soh_pct=None)) == ()


@pytest.mark.parametrize("state", list(State))
def test_a_battery_that_opens_by_itself(state: State) -> None:
    opened = battery(state=BatteryState.STANDBY)
    expected = ("battery",) if state in (STARTING, RUN) else ()
    assert holds(103, state, battery=opened) == expected
    assert holds(103, state) == ()
    assert holds(103, state, battery=None) == ()
    stopped = inverter(state=InverterState.OFF)
    assert holds(203, state, inverter=stopped) == (("inverter",) if state is RUN else ())
    assert holds(203, state) == ()
    assert holds(203, state, inverter=None) == ()


def test_what_was_told_to_stop_and_does_not() -> None:
    told = {"commanded": OPEN}
    assert holds(104, IDLE, memory=told) == ("battery",)
    assert holds(104, IDLE) == ()
    assert holds(104, IDLE, memory=told, battery=battery(state=BatteryState.STANDBY)) == ()
    assert holds(104, IDLE, memory=told, battery=battery(has_contactors=False)) == ()
    assert holds(104, IDLE, memory=told, battery=None) == ()
    assert holds(208, IDLE, memory=told) == ("inverter",)
    assert holds(208, IDLE) == ()
    assert holds(208, IDLE, memory=told, inverter=inverter(state=InverterState.OFF)) == ()
    assert holds(208, IDLE, memory=told, inverter=None) == ()


def test_starting_takes_its_time() -> None:
    assert holds(105, PRECHARGE, 20.0) == ()
    assert holds(105, PRECHARGE, 20.1) == ("battery",)
    assert holds(105, STARTING, 20.1) == ()
    assert holds(204, STARTING, 60.0) == ()
    assert holds(204, STARTING, 60.1) == ("inverter",)
    assert holds(204, PRECHARGE, 60.1) == ()
    coded = with_grid_code(SITE)
    assert coded.grid_code is not None
    enough_s = coded.grid_code.connect.wait_s + 60.0
    long: dict[str, Any] = {"for_s": 999.0, "site": coded}
    assert holds(204, STARTING, **long, grid_view=GridView(enough_s, 0.0)) == ()
    assert holds(204, STARTING, **long, grid_view=GridView(enough_s + 0.1, 0.0)) == ("inverter",)
    assert holds(204, STARTING, **long, grid_view=None) == ("inverter",)
    assert holds(204, STARTING, 60.1, grid_view=GridView(0.0, 9.0)) == ("inverter",)


@pytest.mark.parametrize(
    ("told_w", "gives_w", "exceeds", "lags"),
    [
        (0.0, 500.0, False, False), (0.0, 501.0, True, False), (0.0, -501.0, True, False),
        (1_000.0, 1_500.0, False, False), (1_000.0, 1_501.0, True, False),
        (1_000.0, 500.0, False, False), (1_000.0, 499.0, False, True),
        (300.0, -201.0, True, False), (300.0, -200.0, False, False),
        (4_000.0, 4_800.0, False, False), (4_000.0, 4_801.0, True, False),
        (-4_000.0, -4_801.0, True, False), (-4_000.0, -3_200.0, False, False),
        (-4_000.0, -3_199.0, False, True), (4_000.0, -4_000.0, True, False),
    ],
)  # fmt: skip
def test_obedience(told_w: float, gives_w: float, exceeds: bool, lags: bool) -> None:
    memory = {"commanded": msgspec.structs.replace(ON, power_w=told_w)}

    def of(number: int, state: State = RUN, **changes: Any) -> bool:
        found = holds(number, state, memory=memory, inverter=inverter(gives_w, **changes))
        assert found in ((), ("inverter",))
        return bool(found)

    assert of(205) == exceeds
    assert of(205, IDLE) == exceeds
    assert of(207) == lags
    assert not of(207, IDLE)
    assert not of(205, follows_slowly=True)
    assert of(209, follows_slowly=True) == exceeds
    assert not of(209)


@pytest.mark.parametrize(
    ("told_w", "held_w", "wrong"),
    [(0.0, 500.0, False), (0.0, 500.1, True), (0.0, -500.1, True), (4_000.0, 3_200.0, False),
     (4_000.0, 3_199.0, True), (4_000.0, None, False)],
)  # fmt: skip
def test_another_setpoint(told_w: float, held_w: float | None, wrong: bool) -> None:
    memory = {"commanded": msgspec.structs.replace(ON, power_w=told_w)}
    quick, slow = (inverter(told_w, setpoint_w=held_w, follows_slowly=one) for one in (False, True))
    assert bool(holds(206, memory=memory, inverter=quick)) == wrong
    assert bool(holds(209, memory=memory, inverter=slow)) == wrong
    assert holds(206, memory=memory, inverter=slow) == ()
    assert holds(206, IDLE, memory=memory, inverter=quick) == ()
    assert holds(206, memory=memory, inverter=None) == ()


def test_meters_and_restarts() -> None:
    without = SITE.model_copy(update={"meters": {"grid": SITE.meters["grid"]}})
    assert holds(302, site=without, pv=None) == ()
    assert holds(302, pv=None) == ("PV meter",)
    assert holds(613, State.RESTART, 30.0) == ()
    assert holds(613, State.RESTART, 30.1) == ("box",)
    assert holds(613, State.REBOOT, 30.1) == ("box",)
    assert holds(613, IDLE, 30.1) == ()
