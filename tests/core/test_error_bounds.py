"""Conditions of errors of battery and inverter at their very bounds: a watt, a second, a rack more or less."""

from typing import Any

import msgspec
import pytest

from appliance.errors import ROWS
from appliance.limits import apply_limits
from appliance.model import (
    ActiveError,
    BatteryState,
    GridView,
    InverterState,
    Memory,
    RackApart,
    RackReading,
    Setpoints,
    State,
)
from appliance.site import SiteSettings
from tests.core.boxes import IDLE, INIT, PRECHARGE, RUN, STARTING, WAKING
from tests.stories import NOON, Story, battery, inverter, rack, seen, with_grid_code

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
    expected = ("battery",) if state in (STARTING, RUN, State.ISLAND) else ()
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


def because(number: int) -> dict[str, Any]:
    """An error that is raised."""
    row = ROWS[number]
    error = ActiveError(
        number, "here", row.severity, row.title, row.remedy, row.effects, NOON,
        derate_pct=row.derate_pct,
    )  # fmt: skip
    return {"errors": (error,)}


@pytest.mark.parametrize(
    ("number", "charged", "discharged"),
    [(121, True, False), (113, False, True), (122, True, True), (202, True, True), (112, True, True),
     (401, True, True), (131, False, False)],
)  # fmt: skip
def test_which_error_forbids_which_way(number: int, charged: bool, discharged: bool) -> None:
    assert bool(holds(134, memory=because(number), battery=battery(power_w=-213.0))) is charged
    assert bool(holds(134, memory=because(number), battery=battery(power_w=213.0))) is discharged
    assert holds(134, memory=because(number), battery=battery(power_w=-211.0)) == ()
    assert holds(134, memory=because(number), battery=battery(power_w=211.0)) == ()


def test_power_that_nobody_asked_for_and_power_that_was() -> None:
    def of(power_w: float, commanded_w: float) -> tuple[str, ...]:
        told = {"commanded": Setpoints(commanded_w, inverter_on=True, contactors_closed=True)}
        return holds(134, memory=told, battery=battery(power_w=power_w))

    assert of(-499.0, 0.0) == of(499.0, 0.0) == ()
    assert of(-501.0, 0.0) == of(-501.0, 3_000.0) == ("battery: is charged",)
    assert of(501.0, 0.0) == of(501.0, -3_000.0) == ("battery: is discharged",)
    assert of(-4_000.0, -3_000.0) == of(4_000.0, 3_000.0) == ()
    charging = {"commanded": Setpoints(-3_000.0), **because(121)}
    assert holds(134, memory=charging, battery=battery(power_w=-3_000.0)) == (
        "battery: is charged",
    )
    assert (
        holds(134, battery=None) == holds(134, battery=battery(power_w=None, voltage_v=None)) == ()
    )


def test_each_inverter_has_its_row_of_power_against_a_ban() -> None:
    wrong: dict[str, Any] = {"battery": battery(power_w=-3_000.0)}
    slow = inverter(follows_slowly=True)
    assert holds(134, **wrong) == holds(134, inverter=None, **wrong) == ("battery: is charged",)
    assert holds(134, inverter=slow, **wrong) == holds(135, **wrong) == ()
    assert holds(135, inverter=slow, **wrong) == ("battery: is charged",)


def test_a_large_battery_and_a_small_one() -> None:
    def of(capacity_wh: float, power_w: float) -> tuple[str, ...]:
        size = SITE.battery.model_copy(update={"capacity_wh": capacity_wh})
        rated = SITE.inverter.model_copy(
            update={"max_charge_w": 2_000.0, "max_discharge_w": 2_000.0}
        )
        site = SITE.model_copy(update={"battery": size, "inverter": rated})
        return holds(134, site=site, memory=because(122), battery=battery(power_w=power_w))

    assert of(2_000.0, -100.0) == ()
    assert of(2_000.0, -101.0) == ("battery: is charged",)
    assert of(100_000.0, -1_999.0) == ()
    assert of(100_000.0, -2_001.0) == ("battery: is charged",)


