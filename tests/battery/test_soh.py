"""State of health: capacity between full and empty, resistance from steps of the current."""

from collections.abc import Callable

import msgspec
import pytest

from appliance.io.bms.estimate import Estimator
from appliance.io.bms.soc import Step
from appliance.io.bms.soh import CapacityMeter, ResistanceMeter
from appliance.model import BatteryMemory, BatteryReading, BatteryState
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


class Pair:
    """Two equal racks, told as one true rack twice; the second one may be open."""

    def __init__(self, soc_pct: float) -> None:
        self.rack, self.bms = real_rack(soc_pct), WrongBms(soc_pct)
        self.estimator = Estimator(battery_settings(racks=2), BatteryMemory())
        self.now_s = 0.0
        self.shown = BatteryReading(BatteryState.UNKNOWN)

    def run(self, power_w: float, both: bool, until: Callable[[], bool]) -> None:
        for _ in range(4_000):
            self.now_s += 10.0
            rack = self.rack
            rack.step(10.0, min(rack.max_discharge_w, max(-rack.max_charge_w, power_w)), 25.0)
            self.bms.count(rack.current_a, 10.0)
            one = read(rack, self.bms.soc_pct)
            other = msgspec.structs.replace(one.racks[0], rack=2, contactors_closed=both)
            sum_a = rack.current_a * (2.0 if both else 1.0)
            reading = msgspec.structs.replace(one, current_a=sum_a, racks=(*one.racks, other))
            self.shown = self.estimator.update(reading, self.now_s)
            if until():
                return
        raise AssertionError(f"not in time: {self.shown}")


def test_what_a_rack_less_held_is_not_held_against_the_battery() -> None:
    pair = Pair(60.0)
    pair.run(-5_000.0, True, lambda: pair.shown.full is True)
    pair.run(5_000.0, False, lambda: pair.rack.soc_pct < 40.0)
    pair.run(5_000.0, True, lambda: pair.shown.empty is True)
    assert pair.shown.capacity_wh is None
    pair.run(-5_000.0, True, lambda: pair.shown.full is True)
    assert pair.shown.soh_pct == pytest.approx(100.0, abs=2.0)


def test_a_rack_alone_counts_for_itself() -> None:
    pair = Pair(90.0)
    pair.run(-3_000.0, False, lambda: pair.shown.full is True)
    end_s = pair.now_s + 2.0 * 3_600.0
    pair.run(2_000.0, False, lambda: pair.now_s >= end_s)
    assert pair.shown.soc_pct == pytest.approx(pair.rack.soc_pct, abs=1.0)
    assert pair.shown.soe_wh == pytest.approx(106.0 * pair.rack.soc_pct, rel=0.03), "half of it"


def test_when_a_rack_leaves_the_bms_may_say_something_else_at_once() -> None:
    """Its mean is over other racks: no jump to take up, and our count is not of these racks."""
    pair = Pair(90.0)
    pair.run(-3_000.0, True, lambda: pair.shown.full is True)
    pair.run(3_000.0, True, lambda: pair.rack.soc_pct < 80.0)
    before_pct = pair.shown.soc_pct or 0.0
    pair.bms.soc_pct -= 8.0
    pair.run(3_000.0, False, lambda: True)
    assert pair.shown.soc_pct == pytest.approx(before_pct - 8.0, abs=0.5)
    end_s = pair.now_s + 3_600.0
    pair.run(1_000.0, False, lambda: pair.now_s >= end_s)
    assert pair.shown.soc_pct == pytest.approx(pair.bms.soc_pct, abs=1.0)


def test_until_it_is_measured_the_bms_says_how_it_is() -> None:
    bench = Bench(real_rack(50.0), WrongBms(50.0))
    told = msgspec.structs.replace(
        read(bench.rack, 50.0), capacity_wh=10_100.0, resistance_ohm=0.3, soe_wh=5_000.0
    )
    shown = bench.estimator.update(told, 1.0)
    assert (shown.capacity_wh, shown.resistance_ohm) == (10_100.0, 0.3)
    assert (shown.soe_wh, shown.soh_pct) == (5_000.0, 99.0)
