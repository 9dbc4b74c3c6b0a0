"""The pretend grid: held, moved, lost and back again; what inverter and meters make of it."""

import pytest

from simulator.models.grid import RESIDUAL_V, Grid
from simulator.models.inverter import Alarm, State
from simulator.models.profile import parse_profile
from simulator.models.site import Site, pretend_site
from simulator.wire.plant import Plant

FLAT = ("utc,load_w,pv_w", "2026-06-21T00:00:00Z,1000,400", "2026-06-22T00:00:00Z,1000,400")


def running(power_w: float = 2_000.0) -> Site:
    site = pretend_site(parse_profile(FLAT))
    site.bms.request_close = True
    for _ in range(100):
        site.step(0.1)
    site.inverter.on, site.inverter.setpoint_w = True, power_w
    for _ in range(50):
        site.step(0.1)
    assert site.inverter.state is State.OPERATION
    assert site.grid_w == pytest.approx(1_000.0 - 400.0 - power_w)
    return site


def test_a_lost_grid_carries_nothing_and_the_inverter_lets_go_at_once() -> None:
    site = running()
    site.grid.hold(0.0)
    site.step(0.02)
    assert (site.voltage_v, site.grid_w, site.load_w, site.pv_w) == (RESIDUAL_V, 0.0, 0.0, 0.0)
    assert (site.inverter.ac_power_w, site.inverter.alarm) == (0.0, Alarm.GRID_LOST)
    site.grid.hold(None)
    site.step(0.1)
    assert (site.voltage_v, site.load_w) == (230.0, 1_000.0)
    assert site.inverter.state is State.ALARM
    site.inverter.acknowledge()
    site.inverter.on, site.inverter.setpoint_w = True, 500.0
    for _ in range(50):
        site.step(0.1)
    assert site.inverter.ac_power_w == pytest.approx(500.0)


@pytest.mark.parametrize("volt", [100.0, 190.0, 260.0])
def test_a_sag_and_a_swell_are_only_measured(volt: float) -> None:
    site = running()
    site.grid.hold(volt)
    site.step(0.1)
    assert (site.voltage_v, site.inverter.state) == (volt, State.OPERATION)


def test_the_frequency_moves_from_where_it_is_and_stays_where_it_is_told_to() -> None:
    grid = Grid()
    grid.hold_frequency(50.1)
    grid.move(-2.0)
    for _ in range(10):
        grid.step(0.1)
    assert grid.frequency_hz == pytest.approx(48.1)
    grid.move(0.0)
    grid.step(1.0)
    assert grid.frequency_hz == pytest.approx(48.1)
    grid.move(50.0)
    for _ in range(10):
        grid.step(0.1)
    assert grid.frequency_hz == 70.0
    grid.hold_frequency(None)
    grid.step(0.1)
    assert grid.frequency_hz == pytest.approx(50.0, abs=0.05)


def test_a_profile_says_it_too() -> None:
    lines = (
        "utc,load_w,voltage_v,frequency_hz",
        "2026-06-21T00:00:00Z,500,230,50.0",
        "2026-06-21T00:00:10Z,500,212,49.7",
        "2026-06-21T00:00:20Z,500,0,",
    )
    site = pretend_site(parse_profile(lines))
    found = []
    for _ in range(30):
        site.step(1.0)
        found.append((site.voltage_v, round(site.frequency_hz, 1)))
    assert found[5] == (230.0, 50.0) and found[15] == (212.0, 49.7)
    assert found[25][0] == RESIDUAL_V


def test_orders_reach_it() -> None:
    plant = Plant(running())
    plant.hold("grid_v", 207.5)
    plant.hold("grid_hz", 50.4)
    assert (plant.site.grid.voltage_v, plant.site.grid.frequency_hz) == (207.5, 50.4)
    plant.hold("grid_hz_per_s", 1.0)
    plant.site.step(0.5)
    assert plant.site.frequency_hz == pytest.approx(50.9)
    plant.hold("grid_v", None)
    assert plant.site.grid.voltage_v == 230.0
    with pytest.raises(ValueError, match="grid_v, grid_hz, grid_hz_per_s"):
        plant.hold("grid_a", 1.0)
