"""How long the battery slept, and whether its family can be sent to sleep by a frame.

Whether it is to sleep is decided in the cycle (`appliance/battery/sleeping.py`). By frame, the
family's request says so; by relay, `io/relays` energises the coil while `battery_asleep`.
"""

from appliance.io.bms.family import Family


def sleeps_by_frame(family: Family) -> bool:
    """Whether the family's request has anything that sends it to sleep."""
    return any(row.on == "sleep" or row.sleep for row in family.request)


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
