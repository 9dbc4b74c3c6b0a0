"""What a mode does while an input is missing: declared in each mode file, shown on the screen, and tested."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Without(StrEnum):
    """What happens until the input is back."""

    STOPS = "stops"
    """The battery is disconnected."""
    RESTS = "rests"
    """0 W; everything stays connected."""
    GOES_ON = "goes on"


Inputs = Mapping[str, Without]
"""By the reading's name in the Snapshot."""
INPUTS: Final = ("battery", "inverter", "board", "grid", "pv", "box")
NEEDS_THE_PLANT: Final[Inputs] = {
    "battery": Without.STOPS,
    "inverter": Without.STOPS,
    "board": Without.STOPS,
}
"""No mode moves power without battery, inverter and emergency stop."""
