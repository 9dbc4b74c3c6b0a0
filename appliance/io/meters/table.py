"""Any meter whose registers are listed in a TOML file (see `appliance/io/_register_table.py`, docs/examples).

    [meters.grid]
    driver = "table"
    options = { table = "/etc/appliance/my_meter.toml" }

Names are those of `MeterReading`: power_w, reactive_var, apparent_va, power_factor, frequency_hz,
import_wh, export_wh, and per phase l1_v, l1_a, l1_w, l1_var. Import at a grid meter and production at
a PV meter are positive; `sign = -1` turns a row whose meter counts the other way. Nothing tells which
meter answers: the first poll shows whether the registers are there.
"""

from pathlib import Path
from typing import Final

from pydantic import field_validator
from typing_extensions import override

from appliance.data_file import DataFileError
from appliance.io._register_table import RegisterTable, read_table
from appliance.io.meters import MeterDriver
from appliance.io.meters._reading import PHASES, THREE, TOTALS, reading_of
from appliance.io.registers import Values
from appliance.model import MeterReading
from appliance.settings import Settings
from appliance.site import Meter

TITLE = "Meter by register table (not verified on hardware)"

NAMES: Final = frozenset({*TOTALS, *PHASES})


class Options(Settings):
    """Where the table is."""

    table: str
    """A path; one that does not begin with / counts from where the appliance was started."""

    @field_validator("table")
    @classmethod
    def _is_in_order(cls, table: str) -> str:
        """`appliance config check` shows the mistakes of the table too."""
        _read(table)
        return table


def _read(path: str) -> RegisterTable:
    """The table, which must tell the power. Raises DataFileError."""
    table = read_table(Path(path), NAMES)
    if not {"power_w", "l1_w", "l2_w", "l3_w"} & {row.name for row in table.reads}:
        raise DataFileError(Path(path), ["register: power_w is missing, or l1_w, l2_w, l3_w"])
    return table


class Driver(MeterDriver):
    """One meter."""

    def __init__(self, settings: Meter, options: Settings) -> None:
        assert isinstance(options, Options)
        self._settings = settings
        table = _read(options.table)
        self.reads, self.blocks = table.reads, table.blocks
        self.model = table.title
        names = {row.name for row in table.reads}
        self._lines = tuple(n for n in THREE if any(name.startswith(f"l{n}_") for name in names))

    @override
    def reading(self, values: Values) -> MeterReading:
        """Power into the site's bus is positive: grid import, PV production."""
        return reading_of(values, self._settings.mounting, lines=self._lines)
