"""The whole site through a virtual day: energy in Wh, signs, gaps, the same twice."""

from itertools import pairwise
from pathlib import Path

import pytest

from simulator.models.bms import State as BmsState
from simulator.models.inverter import State
from simulator.models.profile import load_profile, parse_profile
from simulator.models.site import Site, pretend_site

SUNNY = Path(__file__).parents[2] / "simulator" / "profiles" / "sunny.csv"


def at_noon(soc_pct: float = 50.0) -> Site:
    site = pretend_site(load_profile(SUNNY), soc_pct=soc_pct)
    site.elapsed_s = 11 * 3_600.0
    site.bms.request_close = site.inverter.on = True
    for _ in range(4):
        site.step(1.0)
    assert (site.bms.state, site.inverter.state) == (BmsState.NORMAL, State.OPERATION)
    return site


def day(seed: int = 1) -> Site:
    """A day in which the battery follows the grid, within its limits."""
    site = pretend_site(load_profile(SUNNY), seed=seed)
    site.bms.request_close = site.inverter.on = True
    for _ in range(86_400):
        rack = site.rack
        wish_w = site.inverter.ac_power_w + site.grid_w
        least_w = -min(5_000.0, rack.max_charge_w)
        most_w = 0.0 if rack.soc_pct < 10.0 else min(5_000.0, rack.max_discharge_w)
        site.inverter.setpoint_w = max(least_w, min(most_w, wish_w))
        site.step(1.0)
    return site


def test_discharging_lowers_the_grid_and_charging_raises_it() -> None:
    site = at_noon()
    rest_w = site.grid_w
    assert rest_w < -4_000.0, "PV is exported"
    site.inverter.setpoint_w = 2_000.0
    site.step(1.0)
    assert site.grid_w == pytest.approx(rest_w - 2_000.0, abs=20.0)
    site.inverter.setpoint_w = -2_000.0
    site.step(1.0)
    assert site.grid_w == pytest.approx(rest_w + 2_000.0, abs=20.0)
    assert site.load_w == pytest.approx(site.grid_w + site.battery_w + site.pv_w)


def test_energy_is_conserved_through_a_virtual_day() -> None:
    start_wh = pretend_site(load_profile(SUNNY)).rack.soe_wh
    site = day()
    rack = site.rack
    battery_ac_wh = site.load_wh - site.pv_wh - site.grid_import_wh + site.grid_export_wh
    dc_wh = rack.discharge_wh - rack.charge_wh
    assert dc_wh == pytest.approx(battery_ac_wh + site.inverter.loss_wh, abs=0.5)
    assert rack.soe_wh - start_wh == pytest.approx(-dc_wh - rack.heat_wh, abs=1.0)
    assert rack.charge_wh > 4_000.0
    assert site.inverter.loss_wh > 1_000.0
    assert site.load_wh == pytest.approx(11_535.0, abs=1.0)


def test_the_same_day_twice_is_the_same_and_another_seed_is_not() -> None:
    def ends(site: Site) -> tuple[float, ...]:
        rack = site.rack
        return (
            rack.soc_pct,
            rack.cell_max_v,
            site.grid_import_wh,
            site.frequency_hz,
            rack.temperature_c,
        )

    first, again, other = ends(day()), ends(day()), ends(day(seed=2))
    assert first == again
    assert first != other


def test_a_gap_keeps_the_last_known_value_and_says_so() -> None:
    lines = ["utc,load_w,pv_w"] + [
        f"2026-01-01T00:00:{s:02},{load},7" for s, load in enumerate(["", 400, "", 300])
    ]
    site = pretend_site(parse_profile(lines))
    seen = []
    for _ in range(4):
        site.step(1.0)
        seen.append((site.load_w, site.profile_gap))
    assert seen == [(0.0, True), (400.0, False), (400.0, True), (300.0, False)]


def test_a_column_that_is_not_there_is_no_gap() -> None:
    site = pretend_site(parse_profile(["utc,load_w", "2026-01-01,500", "2026-01-02,500"]))
    site.step(1.0)
    assert (site.pv_w, site.grid_w, site.profile_gap) == (0.0, 500.0, False)


def test_overrides_and_frequency() -> None:
    lines = ["utc,load_w,frequency_hz", "2026-01-01,500,49.87", "2026-01-02,500,"]
    site = pretend_site(parse_profile(lines))
    site.override_load_w, site.override_pv_w = 900.0, 100.0
    site.step(1.0)
    assert (site.grid_w, site.frequency_hz) == (800.0, 49.87)
    site.override_load_w = site.override_pv_w = None
    site.step(1.0)
    assert site.grid_w == 500.0
    site.elapsed_s = 86_400.0
    hz = []
    for _ in range(5_000):
        site.step(1.0)
        hz.append(site.frequency_hz)
    assert 49.8 < min(hz) < max(hz) < 50.2
    assert any(a != b for a, b in pairwise(hz))


def test_the_box_warms_up_with_its_losses() -> None:
    site = at_noon()
    for _ in range(3_600):
        site.inverter.setpoint_w = -4_000.0
        site.step(1.0)
    assert 22.5 < site.box_temperature_c < 30.0


def test_capacity_is_what_was_asked() -> None:
    profile = load_profile(SUNNY)
    assert pretend_site(profile, capacity_wh=10_600.0).rack.energy_wh == pytest.approx(
        10_600.0, abs=1.0
    )
    assert pretend_site(profile, capacity_wh=42_400.0).rack.energy_wh == pytest.approx(
        42_400.0, abs=4.0
    )
