"""Moist air: the dew point, below which water condenses on a surface."""

from math import log
from typing import Final

import msgspec

from appliance.io.plausible import plausible
from appliance.model import SensorReading

SLOPE, OFFSET_C = 17.62, 243.12
"""Magnus formula over water, WMO-No. 8 (Guide to Instruments and Methods of Observation), Annex 4.B."""
VALID_C: Final = (-45.0, 85.0)
"""The source gives -45 to 60 °C; at 85 °C the dew point comes out 0.4 °C low."""


def dew_point_c(temperature_c: float | None, humidity_pct: float | None) -> float | None:
    """Dew point in °C at a temperature in °C and a relative humidity in %; None when it cannot be said."""
    if temperature_c is None or humidity_pct is None:
        return None
    if not (VALID_C[0] <= temperature_c <= VALID_C[1] and 0.0 < humidity_pct <= 100.0):
        return None
    gamma = log(humidity_pct / 100.0) + SLOPE * temperature_c / (OFFSET_C + temperature_c)
    return plausible("dew_point_c", OFFSET_C * gamma / (SLOPE - gamma))


def with_dew_point(reading: SensorReading) -> SensorReading:
    """The reading with its dew point, unless the sensor has said it itself."""
    if reading.dew_point_c is not None:
        return reading
    dew_c = dew_point_c(reading.temperature_c, reading.humidity_pct)
    return msgspec.structs.replace(reading, dew_point_c=dew_c)
