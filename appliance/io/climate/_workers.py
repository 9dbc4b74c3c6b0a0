"""The thread of the climate: looks at fresh readings, lets the rules decide, drives the fans.

Heaters and fans behind relays are switched by the thread of their relay, which goes by the reading that
is put here. Nobody decides, nothing is known, the thread ends: fans at full speed, heaters off.
"""

import logging
from typing import Final
from zoneinfo import ZoneInfo

from appliance.clock import Clock
from appliance.io.climate._algorithm import load
from appliance.io.climate._plan import Plan
from appliance.io.climate._pwm import TITLE
from appliance.io.climate._wires import Wires
from appliance.io.climate._zone import Seen
from appliance.io.deadman import DECISION_MAX_AGE_S
from appliance.mailbox import Slots
from appliance.model import Decision, emergency
from appliance.site import Climate, SiteSettings
from appliance.statemachine.states import STATES
from appliance.supervisor import Lease, Worker

log = logging.getLogger(__name__)

PERIOD_S: Final = 0.5
SILENT_AFTER_S: Final = 10.0


def climate_workers(site: SiteSettings, clock: Clock, slots: Slots) -> tuple[Worker, ...]:
    """One worker, or none. Raises ValueError, LookupError when the algorithm does not fit the site."""
    settings = site.climate
    if settings is None:
        return ()
    Plan(settings)
    log.info("climate: %s; %s", load(settings.algorithm).title, TITLE)

    def run(lease: Lease) -> None:
        _Air(site, settings, clock, slots).run(lease)

    return (Worker("climate", run, SILENT_AFTER_S),)


class _Air:
    """Fresh rules and wires at every start of the worker."""

    def __init__(self, site: SiteSettings, settings: Climate, clock: Clock, slots: Slots) -> None:
        self._site, self._settings = site, settings
        self._clock, self._slots = clock, slots
        self._plan = Plan(settings)
        self._wires = Wires(site, clock)

    def run(self, lease: Lease) -> None:
        """Until the lease ends."""
        try:
            while not lease.ended:
                lease.beat()
                now_s = self._clock.now_s()
                reading = self._plan.step(now_s, self._seen(now_s), self._wires.look())
                self._wires.write(reading)
                self._slots.climate.put(reading, now_s)
                lease.wait(PERIOD_S)
        finally:
            self._wires.full()
            self._wires.close()

    def _seen(self, now_s: float) -> Seen:
        slots, site = self._slots, self._site
        decision = slots.decision.fresh(now_s, DECISION_MAX_AGE_S)
        return Seen(
            battery=slots.battery.fresh(now_s, site.battery.max_age_s),
            inverter=slots.inverter.fresh(now_s, site.inverter.max_age_s),
            sensors={
                name: slot.fresh(now_s, site.sensors[name].max_age_s)
                for name, slot in slots.sensors.items()
            },
            decided=decision is not None,
            stopped=decision is not None and _is_stopped(decision),
            forced={}
            if decision is None
            else {one.actuator: one.percent for one in decision.forced if now_s < one.until_s},
            minute=self._minute(),
        )

    def _minute(self) -> int | None:
        """Minutes since local midnight, where there is a night and the clock is right."""
        night, trusted = self._settings.night, self._slots.clock_trusted.newest()
        if night is None or trusted is None or not trusted.value:
            return None
        local = self._clock.utc().astimezone(ZoneInfo(night.time_zone))
        return 60 * local.hour + local.minute


def _is_stopped(decision: Decision) -> bool:
    """No heating: in an emergency, and in states that do not allow it."""
    return emergency(decision.errors) or not STATES[decision.state].climate
