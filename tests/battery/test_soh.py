"""State of health: capacity between full and empty, resistance from steps of the current."""

import msgspec
import pytest

from appliance.io.bms.estimate import Estimator
from appliance.io.bms.soc import Step
from appliance.io.bms.soh import CapacityMeter, ResistanceMeter
from appliance.model import BatteryMemory
from tests.battery.truth import Bench, WrongBms, battery_settings, read, real_rack


def test_a_worn_battery_is_reported() -> None:
    bench = Bench(real_rack(50.0, health_pct=85.0), WrongBms(50.0))
    bench.fill()
    assert (bench.shown.soh_pct, bench.shown.capacity_wh) == (99.0, None), (
        "the BMS's own until then"
    )
    bench.drain()
    assert bench.shown.soh_pct == pytest.approx(85.0, abs=2.0)
    assert bench.shown.capacity_wh == pytest.approx(0.85 * 10_600.0, rel=0.024)
    bench.fill()
    bench.drain()
    assert bench.shown.soh_pct == pytest.approx(85.0, abs=2.0), "charging tells the same"
    assert len(bench.remembered().capacities_ah) == 3


def test_a_new_battery_is_reported_as_new() -> None:
    bench = Bench(real_rack(50.0), WrongBms(50.0))
    bench.fill()
    bench.drain()
    assert bench.shown.soh_pct == pytest.approx(100.0, abs=2.0)


def test_a_cold_battery_is_not_measured() -> None:
    bench = Bench(real_rack(50.0, temperature_c=6.0), WrongBms(50.0), ambient_c=4.0)
    bench.until(-1_000.0, lambda shown: shown.full is True, 24.0)
    bench.until(1_000.0, lambda shown: shown.empty is True, 24.0)
    assert bench.shown.capacity_wh is None


def test_half_an_hour_of_rest_on_the_steep_part_is_an_end() -> None:
    bench = Bench(real_rack(50.0, health_pct=85.0), WrongBms(50.0))
    bench.fill()
    bench.until(4_000.0, lambda _: bench.rack.soc_pct < 6.0)
    bench.run(0.0, 0.4)
    assert bench.shown.capacity_wh is None, "not rested yet"
    bench.run(0.0, 0.2)
    assert bench.shown.soh_pct == pytest.approx(85.0, abs=3.0)


def test_rest_on_the_plateau_tells_nothing() -> None:
    bench = Bench(real_rack(50.0, health_pct=85.0), WrongBms(50.0))
    bench.fill()
    bench.until(4_000.0, lambda _: bench.rack.soc_pct < 30.0)
    bench.run(0.0, 2.0)
    assert bench.shown.capacity_wh is None


def test_the_last_five_measurements_count() -> None:
    meter = CapacityMeter()
    for full_ah in (26.0, 25.0, 24.0, 23.0, 22.0, 21.0):
        meter.known_charge(100.0, True, 0.0, 26.0)
        meter.count(Step(full_ah, 3600.0), 25.0)
        meter.known_charge(0.0, True, 3600.0, 26.0)
        meter.known_charge(100.0, True, 3600.0, 26.0)
    assert meter.measured_ah == (25.0, 24.0, 23.0, 22.0, 21.0)
    assert meter.capacity_ah == 23.0
    assert CapacityMeter(meter.measured_ah).capacity_ah == 23.0


@pytest.mark.parametrize(
    ("step", "temperature_c", "after_s"),
    [
        (Step(22.0, 3600.0), None, 3600.0),
        (Step(22.0, 3600.0), 41.0, 3600.0),
        (Step(22.0, 3600.0), 25.0, 73 * 3600.0),
        (Step(22.0, 3600.0, 60.0, 0.3), 25.0, 3600.0),
        (Step(-22.0, 3600.0), 25.0, 3600.0),
        (Step(2.0, 3600.0), 25.0, 3600.0),
    ],
    ids=["no temperature", "hot", "too long", "a gap", "wrong sign", "not believable"],
)
def test_a_doubtful_measurement_is_none(
    step: Step, temperature_c: float | None, after_s: float
) -> None:
    meter = CapacityMeter()
    meter.known_charge(100.0, True, 0.0, 26.0)
    meter.count(step, temperature_c)
    meter.known_charge(0.0, True, after_s, 26.0)
    assert meter.capacity_ah is None


def shake(bench: Bench, seconds: int = 600) -> None:
    for second in range(seconds):
        bench.step(4_000.0 if second % 20 < 10 else -4_000.0, 1.0)


def true_ohm(bench: Bench) -> float:
    rack = bench.rack
    return rack._per_cell_ohm * rack.cell_count * rack.cells.mean_factor


@pytest.mark.parametrize("temperature_c", [25.0, 12.0])
def test_resistance_is_seen_and_doubles_when_it_doubles(temperature_c: float) -> None:
    bench = Bench(
        real_rack(50.0, temperature_c=temperature_c), WrongBms(50.0), ambient_c=temperature_c
    )
    shake(bench)
    before_ohm = bench.shown.resistance_ohm or 0.0
    assert before_ohm == pytest.approx(true_ohm(bench), rel=0.1)
    bench.rack._per_cell_ohm *= 2.0
    shake(bench)
    assert bench.shown.resistance_ohm == pytest.approx(2.0 * before_ohm, rel=0.1)
    assert bench.remembered().resistance_ohm == bench.shown.resistance_ohm


def test_small_or_slow_steps_tell_no_resistance() -> None:
    meter = ResistanceMeter()
    for second in range(100):
        meter.update(float(second), 400.0 - second, 0.05 * second, 26.0, 1.0, 0.2)
        meter.update(second + 0.5, 400.0, 4.0 * (second % 2), 26.0, 1.0, 0.2)
    assert meter.resistance_ohm is None


def test_a_voltage_that_goes_the_wrong_way_is_no_resistance() -> None:
    meter = ResistanceMeter()
    for at_s, current_a in ((0.0, 0.0), (1.0, 20.0), (1.5, 20.0)):
        meter.update(at_s, 400.0 + current_a * 0.2, current_a, 26.0, 1.0, 0.2)
    assert meter.resistance_ohm is None


def test_what_a_rack_less_held_is_not_held_against_the_battery() -> None:
    """One of two racks leaves between full and empty: no measurement, and no error of the charge."""
    rack, bms = real_rack(60.0), WrongBms(60.0)
    estimator = Estimator(battery_settings(racks=2), BatteryMemory())
    now_s = 0.0
    shown = None
    for power_w, both in ((-5_000.0, True), (5_000.0, False)):
        for _ in range(600):
            now_s += 10.0
            rack.step(10.0, min(rack.max_discharge_w, max(-rack.max_charge_w, power_w)), 25.0)
            bms.count(rack.current_a, 10.0)
            one = read(rack, bms.soc_pct)
            other = msgspec.structs.replace(one.racks[0], rack=2, contactors_closed=both)
            sum_a = rack.current_a * (2.0 if both else 1.0)
            reading = msgspec.structs.replace(one, current_a=sum_a, racks=(*one.racks, other))
            shown = estimator.update(reading, now_s)
            if power_w > 0 and rack.soc_pct < 40.0 and both is False and shown.empty is False:
                assert shown.soc_pct == pytest.approx(rack.soc_pct, abs=1.5)
    assert shown is not None
    assert shown.capacity_wh is None
