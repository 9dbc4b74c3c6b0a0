"""Bosch BME680: temperature, humidity and pressure of the air; its gas heater stays off.

Source: package bme680 2.0.0; ranges of operation from Bosch BST-BME680-DS001, table of
specifications. The unit in site.toml is the I2C address: 118 (0x76) or 119 (0x77).
"""

from bme680 import BME680
from bme680.constants import DISABLE_GAS_MEAS
from smbus2 import SMBus
from typing_extensions import override

from appliance.io.sensors._air import with_dew_point
from appliance.io.sensors._driver import I2cSensor, Rest
from appliance.model import SensorReading
from appliance.settings import Settings
from appliance.site import Sensor

TITLE = "Bosch BME680 (not verified on hardware)"

TEMPERATURE_C = (-40.0, 85.0)
HUMIDITY_PCT = (0.0, 100.0)
PRESSURE_HPA = (300.0, 1100.0)


class Driver(I2cSensor):
    """One chip. Measures when asked, about 40 ms."""

    def __init__(self, settings: Sensor, _options: Settings) -> None:
        self._address = settings.unit
        self._chip: BME680 | None = None

    @override
    def begin(self, bus: SMBus, rest: Rest) -> None:
        """Read the calibration. Raises OSError when something else is there."""
        self._chip = None
        try:
            chip = BME680(self._address, bus)
            # The heater would warm the air that is measured.
            chip.set_gas_status(DISABLE_GAS_MEAS)
        except (RuntimeError, ArithmeticError) as absent:
            raise OSError(f"no BME680 at 0x{self._address:02x}: {absent}") from absent
        self._chip = chip

    @override
    def measure(self, bus: SMBus, rest: Rest) -> SensorReading:
        """One measurement. Raises OSError."""
        chip = self._chip
        try:
            measured = chip is not None and chip.get_sensor_data()
        except ArithmeticError as nonsense:
            raise OSError(f"BME680: the registers make no sense: {nonsense}") from nonsense
        if chip is None or not measured:
            raise OSError("BME680: no measurement within 100 ms")
        air = chip.data
        return reading(air.temperature, air.humidity, air.pressure)


def reading(temperature_c: float, humidity_pct: float, pressure_hpa: float) -> SensorReading:
    """The reading with its dew point; a value that the chip cannot measure is None."""
    return with_dew_point(
        SensorReading(
            temperature_c=_within(temperature_c, TEMPERATURE_C),
            humidity_pct=_within(humidity_pct, HUMIDITY_PCT),
            pressure_hpa=_within(pressure_hpa, PRESSURE_HPA),
        )
    )


def _within(value: float, bounds: tuple[float, float]) -> float | None:
    return float(value) if bounds[0] <= value <= bounds[1] else None
