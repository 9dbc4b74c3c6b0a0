"""A SunSpec inverter (models 1, 103, 120-124, 701-704, 713-715, 802, 803) and a SunSpec meter (1, 203).

It serves while 703.ES permits it and 123.Conn connects it. Its alarms are cleared by 715.AlarmReset or
802.AlmRst, and by taking it out of service. Power: discharge +. Written from the standard's tables.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from simulator.models.inverter import Alarm, State
from simulator.models.site import Site
from simulator.wire.sunspec_commands import Obedient, commands
from simulator.wire.sunspec_image import Image, Value
from simulator.wire.sunspec_values import (
    NEW_STATES,
    OFF_NEW,
    OFF_OLD,
    OLD_STATES,
    SCALES,
    STANDBY_NEW,
    STANDBY_OLD,
    inverter_values,
    meter_values,
)

CHAIN: Final = (
    (1, 0), (103, 0), (120, 0), (121, 0), (122, 0), (123, 0), (124, 0), (701, 0), (702, 0), (703, 0),
    (704, 0), (713, 0), (714, 1), (715, 0), (802, 0), (803, 1),
)  # fmt: skip
"""Models, and how often their group repeats."""
RESETS: Final = frozenset({"715.AlarmReset", "802.AlmRst"})
SWITCHES: Final = frozenset({"703.ES", "123.Conn"})


@dataclass(frozen=True)
class Shape:
    """Which SunSpec device it is: some have few models, or leave out points."""

    without: frozenset[int] = frozenset()
    """Models that it does not have."""
    missing: frozenset[str] = frozenset()
    """Points, by `model.point`, that it does not implement."""
    base: int = 40_000
    signed_limit: bool = False
    """A negative 123.WMaxLimPct charges."""
    scales: dict[str, int] = field(default_factory=dict)
    """Scale factors that differ from the usual ones."""


class SunSpec:
    """The inverter. It takes the place of the plant's own one, whose commands do not end by themselves."""

    def __init__(self, site: Site, speed: float = 1.0, shape: Shape | None = None) -> None:
        shape = shape or Shape()
        plain = site.inverter
        own = self._own = site.inverter = Obedient(plain.rated_w, plain.ramp_w_per_s)
        self._site = site
        self._speed = speed
        self._shape = shape
        self.image = Image(
            [(model, groups) for model, groups in CHAIN if model not in shape.without],
            self._values(),
            SCALES | shape.scales,
            base=shape.base,
            on_write=self._wrote,
            signed=frozenset({"123.WMaxLimPct"} if shape.signed_limit else ()),
        )
        self.registers = self.image.registers
        own.image = self.image
        self._switch()

    def answers_to(self, unit: int) -> bool:
        """No unit ids beside its own."""
        del unit
        return False

    def on_write(self) -> None:
        """It listens to the timers of its commands only."""

    def reboot(self) -> None:
        """Forget everything that it was told."""
        own = self._own
        own.on, own.state, own.alarm = False, State.IDLE, Alarm.NONE
        own.commands = commands()
        self.image.values |= self._values()
        self._switch()

    def _values(self) -> dict[str, Value]:
        """As after a restart; models and points that it does not have are left out."""
        own, shape = self._own, self._shape
        values = inverter_values(self._site, own)
        values |= {
            "103.St": lambda: float(OLD_STATES.get(own.state, self._idle(STANDBY_OLD, OFF_OLD))),
            "701.InvSt": lambda: float(NEW_STATES.get(own.state, self._idle(STANDBY_NEW, OFF_NEW))),
            "103.VAr": self._reactive_var,
            "701.Var": self._reactive_var,
            **{f"701.VarL{line}": lambda: self._reactive_var() / 3.0 for line in (1, 2, 3)},
            "704.WSetRvrtRem": lambda: own.commands["704.WSet"].left_s or 0.0,
            "704.VarSetRvrtRem": lambda: own.commands["704.VarSet"].left_s or 0.0,
        }
        return {
            key: value
            for key, value in values.items()
            if int(key.partition(".")[0]) not in shape.without and key not in shape.missing
        }

    def _idle(self, standby: int, off: int) -> int:
        return standby if self._permitted() else off

    def _permitted(self) -> bool:
        values = self.image.values
        return all(self.image.number(key) for key in SWITCHES if values.get(key) is not None)

    def _reactive_var(self) -> float:
        return self._own.reactive_var

    def _wrote(self, key: str) -> None:
        for command in self._own.commands.values():
            command.wrote(key, self.image, self._speed)
        if key in RESETS and self.image.number(key) == 1.0:
            self.image.values[key] = 0.0
            self._own.acknowledge()
        if key in SWITCHES | RESETS:
            self._switch()

    def _switch(self) -> None:
        """In service when everything permits it; out of service clears an alarm."""
        if not self._permitted():
            self._own.acknowledge()
        self._own.on = self._permitted() and self._own.state is not State.ALARM


class SunSpecMeter:
    """A meter for three phases."""

    def __init__(
        self,
        site: Site,
        power_w: Callable[[], float],
        import_wh: Callable[[], float],
        export_wh: Callable[[], float],
        reactive_var: Callable[[], float] = lambda: 0.0,
        *,
        reversed_mounting: bool = False,
        missing: frozenset[str] = frozenset(),
    ) -> None:
        sign = -1.0 if reversed_mounting else 1.0
        imported, exported = (export_wh, import_wh) if reversed_mounting else (import_wh, export_wh)
        values = meter_values(
            site, lambda: sign * power_w(), exported, imported, lambda: sign * reactive_var()
        )
        for key in missing:
            values[key] = None
        self.image = Image(((1, 0), (203, 0)), values, SCALES)
        self.registers = self.image.registers


def grid_meter(site: Site, reversed_mounting: bool = False) -> SunSpecMeter:
    """The meter at the grid connection: import +."""
    return SunSpecMeter(
        site,
        lambda: site.grid_w,
        lambda: site.grid_import_wh,
        lambda: site.grid_export_wh,
        lambda: site.grid_var,
        reversed_mounting=reversed_mounting,
    )


def pv_meter(site: Site, reversed_mounting: bool = False) -> SunSpecMeter:
    """The meter of the PV plant: production +."""
    return SunSpecMeter(
        site,
        lambda: site.pv_w,
        lambda: site.pv_wh,
        lambda: 0.0,
        reversed_mounting=reversed_mounting,
    )
