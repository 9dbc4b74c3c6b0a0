"""Bosch BME680: temperature, humidity and pressure of the air; its gas heater stays off.

Source: package bme680 2.0.0; ranges of operation from Bosch BST-BME680-DS001, table of
specifications. The unit in site.toml is the I2C address: 118 (0x76) or 119 (0x77).
"""

from bme680 import BME680
from bme680.constants import DISABLE_GAS_MEAS
from smbus2 import SMBus

from appliance.model import SensorReading

TITLE = "Bosch BME680 (not yet run on real hardware)"

TEMPERATURE_C = (-40.0, 85.0)
HUMIDITY_PCT = (0.0, 100.0)
PRESSURE_HPA = (300.0, 1100.0)


class Sensor:
    """One chip. Measures when asked."""

    def __init__(self, bus: SMBus, address: int) -> None:
        try:
            self._chip = BME680(address, bus)
            # The heater would warm the air that is measured.
            self._chip.set_gas_status(DISABLE_GAS_MEAS)
        except (RuntimeError, ArithmeticError) as absent:
            raise OSError(f"no BME680 at 0x{address:02x}: {absent}") from absent

    def measure(self) -> SensorReading:
        """One measurement, about 40 ms. Raises OSError."""
        try:
            measured = self._chip.get_sensor_data()
        except ArithmeticError as nonsense:
            raise OSError(f"BME680: the registers make no sense: {nonsense}") from nonsense
        if not measured:
            raise OSError("BME680: no measurement within 100 ms")
        air = self._chip.data
        return reading(air.temperature, air.humidity, air.pressure)


def open_sensor(bus: SMBus, address: int) -> Sensor:
    """Find the chip and set it up. Raises OSError."""
    return Sensor(bus, address)


def reading(temperature_c: float, humidity_pct: float, pressure_hpa: float) -> SensorReading:
    """The reading; a value that the chip cannot measure is None."""
    return SensorReading(
        temperature_c=_within(temperature_c, TEMPERATURE_C),
        humidity_pct=_within(humidity_pct, HUMIDITY_PCT),
        pressure_hpa=_within(pressure_hpa, PRESSURE_HPA),
    )


def _within(value: float, bounds: tuple[float, float]) -> float | None:
    return float(value) if bounds[0] <= value <= bounds[1] else None
