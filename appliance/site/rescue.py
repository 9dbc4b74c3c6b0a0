"""When a critically low battery may be charged a little from the grid, and how much."""

from typing import Annotated

from pydantic import Field

from appliance.settings import CellVolts, Percent, Seconds, Settings


class Rescue(Settings):
    """A trickle from the grid before the battery is deeply discharged, which would damage it for good."""

    enabled: bool = True
    from_idle: bool = True
    """Also while the box was asked to rest; never in maintenance."""
    below_v: CellVolts | None = None
    """Of the lowest cell at rest. None: `cell_voltage.recommended_min_v`."""
    below_pct: Percent | None = None
    """State of charge. None: half of `soc.reserve_pct`."""
    until_v: CellVolts | None = None
    """None: `cell_voltage.operating_min_v`."""
    until_pct: Percent | None = None
    """None: `soc.reserve_pct`."""
    power_c: Annotated[float, Field(gt=0, le=0.1)] = 0.02
    """Of the power that would fill the battery in one hour: deeply discharged cells take little."""
    longest_s: Seconds = 28_800.0
    """Then something is wrong, and it pauses; from 0 to 10 % takes five hours."""
    pause_s: Seconds = 3_600.0
    """After the longest time, and after an end that was not its goal."""
