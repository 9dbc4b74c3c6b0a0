"""Carlo Gavazzi EM24 Ethernet (EM24-DIN AV2/AV5 E1), Modbus TCP, firmware 1.8.3 and later.

Register map: facts in Victron's dbus-modbus-client `carlo_gavazzi.py` and the makers' protocol
document "EM300 and ET300 series" v2 rev 6, whose layout the meter shares; Modbus TCP port 502,
functions 3 and 4 alike, low word first. Export shows only when the meter runs application H
(register 0xA000 = 7); the simpler models count everything as import.

The meter counts energy that flows from its upper terminals to the lower ones as positive. A grid
meter has the grid above: import is positive. A PV meter has the PV inverter above and the site's
bus below: production is positive. `mounting = "reversed"` is for transformers the other way round.
"""

from math import copysign

from typing_extensions import override

from appliance.io.known import times
from appliance.io.meters import MeterDriver
from appliance.io.registers import Register, Type, Values, grouped
from appliance.model import MeterReading, PhaseReading
from appliance.settings import Settings
from appliance.site import Meter

TITLE = "Carlo Gavazzi EM24 Ethernet (not verified on hardware)"

_MAP = "EM300/ET300 protocol v2 r6, instantaneous values; dbus-modbus-client carlo_gavazzi.py"
_OVERFLOW = (0x7FFF_FFFF,)


def _row(address: int, name: str, scale: float, *, slow: bool = False) -> Register:
    size: Type = "i32"
    return Register(
        address, size, name, _MAP, scale=scale, low_word_first=True, invalid=_OVERFLOW, slow=slow
    )


READS = (
    _row(0x00, "l1_v", 0.1, slow=True),
    _row(0x02, "l2_v", 0.1, slow=True),
    _row(0x04, "l3_v", 0.1, slow=True),
    _row(0x0C, "l1_a", 0.001),
    _row(0x0E, "l2_a", 0.001),
    _row(0x10, "l3_a", 0.001),
    _row(0x12, "l1_w", 0.1),
    _row(0x14, "l2_w", 0.1),
    _row(0x16, "l3_w", 0.1),
    _row(0x1E, "l1_var", 0.1),
    _row(0x20, "l2_var", 0.1),
    _row(0x22, "l3_var", 0.1),
    _row(0x28, "total_w", 0.1),
    _row(0x2C, "total_var", 0.1),
    Register(0x33, "u16", "frequency_hz", _MAP, scale=0.1, invalid=(0xFFFF, 0x7FFF)),
    _row(0x34, "import_wh", 100.0),
    _row(0x4E, "export_wh", 100.0, slow=True),
)
BLOCKS = grouped(READS, max_words=50, max_gap=8)


class Driver(MeterDriver):
    """One EM24 Ethernet."""

    blocks = BLOCKS

    def __init__(self, settings: Meter, _options: Settings) -> None:
        self._settings = settings

    @override
    def reading(self, values: Values) -> MeterReading:
        """Power into the site's bus is positive: grid import, PV production."""
        sign = -1.0 if self._settings.mounting == "reversed" else 1.0
        imported, exported = values.get("import_wh"), values.get("export_wh")
        if self._settings.mounting == "reversed":
            imported, exported = exported, imported
        return MeterReading(
            power_w=times(sign, values.get("total_w")),
            reactive_var=times(sign, values.get("total_var")),
            phases=tuple(_phase(f"l{number}", sign, values) for number in (1, 2, 3)),
            frequency_hz=values.get("frequency_hz"),
            import_wh=imported,
            export_wh=exported,
        )


def _phase(line: str, sign: float, values: Values) -> PhaseReading:
    power_w = times(sign, values.get(f"{line}_w"))
    current_a = values.get(f"{line}_a")
    if current_a is not None and power_w is not None:
        current_a = copysign(current_a, power_w)  # The meter leaves out the sign of currents.
    return PhaseReading(
        voltage_v=values.get(f"{line}_v"),
        current_a=current_a,
        power_w=power_w,
        reactive_var=times(sign, values.get(f"{line}_var")),
    )
