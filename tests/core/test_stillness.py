"""Readings that stand still while power flows count as missing, until they move again."""

from typing import Any

import pytest

from appliance.model import MeterReading, Snapshot
from appliance.watches.stillness import STILLNESS, Stillness
from tests.stories import battery, inverter, seen


class Watcher:
    """One stillness watch, fed once a second; what is not changed jitters."""

    def __init__(self) -> None:
        self.stillness = Stillness()
        self.now_s = 100.0
        self.last = seen(self.now_s)

    def run(self, seconds: int, **readings: Any) -> Snapshot:
        for _ in range(seconds):
            self.now_s += 1.0
            jitter = 0.1 * (self.now_s % 7)
            alive = {
                "grid": MeterReading(power_w=300.0 + jitter),
                "pv": MeterReading(power_w=1_000.0 + jitter),
                "inverter": inverter(2_000.0 + jitter, dc_voltage_v=420.0),
                "battery": battery(current_a=5.0 + jitter),
            }
            self.last = self.stillness.freeze_out(seen(self.now_s, **(alive | readings)))
        return self.last


STILL = {
    "grid": MeterReading(power_w=300.0),
    "pv": MeterReading(power_w=1_000.0),
    "inverter": inverter(2_000.0, dc_voltage_v=420.0, reactive_var=0.0),
    "battery": battery(current_a=5.0),
}


@pytest.mark.parametrize("row", STILLNESS, ids=lambda row: row.source)
def test_it_counts_as_missing_after_its_time_and_comes_back_when_it_moves(row: Any) -> None:
    watcher = Watcher()
    still = {row.source: STILL[row.source]}
    known = watcher.run(int(row.longest_s), **still)
    assert getattr(known, row.source) is not None and known.frozen == ()
    missing = watcher.run(3, **still)
    assert getattr(missing, row.source) is None and missing.frozen == (row.title,)
    back = watcher.run(1)
    assert getattr(back, row.source) is not None and back.frozen == ()


@pytest.mark.parametrize("row", STILLNESS, ids=lambda row: row.source)
def test_at_rest_nothing_has_to_move(row: Any) -> None:
    rest = {
        "grid": MeterReading(power_w=300.0),
        "pv": MeterReading(power_w=0.0),
        "inverter": inverter(0.0, dc_voltage_v=420.0, reactive_var=0.0),
        "battery": battery(current_a=0.0),
    }
    known = Watcher().run(int(3 * row.longest_s), **rest)
    assert known.frozen == () and getattr(known, row.source) is not None


def test_an_inverter_that_stopped_measuring_at_zero_is_seen_by_its_battery() -> None:
    still = {"inverter": inverter(0.0, dc_voltage_v=420.0, reactive_var=0.0)}
    quiet = {"pv": MeterReading(power_w=0.0)}
    watcher = Watcher()
    for second in range(70):
        now = battery(current_a=5.0 + 0.1 * (second % 7), power_w=2_000.0)
        watcher.run(1, battery=now, **still, **quiet)
    missing = watcher.run(1, battery=battery(current_a=4.0, power_w=2_000.0), **still, **quiet)
    assert missing.inverter is None and missing.frozen == ("inverter",)


def test_once_still_it_stays_out_although_no_power_flows_any_more() -> None:
    watcher = Watcher()
    watcher.run(70, grid=STILL["grid"])
    rest = {"inverter": inverter(0.0), "pv": MeterReading(power_w=0.0), "grid": STILL["grid"]}
    assert watcher.run(100, **rest).grid is None


def test_a_battery_that_moves_alone_convicts_the_grid_meter_at_once() -> None:
    watcher = Watcher()
    watcher.run(3)
    still = {"grid": STILL["grid"], "inverter": inverter(2_000.0)}
    watcher.run(2, **still)
    still["inverter"] = inverter(2_501.0)
    assert watcher.run(3, **still).grid is not None
    assert watcher.run(2, **still).grid is None
    still["inverter"] = inverter(2_000.0)
    assert watcher.run(5, **still).grid is None, "until it moves, whatever the battery does"
    assert watcher.run(1).grid is not None


def test_a_battery_that_moves_a_little_is_no_witness() -> None:
    watcher = Watcher()
    watcher.run(3)
    watcher.run(2, grid=STILL["grid"], inverter=inverter(2_000.0))
    assert watcher.run(50, grid=STILL["grid"], inverter=inverter(2_499.0)).grid is not None


def test_one_value_that_moves_shows_life() -> None:
    watcher = Watcher()
    for second in range(400):
        still = inverter(2_000.0, dc_voltage_v=420.0, frequency_hz=50.0 + 0.01 * (second % 3))
        assert watcher.run(1, inverter=still).inverter is not None


def test_a_device_that_says_little_is_not_judged() -> None:
    """Three values at least: a setpoint that is echoed may well be the same for hours."""
    assert Watcher().run(400, inverter=inverter(2_000.0, frequency_hz=None)).inverter is not None


def test_silence_is_not_stillness() -> None:
    watcher = Watcher()
    watcher.run(50, grid=STILL["grid"])
    watcher.run(5, grid=None)
    assert watcher.run(50, grid=STILL["grid"]).grid is not None
