"""State of charge: a BMS that drifts is put right at the ends, without jumps, over restarts and gaps."""

from itertools import pairwise

import pytest

from appliance.io.bms.soc import NOTHING, CoulombCounter, SocCorrection, Step
from appliance.model import BatteryMemory, Snapshot
from appliance.watches.stillness import Stillness
from tests.battery.truth import Bench, WrongBms, read, real_rack
from tests.stories import NOON, inverter


def test_current_is_integrated_as_it_goes_up_and_down() -> None:
    counter = CoulombCounter(2.0)
    assert counter.add(0.0, 0.0) == NOTHING
    ah = sum(counter.add(36.0 * min(s, 10 - s), float(s)).ah for s in range(1, 11))
    assert ah == pytest.approx(36.0 * 25.0 / 3600.0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_gap_makes_no_energy(sign: float) -> None:
    counter = CoulombCounter(2.0)
    counter.add(sign * 20.0, 0.0)
    step = counter.add(sign * 20.0, 600.0)
    assert (step.ah, step.dt_s, step.gap_s) == (0.0, 0.0, 600.0)
    assert step.unknown_ah == pytest.approx(20.0 / 6.0), "a magnitude"
    assert counter.add(sign * 20.0, 601.0).ah == pytest.approx(sign * 20.0 / 3600.0)


def test_a_missing_current_is_bridged_for_as_long_as_a_gap_may_be() -> None:
    counter = CoulombCounter(2.0)
    counter.add(36.0, 0.0)
    assert counter.add(None, 1.0) == NOTHING
    assert counter.add(36.0, 2.0).ah == pytest.approx(0.02)
    counter.add(None, 3.0)
    counter.add(None, 4.0)
    step = counter.add(36.0, 5.0)
    assert (step.ah, step.gap_s) == (0.0, 3.0)
    assert step.unknown_ah == pytest.approx(0.03)


def test_the_same_measurement_twice_counts_once() -> None:
    counter = CoulombCounter(2.0)
    counter.add(36.0, 0.0)
    counter.add(36.0, 1.0)
    assert counter.add(36.0, 1.0).ah == 0.0
    assert counter.add(36.0, 2.0).ah == pytest.approx(0.01)


def test_without_a_memory_the_bms_is_shown_as_it_is() -> None:
    bench = Bench(real_rack(50.0), WrongBms(57.0))
    bench.run(2_000.0, 0.5)
    assert bench.shown.soc_pct == bench.bms.soc_pct
    assert bench.shown.soc_bms_pct == bench.bms.soc_pct
    assert bench.shown.soc_drift_pct is None


@pytest.mark.parametrize(("offset_a", "wrong_pct"), [(0.05, 12.0), (-0.4, 5.0)])
def test_two_weeks_with_a_drifting_bms(offset_a: float, wrong_pct: float) -> None:
    """Too low, its error grows from day to day; too high, it is put right by 100 % at most."""
    bench = Bench(real_rack(60.0), WrongBms(60.0, offset_a))
    worst_bms = 0.0
    for day in range(14):
        bench.fill()
        assert abs(bench.wrong_pct) < 1.0, f"day {day}"
        bench.run(0.0, 1.0)
        bench.run(2_000.0, 3.5)
        worst_bms = max(worst_bms, abs(bench.bms.soc_pct - bench.rack.soc_pct))
        assert abs(bench.wrong_pct) < 1.5, f"day {day}, hours after the end"
    assert worst_bms > wrong_pct, "the BMS was wrong indeed"


def test_an_empty_battery_is_shown_empty() -> None:
    bench = Bench(real_rack(40.0), WrongBms(52.0))
    bench.drain()
    assert bench.shown.soc_pct == pytest.approx(0.0, abs=0.01)
    assert bench.rack.soc_pct < 2.0
    assert bench.shown.soc_drift_pct == pytest.approx(12.0, abs=2.0)
    assert bench.shown.empty is True
    assert bench.shown.full is False
    bench.run(-2_000.0, 0.5)
    assert bench.shown.empty is False


def test_drift_is_what_the_bms_said_too_little_or_too_much() -> None:
    bench = Bench(real_rack(80.0), WrongBms(72.0))
    bench.fill()
    assert bench.shown.soc_pct == 100.0
    assert bench.shown.soc_drift_pct == pytest.approx(-8.0, abs=1.5)


def test_power_alone_never_makes_the_shown_charge_jump() -> None:
    bench = Bench(real_rack(70.0), WrongBms(60.0, 0.3), BatteryMemory(soc_delta_pct=5.0))
    shown = []
    for number in range(2_000):
        bench.step(3_000.0 if number % 200 < 100 else -2_500.0)
        if number in (500, 1_300):
            bench.bms.soc_pct += 6.0
        if not bench.shown.full and not bench.shown.empty:
            shown.append(bench.shown.soc_pct or 0.0)
    assert max(abs(b - a) for a, b in pairwise(shown)) < 0.5


def test_a_bms_that_sets_itself_right_does_not_make_us_wrong() -> None:
    """It jumps to 100 % a moment before we see that the battery is full."""
    bench = Bench(real_rack(90.0), WrongBms(82.0))
    bench.until(-2_000.0, lambda _: bench.rack.soc_pct > 99.0)
    assert bench.shown.soc_pct is not None and bench.shown.soc_pct < 93.0
    bench.bms.soc_pct = 100.0
    bench.fill()
    assert bench.shown.soc_pct == 100.0
    assert bench.shown.soc_drift_pct == pytest.approx(-8.0, abs=1.5), (
        "the drift is told all the same"
    )
    bench.run(2_000.0, 1.0)
    assert abs(bench.wrong_pct) < 1.0


def test_the_delta_is_bounded() -> None:
    bench = Bench(real_rack(95.0), WrongBms(40.0))
    bench.fill()
    assert bench.remembered().soc_delta_pct == 20.0
    assert SocCorrection(-400.0).delta_pct == -20.0


def test_a_restart_keeps_the_delta() -> None:
    before = Bench(real_rack(80.0), WrongBms(72.0))
    before.fill()
    before.run(2_000.0, 0.2)
    after = Bench(before.rack, before.bms, before.remembered())
    assert after.shown.soc_pct == pytest.approx(before.shown.soc_pct, abs=0.1)
    after.run(2_000.0, 1.0)
    assert abs(after.wrong_pct) < 1.0
    forgetful = Bench(before.rack, before.bms)
    assert abs(forgetful.wrong_pct) > 6.0


def test_after_two_days_without_an_end_our_own_count_is_not_believed() -> None:
    """The offset of the current sensor is in our count as well."""
    correction = SocCorrection()
    correction.update(95.0, NOTHING, 26.0, 0.0, 100.0)
    at_s, bms_pct = 0.0, 95.0
    for _ in range(49 * 360):
        at_s += 10.0
        correction.update(bms_pct, Step(0.0, 10.0), 26.0, at_s, None)
    assert correction.delta_pct == pytest.approx(5.0)
    for _ in range(10 * 360):
        at_s += 10.0
        correction.update(bms_pct - 0.5, Step(0.0, 10.0), 26.0, at_s, None)
    assert correction.delta_pct == pytest.approx(5.0), "it stays where it was"


def test_charge_that_flowed_in_a_gap_is_taken_from_the_bms() -> None:
    bench = Bench(real_rack(80.0), WrongBms(75.0))
    bench.fill()
    wrong_pct = bench.wrong_pct
    for _ in range(20):
        bench.rack.step(10.0, 3_000.0, 25.0)
        bench.bms.count(bench.rack.current_a, 10.0)
    bench.now_s += 200.0
    bench.look()
    bench.run(1_000.0, 0.5)
    assert bench.wrong_pct == pytest.approx(wrong_pct, abs=0.3)
    memory = bench.remembered()
    assert (memory.gaps, memory.gap_s) == (1, 200.0)


def test_energy_follows_the_shown_charge() -> None:
    bench = Bench(real_rack(80.0), WrongBms(72.0))
    bench.fill()
    assert bench.shown.soe_wh == pytest.approx(10_600.0 * 0.99, rel=0.01)


def test_unknown_charge_stays_unknown() -> None:
    bench = Bench(real_rack(50.0), WrongBms(57.0))
    shown = bench.estimator.update(read(bench.rack, None), 1.0)
    assert shown.soc_pct is None
    assert shown.soc_bms_pct is None


@pytest.mark.parametrize("ah", [0.52, -0.52])
def test_what_the_bms_counts_is_no_jump(ah: float) -> None:
    """2 % in one step, and the BMS has seen it too."""
    correction = SocCorrection(3.0)
    correction.update(50.0, NOTHING, 26.0, 0.0, None)
    step = Step(ah, 60.0)
    moved_pct = 100.0 * ah / 26.0
    shown = correction.update(50.0 - moved_pct, step, 26.0, 60.0, None)
    assert shown == pytest.approx(53.0 - moved_pct)
    shown = correction.update(50.0 - moved_pct - 5.0, step, 26.0, 120.0, None)
    assert shown == pytest.approx(53.0 - 2.0 * moved_pct, abs=0.2), "5 % less is one"


def test_a_bms_that_stands_still_is_seen_although_our_count_goes_on() -> None:
    bench, stillness = Bench(real_rack(80.0), WrongBms(75.0)), Stillness()
    bench.fill()
    bench.run(2_000.0, 0.1)
    shown, frozen = [], False
    stuck = read(bench.rack, bench.bms.soc_pct)
    for _ in range(400):
        bench.now_s += 1.0
        reading = bench.estimator.update(stuck, bench.now_s)
        shown.append(reading.soc_pct)
        seen = Snapshot(bench.now_s, NOON, battery=reading, inverter=inverter(2_000.0))
        frozen = stillness.freeze_out(seen).battery is None
    assert len(set(shown)) > 10, "it moves"
    assert frozen
