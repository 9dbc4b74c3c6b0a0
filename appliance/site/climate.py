"""Fans and heaters: what is installed in which zone. How they are driven is data in io/climate/algorithms."""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator, model_validator

from appliance.settings import Name, Percent, Settings, refuse

CELLS: Final = "cells"
"""In the place of a sensor's name: the battery's own cells."""
Time = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Pwm(Settings):
    """A PWM channel of the kernel: `class/pwm/pwmchipN` below the folder of the bus."""

    BUSES: ClassVar[frozenset[str]] = frozenset({"files"})

    bus: Name
    chip: Annotated[int, Field(ge=0, le=15)] = 0
    channel: Annotated[int, Field(ge=0, le=15)] = 0
    frequency_hz: Annotated[int, Field(ge=10, le=100_000)] = 25_000
    """25 kHz for fans with four wires."""
    inverted: bool = False
    """A transistor between pin and fan: a low or floating pin is full speed, as it should be."""


class Tach(Settings):
    """How fast a fan turns: pulses on a pin, or a file of the kernel in turns a minute."""

    BUSES: ClassVar[frozenset[str]] = frozenset({"files", "gpio"})

    bus: Name
    pin: Annotated[int, Field(ge=0, le=53)] | None = None
    file: str | None = None
    """Such as `class/hwmon/hwmon0/fan1_input`."""
    pulses_per_turn: Annotated[int, Field(ge=1, le=10)] = 2
    least_rpm: Annotated[float, Field(gt=0, le=10_000)] = 100.0
    """Below this it does not turn."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.pin is None) == (self.file is None):
            msg = "a tacho has either a pin or a file"
            raise ValueError(msg)
        return self


class Fan(Settings):
    """One fan: of variable speed by `pwm`, or on and off by `relay`."""

    zone: Name
    pwm: Pwm | None = None
    relay: Name | None = None
    contact: Literal["normally_closed", "normally_open"] = "normally_closed"
    """Normally closed: the fan runs while the coil is without current, so also when the box is dead."""
    tach: Tach | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.pwm is None) == (self.relay is None):
            msg = "a fan has either pwm or a relay"
            raise ValueError(msg)
        return self


class Heater(Settings):
    """One heater behind a normally open contact."""

    zone: Name
    relay: Name
    sensor: Name
    """The sensor that guards it; it never heats without. `cells`: the battery's own."""


class Zone(Settings):
    """What is measured in a zone beside the battery and the inverter."""

    sensors: tuple[Name, ...] = ()
    """Surfaces and air; the hottest drives the fans, the coldest counts against the dew point."""
    air: Name | None = None
    """The sensor of moist air."""


class Night(Settings):
    """Quieter hours; hot is hot all the same."""

    begins: Time = "22:00"
    ends: Time = "06:00"
    time_zone: str = "UTC"
    most_pct: Percent = 50.0

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            msg = "no such time zone; write it as in Europe/Berlin"
            raise ValueError(msg) from error
        return name


class Climate(Settings):
    """Everything about air in this site."""

    algorithm: Name
    """A file in io/climate/algorithms: bat5, bat10, bat80."""
    zones: dict[Name, Zone] = Field(default_factory=dict)
    fans: dict[Name, Fan] = Field(default_factory=dict)
    heaters: dict[Name, Heater] = Field(default_factory=dict)
    night: Night | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wrong = [f"{name} is a fan and a heater" for name in self.fans if name in self.heaters]
        parts = {f"fans.{name}": fan.zone for name, fan in self.fans.items()}
        parts |= {f"heaters.{name}": heater.zone for name, heater in self.heaters.items()}
        known = ", ".join(sorted(self.zones)) or "none"
        wrong += [
            f"{part}.zone = {zone!r} is not in zones ({known})"
            for part, zone in parts.items()
            if zone not in self.zones
        ]
        refuse(wrong)
        return self

    @model_validator(mode="after")
    def _algorithm_fits(self, info: ValidationInfo) -> Self:
        known: dict[str, dict[str, bool]] | None = (info.context or {}).get("climate")
        if known is None:
            return self
        if self.algorithm not in known:
            msg = f"algorithm = {self.algorithm!r}: no such algorithm; there is: {', '.join(known)}"
            raise ValueError(msg)
        zones = known[self.algorithm]
        wrong = [
            f"zones.{name}: {self.algorithm} has no such zone; it has: {', '.join(zones)}"
            for name in self.zones
            if name not in zones
        ]
        wrong += [
            f"heaters.{name}: {self.algorithm} does not heat the zone {heater.zone}"
            for name, heater in self.heaters.items()
            if zones.get(heater.zone) is False
        ]
        refuse(wrong)
        return self

    @property
    def actuators(self) -> tuple[str, ...]:
        """Every fan and heater by name."""
        return (*self.fans, *self.heaters)

    def wires(self) -> Iterable[tuple[str, Pwm | Tach]]:
        """Path and settings of whatever is on a bus."""
        for name, fan in self.fans.items():
            if fan.pwm is not None:
                yield f"climate.fans.{name}.pwm", fan.pwm
            if fan.tach is not None:
                yield f"climate.fans.{name}.tach", fan.tach

    def relays(self) -> Iterable[tuple[str, str]]:
        """Path and name of every relay that is used."""
        for name, fan in self.fans.items():
            if fan.relay is not None:
                yield f"climate.fans.{name}.relay", fan.relay
        for name, heater in self.heaters.items():
            yield f"climate.heaters.{name}.relay", heater.relay

    def sensors(self) -> Iterable[tuple[str, str]]:
        """Path and name of every sensor that is used."""
        for name, zone in self.zones.items():
            for sensor in zone.sensors:
                yield f"climate.zones.{name}.sensors", sensor
            if zone.air is not None:
                yield f"climate.zones.{name}.air", zone.air
        for name, heater in self.heaters.items():
            if heater.sensor != CELLS:
                yield f"climate.heaters.{name}.sensor", heater.sensor
