"""Acuvim II: both blocks, ratios, W or kW, energies, sign, and the unit that cannot be."""

import struct
from collections.abc import Mapping
from random import Random

import pytest
from pydantic import ValidationError

from appliance.io.buses import WrongDeviceError
from appliance.io.meters import MeterDriver
from appliance.io.registers import Kind
from simulator.models.profile import load_profile
from simulator.models.site import pretend_site
from simulator.wire.acuvim2 import Acuvim2
from simulator.wire.carlo_gavazzi import grid_flow
from tests.io.meter_words import ask_of, believable, high_first, make, read
from tests.stories import HOME

# Offsets of the manual's float block: -6000 W, 3 x 230 V x 10 A, power factor 0.87.
FLOATS = {
    0: 50.0, 2: 230.0, 4: 230.0, 6: 230.0, 16: 398.4, 18: 10.0, 20: 10.0, 22: 10.0,
    28: -2000.0, 30: -2000.0, 32: -2000.0, 34: -6000.0, 36: 100.0, 38: 100.0, 40: 100.0, 42: 300.0,
    50: 6900.0, 58: -0.87,
}  # fmt: skip
ENERGIES = high_first(0x4048, 123_456) | high_first(0x404A, 7_890)
SECONDARY: dict[str, object] = {
    "block": "secondary",
    "ct1_a": 200.0,
    "ct2_a": 5.0,
    "pt1_v": 400.0,
    "pt2_v": 100.0,
}
PT, CT = 4.0, 40.0
POWERS = range(28, 52)


def dump(base: int, *, watts: float = 1.0, pt: float = 1.0, ct: float = 1.0) -> dict[int, int]:
    words = dict(ENERGIES)
    for offset, value in FLOATS.items():
        scale = watts / pt / ct if offset in POWERS else 1.0
        scale = 1.0 / pt if 2 <= offset <= 16 else 1.0 / ct if 18 <= offset <= 22 else scale
        (number,) = struct.unpack(">I", struct.pack(">f", value * scale))
        words |= high_first(base + offset, number)
    return words


def made(options: Mapping[str, object] = {}, *, turned: bool = False) -> MeterDriver:
    return make("acuvim2", "reversed" if turned else "normal", options=options)


CASES: list[tuple[dict[str, object], dict[int, int]]] = [
    ({}, dump(0x4000)),
    ({"power_unit": "kW"}, dump(0x4000, watts=0.001)),
    (SECONDARY, dump(0x3000, pt=PT, ct=CT)),
    (SECONDARY | {"power_unit": "kW"}, dump(0x3000, watts=0.001, pt=PT, ct=CT)),
]


@pytest.mark.parametrize(("options", "words"), CASES)
def test_both_blocks_and_both_units(options: dict[str, object], words: dict[int, int]) -> None:
    driver = made(options)
    driver.identify(ask_of(words))
    reading = read(driver, words)
    assert reading.power_w == pytest.approx(-6000.0)
    assert reading.reactive_var == pytest.approx(300.0)
    assert reading.apparent_va == pytest.approx(6900.0)
    assert reading.power_factor == pytest.approx(0.87)
    assert reading.frequency_hz == pytest.approx(50.0)
    assert reading.import_wh == pytest.approx(12_345_600.0)
    assert reading.export_wh == pytest.approx(789_000.0)
    phase = reading.phases[2]
    assert (phase.voltage_v, phase.current_a) == pytest.approx((230.0, -10.0))
    assert phase.power_w == pytest.approx(-2000.0)
    assert reading.warnings == ()


@pytest.mark.parametrize(("options", "words"), CASES)
def test_reversed(options: dict[str, object], words: dict[int, int]) -> None:
    reading = read(made(options, turned=True), words)
    assert reading.power_w == pytest.approx(6000.0)
    assert reading.phases[0].current_a == pytest.approx(10.0)
    assert reading.export_wh == pytest.approx(12_345_600.0)


