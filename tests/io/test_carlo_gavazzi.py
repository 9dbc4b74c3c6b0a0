"""Every family of Carlo Gavazzi: layouts from the maker's tables, signs, markers, codes, warnings."""

from collections.abc import Mapping
from itertools import pairwise
from random import Random

import pytest

from appliance.io.buses import WrongDeviceError
from appliance.io.meters import MeterDriver, Mounting
from appliance.io.meters._carlo_gavazzi_models import MODELS
from appliance.io.registers import Kind
from appliance.model import MeterReading
from simulator.models.profile import load_profile
from simulator.models.site import pretend_site
from simulator.wire import carlo_gavazzi as twin
from simulator.wire.registers import IllegalAddressError
from tests.io.meter_words import ask_of, believable, high_first, low_first, make, read
from tests.stories import HOME

MODES = {0x1101: 7, 0x1103: 1, 0xA000: 7, 0x0304: 0x1803}
EM24_CODES, EM1XX_CODES = (71, 72, 73, 338, 348), (100, 101, 102, 103, 104, 110, 120, 121)
EM3XX_CODES, E1_CODES, EM5XX_CODES = (331, 332, 335, 336, 341, 345, 346), range(1648, 1654), range(1744, 1764)  # fmt: skip
NO_CHANGE: Mapping[int, int] = {}
SAMPLES = (111, 112, 330, 340)
ALL = (*EM24_CODES, *EM1XX_CODES, *EM3XX_CODES, *E1_CODES, *EM5XX_CODES, *SAMPLES)

# -3000 W in all: -1000 W and 4.35 A in each phase, 230.1 V, 50.0 Hz, 12345.6 kWh in, 789.0 kWh out.
THREE_PHASE = {
    0x00: 2_301, 0x02: 2_302, 0x04: 2_303, 0x0C: 4_350, 0x0E: 4_350, 0x10: 4_350,
    0x12: -10_000, 0x14: -10_000, 0x16: -10_000, 0x1E: 500, 0x20: 500, 0x22: 500,
    0x28: -30_000, 0x2A: 30_100, 0x2C: 1_500,
}  # fmt: skip
EM24_DUMP = (THREE_PHASE | {0x3E: 123_456, 0x5C: 7_890}, {0x35: 997, 0x36: 0, 0x37: 500})
EM3XX_DUMP = (THREE_PHASE | {0x34: 123_456, 0x4E: 7_890}, {0x31: -997, 0x32: 0, 0x33: 500})
SINGLE = {0x00: 2_301, 0x02: 13_050, 0x04: -30_000, 0x06: 30_100, 0x08: 1_500, 0x10: 123_456}
EM1XX_DUMP = (SINGLE | {0x20: 7_890}, {0x0E: -997, 0x0F: 500})
ET112_DUMP = (SINGLE | {0x20: -7_890}, {0x0E: -997, 0x0F: 500})
DUMPS = (
    [(code, EM24_DUMP) for code in EM24_CODES]
    + [(code, ET112_DUMP if code in (120, 121) else EM1XX_DUMP) for code in EM1XX_CODES]
    + [(code, EM3XX_DUMP) for code in (*EM3XX_CODES, *E1_CODES, *EM5XX_CODES)]
    + [(code, EM1XX_DUMP if code < 200 else EM3XX_DUMP) for code in SAMPLES]
)


def words_of(code: int, longs: dict[int, int], shorts: dict[int, int]) -> dict[int, int]:
    """The dump as it lies in the meter."""
    pair = high_first if code in SAMPLES else low_first
    words = dict(MODES)
    for address, number in longs.items():
        words |= pair(address, number)
    return words | {address: number & 0xFFFF for address, number in shorts.items()}


def identified(
    code: int, mounting: Mounting = "normal", setup: Mapping[int, int] = NO_CHANGE
) -> MeterDriver:
    driver = make("carlo_gavazzi", mounting)
    driver.identify(ask_of({**MODES, 0x0B: code, **setup}))
    return driver


@pytest.mark.parametrize(("code", "dump"), DUMPS, ids=[str(code) for code, _ in DUMPS])
def test_every_family_reads_its_dump(
    code: int, dump: tuple[dict[int, int], dict[int, int]]
) -> None:
    reading = read(identified(code), words_of(code, *dump))
    assert reading.power_w == pytest.approx(-3000.0)
    assert reading.reactive_var == pytest.approx(150.0)
    assert reading.apparent_va == pytest.approx(3010.0)
    assert reading.power_factor == pytest.approx(0.997)
    assert reading.frequency_hz == pytest.approx(50.0)
    assert reading.import_wh == pytest.approx(12_345_600.0)
    assert reading.export_wh == pytest.approx(789_000.0)
    phases = 1 if code < 200 and code not in EM24_CODES else 3
    assert len(reading.phases) == phases
    assert sum(phase.power_w or 0.0 for phase in reading.phases) == pytest.approx(-3000.0)
    assert sum(phase.current_a or 0.0 for phase in reading.phases) == pytest.approx(-13.05)
    assert reading.phases[0].voltage_v == pytest.approx(230.1)
    assert [warning for warning in reading.warnings if code not in (1649, 1652)] == []


