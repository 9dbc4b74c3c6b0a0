"""The inverter and the BMS: start, ramp, losses, timeouts, contactors."""

import pytest

from simulator.models.bms import CAN_TIMING, OVERVOLTAGE, Bms
from simulator.models.bms import State as BmsState
from simulator.models.inverter import Alarm, Inverter, State
from simulator.models.rack import Rack

DT_S = 0.01


def plant() -> tuple[Inverter, Rack]:
    rack = Rack()
    rack.connected = True
    return Inverter(), rack


def run(inverter: Inverter, rack: Rack, seconds: float, dt_s: float = DT_S) -> None:
    for _ in range(round(seconds / dt_s)):
        inverter.step(dt_s, rack)
        rack.step(dt_s, inverter.dc_power_w, 20.0)


def running() -> tuple[Inverter, Rack]:
    inverter, rack = plant()
    inverter.on = True
    run(inverter, rack, 1.1)
    assert inverter.state is State.OPERATION
    return inverter, rack


def test_starts_in_about_a_second_and_only_then_follows() -> None:
    inverter, rack = plant()
    inverter.on, inverter.setpoint_w = True, 2_000.0
    run(inverter, rack, 0.9)
    assert (inverter.state, inverter.ac_power_w) == (State.SWITCHING_ON, 0.0)
    run(inverter, rack, 0.4)
    assert (inverter.state, inverter.ac_power_w) == (State.OPERATION, 2_000.0)


def test_needs_the_battery_to_start() -> None:
    inverter, rack = plant()
    rack.connected = False
    inverter.on = True
    run(inverter, rack, 3.0)
    assert inverter.state is State.IDLE


@pytest.mark.parametrize("goal_w", [5_000.0, -5_000.0])
def test_reaches_5_kw_in_a_quarter_of_a_second(goal_w: float) -> None:
    inverter, rack = running()
    inverter.setpoint_w = goal_w
    run(inverter, rack, 0.2)
    assert abs(inverter.ac_power_w) == pytest.approx(4_000.0)
    run(inverter, rack, 0.06)
    assert inverter.ac_power_w == goal_w
    assert rack.current_a * goal_w > 0.0


@pytest.mark.parametrize(
    ("ac_w", "percent"), [(500.0, 90.2), (2_000.0, 95.8), (5_000.0, 96.9), (25_000.0, 95.7)]
)
def test_efficiency_depends_on_the_load(ac_w: float, percent: float) -> None:
    rack = Rack(capacity_ah=260.0)
    rack.connected = True
    inverter = Inverter()
    inverter.on = True
    run(inverter, rack, 1.1)
    inverter.setpoint_w = ac_w
    run(inverter, rack, 1.5)
    assert 100.0 * ac_w / inverter.dc_power_w == pytest.approx(percent, abs=0.6)
    inverter.setpoint_w = -ac_w
    run(inverter, rack, 3.0)
    assert 100.0 * inverter.dc_power_w / -ac_w == pytest.approx(percent, abs=1.7)


def test_a_silent_master_stops_it_until_acknowledged() -> None:
    inverter, rack = running()
    inverter.comm_timeout_s = 2.0
    inverter.setpoint_w = 3_000.0
    for _ in range(5):
        inverter.heard()
        run(inverter, rack, 1.0)
    assert inverter.ac_power_w == 3_000.0
    run(inverter, rack, 1.1)
    assert (inverter.state, inverter.alarm) == (State.ALARM, Alarm.COMMUNICATION)
    assert 0.0 < inverter.ac_power_w < 3_000.0
    run(inverter, rack, 0.2)
    assert (inverter.ac_power_w, inverter.dc_power_w) == (0.0, 0.0)
    inverter.heard()
    inverter.on = True
    run(inverter, rack, 2.0)
    assert inverter.state.name == "ALARM"
    inverter.acknowledge()
    assert (inverter.state, inverter.on, inverter.setpoint_w) == (State.IDLE, False, 0.0)
    inverter.on = True
    run(inverter, rack, 1.2)
    assert inverter.state.name == "OPERATION"


