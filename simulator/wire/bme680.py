"""A BME680 register by register: what it measures is read from the world, raw and uncompensated.

Source: Bosch BST-BME680-DS001 (compensation formulas in floating point, registers, calibration
memory, duration of a measurement), from memory of it; the unmodified bme680 library, which has the
integer formulas, agrees. The coefficients are of the size found in real chips. The raw values are
found by inverting the formulas. The chip's low-pass filter and its noise are left out.
"""

import struct
import time
from collections.abc import Callable

CHIP_ID = 0x61
RESET = 0xB6

PAR_T1, PAR_T2, PAR_T3 = 26_203, 26_420, 3
PAR_P1, PAR_P2, PAR_P3, PAR_P4, PAR_P5 = 36_673, -10_405, 88, 7_310, -132
PAR_P6, PAR_P7, PAR_P8, PAR_P9, PAR_P10 = 30, 47, -3, -2_600, 30
PAR_H1, PAR_H2, PAR_H3, PAR_H4, PAR_H5, PAR_H6, PAR_H7 = 788, 1_016, 0, 45, 20, 120, -100
PAR_G1, PAR_G2, PAR_G3 = -30, -5_969, 18

STATUS, CTRL_GAS, CTRL_HUM, CTRL_MEAS = 0x1D, 0x71, 0x72, 0x74
NEW_DATA, MEASURING = 0x80, 0x20
OVERSAMPLING = (0, 1, 2, 4, 8, 16, 16, 16)
SAMPLE_S, SWITCH_S = 0.001963, 0.000477
"""Time for one sample of one quantity; time to switch to the next quantity."""


