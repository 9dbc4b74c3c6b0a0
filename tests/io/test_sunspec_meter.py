"""Which way is positive at a SunSpec meter?"""

from typing import Any

import pytest

from appliance.io import meters
from appliance.io.registers import Kind
from appliance.model import MeterReading
from appliance.site import Meter
from simulator.wire.sunspec import grid_meter
from tests.io.rig import pretend_plant


class TestMeterSigns:
    """+1000 W imported at the grid."""

    def reading(self, *, mounted: bool = True, **settings: Any) -> MeterReading:
        driver = meters.driver(
            Meter.model_validate({"driver": "sunspec", "bus": "lan", **settings})
        )
        site = pretend_plant()
        site.override_load_w, site.override_pv_w = 1_000.0, 0.0
        for _ in range(60):
            site.step(60.0)
        registers = grid_meter(site, reversed_mounting=not mounted).registers

        def ask(_kind: Kind, address: int, count: int) -> tuple[int, ...]:
            return tuple(registers.read(3, address, count))

        driver.identify(ask)
        found: dict[str, float | None] = {}
        for block in driver.blocks:
            found |= block.decode(ask(block.kind, block.address, block.count))
        return driver.reading(found)

    def test_import_is_positive(self) -> None:
        found = self.reading()
        assert found.power_w == 1_000.0
        assert found.phases[0].power_w == pytest.approx(333.0, abs=1.0)
        assert found.phases[0].current_a == pytest.approx(1.45, abs=0.01)
        assert found.import_wh == pytest.approx(1_000.0, abs=2.0) and found.export_wh is None
        assert found.power_factor == pytest.approx(1.0) and found.apparent_va == 1_000.0

    def test_transformers_the_other_way_round(self) -> None:
        found = self.reading(mounted=False, mounting="reversed")
        assert found.power_w == 1_000.0 and found.phases[2].power_w == pytest.approx(333, abs=1)
        assert found.import_wh == pytest.approx(1_000.0, abs=2.0)

    def test_a_device_that_counts_export_as_positive(self) -> None:
        found = self.reading(options={"positive": "export"})
        assert found.power_w == -1_000.0
        assert found.import_wh == pytest.approx(1_000.0, abs=2.0), "energies have names"

    def test_nothing_known_is_none(self) -> None:
        found = meters.driver(Meter(driver="sunspec", bus="lan")).reading({})
        assert found.power_w is None and found.import_wh is None and found.warnings == ()
