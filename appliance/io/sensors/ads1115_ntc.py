"""An NTC resistor in a voltage divider, on one input of a TI ADS1115 converter.

Source: TI SBAS444 (ADS1113/4/5), registers and config bits as used by adafruit/Adafruit_CircuitPython_ADS1x15
(ads1x15.py, ads1115.py). Registers are 16 bits, the high byte first. The unit in site.toml is the I2C
address: 72 (0x48) to 75 (0x4B), by the ADDR pin. Each measurement is a single conversion of 8 ms, so
several inputs of one chip are several sensors. The supply of the divider is not measured: it must be
the voltage that the options say.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator
from smbus2 import SMBus
from typing_extensions import override

from appliance.io.plausible import plausible
from appliance.io.sensors._driver import I2cSensor, Rest
from appliance.io.sensors._ntc import Ohms, by_beta, by_points, load_curve
from appliance.model import SHORT_CIRCUIT, WIRE_BROKEN, SensorReading
from appliance.settings import Settings
from appliance.site import Sensor

TITLE = "NTC on a TI ADS1115 (not verified on hardware)"

CONVERSION, CONFIG = 0, 1
START: Final = 1 << 15
"""Written: start. Read: not converting."""
FIRST_INPUT: Final = 4
"""MUX 4 to 7: AIN0 to AIN3 against ground."""
RANGES_V: Final = (6.144, 4.096, 2.048, 1.024)
"""By the PGA bits; the step is a 32768th."""
SINGLE: Final = 1 << 8
RATE_128: Final = 4 << 5
NO_COMPARATOR: Final = 3
TRIES, PAUSE_S = 20, 0.005
"""A conversion takes 7.8 ms at 128 a second, and 10 % more at most."""
OPEN, SHORT = 0.98, 0.02
"""Shares of the supply beyond which the wire is broken, or both touch."""


class Options(Settings):
    """The divider and its NTC: either `beta_k` with `ntc_ohm`, or `curve`."""

    channel: Annotated[int, Field(ge=0, le=3)]
    fixed_ohm: Ohms
    supply_v: Annotated[float, Field(ge=1.0, le=5.5)] = 3.3
    ntc_to: Literal["ground", "supply"] = "ground"
    ntc_ohm: Ohms = 10_000.0
    """At 25 °C."""
    beta_k: Annotated[float, Field(ge=1_000, le=10_000)] | None = None
    """From the part's data sheet, usually 3380 to 3988 K."""
    curve: str | None = None
    """A name in `curves/`, such as ntc_10k_b3435, or a TOML file with points of °C and Ω."""

    @model_validator(mode="after")
    def _one_curve(self) -> Self:
        if (self.beta_k is None) == (self.curve is None):
            msg = "either beta_k or curve must be given"
            raise ValueError(msg)
        if self.curve is not None:
            load_curve(self.curve)  # so that `appliance config check` shows its mistakes
        return self


class Driver(I2cSensor):
    """One input."""

    def __init__(self, settings: Sensor, options: Settings) -> None:
        assert isinstance(options, Options)
        self._options, self._address = options, settings.unit
        self._temperature_c = (
            by_points(load_curve(options.curve))
            if options.curve is not None
            else by_beta(options.ntc_ohm, options.beta_k or 0.0)
        )
        gain = max(i for i, most_v in enumerate(RANGES_V) if most_v >= options.supply_v)
        self._step_v = RANGES_V[gain] / 32_768
        self._config = (
            START | (FIRST_INPUT + options.channel) << 12 | gain << 9 | SINGLE | RATE_128
        ) | NO_COMPARATOR

    @override
    def measure(self, bus: SMBus, rest: Rest) -> SensorReading:
        """One conversion. Raises OSError."""
        bus.write_i2c_block_data(self._address, CONFIG, [self._config >> 8, self._config & 0xFF])
        for _ in range(TRIES):
            rest(PAUSE_S)
            if self._read(bus, CONFIG) & START:
                break
        else:
            raise OSError("ADS1115: no conversion within 100 ms")
        raw = self._read(bus, CONVERSION)
        return self._reading((raw - 0x10000 if raw & 0x8000 else raw) * self._step_v)

    def _reading(self, volts: float) -> SensorReading:
        options = self._options
        share = volts / options.supply_v
        if options.ntc_to == "supply":
            share = 1.0 - share
        if share > OPEN:
            return SensorReading(warnings=(WIRE_BROKEN,))
        if share < SHORT:
            return SensorReading(warnings=(SHORT_CIRCUIT,))
        celsius = self._temperature_c(options.fixed_ohm * share / (1.0 - share))
        if celsius is not None:
            celsius = plausible("temperature_c", celsius)
        return SensorReading(temperature_c=celsius)

    def _read(self, bus: SMBus, register: int) -> int:
        high, low = bus.read_i2c_block_data(self._address, register, 2)
        return high << 8 | low
