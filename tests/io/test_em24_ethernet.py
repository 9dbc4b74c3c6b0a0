"""The EM24's own ways: low word first, unsigned currents, energies in 0.1 kWh, one fast request."""

import pytest

from appliance.io.meters import em24_ethernet as em24
from appliance.model import MeterReading


def poll(words: dict[int, int], *, turned: bool = False) -> MeterReading:
    values: dict[str, float | None] = {}
    for block in em24.BLOCKS:
        cells = range(block.address, block.address + block.count)
        values |= block.decode([words.get(cell, 0) for cell in cells])
    return em24.reading(values, "reversed" if turned else "normal")


WORDS = {
    0x00: 2301, 0x0C: 4350, 0x0D: 0, 0x12: 0xD8F0, 0x13: 0xFFFF,   # 230.1 V, 4.35 A, -1000 W
    0x1E: 500, 0x28: 0xD8F0, 0x29: 0xFFFF, 0x2C: 500,
    0x33: 499, 0x34: 0x86A1, 0x35: 0x0001, 0x4E: 70,               # 49.9 Hz, 10000.1 kWh, 7 kWh
}  # fmt: skip


def test_a_reading_from_raw_words() -> None:
    reading = poll(WORDS)
    phase = reading.phases[0]
    assert reading.power_w == pytest.approx(-1000.0)
    assert phase.voltage_v == pytest.approx(230.1)
    assert phase.current_a == pytest.approx(-4.35)
    assert phase.power_w == pytest.approx(-1000.0)
    assert reading.reactive_var == pytest.approx(50.0)
    assert reading.frequency_hz == pytest.approx(49.9)
    assert reading.import_wh == pytest.approx(10_000_100.0)
    assert reading.export_wh == pytest.approx(7_000.0)


def test_reversed_turns_power_current_reactive_and_counters() -> None:
    reading = poll(WORDS, turned=True)
    assert reading.power_w == pytest.approx(1000.0)
    assert reading.phases[0].current_a == pytest.approx(4.35)
    assert reading.reactive_var == pytest.approx(-50.0)
    assert reading.import_wh == pytest.approx(7_000.0)
    assert reading.export_wh == pytest.approx(10_000_100.0)


def test_power_comes_in_one_short_request() -> None:
    fast = [block for block in em24.BLOCKS if not block.slow]
    assert [(block.address, block.count) for block in fast] == [(0x0C, 0x36 - 0x0C)]
