"""Racks, what was remembered of them, and who stays apart."""

from typing import Any

import msgspec

from appliance.battery.joining import Joining
from appliance.model import (
    BatteryReading,
    Memory,
    RackApart,
    Setpoints,
    State,
)
from appliance.site import SiteSettings
from tests.battery.sites import site
from tests.stories import battery, rack, seen

TWO, THREE = site(racks=2), site(racks=3)
CLOSED = Setpoints(contactors_closed=True, inverter_on=True)
RUNS = Memory(state=State.RUN, commanded=CLOSED)
OUT = RackApart(2, 0.0, 0.0, 1, "waits for a low current")


class Bench:
    """Racks and what was remembered of them."""

    def __init__(self, chosen: SiteSettings = TWO, *apart: RackApart, **memory: Any) -> None:
        self.joining = Joining(chosen)
        self.memory = msgspec.structs.replace(RUNS, racks_apart=apart, **memory)

    def look(self, now_s: float, reading: BatteryReading | None, **changes: Any) -> list[int]:
        """The racks that stay apart."""
        told = self.joining.apart(seen(now_s, battery=reading, **changes), self.memory)
        self.memory = msgspec.structs.replace(
            self.memory, racks_apart=told, rack_pause=self.joining.pause,
            racks_suspect=self.joining.suspects,
        )  # fmt: skip
        return [one.rack for one in told]

    @property
    def second(self) -> RackApart:
        (found,) = (one for one in self.memory.racks_apart if one.rack == 2)
        return found


def pair(
    open_v: float | None = 400.0, current_a: float | None = 0.0, **second: Any
) -> BatteryReading:
    """Rack 1 works at 400 V, rack 2 is open."""
    other = rack(2, **({"voltage_v": open_v, "contactors_closed": False} | second))
    return battery(rack(1, voltage_v=400.0), other, current_a=current_a)


def both(**second: Any) -> BatteryReading:
    return pair(contactors_closed=True, **second)


def three(second_v: float, third_v: float, second_closed: bool = False) -> BatteryReading:
    second = rack(2, voltage_v=second_v, contactors_closed=second_closed)
    third = rack(3, voltage_v=third_v, contactors_closed=False)
    return battery(rack(1, voltage_v=400.0), second, third)
