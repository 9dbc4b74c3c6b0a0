"""How the BMS is sent to sleep, and how long it slept.

By frame: the family's request says so (`Request.payload(asleep=…)`). By relay: the coil is ON while
asleep. A dead box, a broken wire and a relay without supply leave the BMS awake: awake it watches
its cells and opens its contactors when nobody asks for them; asleep nobody does.
"""

from typing import Final, Protocol

REPEAT_S: Final = 1.0


class Relay(Protocol):
    """One relay by its name. Never waits and never raises; forgetting it is its owner's business."""

    def set(self, on: bool) -> None:
        """Coil on or off."""


class SleepRelay:
    """Keeps the relay as it should be; says so again each second."""

    def __init__(self, relay: Relay | None) -> None:
        self._relay = relay
        self._said: bool | None = None
        self._next_at_s = 0.0

    def update(self, asleep: bool, now_s: float) -> None:
        """Coil on while asleep."""
        if self._relay is None or (asleep is self._said and now_s < self._next_at_s):
            return
        self._said, self._next_at_s = asleep, now_s + REPEAT_S
        self._relay.set(asleep)

    def end(self) -> None:
        """Nobody cares for it any more: awake."""
        if self._relay is not None:
            self._relay.set(False)


class SleepCount:
    """Seconds in which the battery was told to sleep and did."""

    def __init__(self, asleep_s: float = 0.0) -> None:
        self.asleep_s = asleep_s
        self._last_s: float | None = None

    def update(self, told: bool, silent: bool, says: bool | None, now_s: float) -> bool:
        """Whether it sleeps now: told to, and silent or saying so (`says`)."""
        asleep = told and (silent or says is True)
        if asleep and self._last_s is not None:
            self.asleep_s += max(0.0, now_s - self._last_s)
        self._last_s = now_s if asleep else None
        return asleep
