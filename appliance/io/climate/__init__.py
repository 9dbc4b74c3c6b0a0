"""Fans and heaters: zones, curves and thresholds as data, rules without I/O, one thread."""

from appliance.io.climate._full import fans_full
from appliance.io.climate._workers import climate_workers

__all__ = ["climate_workers", "fans_full"]