def test_secondary_energy() -> None:
    reading = read(made(SECONDARY | {"energy": "secondary"}), dump(0x3000, pt=PT, ct=CT))
    assert reading.import_wh == pytest.approx(123_456.0 * PT * CT)


@pytest.mark.parametrize(
    ("options", "words", "remedy"),
    [
        ({}, dump(0x4000, watts=0.001), 'power_unit = "kW"'),
        ({"power_unit": "kW"}, dump(0x4000), 'power_unit = "W"'),
        (SECONDARY | {"ct1_a": 5.0}, dump(0x3000, watts=40.0, pt=PT, ct=CT), "block and ratios"),
    ],
)
def test_power_that_cannot_be_is_not_believed(
    options: dict[str, object], words: dict[int, int], remedy: str
) -> None:
    """Volts times amperes tell; a load 1000 times as large would be regulated for."""
    reading = read(made(options), words)
    assert reading.power_w is None and reading.reactive_var is None
    assert reading.phases[0].power_w is None
    assert reading.phases[0].voltage_v is not None
    assert remedy in reading.warnings[0]


def test_without_neutral_the_line_voltage_tells() -> None:
    words = dump(0x4000, watts=0.001) | {
        address: 0 for at in (2, 4, 6) for address in (0x4000 + at, 0x4001 + at)
    }
    assert read(made(), words).power_w is None


def test_nothing_flows_nothing_is_wrong() -> None:
    reading = read(made(), {0x4000: 0x4248})
    assert (reading.power_w, reading.warnings) == (0.0, ())


@pytest.mark.parametrize("words", [{0x4000: 0x7FC0}, {0x4000: 0x42FF}, {0x4000: 1}])
def test_another_device_has_no_frequency_there(words: dict[int, int]) -> None:
    with pytest.raises(WrongDeviceError, match="no Acuvim II: register 16384"):
        made().identify(ask_of(words))


def test_a_refusal_is_another_device_and_no_grid_is_none() -> None:
    with pytest.raises(WrongDeviceError, match="it has no register 12288"):
        made({"block": "secondary"}).identify(ask_of({}, strict=True))
    made().identify(ask_of({}))


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        made({"ct1_a": 0.0, "block": "x", "power_unit": "MW"})
    assert {error["loc"][0] for error in caught.value.errors()} == {"ct1_a", "block", "power_unit"}


@pytest.mark.parametrize("load_w", [5000.0, 0.0])
@pytest.mark.parametrize("options", [{}, SECONDARY, {"power_unit": "kW"}])
def test_the_driver_and_the_pretend_meter_agree(load_w: float, options: dict[str, object]) -> None:
    site = pretend_site(load_profile(HOME.parents[1] / "profiles" / "sunny.csv"))
    site.override_load_w, site.override_pv_w = load_w, 2000.0
    site.grid_import_wh = 40_000.0
    site.step(1.0)
    meter = Acuvim2(site, grid_flow(site), pt=PT, ct=CT, in_kw="power_unit" in options)

    def ask(_kind: Kind, address: int, count: int) -> tuple[int, ...]:
        return tuple(meter.registers.read(3, address, count))

    driver = made(options)
    driver.identify(ask)
    values: dict[str, float | None] = {}
    for block in driver.blocks:
        values |= block.decode(ask(block.kind, block.address, block.count))
    reading = driver.reading(values)
    assert reading.power_w == pytest.approx(load_w - 2000.0, abs=0.5)
    assert reading.import_wh == pytest.approx(40_000.0, abs=60.0)
    assert reading.warnings == ()


def test_100_000_mutated_answers() -> None:
    rng = Random(2)
    driver = made()
    words = dict(dump(0x4000))
    cells = [cell for b in driver.blocks for cell in range(b.address, b.address + b.count)]
    for _ in range(100_000 // len(driver.blocks)):
        words[rng.choice(cells)] = rng.choice((rng.getrandbits(16), 0x7FC0, 0xFF80, 0x7F80, 0xFFFF))
        believable(read(driver, words))
