"""Firmware of a battery-storage appliance: one box beside a battery."""

__version__ = "0.1.0"
