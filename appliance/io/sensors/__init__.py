"""Sensors of the air in the box: one file per chip."""

from appliance.io.sensors._workers import sensor_workers

__all__ = ["sensor_workers"]
