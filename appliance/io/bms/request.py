"""What the BMS hears from the box: contactors open or closed, and when faults may be forgotten."""

from pathlib import Path
from typing import Final

from appliance.io.bms._codec import frame_id
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

    def ask_closed(self, wanted: bool, battery: BatteryReading | None, now_s: float) -> bool | None:
        """Close when wanted and the BMS is sound; open when the current is low, or after 2 s.

        None: ask for nothing yet.
        """
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
    """The frame that the BMS wants to hear, ready made for every case."""

    def __init__(self, family: Family, folder: Path = DBC_FOLDER) -> None:
        """Raises FamilyError when the map names what the DBC does not have."""
        request = family.request[0]
        dictionary = Dictionary(family, folder)
        message = dictionary.message(request.message)
        for name in (*request.open, *request.close, *request.reset_faults):
            dictionary.signal(f"{request.message}.{name}")
        if message is None or dictionary.mistakes:
            raise FamilyError(
                "\n".join([f"{family.title}: its request is wrong", *dictionary.mistakes])
            )
        self.frame_id = frame_id(message)
        self.period_s = request.period_s
        nothing = {signal.name: 0 for signal in message.signals}
        cases = {False: request.open, True: request.close}
        self._payloads = {
            (closed, reset): bytes(
                message.encode(
                    nothing | case | (request.reset_faults if reset else {}),
                    scaling=False,
                    strict=False,
                )
            )
            for closed, case in cases.items()
            for reset in (False, True)
        }

    def payload(self, *, closed: bool, reset_faults: bool) -> bytes:
        """The bytes that ask for this."""
        return self._payloads[closed, reset_faults]


class Conversation:
    """Sends the request on its absolute timer."""

    def __init__(self, request: Request, now_s: float) -> None:
        self._request = request
        self._contactors = Contactors()
        self._next_at_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Until the next request is due."""
        return max(0.0, self._next_at_s - now_s)

    def update(
        self,
        port: CanPort,
        setpoints: Setpoints,
        battery: BatteryReading | None,
        now_s: float,
    ) -> None:
        """Send the request when it is due and known. Raises BusError."""
        if now_s < self._next_at_s:
            return
        self._next_at_s += self._request.period_s
        if self._next_at_s <= now_s:
            self._next_at_s = now_s + self._request.period_s
        closed = self._contactors.ask_closed(setpoints.contactors_closed, battery, now_s)
        if closed is not None:
            payload = self._request.payload(closed=closed, reset_faults=setpoints.reset_faults)
            port.send(self._request.frame_id, payload)
