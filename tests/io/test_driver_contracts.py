"""What every driver file must do, whatever the device. A new file is tested by being there."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import pytest

from appliance import registry
from appliance.io import inverters, meters
from appliance.io.inverters import InverterDriver
from appliance.io.registers import Register, Write
from appliance.model import InverterState, Setpoints
from appliance.site import Inverter

INVERTERS = sorted(registry.names("appliance.io.inverters"))
METERS = sorted(registry.names("appliance.io.meters"))
ALL = [(inverters, name) for name in INVERTERS] + [(meters, name) for name in METERS]
Words = Mapping[tuple[str, int], int]


class InverterFacts(NamedTuple):
    """What the contract must know of a device, from its document and not from its driver."""

    running: Words
    """Input or holding words that say: in operation, one module."""
    off: Words
    fault: Words
    strange: Words
    """A state that no document knows."""
    power_at: tuple[int, float]
    """Where the set value goes, and how many W one step of it means (discharge +)."""
    stops: Write
    """The write that switches the power stage off."""
    starts: Write
    timeout_at: int


TRUMPF = InverterFacts(
    running={("input", 5000): 3, ("input", 5001): 1},
    off={("input", 5000): 2, ("input", 5001): 1},
    fault={("input", 5000): 1, ("input", 2808): 1, ("input", 2810): 4711},
    strange={("input", 5000): 77},
    power_at=(4195, 1.0),
    stops=Write(4000, "coil", (0,)),
    starts=Write(4000, "coil", (1,)),
    timeout_at=1016,
)
INVERTER_FACTS = {"trumpf_ac3025": TRUMPF}


class MeterFacts(NamedTuple):
    """Words of a meter that carries +1000 W and −1000 W in all."""

    plus_1000_w: Words
    minus_1000_w: Words
    invalid: Words


METER_FACTS = {
    "em24_ethernet": MeterFacts(
        plus_1000_w={("holding", 0x28): 10_000, ("holding", 0x29): 0},
        minus_1000_w={("holding", 0x28): 0xD8F0, ("holding", 0x29): 0xFFFF},
        invalid={("holding", 0x28): 0xFFFF, ("holding", 0x29): 0x7FFF, ("holding", 0x33): 0xFFFF},
    )
}


def read(driver: object, words: Words) -> dict[str, float | None]:
    """What polling a device with these words gives; all others are 0."""
    values: dict[str, float | None] = {}
    for block in getattr(driver, "BLOCKS"):  # noqa: B009
        cells = range(block.address, block.address + block.count)
        values |= block.decode([words.get((block.kind, cell), 0) for cell in cells])
    return values


def settings(name: str) -> Inverter:
    return Inverter(driver=name, bus="lan", max_charge_w=5e3, max_discharge_w=5e3, comm_timeout_s=7)


def signed(word: int) -> int:
    return word - 0x10000 if word & 0x8000 else word


@pytest.mark.parametrize(
    ("folder", "name"), ALL, ids=lambda part: str(getattr(part, "__name__", part))
)
class TestEveryDriver:
    def test_has_a_title_a_docstring_and_sources(self, folder: object, name: str) -> None:
        module = registry.load(getattr(folder, "__name__"), name)  # noqa: B009
        assert module.__doc__ and len(module.TITLE) > 5
        rows: tuple[Register, ...] = module.READS
        assert all(len(row.source) > 1 for row in rows)
        assert len({row.name for row in rows}) == len(rows)
        assert sum(len(block.registers) for block in module.BLOCKS) == len(rows)

    def test_nothing_known_is_none_and_not_zero(self, folder: object, name: str) -> None:
        if folder is inverters:
            reading = inverters.load(name).reading({})
            assert reading.state is InverterState.UNKNOWN
            assert reading.power_w is None and reading.dc_voltage_v is None
        else:
            meter = meters.load(name).reading({}, "normal")
            assert meter.power_w is None and meter.import_wh is None

    def test_markers_of_invalid_become_none(self, folder: object, name: str) -> None:
        module = registry.load(getattr(folder, "__name__"), name)  # noqa: B009
        for row in module.READS:
            for marker in row.invalid:
                words = [(marker >> 16 * i) & 0xFFFF for i in reversed(range(row.count))]
                assert row.decode(words[::-1] if row.low_word_first else words) is None


@pytest.mark.parametrize("name", INVERTERS)
class TestEveryInverter:
    @pytest.fixture
    def driver(self, name: str) -> InverterDriver:
        return inverters.load(name)

    @pytest.mark.parametrize("state", ["running", "off", "fault", "strange", "silent"])
    def test_the_default_is_zero_and_stop(
        self, driver: InverterDriver, name: str, state: str
    ) -> None:
        facts = INVERTER_FACTS[name]
        values = read(driver, getattr(facts, state)) if state != "silent" else {}
        writes = driver.writes(Setpoints(), values)
        assert facts.stops in writes
        zeros = [write.words for write in writes if write.address == facts.power_at[0]]
        assert zeros == [(0,)]
        assert writes.index(facts.stops) > 0, "zero first, then off"

    @pytest.mark.parametrize("power_w", [1000.0, -1000.0, 0.0])
    def test_power_goes_out_with_its_sign(
        self, driver: InverterDriver, name: str, power_w: float
    ) -> None:
        facts = INVERTER_FACTS[name]
        address, step_w = facts.power_at
        setpoints = Setpoints(power_w=power_w, inverter_on=True, contactors_closed=True)
        writes = driver.writes(setpoints, read(driver, facts.running))
        sent = [write.words for write in writes if write.address == address]
        assert [signed(words[-1]) * step_w for words in sent] == [power_w]

    @pytest.mark.parametrize("power_w", [1e9, -1e9, math.nan, math.inf])
    def test_nonsense_is_clamped_or_zero(
        self, driver: InverterDriver, name: str, power_w: float
    ) -> None:
        facts = INVERTER_FACTS[name]
        setpoints = Setpoints(power_w=power_w, inverter_on=True, contactors_closed=True)
        (write,) = driver.writes(setpoints, read(driver, facts.running))
        assert abs(signed(write.words[-1])) <= 32_000
        assert math.isfinite(power_w) or write.words == (0,)

    @pytest.mark.parametrize("state", ["off", "fault", "strange", "silent"])
    def test_no_power_outside_operation(
        self, driver: InverterDriver, name: str, state: str
    ) -> None:
        facts = INVERTER_FACTS[name]
        values = read(driver, getattr(facts, state)) if state != "silent" else {}
        setpoints = Setpoints(power_w=3000.0, inverter_on=True, contactors_closed=True)
        writes = driver.writes(setpoints, values)
        assert {w.words for w in writes if w.address == facts.power_at[0]} == {(0,)}
        assert (facts.starts in writes) == (state == "off")

    def test_faults_have_words(self, driver: InverterDriver, name: str) -> None:
        facts = INVERTER_FACTS[name]
        known = driver.reading(read(driver, facts.fault))
        assert known.state is InverterState.FAULT and "4711" in known.faults[0]
        strange = driver.reading(read(driver, facts.strange))
        assert strange.state is InverterState.FAULT and "77" in strange.faults[0]

    def test_arming_sets_the_communication_timeout(self, driver: InverterDriver, name: str) -> None:
        armed = driver.arm(settings(name))
        assert [w.words for w in armed if w.address == INVERTER_FACTS[name].timeout_at] == [(7,)]


@pytest.mark.parametrize("name", METERS)
class TestEveryMeter:
    def test_both_directions_and_both_mountings(self, name: str) -> None:
        driver, facts = meters.load(name), METER_FACTS[name]
        for words, power_w in ((facts.plus_1000_w, 1000.0), (facts.minus_1000_w, -1000.0)):
            values = MappingProxyType(read(driver, words))
            assert driver.reading(values, "normal").power_w == pytest.approx(power_w)
            assert driver.reading(values, "reversed").power_w == pytest.approx(-power_w)

    def test_what_the_meter_marks_invalid_is_none(self, name: str) -> None:
        driver = meters.load(name)
        reading = driver.reading(read(driver, METER_FACTS[name].invalid), "normal")
        assert reading.power_w is None and reading.frequency_hz is None


def test_the_suite_knows_every_driver() -> None:
    assert set(INVERTER_FACTS) == set(INVERTERS) and set(METER_FACTS) == set(METERS)
