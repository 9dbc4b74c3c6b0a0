"""Racks, inverter, site: pure, steppable, seeded; no clock, no threads, no I/O.

Signs as everywhere: battery discharge +, grid import +, PV production +.
"""
