"""The rules of fans, heaters and moist air. Deterministic; the time is an argument.

Speed follows the curves with a dead band, rises and falls along a ramp, starts with a kick and keeps its
least times. What is hot or not known is at full speed at once, whatever else is wanted.
"""

from math import inf
from typing import Final

from appliance.io.climate._algorithm import Condensation, Heating, ZoneRules
from appliance.io.climate._zone import Temperatures

FULL_PCT: Final = 100.0
SPIN_UP_S: Final = 5.0
"""A fan may take so long until it turns."""


class SpeedRule:
    """What the curves of a zone want."""

    def __init__(self, rules: ZoneRules) -> None:
        self._rules = rules
        self._wanted_pct = 0.0
        self.hot = False
        """A curve is at its end: no night, no hand holds the fans back."""
        self.because = ""

    def step(self, temperatures: Temperatures) -> float:
        """Percent; 100 while a temperature that is needed is not known."""
        self.hot = False
        if temperatures.unknown:
            self.because = f"{' and '.join(temperatures.unknown)} not known: full speed, no heating"
            self._wanted_pct = 0.0
            return FULL_PCT
        curves, hysteresis_k = self._rules.curves, self._rules.hysteresis_k
        rising = {
            source: curves[source].percent(value_c)
            for source, value_c in temperatures.hottest.items()
        }
        falling_pct = max(
            curves[source].percent(value_c + hysteresis_k)
            for source, value_c in temperatures.hottest.items()
        )
        by = max(rising, key=lambda source: rising[source])
        self.hot = rising[by] >= FULL_PCT
        self._wanted_pct = min(max(self._wanted_pct, rising[by]), falling_pct)
        self.because = f"{by} {temperatures.hottest[by]:.1f} °C"
        return self._wanted_pct


class FanRule:
    """One fan: from what is wanted to what is commanded. Full at first: nothing is known yet."""

    def __init__(self, rules: ZoneRules, *, on_off: bool = False) -> None:
        self._rules = rules
        self._least_pct = FULL_PCT if on_off else rules.least_pct
        self._ramp_pct_per_s = FULL_PCT if on_off else rules.ramp_pct_per_s
        self.percent = FULL_PCT
        self._since_s = -inf
        self._kick_until_s = -inf
        self._at_s: float | None = None

    def step(self, now_s: float, wanted_pct: float, *, at_once: bool = False) -> float:
        """The command in percent. `at_once`: without ramp and least times."""
        passed_s = 0.0 if self._at_s is None else now_s - self._at_s
        self._at_s = now_s
        rules, goal_pct = self._rules, max(wanted_pct, self._least_pct)
        turns, rested_s = self.percent > 0.0, now_s - self._since_s
        if wanted_pct <= 0.0 and (at_once or not turns or self._may_end(rested_s)):
            self._since_s = now_s if turns else self._since_s
            self.percent = 0.0
        elif not turns and (at_once or rested_s >= rules.least_off_s):
            self._since_s, self._kick_until_s = now_s, now_s + rules.kick_s
            self.percent = max(goal_pct, rules.kick_pct)
        elif turns and now_s < self._kick_until_s:
            self.percent = max(goal_pct, self.percent)
        elif turns:
            step_pct = FULL_PCT if at_once else self._ramp_pct_per_s * passed_s
            self.percent = min(max(goal_pct, self.percent - step_pct), self.percent + step_pct)
        return self.percent

    def _may_end(self, rested_s: float) -> bool:
        """It has slowed down, and has turned long enough."""
        return self.percent <= self._least_pct and rested_s >= self._rules.least_on_s


class MoistRule:
    """Is the coldest place about to become wet?"""

    def __init__(self, settings: Condensation) -> None:
        self._settings = settings
        self.condensing = False

    def step(self, temperatures: Temperatures) -> bool:
        """True from the margin on until the distance is clear again; False when it cannot be known."""
        dew_c, coldest_c = temperatures.dew_point_c, temperatures.coldest_c
        if dew_c is None or coldest_c is None:
            self.condensing = False
        else:
            margin_k = self._settings.clear_k if self.condensing else self._settings.margin_k
            self.condensing = coldest_c - dew_c < margin_k
        return self.condensing


class WarmthRule:
    """Does a zone want heat?"""

    def __init__(self, settings: Heating) -> None:
        self._settings = settings
        self._cold = False

    def step(self, temperatures: Temperatures, condensing: bool) -> bool:
        """By its coldest, or against moisture."""
        heated_c = temperatures.heated_c
        if heated_c is None:
            self._cold = False
            return False
        limit_c = self._settings.off_above_c if self._cold else self._settings.on_below_c
        self._cold = heated_c < limit_c
        return self._cold or condensing

    def may(self, temperatures: Temperatures) -> bool:
        """Everything is known, and no cell and no surface is hot. An inverter is warmer by nature."""
        if temperatures.unknown or temperatures.heated_c is None:
            return False
        warm_c = [value for source, value in temperatures.hottest.items() if source != "inverter"]
        return max(warm_c) < self._settings.hottest_below_c


class HeaterRule:
    """One heater with the sensor that guards it. Off at first."""

    def __init__(self, settings: Heating) -> None:
        self._settings = settings
        self.on = False
        self.too_hot = False
        self._since_s = -inf

    def step(
        self,
        now_s: float,
        wanted: bool,
        sensor_c: float | None,
        *,
        may: bool,
        at_once: bool = False,
    ) -> bool:
        """On or off. Without its sensor, too hot, or not allowed: off at once, however short it was on."""
        settings = self._settings
        if sensor_c is not None:
            limit_c = settings.sensor_below_c - (settings.sensor_again_k if self.too_hot else 0.0)
            self.too_hot = sensor_c >= limit_c
        if sensor_c is None or self.too_hot or not may:
            return self._turn(False, now_s)
        least_s = settings.least_on_s if self.on else settings.least_off_s
        if wanted is not self.on and (at_once or now_s - self._since_s >= least_s):
            return self._turn(wanted, now_s)
        return self.on

    def _turn(self, on: bool, now_s: float) -> bool:
        if on is not self.on:
            self.on, self._since_s = on, now_s
        return self.on


class StandsRule:
    """Does a fan with a tacho turn?"""

    def __init__(self, least_rpm: float) -> None:
        self._least_rpm = least_rpm
        self._since_s: float | None = None

    def step(self, now_s: float, percent: float, rpm: float | None) -> bool:
        """True when it is told to turn, has had its time, and does not."""
        if percent <= 0.0 or rpm is None or rpm >= self._least_rpm:
            self._since_s = None
            return False
        self._since_s = now_s if self._since_s is None else self._since_s
        return now_s - self._since_s >= SPIN_UP_S
