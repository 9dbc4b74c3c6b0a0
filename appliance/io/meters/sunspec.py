"""Any SunSpec meter: models 201 to 204 (whole numbers) and 211 to 214 (floats), found by scanning.

Layout: the SunSpec Alliance's model definitions, which the device itself says it follows. They give
no rule for the sign of W, only names for the two energies (TotWhImp, TotWhExp); import is taken as
positive, which the option `positive` turns. `mounting = "reversed"` turns everything.
"""

import logging
from typing import Annotated, Final, Literal

from pydantic import Field
from typing_extensions import override

from appliance.io.buses import WrongDeviceError
from appliance.io.known import phases, times
from appliance.io.meters import MeterDriver
from appliance.io.registers import Ask, Block, Values
from appliance.io.sunspec.device import USED, blocks, discover
from appliance.io.sunspec.measured import power_factor
from appliance.io.sunspec.model import Wanted
from appliance.model import MeterReading
from appliance.settings import Settings
from appliance.site import Meter

log = logging.getLogger(__name__)

TITLE = "SunSpec meter (not verified on hardware)"
METERS: Final = (201, 202, 203, 204, 211, 212, 213, 214)
WANTED: Final = (
    *(Wanted(f"Aph{phase}", f"l{line}_a", slow=False) for line, phase in enumerate("ABC", 1)),
    *(Wanted(f"PhVph{phase}", f"l{line}_v", slow=False) for line, phase in enumerate("ABC", 1)),
    *(Wanted(f"Wph{phase}", f"l{line}_w", slow=False) for line, phase in enumerate("ABC", 1)),
    *(Wanted(f"VARph{phase}", f"l{line}_var", slow=False) for line, phase in enumerate("ABC", 1)),
    Wanted("W", "power_w", slow=False),
    Wanted("VAR", "reactive_var", slow=False),
    Wanted("VA", "apparent_va", slow=False),
    Wanted("PF", "power_factor", slow=False, factor=0.01),
    Wanted("Hz", "frequency_hz", slow=False),
    Wanted("TotWhExp", "export_wh"),
    Wanted("TotWhImp", "import_wh"),
    Wanted("Evt", "events"),
)


class Options(Settings):
    """What only a SunSpec meter wants to know."""

    positive: Literal["import", "export"] = "import"
    """Which way the device counts W as positive; the standard does not say."""
    number: Annotated[int, Field(ge=1, le=20)] = 1
    """Which of several meters in one device."""
    base: Annotated[int, Field(ge=0, le=65_000)] | None = None
    """Where its marker is, when not at 40000, 0 or 50000."""


class Driver(MeterDriver):
    """One SunSpec meter."""

    blocks: tuple[Block, ...] = ()

    def __init__(self, settings: Meter, options: Settings) -> None:
        self._settings = settings
        self._options = options if isinstance(options, Options) else Options()
        self._symbols: dict[int, str] = {}
        self._title = ""

    @override
    def identify(self, ask: Ask) -> None:
        device = discover(ask, USED, self._options.base)
        meters = device.all(*METERS)
        if len(meters) < self._options.number:
            msg = f"no SunSpec meter number {self._options.number}: {device.title()}"
            raise WrongDeviceError(msg)
        meter = meters[self._options.number - 1]
        self._symbols = dict(meter.definition.points["Evt"].symbols)
        self.blocks = blocks(device, meter.rows(WANTED))
        if device.title() != self._title:
            self._title = device.title()
            log.info("meter %s, read through model %d", self._title, meter.definition.id)

    @override
    def reading(self, values: Values) -> MeterReading:
        """Power into the site's bus is positive: grid import, PV production."""
        turned = self._settings.mounting == "reversed"
        sign = -1.0 if turned != (self._options.positive == "export") else 1.0
        imported, exported = values.get("import_wh"), values.get("export_wh")
        if turned:
            imported, exported = exported, imported
        return MeterReading(
            power_w=times(sign, values.get("power_w")),
            reactive_var=times(sign, values.get("reactive_var")),
            phases=phases(values, sign),
            frequency_hz=values.get("frequency_hz"),
            import_wh=imported,
            export_wh=exported,
            apparent_va=values.get("apparent_va"),
            power_factor=power_factor(values),
            warnings=self._warnings(values),
        )

    def _warnings(self, values: Values) -> tuple[str, ...]:
        """Event bits in words: M_EVENT_Missing_Sensor is "missing sensor"."""
        number = int(values.get("events") or 0)
        bits = [bit for bit in range(32) if number >> bit & 1]
        names = [self._symbols.get(bit, f"event bit {bit}") for bit in bits]
        return tuple(name.removeprefix("M_EVENT_").replace("_", " ").lower() for name in names)