@pytest.mark.parametrize(("code", "dump"), DUMPS, ids=[str(code) for code, _ in DUMPS])
def test_reversed_turns_everything(code: int, dump: tuple[dict[int, int], dict[int, int]]) -> None:
    reading = read(identified(code, "reversed"), words_of(code, *dump))
    assert reading.power_w == pytest.approx(3000.0)
    assert reading.reactive_var == pytest.approx(-150.0)
    assert reading.phases[0].current_a == pytest.approx(13.05 / len(reading.phases))
    assert reading.import_wh == pytest.approx(789_000.0)
    assert reading.export_wh == pytest.approx(12_345_600.0)


def test_every_code_of_the_table_is_known_and_no_other() -> None:
    assert set(MODELS) == set(ALL)


@pytest.mark.parametrize("code", ALL)
def test_no_request_is_longer_than_the_family_answers(code: int) -> None:
    driver = identified(code)
    longest = 11 if code in EM24_CODES else 20
    counts = [block.count for block in driver.blocks]
    assert max(counts) <= longest
    assert all(one != other for one, other in pairwise(counts))
    power = next(b for b in driver.blocks for r in b.registers if r.name == "power_w")
    assert not power.slow and driver.blocks[0] is power, "power comes first, in one request"


@pytest.mark.parametrize(
    ("code", "refresh_s"),
    [(71, 0.6), (102, 0.75), (120, 0.75), (341, 2.0), (345, 2.0), (1744, 0.1)],
)
def test_how_often_it_is_worth_asking(code: int, refresh_s: float) -> None:
    driver = identified(code)
    assert getattr(driver, "refresh_s") == refresh_s  # noqa: B009
    hasty = make("carlo_gavazzi", max_age_s=0.5)
    hasty.identify(ask_of(MODES | {0x0B: code}))
    said = any("max_age_s" in warning for warning in read(hasty, MODES).warnings)
    assert said == (refresh_s > 0.5)


@pytest.mark.parametrize(("code", "dump"), [(71, EM24_DUMP), (341, EM3XX_DUMP), (102, EM1XX_DUMP)])
def test_markers_of_invalid_are_not_known(
    code: int, dump: tuple[dict[int, int], dict[int, int]]
) -> None:
    longs, shorts = dump
    driver = identified(code)
    for marker in (0x7FFF_FFFF, 0x7FFF_1234) if code == 71 else (0x7FFF_FFFF,):
        marked = words_of(code, dict.fromkeys(longs, marker), dict.fromkeys(shorts, 0x7FFF))
        reading = read(driver, marked)
        nothing = MeterReading(phases=reading.phases, warnings=reading.warnings)
        assert reading == nothing
        assert {phase.power_w for phase in reading.phases} == {None}
        assert {phase.voltage_v for phase in reading.phases} == {None}
        assert {phase.current_a for phase in reading.phases} == {None}
    lost = words_of(code, longs, dict.fromkeys(shorts, 0xFFFF))
    assert read(driver, lost).frequency_hz is None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "gateway"), (0xFFFF, "gateway"), (75, "EM24"), (115, "ET112"), (349, "EM340"),
        (1660, "EM24 Ethernet"), (1770, "EM540"), (7, "another maker"),
    ],
)  # fmt: skip
def test_an_unknown_code_is_named_with_what_it_might_be(code: int, words: str) -> None:
    with pytest.raises(WrongDeviceError, match=words) as caught:
        identified(code)
    assert str(code) in str(caught.value)


def test_without_a_code_it_is_another_device() -> None:
    with pytest.raises(WrongDeviceError, match="no identification code"):
        make("carlo_gavazzi").identify(ask_of({}, strict=True))


@pytest.mark.parametrize(
    ("code", "setup", "warning"),
    [
        (341, {0x1103: 0}, "measurement mode B"),
        (102, {0x1103: 0}, "measurement mode B"),
        (71, {0x1101: 0}, "application H"),
        (1648, {0xA000: 3}, "application H"),
        (1750, {0x1103: 0}, "measurement mode C or B"),
        (1649, {}, "PFA"),
        (1652, {0xA000: 0}, "PFA"),
        (1648, {0x0304: 0x1802}, "firmware 1.8.2"),
    ],
)
def test_a_set_up_that_hides_export_is_a_warning(
    code: int, setup: dict[int, int], warning: str
) -> None:
    (said,) = read(identified(code, setup=setup), MODES).warnings
    assert warning in said


def test_settings_that_the_meter_does_not_have_are_no_warning() -> None:
    driver = make("carlo_gavazzi")
    driver.identify(ask_of({0x0B: 341}, strict=True))
    assert read(driver, {}).warnings == ()


