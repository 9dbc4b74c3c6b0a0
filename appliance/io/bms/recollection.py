"""All that is known of the battery beyond the newest reading, and when it is worth writing down."""

from datetime import datetime
from typing import Final

import msgspec

from appliance.io.bms.balancing import BalancingHistory
from appliance.io.bms.cells import spread_v
from appliance.io.bms.estimate import Estimator
from appliance.io.bms.sleeping import SleepCount
from appliance.model import BatteryMemory, BatteryReading, Setpoints
from appliance.site import Battery

WORTH_PCT: Final = 0.1
WORTH_SHARE: Final = 0.02
WORTH_S: Final = 60.0


class Recollection:
    """Estimates, sleep and balancing of one battery; its memory over restarts."""

    def __init__(self, settings: Battery, memory: BatteryMemory) -> None:
        self._estimator = Estimator(settings, memory)
        self._sleep = SleepCount(memory.asleep_s)
        self._balancing = BalancingHistory(memory.balancing)
        self._asleep = memory.asleep
        self.written = memory
        """What was last handed out to be kept."""

    def completed(self, reading: BatteryReading, at_s: float) -> BatteryReading:
        """The reading measured at `at_s` with what can be known beyond it."""
        return self._estimator.update(reading, at_s)

    def look(
        self, setpoints: Setpoints, battery: BatteryReading | None, now_s: float, utc: datetime
    ) -> BatteryMemory | None:
        """Note what happens now; the memory when it has changed by enough to be kept, else None."""
        told = setpoints.battery_asleep
        # Until it has answered: a core that starts meanwhile must give it the time to wake.
        self._asleep = told or (self._asleep and (battery is None or battery.asleep is True))
        self._sleep.update(told, battery is None, battery.asleep if battery else None, now_s)
        says = None if battery is None else battery.balancing
        on = setpoints.balancing if says is None else says
        self._balancing.update(on, spread_v(battery) if battery else None, utc)
        return self.memory() if self._worth() else None

    def memory(self) -> BatteryMemory:
        """All of it, now."""
        self.written = self._now()
        return self.written

    def _now(self) -> BatteryMemory:
        return msgspec.structs.replace(
            self._estimator.remember(self.written),
            asleep=self._asleep,
            asleep_s=self._sleep.asleep_s,
            balancing=self._balancing.episodes,
        )

    def _worth(self) -> bool:
        now, before = self._now(), self.written
        return (
            now.asleep != before.asleep
            or now.balancing is not before.balancing
            or now.capacities_ah is not before.capacities_ah
            or now.soc_drift_pct != before.soc_drift_pct
            or now.gaps != before.gaps
            or abs(now.soc_delta_pct - before.soc_delta_pct) > WORTH_PCT
            or now.asleep_s - before.asleep_s > WORTH_S
            or _moved(now.resistance_ohm, before.resistance_ohm)
        )


def _moved(now: float | None, before: float | None) -> bool:
    if now is None or before is None:
        return now is not before
    return abs(now - before) > WORTH_SHARE * before
