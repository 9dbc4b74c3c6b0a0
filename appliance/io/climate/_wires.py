"""The wires of the fans: PWM and tachos, opened when needed and again after they failed."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from typing import Final

from appliance.clock import Clock
from appliance.io.buses.files import open_files
from appliance.io.climate._plan import Wired
from appliance.io.climate._pwm import PwmFan
from appliance.io.climate._tach import Tacho, open_tacho
from appliance.model import ClimateReading
from appliance.site import Pwm, SiteSettings, SysFiles, Tach

log = logging.getLogger(__name__)

BACK_OFF_S: Final = 1.0


class Wires:
    """What `write` could not reach is in the next `look`."""

    def __init__(self, site: SiteSettings, clock: Clock) -> None:
        fans = {} if site.climate is None else site.climate.fans
        self._buses, self._clock = site.buses, clock
        self._pwm = {name: fan.pwm for name, fan in fans.items() if fan.pwm is not None}
        self._tach = {name: fan.tach for name, fan in fans.items() if fan.tach is not None}
        self._tachos: dict[str, Tacho] = {}
        self._again_at_s: dict[str, float] = {}
        self._silent: dict[str, str] = {}
        """What is wrong, by "fan part"."""

    def look(self) -> Wired:
        """Turns a minute, and the fans whose wires are silent."""
        rpm: dict[str, float | None] = {}
        for name, settings in self._tach.items():
            rpm[name] = None
            if self._due(f"{name} tacho"):
                with self._trying(f"{name} tacho"):
                    rpm[name] = self._rpm(name, settings)
        silent = frozenset(part.partition(" ")[0] for part in self._silent)
        return Wired(rpm, silent)

    def write(self, reading: ClimateReading) -> None:
        """Command every fan that has a PWM."""
        percent = {one.name: one.percent for one in reading.actuators}
        self._set(percent)

    def full(self) -> None:
        """Every fan at full speed."""
        self._again_at_s.clear()
        self._set({})

    def close(self) -> None:
        """Give the pins back."""
        for name in list(self._tachos):
            self._forget(name)

    def _set(self, percent: Mapping[str, float]) -> None:
        for name, settings in self._pwm.items():
            if self._due(f"{name} pwm"):
                with self._trying(f"{name} pwm"):
                    self._pwm_of(settings).set(percent.get(name, 100.0))

    def _pwm_of(self, settings: Pwm) -> PwmFan:
        bus = self._buses[settings.bus]
        if not isinstance(bus, SysFiles):
            msg = f"bus = {settings.bus!r} is {bus.kind}; a PWM must be on files"
            raise ValueError(msg)
        return PwmFan(settings, open_files(bus))

    def _rpm(self, name: str, settings: Tach) -> float | None:
        tacho = self._tachos.get(name)
        if tacho is None:
            bus = self._buses[settings.bus]
            tacho = self._tachos[name] = open_tacho(settings, bus, self._clock)
        return tacho.rpm()

    def _due(self, part: str) -> bool:
        return self._clock.now_s() >= self._again_at_s.get(part, 0.0)

    @contextlib.contextmanager
    def _trying(self, part: str) -> Iterator[None]:
        """A wire that fails is left alone for a while."""
        try:
            yield
        except OSError as silence:
            if part not in self._silent:
                log.warning("%s: %s: %s", part, type(silence).__name__, silence)
            self._silent[part] = str(silence)
            self._again_at_s[part] = self._clock.now_s() + BACK_OFF_S
            if part.endswith(" tacho"):
                self._forget(part.partition(" ")[0])
        else:
            if self._silent.pop(part, None) is not None:
                log.info("%s answers again", part)

    def _forget(self, name: str) -> None:
        tacho = self._tachos.pop(name, None)
        if tacho is not None:
            with contextlib.suppress(OSError):
                tacho.close()
