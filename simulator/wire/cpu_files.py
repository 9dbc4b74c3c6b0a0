"""What a Raspberry Pi's kernel shows of itself as files, as plain files in a folder.

`class/thermal/thermal_zone0/{temp,type}` in thousandths of a °C, and the firmware driver's
`devices/platform/soc/soc:firmware/get_throttled` in hexadecimal digits.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from simulator.wire.plugs import IN, UNDER_VOLTAGE, Plug

ZONE = Path("class/thermal/thermal_zone0")
THROTTLED = Path("devices/platform/soc/soc:firmware/get_throttled")
PERIOD_S = 0.2
LOW = 1
"""Bit 0: under-voltage now."""
LOAD_C = 18.0
"""The processor above the air around it."""


class CpuFiles:
    """The files. `throttled` holds the firmware's bits; without its plug the temperature has no file."""

    def __init__(self, folder: Path, box_c: Callable[[], float], plug: Plug) -> None:
        self._folder, self._box_c, self._plug = folder, box_c, plug
        self.throttled = 0

    def write(self) -> None:
        """Bring every file up to date."""
        temp = self._folder / ZONE / "temp"
        fault = self._plug.fault
        if fault in (IN, UNDER_VOLTAGE):
            put(self._folder / ZONE / "type", "cpu-thermal")
            put(temp, str(round((self._box_c() + LOAD_C) * 1e3)))
        else:
            temp.unlink(missing_ok=True)
        bits = self.throttled | (LOW if fault == UNDER_VOLTAGE else 0)
        put(self._folder / THROTTLED, f"{bits:x}")

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.write()
            await asyncio.sleep(PERIOD_S)


def put(path: Path, text: str) -> None:
    """Replace a file as a whole, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}")
    fresh.write_text(f"{text}\n", encoding="ascii")
    fresh.replace(path)
