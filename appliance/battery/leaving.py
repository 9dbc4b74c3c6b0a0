"""A rack that leaves the others: power falls first, then it is told to open, and power waits until it has."""

from typing import Final

import msgspec

from appliance.errors.resting import CURRENT_BOUND_A, flowing_a
from appliance.model import BatteryReading, Memory, RackApart, RackReading

FALL_S: Final = 0.8
"""A rack that leaves is told to open after this time, whatever flows."""
OPENING_S: Final = 2.0
"""So long power waits for a rack to say that it has opened."""


def let_fall(
    battery: BatteryReading, apart: dict[int, RackApart], memory: Memory, now_s: float
) -> None:
    """When those that leave are told to open; None once nothing is waited for."""
    before = {one.rack: one for one in memory.racks_apart}
    for rack in battery.racks:
        one, known = apart.get(rack.rack), before.get(rack.rack)
        if one is None:
            continue
        opens_s = now_s + FALL_S if known is None else known.opens_s
        if rack.contactors_closed is False or not memory.commanded.contactors_closed:
            opens_s = None
        if opens_s is not None:
            opens_s = _opens_s(opens_s, rack, battery, memory, now_s)
        if opens_s != one.opens_s:
            apart[rack.rack] = msgspec.structs.replace(one, opens_s=opens_s)


def _opens_s(
    opens_s: float, rack: RackReading, battery: BatteryReading, memory: Memory, now_s: float
) -> float | None:
    if rack.rack in memory.commanded.racks_open:
        return opens_s if now_s < opens_s + OPENING_S else None
    if _carries_nothing(rack, battery):
        return min(now_s, opens_s)
    return now_s + FALL_S if memory.commanded.power_w else opens_s  # it falls from now on


def _carries_nothing(rack: RackReading, battery: BatteryReading) -> bool:
    """By what it says itself; of a silent one by what the others leave of the battery's current."""
    amps = flowing_a(rack)
    if amps is None and rack.silent:
        amps = battery.unheard_a
    return amps is not None and abs(amps) < CURRENT_BOUND_A
