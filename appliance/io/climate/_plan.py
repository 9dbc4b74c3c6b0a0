"""All zones of a site: from what is seen to what every fan and heater does, and why. No I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from appliance.io.climate._algorithm import ZoneRules, rules_for
from appliance.io.climate._rules import (
    FULL_PCT,
    FanRule,
    HeaterRule,
    MoistRule,
    SpeedRule,
    StandsRule,
    WarmthRule,
)
from appliance.io.climate._zone import Seen, Temperatures, sensor_c, temperatures
from appliance.model import ActuatorReading, ClimateReading, ZoneReading
from appliance.site import Climate, Fan, Heater, Night

NOBODY_DECIDES: Final = "nobody decides: full speed, no heating"


@dataclass(frozen=True, slots=True)
class Wired:
    """What the wires say: turns a minute by fan, and what cannot be written or read."""

    rpm: Mapping[str, float | None] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()


NOTHING_WIRED: Final = Wired()


def is_night(night: Night, minute: int) -> bool:
    """Between its beginning and its end, over midnight too. `minute`: since local midnight."""
    begins, ends = _minute(night.begins), _minute(night.ends)
    return begins <= minute < ends if begins <= ends else minute >= begins or minute < ends


def _minute(time: str) -> int:
    hours, minutes = time.split(":")
    return 60 * int(hours) + int(minutes)


class _Fan:
    """One fan and its rules."""

    def __init__(self, name: str, fan: Fan, rules: ZoneRules) -> None:
        self.name = name
        self.speed = FanRule(rules, on_off=fan.pwm is None)
        self._stands = None if fan.tach is None else StandsRule(fan.tach.least_rpm)
        self.stalled = False

    def look(self, now_s: float, wired: Wired) -> None:
        """Does it turn as it was told?"""
        rpm = wired.rpm.get(self.name)
        self.stalled = self._stands is not None and self._stands.step(
            now_s, self.speed.percent, rpm
        )


class _Zone:
    """One zone with its fans and heaters."""

    def __init__(self, name: str, settings: Climate, rules: ZoneRules) -> None:
        self._name, self._settings, self._night = name, settings.zones[name], settings.night
        self._rules = rules
        self._speed = SpeedRule(rules)
        self._moist = MoistRule(rules.condensation)
        self._fans = [
            _Fan(fan_name, fan, rules)
            for fan_name, fan in settings.fans.items()
            if fan.zone == name
        ]
        self._warmth = None if rules.heating is None else WarmthRule(rules.heating)
        self._heaters: list[tuple[str, Heater, HeaterRule]] = []
        if rules.heating is not None:
            self._heaters = [
                (heater_name, heater, HeaterRule(rules.heating))
                for heater_name, heater in settings.heaters.items()
                if heater.zone == name
            ]

    def step(
        self, now_s: float, seen: Seen, wired: Wired
    ) -> tuple[list[ActuatorReading], ZoneReading, str]:
        """Every actuator of the zone, the zone, and why."""
        known = temperatures(self._rules, self._settings, seen)
        condensing = self._moist.step(known)
        wanted_pct = self._speed.step(known)
        urgent = bool(known.unknown) or not seen.decided or self._speed.hot
        fans = self._drive(now_s, wanted_pct, urgent, seen, wired)
        heaters = self._heat(now_s, known, condensing, seen)
        zone = ZoneReading(
            self._name, known.coldest_c, known.dew_point_c, condensing, known.unknown
        )
        return fans + heaters, zone, self._why(fans, heaters, condensing, seen)

    def _drive(
        self, now_s: float, wanted_pct: float, urgent: bool, seen: Seen, wired: Wired
    ) -> list[ActuatorReading]:
        for fan in self._fans:
            fan.look(now_s, wired)
        if any(fan.stalled for fan in self._fans):
            urgent = True  # the others do its work, and it may come loose
        quiet = self._night is not None and seen.minute is not None
        if quiet and self._night and is_night(self._night, seen.minute or 0):
            wanted_pct = min(wanted_pct, self._night.most_pct)
        readings = []
        for fan in self._fans:
            name, forced_pct = fan.name, None if urgent else seen.forced.get(fan.name)
            wish_pct = FULL_PCT if urgent else wanted_pct if forced_pct is None else forced_pct
            percent = fan.speed.step(now_s, wish_pct, at_once=urgent or forced_pct is not None)
            readings.append(ActuatorReading(
                name, "fan", percent, wired.rpm.get(name), forced=forced_pct is not None,
                stalled=fan.stalled, silent=name in wired.silent,
            ))  # fmt: skip
        return readings

    def _heat(
        self, now_s: float, known: Temperatures, condensing: bool, seen: Seen
    ) -> list[ActuatorReading]:
        if self._warmth is None:
            return []
        wanted = self._warmth.step(known, condensing)
        may = seen.decided and not seen.stopped and self._warmth.may(known)
        readings = []
        for name, heater, rule in self._heaters:
            forced_pct = seen.forced.get(name)
            on = rule.step(
                now_s,
                wanted if forced_pct is None else forced_pct > 0.0,
                sensor_c(heater.sensor, seen),
                may=may,
                at_once=forced_pct is not None,
            )
            held = forced_pct is not None and on is (forced_pct > 0.0)
            readings.append(ActuatorReading(name, "heater", FULL_PCT if on else 0.0, forced=held))
        return readings

    def _why(
        self,
        fans: list[ActuatorReading],
        heaters: list[ActuatorReading],
        condensing: bool,
        seen: Seen,
    ) -> str:
        parts = [self._speed.because if seen.decided else NOBODY_DECIDES]
        parts += [f"{fan.name} {fan.percent:.0f} %{_held(fan)}" for fan in fans]
        parts += [f"{heater.name} on{_held(heater)}" for heater in heaters if heater.percent > 0.0]
        parts += ["condensation possible"] if condensing else []
        parts += [f"{fan.name} does not turn" for fan in fans if fan.stalled]
        return f"{self._name}: {', '.join(parts)}"


def _held(actuator: ActuatorReading) -> str:
    return " by hand" if actuator.forced else ""


class Plan:
    """The whole climate. Raises ValueError, LookupError when the algorithm does not fit the site."""

    def __init__(self, settings: Climate) -> None:
        rules = rules_for(settings)
        self._zones = [_Zone(name, settings, rules[name]) for name in settings.zones]

    def step(self, now_s: float, seen: Seen, wired: Wired = NOTHING_WIRED) -> ClimateReading:
        """What every fan and heater does now."""
        actuators: list[ActuatorReading] = []
        zones, reasons = [], []
        for zone in self._zones:
            of_zone, reading, why = zone.step(now_s, seen, wired)
            actuators += of_zone
            zones.append(reading)
            reasons.append(why)
        return ClimateReading(tuple(actuators), "; ".join(reasons), tuple(zones))
