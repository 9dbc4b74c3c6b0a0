"""What every meter driver must do, whatever the meter; each polled as in the box, against the twin of its meter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from appliance import registry
from appliance.clock import VirtualClock
from appliance.io import meters
from appliance.io._polled import Polled
from appliance.io.buses.registers import Registers as Bus
from appliance.io.meters import Mounting
from appliance.model import MeterReading
from appliance.site import Meter
from simulator.models.site import Site
from simulator.wire import acuvim2, carlo_gavazzi
from simulator.wire.registers import U16, Registers, Row, Store
from simulator.wire.stand_in import METERS, MeterTwin
from tests.io.rig import TableBus
from tests.io.served import plant
from tests.stories import NOON

NAMES = sorted(registry.names("appliance.io.meters"))
TABLE = Path(__file__).parents[2] / "docs" / "examples" / "meter_em340.toml"


@dataclass(frozen=True)
class Case:
    """Which twin a driver meets, with which options."""

    twin: Callable[[Site, bool], MeterTwin]
    options: Mapping[str, Any] = field(default_factory=dict)
    identifies: bool = True
    """It finds out that another device answers."""


CASES = {
    "acuvim2": Case(acuvim2.grid_meter),
    "carlo_gavazzi": Case(carlo_gavazzi.places(341)["meter.grid"]),
    "em24_ethernet": Case(carlo_gavazzi.places(1648)["meter.grid"]),
    "sunspec": Case(METERS["sunspec"]["meter.grid"]),
    "table": Case(carlo_gavazzi.places(341)["meter.grid"], {"table": str(TABLE)}, identifies=False),
}


class Device:
    """A twin's table on a bus."""

    def __init__(self, registers: Registers) -> None:
        self.registers = registers

    def on_write(self) -> None:
        """Nobody writes to a meter."""
        raise AssertionError

    def reboot(self) -> None:
        """It has nothing to forget."""


class Rig:
    """One meter driver, polled."""

    def __init__(self, name: str, registers: Registers, mounting: Mounting = "normal") -> None:
        settings = Meter(
            driver=name, bus="lan", mounting=mounting, options=dict(CASES[name].options)
        )
        self.driver = meters.driver(settings)
        self.table = TableBus(Device(registers))
        self.bus: Bus = self.table
        self.clock = VirtualClock(NOON)
        self.reading: MeterReading | None = None
        self.polled = Polled("meter", settings, self.driver, self._publish, 0.0)

    def _publish(self, values: Mapping[str, float | None], _at_s: float) -> None:
        self.reading = self.driver.reading(values)

    def run(self, seconds: float) -> MeterReading | None:
        """Poll for so long; the newest reading of that time."""
        self.reading = None
        for _ in range(round(seconds / 0.05)):
            self.clock.advance(0.05)
            if self.clock.now_s() >= self.polled.next_at_s:
                self.polled.poll(self.bus, self.clock, lambda: None)
        return self.reading


def test_the_suite_knows_every_driver() -> None:
    assert set(CASES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
class TestEveryMeter:
    def test_title_docstring_and_a_source_for_each_register(self, name: str) -> None:
        file = meters.load(name)
        assert file.__doc__ and file.TITLE.endswith("(not verified on hardware)")
        rig = Rig(name, CASES[name].twin(plant(1000.0), False).registers)
        rig.run(1.5)
        rows = [row for block in rig.driver.blocks for row in block.registers]
        assert rows and all(len(row.source) > 1 for row in rows)
        assert len({row.name for row in rows}) == len(rows)

    @pytest.mark.parametrize(("load_w", "pv_w"), [(1500.0, 500.0), (500.0, 1500.0)])
    @pytest.mark.parametrize("mounting", ["normal", "reversed"])
    def test_both_directions_and_both_mountings(
        self, name: str, load_w: float, pv_w: float, mounting: Mounting
    ) -> None:
        """A meter mounted the other way round, and told so, says the same."""
        site = plant(load_w, pv_w)
        site.grid_import_wh, site.grid_export_wh = 20_000.0, 3_000.0
        twin = CASES[name].twin(site, mounting == "reversed")
        reading = Rig(name, twin.registers, mounting).run(2.5)
        assert reading is not None
        assert reading.power_w == pytest.approx(load_w - pv_w, abs=2.0)
        assert reading.import_wh == pytest.approx(20_000.0, abs=60.0)
        assert reading.export_wh == pytest.approx(3_000.0, abs=60.0)
        assert reading.frequency_hz == pytest.approx(site.frequency_hz, abs=0.06)
        for phase in reading.phases:
            assert phase.power_w == pytest.approx((load_w - pv_w) / 3, abs=1.0)
            assert phase.current_a == pytest.approx((load_w - pv_w) / 690.0, abs=0.02)
            assert phase.voltage_v == pytest.approx(230.0, abs=0.5)

    def test_nothing_known_is_none_and_not_zero(self, name: str) -> None:
        rig = Rig(name, CASES[name].twin(plant(1000.0), False).registers)
        for _ in range(2):
            reading = rig.driver.reading({})
            assert (reading.power_w, reading.import_wh, reading.frequency_hz) == (None,) * 3
            rig.run(1.5)

    def test_silence_says_nothing_and_the_meter_comes_back(self, name: str) -> None:
        rig = Rig(name, CASES[name].twin(plant(1000.0), False).registers)
        assert rig.run(1.5) is not None
        rig.table.silent = True
        assert rig.run(5.0) is None and rig.polled.values == {}
        rig.table.silent = False
        back = rig.run(2.5)
        assert back is not None and back.power_w == pytest.approx(1000.0, abs=2.0)

    def test_another_device_is_not_read(self, name: str) -> None:
        zeros = Registers([Row(at, U16, Store(0x1234).read) for at in range(0x6000)])
        for registers in (zeros, Registers([])):
            reading = Rig(name, registers).run(3.0)
            assert reading is None or not CASES[name].identifies
