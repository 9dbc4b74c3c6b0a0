"""A TI ADS1115 with an NTC divider on each of its inputs, register by register.

Source: TI SBAS444, registers and config bits; the divider and the B formula as in every NTC data sheet.
Registers are 16 bits, the high byte first. The comparator is left out; the differential inputs are
the difference of two equal dividers, and so nothing.
"""

import time
from collections.abc import Callable
from math import exp

CONVERSION, CONFIG, LOW, HIGH = range(4)
POWER_ON = {CONVERSION: 0x0000, CONFIG: 0x8583, LOW: 0x8000, HIGH: 0x7FFF}
RANGES_V = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256)
RATES = (8, 16, 32, 64, 128, 250, 475, 860)

OPEN, SHORT = "open", "short"


class Ads1115Twin:
    """The chip. `wires` may say `open` or `short` for an input: what its NTC does then."""

    def __init__(
        self,
        temperature_c: Callable[[], float],
        *,
        fixed_ohm: float = 10_000.0,
        supply_v: float = 3.3,
        ntc_ohm: float = 10_000.0,
        beta_k: float = 3_950.0,
        ntc_to: str = "ground",
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._temperature_c, self._now_s = temperature_c, now_s
        self._fixed_ohm, self._supply_v = fixed_ohm, supply_v
        self._ntc_ohm, self._beta_k, self._ntc_to = ntc_ohm, beta_k, ntc_to
        self._registers = dict(POWER_ON)
        self._ready_at_s = 0.0
        self.wires: dict[int, str] = {}

    def read_block(self, register: int, count: int) -> bytes:
        """The register's two bytes; more repeat them, as on the wire."""
        return (self._word(register & 3).to_bytes(2, "big") * count)[:count]

    def write_block(self, register: int, data: bytes) -> None:
        """Two bytes; the conversion register cannot be written."""
        register &= 3
        if register == CONVERSION or len(data) < 2:
            return
        self._registers[register] = int.from_bytes(data[:2], "big")
        if register == CONFIG and data[0] & 0x80:
            self._start()

    def _word(self, register: int) -> int:
        if register == CONFIG:
            ready = self._now_s() >= self._ready_at_s
            return self._registers[CONFIG] & 0x7FFF | (0x8000 if ready else 0)
        if register == CONVERSION and self._now_s() >= self._ready_at_s:
            self._registers[CONVERSION] = self._converted()
        return self._registers[register]

    def _start(self) -> None:
        self._ready_at_s = self._now_s() + 1.0 / RATES[self._registers[CONFIG] >> 5 & 7]

    def _converted(self) -> int:
        config = self._registers[CONFIG]
        mux, full_v = config >> 12 & 7, RANGES_V[config >> 9 & 7]
        volts = self.volts(mux - 4) if mux >= 4 else 0.0
        return max(-32_768, min(32_767, round(volts / full_v * 32_768))) & 0xFFFF

    def volts(self, channel: int) -> float:
        """What the divider gives."""
        wire = self.wires.get(channel)
        if wire is None:
            kelvin = self._temperature_c() + 273.15
            ohm = self._ntc_ohm * exp(self._beta_k * (1 / kelvin - 1 / 298.15))
            share = ohm / (ohm + self._fixed_ohm)
        else:
            share = 1.0 if wire == OPEN else 0.0
        return self._supply_v * (share if self._ntc_to == "ground" else 1.0 - share)
