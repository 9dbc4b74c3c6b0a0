"""Racks in parallel: they share the current, even each other out, join when they match, leave alone."""

import pytest

from simulator.models.battery import Battery, build_battery
from simulator.models.battery_bms import MATCH_CELL_V, BatteryBms
from simulator.models.bms import CAN_TIMING, CONTACTOR_FAULT, State
from simulator.models.rack import Rack
from tests.simulator.can_bench import site_of

DT_S = 0.1


def pair(first_pct: float = 50.0, second_pct: float = 50.0, resistance: float = 1.0) -> Battery:
    """Two equal racks but for what is named."""
    return Battery(
        [Rack(soc_pct=first_pct), Rack(soc_pct=second_pct, resistance=resistance, seed=1)]
    )


def run(bms: BatteryBms, seconds: float, power_w: float = 0.0) -> None:
    for _ in range(round(seconds / DT_S)):
        bms.step(DT_S)
        bms.battery.step(DT_S, power_w if bms.battery.connected else 0.0, 20.0)


def closed(battery: Battery) -> BatteryBms:
    bms = BatteryBms(battery)
    bms.request_close = True
    run(bms, 1.0)
    return bms


@pytest.mark.parametrize("power_w", [8_000.0, -8_000.0])
def test_the_current_is_shared_by_resistance(power_w: float) -> None:
    battery = pair(resistance=2.0)
    run(closed(battery), 1.0, power_w)
    one, other = battery.racks
    assert battery.power_w == pytest.approx(power_w, abs=1.0)
    assert battery.power_w == pytest.approx(one.power_w + other.power_w)
    assert one.current_a / other.current_a == pytest.approx(2.0, rel=0.02)
    assert one.voltage_v == pytest.approx(other.voltage_v, abs=1e-6)
    assert battery.voltage_v == pytest.approx(one.voltage_v, abs=1e-6)


def test_two_racks_are_one_of_twice_the_capacity() -> None:
    battery = pair()
    run(closed(battery), 1.0, 10_000.0)
    big = Rack(capacity_ah=52.0)
    big.connected = True
    big.step(0.0, 10_000.0, 20.0)
    assert battery.current_a == pytest.approx(big.current_a, rel=0.002)
    assert battery.max_current_a == 52.0
    assert battery.energy_wh == pytest.approx(2 * battery.racks[0].energy_wh)
    assert battery.max_charge_w == pytest.approx(2 * battery.racks[0].max_charge_w, rel=0.001)


def test_without_power_the_fuller_rack_charges_the_emptier_and_no_energy_is_made() -> None:
    battery = pair(12.0, 10.5)
    bms = BatteryBms(battery)
    bms.join_anyway = [True, True]
    bms.request_close = True
    before_wh = battery.soe_wh
    run(bms, 3_600.0)
    full, empty = battery.racks
    assert battery.power_w == pytest.approx(0.0, abs=0.1)
    assert full.current_a > 0.0 > empty.current_a
    assert full.soc_pct - empty.soc_pct < 0.8
    assert battery.soe_wh == pytest.approx(before_wh, rel=0.01)
    assert battery.soe_wh <= before_wh


def test_a_rack_that_does_not_match_waits_until_it_does_or_is_told_to_join() -> None:
    battery = pair(8.0, 3.0)
    apart_v = battery.racks[0].source()[0] - battery.racks[1].source()[0]
    assert apart_v > MATCH_CELL_V * battery.cell_count
    bms = closed(battery)
    assert [rack.connected for rack in battery.racks] == [True, False]
    assert bms.state is State.NORMAL
    battery.racks[0].soc_pct = 3.0
    run(bms, 1.0)
    assert [rack.connected for rack in battery.racks] == [True, True]
    other = closed(pair(10.0, 7.8))
    assert [rack.connected for rack in other.battery.racks] == [True, False]
    other.join_anyway[1] = True
    run(other, 1.0)
    assert [rack.connected for rack in other.battery.racks] == [True, True]
    assert other.battery.racks[0].current_a > 1.0


def test_most_racks_win_when_the_bus_is_dead() -> None:
    battery = Battery([Rack(soc_pct=p, seed=n) for n, p in enumerate((3.0, 9.0, 9.1, 8.9))])
    closed(battery)
    assert [rack.connected for rack in battery.racks] == [False, True, True, True]


def test_a_rack_with_a_fault_leaves_and_comes_back_after_a_reset() -> None:
    battery = pair()
    bms = closed(battery)
    bms.masters[1].injected = CONTACTOR_FAULT
    run(bms, 0.5, 2_000.0)
    assert [rack.connected for rack in battery.racks] == [True, False]
    assert (bms.state, bms.faults) == (State.NORMAL, {CONTACTOR_FAULT})
    assert battery.racks[0].power_w == pytest.approx(2_000.0, abs=1.0)
    assert battery.max_current_a == 26.0
    bms.reset_persistent_flags()
    run(bms, 1.0)
    assert not battery.racks[1].connected
    bms.masters[1].injected = None
    bms.reset_persistent_flags()
    run(bms, 1.0)
    assert [rack.connected for rack in battery.racks] == [True, True]
    assert bms.faults == set()


def test_all_racks_faulty_is_an_error_of_the_battery() -> None:
    bms = closed(pair())
    bms.request_timeout_s = 1.0
    run(bms, 4.0)
    assert (bms.state, bms.faults) == (State.ERROR, {CAN_TIMING})
    assert not bms.battery.connected


def test_racks_leave_and_join_as_enabled() -> None:
    bms = closed(pair())
    bms.leave_out((1,))
    run(bms, 2.0)
    assert [rack.connected for rack in bms.battery.racks] == [False, True]
    bms.leave_out(())
    run(bms, 2.0)
    assert [rack.connected for rack in bms.battery.racks] == [True, True]


def test_asleep_it_does_not_close_and_a_closed_one_does_not_sleep() -> None:
    bms = BatteryBms(pair())
    bms.sleep()
    bms.request_close = True
    run(bms, 1.0)
    assert [rack.connected for rack in bms.battery.racks] == [False, False]
    bms.wake()
    run(bms, 1.0)
    assert [rack.connected for rack in bms.battery.racks] == [True, True]
    bms.sleep()
    assert bms.asleep is False


def test_racks_of_one_battery_differ_a_little_and_hold_what_was_asked() -> None:
    battery = build_battery(8, 400_000.0, 50.0, seed=3)
    again = build_battery(8, 400_000.0, 50.0, seed=3)
    socs = [rack.soc_pct for rack in battery.racks]
    assert socs == [rack.soc_pct for rack in again.racks]
    assert len(set(socs)) == 8
    assert max(socs) - min(socs) < 1.3
    assert battery.energy_wh == pytest.approx(400_000.0, rel=0.001)
    closed(battery)
    assert sum(rack.connected for rack in battery.racks) == 8
    assert max(abs(rack.current_a) / rack.max_current_a for rack in battery.racks) < 0.3


def test_sixteen_racks_run_a_site() -> None:
    site = site_of("cbms", 16, 3_000_000.0)
    site.bms.request_close = True
    site.inverter.on = True
    site.inverter.rated_w, site.inverter.ramp_w_per_s = 1.5e6, 1e6
    for _ in range(30):
        site.inverter.setpoint_w = 1e6
        site.step(0.1)
    currents = [rack.current_a for rack in site.battery.racks]
    assert len(currents) == 16
    assert min(currents) > 0.0
    assert site.rack.power_w == pytest.approx(site.inverter.dc_power_w, rel=0.001)
