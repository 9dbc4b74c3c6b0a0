"""What the BMS hears from the box: contactors, racks, sleep, balancing, and when faults may be forgotten."""

from pathlib import Path
from typing import Final

from appliance.io.bms._outgoing import Ask, Outgoing
from appliance.io.bms._signals import Dictionary
from appliance.io.bms.family import Family, FamilyError
from appliance.io.buses.can import CanPort
from appliance.model import BatteryReading, BatteryState, Setpoints
from appliance.registry import DBC_FOLDER

LOW_CURRENT_A: Final = 1.0
"""Contactors open below this current; opening under load wears them out."""
LONGEST_WAIT_S: Final = 2.0
"""They open after this time even when current still flows, or nobody knows."""
FIRST_WORD_S: Final = 0.5
"""The BMS has this long to say whether its contactors are closed, before it is asked for anything."""


class Contactors:
    """Whether to ask for closed contactors: in the proper order, whoever commands."""

    def __init__(self) -> None:
        self._closed: bool | None = None
        """None: not known yet. A box that starts again may find them closed, and under load."""
        self._since_s: float | None = None
        self._unwanted_since_s: float | None = None

    def ask_closed(
        self, wanted: bool, battery: BatteryReading | None, now_s: float, *, at_once: bool = False
    ) -> bool | None:
        """Close when wanted and the BMS is sound; open when the current is low, or after 2 s.

        None: ask for nothing yet. `at_once`: open now, whatever flows and whoever knows.
        """
        if at_once and not wanted:
            self._closed, self._unwanted_since_s = False, None
            return False
        if self._closed is None:
            self._closed = self._found_closed(battery, now_s)
            if self._closed is None:
                return None
        if battery is not None and battery.state is BatteryState.FAULT:
            self._closed, self._unwanted_since_s = False, None
        elif wanted:
            self._unwanted_since_s = None
            heard = battery is not None and battery.state is not BatteryState.UNKNOWN
            self._closed = self._closed or heard
        elif self._closed:
            self._closed = not self._may_open(battery, now_s)
        return self._closed

    def _found_closed(self, battery: BatteryReading | None, now_s: float) -> bool | None:
        """What the BMS does before it is asked; None while it may still say so."""
        self._since_s = now_s if self._since_s is None else self._since_s
        if battery is not None and battery.state is not BatteryState.UNKNOWN:
            return battery.state is BatteryState.CONNECTED
        return False if now_s - self._since_s >= FIRST_WORD_S else None

    def _may_open(self, battery: BatteryReading | None, now_s: float) -> bool:
        if self._unwanted_since_s is None:
            self._unwanted_since_s = now_s
        current_a = None if battery is None else battery.current_a
        resting = current_a is not None and abs(current_a) < LOW_CURRENT_A
        waited = now_s - self._unwanted_since_s >= LONGEST_WAIT_S
        if resting or waited:
            self._unwanted_since_s = None
            return True
        return False


class Request:
    """The messages that the BMS wants to hear."""

    def __init__(self, family: Family, folder: Path = DBC_FOLDER, racks: int = 1) -> None:
        """Raises FamilyError when the map names what the DBC does not have."""
        dictionary = Dictionary(family, folder)
        self.messages = tuple(
            [
                Outgoing(row, family.layout, racks, family.byte_order, dictionary)
                for row in family.request
            ]
        )
        if dictionary.mistakes:
            lines = [f"  {mistake}" for mistake in dict.fromkeys(dictionary.mistakes)]
            raise FamilyError("\n".join([f"{family.title}: its request is wrong", *lines]))

    def frames(self, ask: Ask) -> list[tuple[int, bytes]]:
        """One round of all that is sent always: frame ids and payloads."""
        rows = [message for message in self.messages if message.row.on == "always"]
        return [frame for message in rows for frame in message.frames(ask)]


class _Turn:
    """When a message is due: on an absolute timer; one for sleeping or waking so often when that begins."""

    def __init__(self, message: Outgoing, now_s: float) -> None:
        self.message = message
        self._next_at_s = now_s
        self._left = 0
        self._before = False

    def wait_s(self, now_s: float) -> float | None:
        """None: not until something begins."""
        row = self.message.row
        return None if row.on != "always" and not self._left else max(0.0, self._next_at_s - now_s)

    def look(self, ask: Ask, now_s: float) -> None:
        """See whether what this message is about begins."""
        row = self.message.row
        if row.on == "always":
            return
        now = ask.asleep if row.on == "sleep" else ask.wake
        if now and not self._before:
            self._left, self._next_at_s = row.times, now_s
        elif not now:
            self._left = 0
        self._before = now

    def due(self, ask: Ask, now_s: float) -> bool:
        """Whether to send it now; then it is due again a period later."""
        row, wait_s = self.message.row, self.wait_s(now_s)
        if wait_s is None or wait_s > 0.0:
            return False
        self._next_at_s += row.period_s
        if self._next_at_s <= now_s:
            self._next_at_s = now_s + row.period_s
        self._left = max(0, self._left - 1)
        return not (row.quiet_asleep and ask.asleep)


class Conversation:
    """Sends every message of the request when it is due."""

    def __init__(self, request: Request, now_s: float) -> None:
        self._turns = [_Turn(message, now_s) for message in request.messages]
        self._contactors = Contactors()
        self._slept = False
        """It was sent to sleep, and has not been heard awake since."""

    def wait_s(self, now_s: float) -> float:
        """Until the next message is due; at most a second."""
        waits = [wait_s for turn in self._turns if (wait_s := turn.wait_s(now_s)) is not None]
        return min([1.0, *waits])

    def update(
        self,
        port: CanPort,
        setpoints: Setpoints,
        battery: BatteryReading | None,
        now_s: float,
    ) -> None:
        """Send what is due and known. Raises BusError."""
        begins = setpoints.battery_asleep != self._slept
        if not begins and all(turn.wait_s(now_s) != 0.0 for turn in self._turns):
            return
        ask = self._ask(setpoints, battery, now_s)
        for turn in self._turns:
            turn.look(ask, now_s)
            if turn.due(ask, now_s):
                for number, data in turn.message.frames(ask):
                    port.send(number, data)

    def _ask(self, setpoints: Setpoints, battery: BatteryReading | None, now_s: float) -> Ask:
        closed = self._contactors.ask_closed(
            setpoints.contactors_closed, battery, now_s, at_once=setpoints.open_at_once
        )
        asleep = setpoints.battery_asleep and closed is False
        told = None if battery is None else battery.asleep
        self._slept = asleep or (self._slept and not (battery is not None and not told))
        return Ask(
            closed=closed,
            reset_faults=setpoints.reset_faults,
            balance=setpoints.balancing,
            asleep=asleep,
            wake=not setpoints.battery_asleep and (told is True or self._slept),
            racks_open=setpoints.racks_open,
            battery=battery,
        )