@pytest.mark.parametrize(("code", "at"), [(71, 0x36), (341, 0x32), (1648, 0x32), (1750, 0x010E)])
def test_wrong_phase_sequence_only_where_there_is_one(code: int, at: int) -> None:
    assert "phase sequence" in read(identified(code), {at: 0xFFFF}).warnings[0]
    for fine in (0, 1):
        assert read(identified(code), {at: fine}).warnings == ()
    system = {0x1102: 3} if code == 71 else {0x1002: 3}
    assert read(identified(code, setup=system), {at: 0xFFFF}).warnings == ()


def test_single_registers_are_read_alone() -> None:
    asked: list[tuple[int, int]] = []
    answers = ask_of(MODES | {0x0B: 71})

    def ask(kind: Kind, address: int, count: int) -> tuple[int, ...]:
        asked.append((address, count))
        return answers(kind, address, count)

    make("carlo_gavazzi").identify(ask)
    assert asked[0] == (0x0B, 1)
    assert all(count == 1 for at, count in asked if at < 0x1300)


@pytest.mark.parametrize(
    "words", ([0x4142, 0x3132, 0, 0, 0, 0, 0], [0x41, 0x42, 0x31, 0x32, 0, 0, 0])
)
def test_serial_number_without_its_zeros(words: list[int]) -> None:
    serial = {0x5000 + place: word for place, word in enumerate(words)}
    driver = make("carlo_gavazzi")
    driver.identify(ask_of(MODES | {0x0B: 341} | serial))
    assert getattr(driver, "serial") == "AB12"  # noqa: B009
    assert getattr(driver, "model") == "EM340/EM341 (code 341)"  # noqa: B009


# ------------------------------------------------------------ against the pretend meters


@pytest.mark.parametrize("code", ALL)
@pytest.mark.parametrize("load_w", [4000.0, 0.0])
def test_the_driver_and_the_pretend_meter_agree(code: int, load_w: float) -> None:
    """Written from the same facts, one from the other's ignorance."""
    site = pretend_site(load_profile(HOME.parents[1] / "profiles" / "sunny.csv"))
    site.override_load_w, site.override_pv_w = load_w, 1500.0
    site.grid_import_wh, site.grid_export_wh = 1_000_000.0, 50_000.0
    site.step(1.0)
    meter = twin.CarloGavazzi(site, twin.grid_flow(site), code)

    def ask(_kind: Kind, address: int, count: int) -> tuple[int, ...]:
        return tuple(meter.registers.read(3, address, count))

    driver = make("carlo_gavazzi")
    driver.identify(ask)
    values: dict[str, float | None] = {}
    for block in driver.blocks:
        values |= block.decode(ask(block.kind, block.address, block.count))
    reading = driver.reading(values)
    one_way = code in (1649, 1652)
    expected_w = abs(load_w - 1500.0) if one_way else load_w - 1500.0
    assert reading.power_w == pytest.approx(expected_w, abs=0.25)
    assert reading.frequency_hz == pytest.approx(site.frequency_hz, abs=0.06)
    assert reading.import_wh == pytest.approx(1_050_000.0 if one_way else 1_000_000.0, abs=60.0)
    assert reading.export_wh == pytest.approx(0.0 if one_way else 50_000.0, abs=60.0)
    assert reading.phases[0].voltage_v == pytest.approx(230.0, abs=0.25)
    assert sum(p.current_a or 0.0 for p in reading.phases) == pytest.approx(
        expected_w / 230.0, abs=0.02
    )
    assert any("PFA" in warning for warning in reading.warnings) == one_way


def test_the_pretend_meter_is_as_strict_as_the_real_one() -> None:
    site = pretend_site(load_profile(HOME.parents[1] / "profiles" / "sunny.csv"))
    meter = twin.CarloGavazzi(site, twin.grid_flow(site), 71)
    for address, count in ((0x00, 12), (0x0304, 2), (0x5000, 1)):
        with pytest.raises(IllegalAddressError):
            meter.registers.read(3, address, count)
    powers = {tuple(meter.registers.read(4, 0x28, 2)) for _ in range(40)}
    assert 2 <= len(powers) <= 5, "a live value moves, by two steps at most"


@pytest.mark.parametrize("code", [71, 102, 341, 1648, 1750])
def test_100_000_mutated_answers(code: int) -> None:
    """Whatever the words are: no exception, and nothing that cannot be."""
    rng = Random(code)
    driver = identified(code)
    block_words = {block.address: [0] * block.count for block in driver.blocks}
    for _ in range(20_000):
        values: dict[str, float | None] = {}
        for block in driver.blocks:
            words = block_words[block.address]
            words[rng.randrange(len(words))] = rng.choice((rng.getrandbits(16), 0x7FFF, 0xFFFF, 0))
            values |= block.decode(words)
        believable(driver.reading(values))
