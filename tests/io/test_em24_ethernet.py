"""The EM24 Ethernet's own ways: low word first, unsigned currents, energies in 0.1 kWh, one fast request, no other meter."""

import pytest

from appliance.io.buses import WrongDeviceError
from appliance.model import MeterReading
from tests.io.meter_words import ask_of, make, read

WORDS = {
    0x0B: 1648, 0xA000: 7, 0x0304: 0x1803,
    0x00: 2301, 0x0C: 4350, 0x0D: 0, 0x12: 0xD8F0, 0x13: 0xFFFF,   # 230.1 V, 4.35 A, -1000 W
    0x1E: 500, 0x28: 0xD8F0, 0x29: 0xFFFF, 0x2C: 500,
    0x33: 499, 0x34: 0x86A1, 0x35: 0x0001, 0x4E: 70,               # 49.9 Hz, 10000.1 kWh, 7 kWh
}  # fmt: skip


def poll(*, turned: bool = False) -> MeterReading:
    driver = make("em24_ethernet", "reversed" if turned else "normal")
    driver.identify(ask_of(WORDS))
    return read(driver, WORDS)


def test_a_reading_from_raw_words() -> None:
    reading = poll()
    phase = reading.phases[0]
    assert reading.power_w == pytest.approx(-1000.0)
    assert phase.voltage_v == pytest.approx(230.1)
    assert phase.current_a == pytest.approx(-4.35)
    assert phase.power_w == pytest.approx(-1000.0)
    assert reading.reactive_var == pytest.approx(50.0)
    assert reading.frequency_hz == pytest.approx(49.9)
    assert reading.import_wh == pytest.approx(10_000_100.0)
    assert reading.export_wh == pytest.approx(7_000.0)
    assert reading.warnings == ()


def test_reversed_turns_power_current_reactive_and_counters() -> None:
    reading = poll(turned=True)
    assert reading.power_w == pytest.approx(1000.0)
    assert reading.phases[0].current_a == pytest.approx(4.35)
    assert reading.reactive_var == pytest.approx(-50.0)
    assert reading.import_wh == pytest.approx(7_000.0)
    assert reading.export_wh == pytest.approx(10_000_100.0)


def test_power_comes_in_one_short_request() -> None:
    fast = [block for block in make("em24_ethernet").blocks if not block.slow]
    assert [(block.address, block.count) for block in fast] == [(0x28, 0x34 - 0x28)]


def test_every_ethernet_model_is_welcome_and_no_other() -> None:
    for code in range(1648, 1654):
        make("em24_ethernet").identify(ask_of(WORDS | {0x0B: code}))
    with pytest.raises(WrongDeviceError, match=r'341 .*EM340.*driver = "carlo_gavazzi"'):
        make("em24_ethernet").identify(ask_of(WORDS | {0x0B: 341}))
    with pytest.raises(WrongDeviceError, match="1700 is not known"):
        make("em24_ethernet").identify(ask_of(WORDS | {0x0B: 1700}))
