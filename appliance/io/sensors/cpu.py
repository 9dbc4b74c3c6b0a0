"""The computer itself: temperature of the processor, and what its firmware holds back.

Files below the folder of the bus (`/sys`): `class/thermal/thermal_zone0/temp` in thousandths of a
°C (kernel: Documentation/driver-api/thermal/sysfs-api.rst), and the Raspberry Pi firmware driver's
`devices/platform/soc/soc:firmware/get_throttled`, hexadecimal digits (raspberrypi/linux,
drivers/firmware/raspberrypi.c). Where the latter is missing, `vcgencmd get_throttled` is asked, which
prints the same bits: now in bits 0 to 3, since the start of the computer in bits 16 to 19
(Raspberry Pi documentation, "vcgencmd"). On another computer neither is there, and only the
temperature is told.
"""

import logging
import subprocess
from typing import Annotated, Final

from pydantic import Field
from typing_extensions import override

from appliance.io.buses.files import Files
from appliance.io.plausible import plausible
from appliance.io.sensors._driver import FileSensor, Rest
from appliance.model import UNDER_VOLTAGE, SensorReading
from appliance.settings import Celsius, Settings
from appliance.site import Sensor

log = logging.getLogger(__name__)

TITLE = "Processor temperature and throttling (not verified on hardware)"

THROTTLED_FILE: Final = "devices/platform/soc/soc:firmware/get_throttled"
ASK = ("vcgencmd", "get_throttled")
ASK_TIMEOUT_S: Final = 1.0
WORDS: Final = (
    UNDER_VOLTAGE,
    "clock capped",
    "throttled",
    "soft temperature limit",
)
"""Bits 0 to 3; 16 higher: it has happened since the start of the computer."""
HOT: Final = "hot"


class Options(Settings):
    """Which zone, and when it is hot."""

    zone: Annotated[int, Field(ge=0, le=15)] = 0
    hot_c: Celsius = 80.0
    """A Raspberry Pi 4 slows down from 80 °C (Raspberry Pi documentation, "Frequency management")."""


class Driver(FileSensor):
    """One computer. Warnings say what is now; what has been is logged, and kept as a number."""

    def __init__(self, _settings: Sensor, options: Settings) -> None:
        assert isinstance(options, Options)
        self._options = options
        self._asks = True
        self._been = 0

    @override
    def begin(self, bus: Files, rest: Rest) -> None:
        """Try the firmware again."""
        self._asks = True

    @override
    def measure(self, bus: Files, rest: Rest) -> SensorReading:
        """One measurement. Raises OSError when there is no temperature."""
        raw = bus.number(f"class/thermal/thermal_zone{self._options.zone}/temp")
        temperature_c = plausible("temperature_c", raw / 1e3)
        bits = self._bits(bus)
        warnings = () if bits is None else words(bits)
        if temperature_c is not None and temperature_c > self._options.hot_c:
            warnings = (HOT, *warnings)
        values = () if bits is None else (("throttled_bits", float(bits)),)
        return SensorReading(temperature_c=temperature_c, warnings=warnings, values=values)

    def _bits(self, bus: Files) -> int | None:
        """What the firmware says; None when there is no such firmware."""
        try:
            bits = bus.number(THROTTLED_FILE, 16)
        except FileNotFoundError:
            asked = ask_firmware() if self._asks else None
            self._asks = asked is not None
            if asked is None:
                return None
            bits = asked
        been = bits >> 16
        if been & ~self._been:
            log.warning("since its start the computer has had: %s", ", ".join(words(been)))
        self._been = been
        return bits


def words(bits: int) -> tuple[str, ...]:
    """What the four lowest bits mean."""
    return tuple(word for place, word in enumerate(WORDS) if bits >> place & 1)


def ask_firmware() -> int | None:
    """The bits by the firmware's own program; None when there is none, or it does not answer in time."""
    try:
        done = subprocess.run(
            ASK, capture_output=True, check=True, text=True, timeout=ASK_TIMEOUT_S
        )
        return int(done.stdout.strip().removeprefix("throttled="), 16)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        log.info("throttling is not known: %s", error)
        return None
