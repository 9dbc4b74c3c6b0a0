"""The power that moves so much energy in the time that is left."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

LEAST_LEFT_S: Final = 60.0
"""The last minute counts as a whole one: a battery tells its energy in steps, and what is missing by
a step would otherwise become full power in the last seconds. What is left undone is 22 s of the power (60 s / e)."""
Efficiency = Annotated[float, Field(ge=0.3, le=1.0)]
"""What arrives in the battery, of what is charged. Discharging counts as 1, as in Flux."""
WattHours = Annotated[float, Field(ge=0, le=100e6)]
"""A state of energy, absolute."""


def pace_w(energy_wh: float, utc: datetime, until: datetime, most_w: float) -> float:
    """A magnitude, at most `most_w`; 0 when nothing is missing or the time is over."""
    left_s = (until - utc).total_seconds()
    if left_s <= 0.0 or energy_wh <= 0.0:
        return 0.0
    return min(energy_wh * 3600.0 / max(left_s, LEAST_LEFT_S), most_w)