def test_nobody_armed_the_timeout() -> None:
    inverter, rack = running()
    inverter.setpoint_w = 1_000.0
    run(inverter, rack, 3_600.0, 1.0)
    assert inverter.ac_power_w == 1_000.0


def test_losing_the_battery_is_an_alarm() -> None:
    inverter, rack = running()
    inverter.setpoint_w = 3_000.0
    run(inverter, rack, 1.0)
    rack.connected = False
    run(inverter, rack, DT_S)
    assert (inverter.state, inverter.alarm, inverter.ac_power_w) == (
        State.ALARM,
        Alarm.DC_LOST,
        0.0,
    )


def test_gives_way_at_its_own_dc_window() -> None:
    inverter, rack = running()
    rack.soc_pct = 103.0
    inverter.setpoint_w = -5_000.0
    run(inverter, rack, 1.0)
    assert inverter.ac_power_w == 0.0
    inverter.setpoint_w = 5_000.0
    run(inverter, rack, 1.0)
    assert inverter.ac_power_w == 5_000.0


# ---------------------------------------------------------------- BMS


def stepped(bms: Bms, seconds: float, power_w: float = 0.0) -> None:
    for _ in range(round(seconds / DT_S)):
        bms.step(DT_S)
        bms.rack.step(DT_S, power_w, 20.0)


def closed() -> Bms:
    bms = Bms(Rack())
    bms.request_close = True
    stepped(bms, 0.7)
    assert (bms.state, bms.rack.connected) == (BmsState.NORMAL, True)
    return bms


def test_closes_after_precharge() -> None:
    bms = Bms(Rack())
    stepped(bms, 1.0)
    assert (bms.state, bms.rack.connected) == (BmsState.STANDBY, False)
    bms.request_close = True
    stepped(bms, 0.4)
    assert (bms.state, bms.rack.connected) == (BmsState.PRECHARGE, False)
    stepped(bms, 0.2)
    assert (bms.state, bms.rack.connected) == (BmsState.NORMAL, True)


def test_opens_at_once_without_current() -> None:
    bms = closed()
    bms.request_close = False
    stepped(bms, 2 * DT_S)
    assert (bms.state, bms.rack.connected) == (BmsState.STANDBY, False)


def test_waits_for_the_current_but_not_for_long() -> None:
    bms = closed()
    stepped(bms, 0.1, 4_000.0)
    bms.request_close = False
    stepped(bms, 0.9, 4_000.0)
    assert (bms.state, bms.rack.connected) == (BmsState.OPEN_CONTACTORS, True)
    stepped(bms, 0.2, 4_000.0)
    assert (bms.state, bms.rack.connected) == (BmsState.STANDBY, False)


def test_missing_requests_open_and_need_a_reset() -> None:
    bms = closed()
    bms.request_timeout_s = 1.0
    stepped(bms, 1.2)
    assert (bms.state, bms.rack.connected, bms.faults) == (BmsState.ERROR, False, {CAN_TIMING})
    bms.heard()
    bms.request_close = False
    stepped(bms, 1.0)
    assert bms.state is BmsState.ERROR
    bms.reset_persistent_flags()
    stepped(bms, 0.1)
    assert (bms.state, bms.faults) == (BmsState.STANDBY, set())


def test_a_cell_too_high_opens_at_once() -> None:
    bms = closed()
    bms.rack.soc_pct = 103.0
    stepped(bms, 0.03, -4_000.0)
    assert (bms.state, bms.rack.connected, bms.faults) == (BmsState.ERROR, False, {OVERVOLTAGE})
    bms.rack.soc_pct = 90.0
    stepped(bms, 0.1)
    assert bms.state.name == "ERROR", "somebody still asks for power"
    bms.request_close = False
    stepped(bms, 0.1)
    assert bms.state.name == "STANDBY"