class Bme680Twin:
    """The chip. `read_environment()` says temperature (°C), relative humidity (%), pressure (hPa)."""

    def __init__(
        self,
        read_environment: Callable[[], tuple[float, float, float]],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read_environment = read_environment
        self._now_s = now_s
        self._ready_at_s: float | None = None
        self._registers = bytearray(256)
        self._power_on()

    def read_byte(self, register: int) -> int:
        """The content of a register; a measurement that is due is finished first."""
        if self._ready_at_s is not None and self._now_s() >= self._ready_at_s:
            self._finish()
        return self._registers[register]

    def write_byte(self, register: int, value: int) -> None:
        """Write a register; a reset or the start of a measurement happens at once."""
        if register == 0xE0:
            if value == RESET:
                self._power_on()
        elif 0x5A <= register <= 0x75:
            self._registers[register] = value
            if register == CTRL_MEAS and value & 0x03:
                self._start()

    def _power_on(self) -> None:
        self._ready_at_s = None
        self._registers = bytearray(256)
        self._registers[0xD0] = CHIP_ID
        self._registers[0x02] = 0x10  # heater range
        self._registers[0x89:0xA2], self._registers[0xE1:0xF1] = _calibration()

    def _start(self) -> None:
        meas, hum = self._registers[CTRL_MEAS], self._registers[CTRL_HUM]
        samples = sum(OVERSAMPLING[bits] for bits in (meas >> 5, meas >> 2 & 7, hum & 7))
        self._registers[STATUS] = MEASURING
        self._ready_at_s = self._now_s() + samples * SAMPLE_S + 4 * SWITCH_S

    def _finish(self) -> None:
        self._ready_at_s = None
        temperature_c, humidity_pct, pressure_hpa = self._read_environment()
        pressure = raw_pressure(pressure_hpa, temperature_c)
        temperature = raw_temperature(temperature_c)
        humidity = raw_humidity(humidity_pct, temperature_c)
        self._registers[0x1F:0x22] = (pressure << 4).to_bytes(3, "big")
        self._registers[0x22:0x25] = (temperature << 4).to_bytes(3, "big")
        self._registers[0x25:0x27] = humidity.to_bytes(2, "big")
        gas_on = bool(self._registers[CTRL_GAS] & 0x30)
        # Clean air, 125 kOhm: raw 512 in range 6; valid, and the heater stable, when it was asked for.
        self._registers[0x2A:0x2C] = (512 << 6 | 6 | (0x30 if gas_on else 0)).to_bytes(2, "big")
        self._registers[STATUS] = NEW_DATA
        self._registers[CTRL_MEAS] &= ~0x03 & 0xFF


# ---------------------------------------------------------------- calibration memory


def _calibration() -> tuple[bytes, bytes]:
    """The two blocks at 0x89 (25 bytes) and 0xE1 (16 bytes)."""
    first = bytearray(25)
    struct.pack_into("<hb", first, 1, PAR_T2, PAR_T3)
    struct.pack_into("<Hhb", first, 5, PAR_P1, PAR_P2, PAR_P3)
    struct.pack_into("<hhbb", first, 11, PAR_P4, PAR_P5, PAR_P7, PAR_P6)
    struct.pack_into("<hhB", first, 19, PAR_P8, PAR_P9, PAR_P10)
    h1_and_h2 = bytes((PAR_H2 >> 4, (PAR_H2 & 0xF) << 4 | PAR_H1 & 0xF, PAR_H1 >> 4))
    rest = struct.pack("<bbbBb", PAR_H3, PAR_H4, PAR_H5, PAR_H6, PAR_H7)
    tail = struct.pack("<HhbbH", PAR_T1, PAR_G2, PAR_G1, PAR_G3, 0)
    return bytes(first), h1_and_h2 + rest + tail


# ---------------------------------------------------------------- compensation


def temperature_c(raw: int) -> float:
    """Compensated temperature in °C."""
    linear = (raw / 16_384 - PAR_T1 / 1_024) * PAR_T2
    square = (raw / 131_072 - PAR_T1 / 8_192) ** 2 * PAR_T3 * 16
    return (linear + square) / 5_120


def pressure_hpa(raw: int, at_c: float) -> float:
    """Compensated pressure in hPa at a temperature in °C."""
    x = at_c * 5_120 / 2 - 64_000
    offset = (x * x * PAR_P6 / 131_072 + x * PAR_P5 * 2) / 4 + PAR_P4 * 65_536
    scale = (1 + (PAR_P3 * x * x / 16_384 + PAR_P2 * x) / 524_288 / 32_768) * PAR_P1
    pascal = (1_048_576 - raw - offset / 4_096) * 6_250 / scale
    square = PAR_P9 * pascal * pascal / 2_147_483_648
    linear = pascal * PAR_P8 / 32_768
    cubic = (pascal / 256) ** 3 * PAR_P10 / 131_072
    return (pascal + (square + linear + cubic + PAR_P7 * 128) / 16) / 100


def humidity_pct(raw: int, at_c: float) -> float:
    """Compensated relative humidity in % at a temperature in °C."""
    x = raw - (PAR_H1 * 16 + PAR_H3 / 2 * at_c)
    slope = 1 + PAR_H4 / 16_384 * at_c + PAR_H5 / 1_048_576 * at_c * at_c
    y = x * PAR_H2 / 262_144 * slope
    return y + (PAR_H6 / 16_384 + PAR_H7 / 2_097_152 * at_c) * y * y


def raw_temperature(wanted_c: float) -> int:
    """The raw value that compensates to this temperature."""
    return _invert(temperature_c, wanted_c, 1 << 20)


def raw_pressure(wanted_hpa: float, at_c: float) -> int:
    """The raw value that compensates to this pressure; a higher pressure reads lower."""
    return _invert(lambda raw: -pressure_hpa(raw, at_c), -wanted_hpa, 1 << 20)


def raw_humidity(wanted_pct: float, at_c: float) -> int:
    """The raw value that compensates to this relative humidity."""
    return _invert(lambda raw: humidity_pct(raw, at_c), wanted_pct, 1 << 16)


def _invert(rising: Callable[[int], float], wanted: float, end: int) -> int:
    """The lowest raw value below `end` at which `rising` reaches what is wanted."""
    low, high = 0, end - 1
    while low < high:
        middle = (low + high) // 2
        if rising(middle) < wanted:
            low = middle + 1
        else:
            high = middle
    return low
