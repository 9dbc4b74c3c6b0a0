"""The rack: signs, energy, cells, limits."""

from random import Random

import pytest

from simulator.models.rack import Rack


def connected(soc_pct: float = 50.0, temperature_c: float = 20.0, seed: int = 1) -> Rack:
    rack = Rack(soc_pct=soc_pct, temperature_c=temperature_c, seed=seed)
    rack.connected = True
    return rack


def run(rack: Rack, power_w: float, seconds: int, ambient_c: float = 20.0) -> None:
    for _ in range(seconds):
        rack.step(1.0, power_w, ambient_c)


def test_discharging_is_positive_and_lowers_voltage_and_charge() -> None:
    resting, discharging, charging = connected(), connected(), connected()
    run(resting, 0.0, 600)
    run(discharging, 5_000.0, 600)
    run(charging, -5_000.0, 600)
    assert discharging.soc_pct < 50.0 < charging.soc_pct
    assert discharging.soc_pct == pytest.approx(50.0 - 100.0 * 11.9 / 6.0 / 26.0, abs=0.3)
    assert discharging.voltage_v < resting.voltage_v < charging.voltage_v
    assert discharging.current_a > 11.0
    assert charging.current_a < -11.0
    assert resting.soc_pct == 50.0


def test_power_is_what_was_asked() -> None:
    rack = connected()
    for power_w in (8_000.0, -8_000.0, 1.0, 0.0):
        rack.step(1.0, power_w, 20.0)
        assert rack.power_w == pytest.approx(power_w, abs=1e-6)
        assert rack.voltage_v * rack.current_a == pytest.approx(rack.power_w)


def test_more_than_possible_gives_the_most_possible() -> None:
    rack = connected()
    rack.step(0.0, 1e9, 20.0)
    assert 100_000.0 < rack.power_w < 1e7


def test_open_contactors_carry_nothing() -> None:
    rack = Rack()
    run(rack, 5_000.0, 60)
    assert (rack.current_a, rack.power_w, rack.soc_pct) == (0.0, 0.0, 50.0)


def test_energy_is_conserved_through_a_day_of_cycles() -> None:
    rack = connected(60.0)
    rng = Random(3)
    start_wh = rack.soe_wh
    for _ in range(24 * 60):
        power_w = rng.uniform(-5_000.0, 5_000.0)
        for _ in range(60):
            rack.step(1.0, power_w if 5.0 < rack.soc_pct < 95.0 else 0.0, 20.0)
    assert rack.charge_wh > 20_000.0
    gone_wh = rack.discharge_wh - rack.charge_wh + rack.heat_wh
    assert rack.soe_wh - start_wh == pytest.approx(-gone_wh, abs=2.0)
    assert 100.0 < rack.heat_wh < 1_500.0


def test_extreme_cells_are_those_of_all_cells() -> None:
    rng = Random(7)
    for seed in range(4):
        rack = connected(seed=seed)
        for _ in range(150):
            rack.soc_pct = rng.uniform(0.0, 100.0)
            rack.step(1.0, rng.choice((0.0, 1.0, -1.0)) * rng.uniform(0.0, 25_000.0), 20.0)
            all_v = [rack.cell_v(i) for i in range(rack.cell_count)]
            all_c = [rack.cell_c(i) for i in range(rack.cell_count)]
            assert rack.cell_max_v == pytest.approx(max(all_v), abs=1e-12)
            assert rack.cell_min_v == pytest.approx(min(all_v), abs=1e-12)
            assert all_v[rack.cell_max_at - 1] == pytest.approx(max(all_v), abs=1e-12)
            assert all_v[rack.cell_min_at - 1] == pytest.approx(min(all_v), abs=1e-12)
            assert sum(all_v) == pytest.approx(rack.voltage_v)
            assert (rack.cell_min_c, rack.cell_max_c) == (min(all_c), max(all_c))
            assert all_c.index(max(all_c)) == rack.cell_max_c_at - 1
            assert sum(all_c) / 128 == pytest.approx(rack.cell_avg_c)


def test_current_warms_and_cold_raises_the_resistance() -> None:
    rack = connected()
    run(rack, 0.0, 3_600)
    rested_c = rack.temperature_c
    for power_w in (10_000.0, -10_000.0) * 2:
        run(rack, power_w, 900)
    assert rack.temperature_c > rested_c + 0.5
    warm, cold = connected(), connected(temperature_c=-10.0)
    warm.step(1.0, 5_000.0, 20.0)
    cold.step(1.0, 5_000.0, -10.0)
    assert cold.voltage_v < warm.voltage_v - 1.0


def test_limits_taper_where_they_should() -> None:
    middle = connected()
    assert middle.max_charge_w == middle.max_discharge_w == pytest.approx(26.0 * middle.voltage_v)
    full, empty = connected(100.0), connected(0.0)
    assert (full.max_charge_w, full.max_discharge_w > 10_000.0) == (0.0, True)
    assert (empty.max_discharge_w, empty.max_charge_w > 8_000.0) == (0.0, True)
    freezing, hot = connected(temperature_c=-2.0), connected(temperature_c=60.0)
    assert (freezing.max_charge_w, freezing.max_discharge_w > 5_000.0) == (0.0, True)
    assert (hot.max_charge_w, hot.max_discharge_w) == (0.0, 0.0)


def test_an_unbalanced_rack_reaches_the_limit_with_one_cell_first() -> None:
    rack = connected(90.0)
    while rack.max_charge_w > 500.0:
        rack.step(1.0, -min(5_000.0, rack.max_charge_w), 20.0)
    assert rack.soc_pct > 97.0
    assert rack.cell_max_v > rack.cell_avg_v + 0.02
