"""Backup power: into an island and out of it in order, loads, tests. Pure; `cycle.py` asks it once a cycle."""
