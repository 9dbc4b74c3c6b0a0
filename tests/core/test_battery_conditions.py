"""Conditions of battery, inverter and rescue charge at each edge, and with each value missing."""
