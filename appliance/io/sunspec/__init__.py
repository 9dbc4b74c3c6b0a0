"""SunSpec: what every device has in common that describes its own registers.

Rules of the map: SunSpec Alliance's model definitions (commit 7abdf89 of their repository "models"),
as the package pysunspec2 1.3.7 carries them.
"""
