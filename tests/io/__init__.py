"""Drivers against devices that speak the real protocols."""