@pytest.mark.parametrize("state", [BatteryState.STANDBY, BatteryState.FAULT, BatteryState.UNKNOWN])
def test_open_contactors_through_which_current_flows(state: BatteryState) -> None:
    def of(current_a: float | None, commanded: Setpoints = OPEN, **changes: Any) -> tuple[str, ...]:
        told = battery(state=state, current_a=current_a, **changes)
        return holds(104, memory={"commanded": commanded}, battery=told)

    assert of(1.0) == of(-1.0) == of(None) == ()
    assert of(1.1) == of(-1.1) == ("battery",)
    assert of(20.0, ON) == of(20.0, has_contactors=False) == ()


@pytest.mark.parametrize("unsaid_w", [None, float("nan")])
def test_an_inverter_that_does_not_say_its_power(unsaid_w: float | None) -> None:
    unsaid = msgspec.structs.replace(inverter(), power_w=unsaid_w)
    assert holds(213, inverter=unsaid) == ("inverter",)
    assert holds(213, inverter=msgspec.structs.replace(unsaid, state=InverterState.OFF)) == ()
    assert holds(213) == holds(213, inverter=None) == ()
    assert holds(205, inverter=unsaid, battery=battery(power_w=-501.0)) == ("inverter",)
    assert holds(205, inverter=unsaid, battery=battery(power_w=-499.0)) == ()
    by_current = battery(power_w=None, current_a=1.2, voltage_v=420.0)
    assert holds(205, inverter=unsaid, battery=by_current) == ("inverter",)
    assert holds(205, inverter=unsaid, battery=None) == ()
    assert holds(205, inverter=inverter(400.0), battery=battery(power_w=501.0)) == ()


def test_a_silent_rack_is_away_when_the_others_carry_all() -> None:
    def of(heard_a: float | None, whole_a: float | None, **changes: Any) -> tuple[str, ...]:
        racks = (rack(1, current_a=heard_a), RackReading(2), RackReading(3))
        told = {"current_a": whole_a, "racks": racks, **changes}
        return holds(136, battery=msgspec.structs.replace(battery(), **told))

    away, may_be_there = (), ("rack 2", "rack 3")
    assert of(-6.0, -12.0) == of(6.0, 12.0) == of(0.0, 1.1) == may_be_there
    assert of(-6.0, -6.9) == of(6.0, 6.9) == of(0.0, 0.9) == away
    assert of(99.0, 108.0) == away
    assert of(98.0, 108.0) == may_be_there
    assert of(None, 0.0) == of(0.0, None) == of(0.0, float("nan")) == may_be_there
    assert of(-6.0, -12.0, state=BatteryState.STANDBY) == away
    assert of(0.0, 12.0, racks=(RackReading(1), RackReading(2))) == away
    assert of(0.0, 12.0, racks=(rack(1), rack(2))) == of(0.0, 12.0, racks=(RackReading(1),)) == away
    opened = rack(3, contactors_closed=False, current_a=None)
    assert of(0.0, 0.0, racks=(rack(1), RackReading(2), opened)) == away
    assert of(0.0, 9.0, racks=(rack(1), RackReading(2), opened)) == ("rack 2",)
    assert holds(136, battery=None) == holds(136) == away


def test_a_silent_rack_of_which_nobody_can_tell_whether_it_is_away_closes_the_limits() -> None:
    for current_a, power in ((0.0, True), (None, False)):
        told = battery(rack(1, current_a=current_a), RackReading(2))
        assert [one.rack for one in told.working] == ([1] if power else [1, 2])
        left = Memory(state=RUN, racks_apart=(RackApart(2, 0.0, 0.0),))
        allowed = apply_limits(3_000.0, seen(battery=told), left, SITE)
        assert bool(allowed.power_w) is power, allowed
    both = battery(rack(1), RackReading(2), rack(3, contactors_closed=False), current_a=None)
    assert [one.rack for one in both.working] == [1, 2]
