"""Pretend sensors: one row per driver, chips on I2C and files of the kernel."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from simulator.wire.ads1115 import Ads1115Twin
from simulator.wire.bme680 import Bme680Twin
from simulator.wire.cpu_files import CpuFiles
from simulator.wire.i2c_table import TableTwin
from simulator.wire.pigpiod import I2cDevice, WideI2cDevice
from simulator.wire.plugs import Plug
from simulator.wire.sitefile import Table

Air = Callable[[], tuple[float, float, float]]
"""°C, % relative humidity, hPa."""


class Runs(Protocol):
    """Something that goes on by itself."""

    async def run(self) -> None:
        """Until cancelled."""


def _ads1115(air: Air, options: Table) -> Ads1115Twin:
    """Every input carries the divider of these options, in the box's air."""
    return Ads1115Twin(
        lambda: air()[0],
        fixed_ohm=options.get("fixed_ohm", float, 10_000.0),
        supply_v=options.get("supply_v", float, 3.3),
        ntc_ohm=options.get("ntc_ohm", float, 10_000.0),
        beta_k=options.get("beta_k", float, 3_950.0),
        ntc_to=options.get("ntc_to", str, "ground"),
    )


def _table(air: Air, options: Table) -> TableTwin:
    names = ("temperature_c", "humidity_pct", "pressure_hpa")
    return TableTwin(Path(options.get("table", str)), lambda: dict(zip(names, air(), strict=True)))


CHIPS: dict[str, Callable[[Air, Table], I2cDevice | WideI2cDevice]] = {
    "bme680": lambda air, _options: Bme680Twin(air),
    "ads1115_ntc": _ads1115,
    "i2c_table": _table,
}
FILES: dict[str, Callable[[Path, Air, Plug], Runs]] = {
    "cpu": lambda folder, air, plug: CpuFiles(folder, lambda: air()[0], plug),
}
