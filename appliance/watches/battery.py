"""How fast do cells heat, and for how long has the BMS answered without saying anything of use?

Looks at each Snapshot once, in order; the conditions of 107 and 133 judge what it says.
"""

from collections import deque
from math import isfinite
from typing import Final

import msgspec

from appliance.errors.battery import all_open, contradicts
from appliance.model import BatteryReading, BatteryState, BatteryView, Snapshot

WINDOW_S: Final = 60.0
SAMPLE_S: Final = 1.0
GAP_S: Final = 10.0
"""After so long without a temperature the past says nothing."""
WORTH_TELLING_C: Final = 1.0


class BatteryWatch:
    """Keeps the durations that the deciding code needs."""

    def __init__(self) -> None:
        self._sampled: dict[int, deque[tuple[float, float]]] = {}
        self._looked_s: float | None = None
        self._rises_c: tuple[tuple[int, float], ...] = ()
        self._useless_since_s: float | None = None

    def look(self, seen: Snapshot) -> Snapshot:
        """The Snapshot with what this watch says of the battery, where there is anything to say."""
        battery, now_s = seen.battery, seen.now_s
        due = self._looked_s is None or now_s - self._looked_s >= SAMPLE_S
        if due and battery is not None:  # what it said last is judged again when it is back
            self._looked_s = now_s
            self._rises_c = self._rises(battery, now_s)
        useless = "" if battery is None else of_no_use(battery)
        if not useless:
            self._useless_since_s = None
            if not self._rises_c:
                return seen
        elif self._useless_since_s is None:
            self._useless_since_s = now_s
        since_s = now_s if self._useless_since_s is None else self._useless_since_s
        view = BatteryView(self._rises_c, useless, now_s - since_s)
        return msgspec.structs.replace(seen, battery_view=view)

    def _rises(self, battery: BatteryReading, now_s: float) -> tuple[tuple[int, float], ...]:
        """By rack, how far the warmest cell is above its lowest within the window."""
        found = []
        for rack in battery.racks:
            if rack.cell_max_c is None:
                continue
            past = self._sampled.setdefault(rack.rack, deque())
            if past and now_s - past[-1][0] > GAP_S:
                past.clear()
            while past and past[-1][1] >= rack.cell_max_c:
                past.pop()  # never again the lowest
            past.append((now_s, rack.cell_max_c))
            while now_s - past[0][0] > WINDOW_S:
                past.popleft()
            rise_c = rack.cell_max_c - past[0][1]
            if rise_c > WORTH_TELLING_C:
                found.append((rack.rack, rise_c))
        return tuple(found)


def of_no_use(battery: BatteryReading) -> str:
    """Why the box cannot work with what the BMS says; "" when it can."""
    if battery.state is BatteryState.UNKNOWN:
        return "its state is unknown"
    if battery.state is not BatteryState.CONNECTED:
        return ""  # many say little while they are open
    if not _told(battery.max_charge_w, battery.max_discharge_w):
        return "it does not say how far it may go"
    if not _told(battery.soc_pct):
        return "it does not say its state of charge"
    if all_open(battery) and battery.has_contactors:
        return "it says that it is connected, and its racks that they are open"
    return _of_cells(battery)


def _of_cells(battery: BatteryReading) -> str:
    untold = "it does not say how its cells are"
    for rack in battery.working:
        if contradicts(rack):
            return f"what it says of the cells of rack {rack.rack} cannot be true"
        said = (rack.cell_min_v, rack.cell_max_v, rack.cell_min_c, rack.cell_max_c)
        if not _told(*said) and not (battery.guards_cells and None in said):
            return untold
    return "" if battery.racks or battery.guards_cells else untold


def _told(*values: float | None) -> bool:
    return all(value is not None and isfinite(value) for value in values)
