"""What a BMS says it is doing, as one of our states."""

from collections.abc import Sequence
from typing import Final

from appliance.io.bms._map_values import Choices
from appliance.io.bms._sources import Sourcer
from appliance.io.bms._store import Stored
from appliance.io.bms.family import StateMap
from appliance.model import BatteryState, RackReading

UNKNOWN_STATE: Final = "unknown state"


class States:
    """The state of the battery (rack None) or of one rack, from its own signal."""

    def __init__(self, row: StateMap, sourcer: Sourcer, rack: int | None) -> None:
        self.given = row.signal is not None
        self._part = None
        self._ours: dict[int, BatteryState] = {}
        self._names: dict[int, str] = {}
        self._asleep: frozenset[int] = frozenset()
        if row.signal is None:
            return
        dictionary = sourcer.dictionary
        self._part = sourcer.part(row.signal, rack, row.max_age_s)
        self._names = dictionary.names(row.signal)
        self._asleep = dictionary.numbers(row.signal, row.asleep)
        rows: tuple[tuple[BatteryState, Choices], ...] = (
            (BatteryState.STANDBY, row.asleep),
            (BatteryState.STANDBY, row.standby),
            (BatteryState.PRECHARGE, row.precharge),
            (BatteryState.CONNECTED, row.connected),
            (BatteryState.FAULT, row.fault),
        )
        for ours, choices in rows:
            self._ours |= dict.fromkeys(dictionary.numbers(row.signal, choices), ours)

    def read(self, stored: Stored, now_s: float) -> tuple[BatteryState, bool | None, str | None]:
        """The state, whether it is asleep, and a fault: a number that the DBC does not name."""
        number = None if self._part is None else self._part.raw(stored, now_s)
        if number is None:
            return BatteryState.UNKNOWN, None, None
        asleep = number in self._asleep if self._asleep else None
        state = self._ours.get(number)
        if state is None:
            named = number in self._names
            return BatteryState.UNKNOWN, asleep, None if named else f"{UNKNOWN_STATE} {number}"
        return state, asleep, None


def closed_of(state: BatteryState) -> bool | None:
    """Whether contactors are closed in a state, where nobody says so of them."""
    match state:
        case BatteryState.CONNECTED:
            return True
        case BatteryState.UNKNOWN:
            return None
        case _:
            return False


def of_racks(
    racks: Sequence[RackReading], states: Sequence[BatteryState], given: bool
) -> BatteryState:
    """The state of a battery whose racks alone speak of theirs: the furthest of them."""
    if any(rack.contactors_closed for rack in racks):
        return BatteryState.CONNECTED
    if given:
        for state in (BatteryState.PRECHARGE, BatteryState.STANDBY, BatteryState.FAULT):
            if state in states:
                return state
        return BatteryState.UNKNOWN
    if any(rack.contactors_closed is False for rack in racks):
        return BatteryState.STANDBY
    return BatteryState.UNKNOWN
