"""Any SunSpec inverter that can charge and discharge, found by scanning: models 701-704, or 1xx and 12x.

Layout: the SunSpec Alliance's model definitions, which the device itself says it follows. It is read
through 701, else 103, 102, 101 (113, 112, 111), and commanded through 704, else 124, else 123. Power
into the grid (discharge) is positive in all of them, as here. The set-point goes out with its timer
(RvrtTms) and before its enable; the timer brings the device back by itself when this box falls silent.
No model has a word for making a grid: whether it does so is read (701 DERMode), never commanded.
"""

import logging
from math import isfinite
from typing import Final

from msgspec.structs import replace
from typing_extensions import override

from appliance.io.buses import WrongDeviceError
from appliance.io.inverters import InverterDriver
from appliance.io.known import hottest, phases, within
from appliance.io.plausible import plausible
from appliance.io.registers import Ask, Block, Values, Write
from appliance.io.sunspec import measured, states
from appliance.io.sunspec.control import Control, Options, Reactive, Site
from appliance.io.sunspec.controls import power_control, reactive_control
from appliance.io.sunspec.device import USED_BY_INVERTERS, Device, blocks, discover, ratings
from appliance.io.sunspec.model import Model
from appliance.io.sunspec.service import Service
from appliance.model import InverterReading, InverterState, Setpoints
from appliance.settings import Settings
from appliance.site import Inverter

__all__ = ["TITLE", "Driver", "Options"]
log = logging.getLogger(__name__)

TITLE = "SunSpec inverter (not verified on hardware)"
GRID_FORMING: Final = 2
"""701 DERMode, bit 1"""
NO_TIMER = "it has no timer that ends a command by itself: 0 W only (option without_timeout)"


class Driver(InverterDriver):
    """One SunSpec inverter."""

    blocks: tuple[Block, ...] = ()

    def __init__(self, settings: Inverter, options: Settings) -> None:
        self._settings = settings
        self._options = options if isinstance(options, Options) else Options()
        self._plan: _Plan | None = None
        self._title = ""

    @classmethod
    @override
    def takes_reactive(cls, options: Settings) -> bool:
        """Where it has model 704 or 123; when it has neither, error 214 tells."""
        return True

    @override
    def identify(self, ask: Ask) -> None:
        self._plan = None
        device = discover(ask, USED_BY_INVERTERS, self._options.base)
        ac = device.first(*measured.INVERTERS)
        if ac is None:
            msg = f"no SunSpec inverter: {device.title()}"
            raise WrongDeviceError(msg)
        site = Site(device, ratings(device), self._settings, self._options)
        plan = self._plan = _Plan(device, ac, site)
        self.blocks = plan.blocks
        if device.title() != self._title:
            self._title = device.title()
            way = plan.missing or f"commanded through model {plan.title}"
            log.info("inverter %s, read through model %d, %s", self._title, ac.definition.id, way)

    @override
    def reading(self, values: Values) -> InverterReading:
        """Power into the AC bus (discharge) is positive, as the device counts."""
        plan = self._plan
        state, strange = states.state(values, standby_runs=self._options.standby_runs)
        faults, warnings = ((), ()) if plan is None else plan.events(values, state)
        if state is InverterState.FAULT and not faults and not strange:
            faults = ("fault without a number",)
        mode = values.get("der_mode")
        known = InverterReading(
            state=state,
            power_w=values.get("power_w"),
            reactive_var=values.get("reactive_var"),
            phases=phases(values),
            frequency_hz=values.get("frequency_hz"),
            dc_voltage_v=values.get("dc_voltage_v"),
            temperature_c=hottest(
                *(value for name, value in values.items() if name.startswith("tmp_"))
            ),
            faults=(strange, *faults) if strange else faults,
            warnings=warnings,
            apparent_va=values.get("apparent_va"),
            power_factor=measured.power_factor(values),
            dc_power_w=values.get("dc_power_w"),
            dc_current_a=values.get("dc_current_a"),
            grid_forming=None if mode is None else bool(int(mode) & GRID_FORMING),
        )
        return known if plan is None or not values else plan.with_setpoints(known, values)

    @override
    def arm(self) -> tuple[Write, ...]:
        """Timers, what happens when they run out, the ramp."""
        return () if self._plan is None else self._plan.arm()

    @override
    def writes(self, setpoints: Setpoints, values: Values, beat: int) -> tuple[Write, ...]:
        """Up: zero, then service, then power in operation only. Down: zero, then out of service."""
        plan = self._plan
        if plan is None:
            return ()
        state = states.state(values, standby_runs=self._options.standby_runs)[0]
        runs = setpoints.inverter_on and state is InverterState.RUNNING
        writes = plan.power(setpoints if runs else Setpoints())
        if not setpoints.inverter_on:
            writes += plan.service.stop(values)
        elif state is InverterState.OFF:
            writes += plan.service.start(values)
        if setpoints.reset_faults and state is InverterState.FAULT:
            writes += plan.service.reset()
        return writes + plan.service.beat(beat)


class _Plan:
    """How the device that was found is read and commanded."""

    def __init__(self, device: Device, ac: Model, site: Site) -> None:
        self._ac = ac
        self._site = site
        self._ratings = site.ratings
        self._control: Control | None
        self._control, self.missing = power_control(site)
        self._reactive: Reactive | None = reactive_control(site)
        options = site.options
        self.service = Service(device, leaves=options.leaves_service, battery=options.battery)
        self._guarded = options.without_timeout or (
            self._control is not None and self._control.has_timeout
        )
        rows = measured.rows(device, ac) + self.service.rows
        for part in (self._control, self._reactive):
            rows += () if part is None else part.rows
        self.blocks = blocks(device, rows)

    @property
    def title(self) -> str:
        """The model that it is commanded through."""
        return "" if self._control is None else self._control.title

    def arm(self) -> tuple[Write, ...]:
        """Of both kinds of power."""
        active = () if self._control is None else self._control.arm()
        return active + (() if self._reactive is None else self._reactive.arm())

    def power(self, setpoints: Setpoints) -> tuple[Write, ...]:
        """Active and reactive power within what the device is made for; 0 for nonsense, or without a timer."""
        allowed = self._guarded and isfinite(setpoints.power_w)
        power_w = self._ratings.clamp(setpoints.power_w) if allowed else 0.0
        writes = () if self._control is None else self._control.power(power_w)
        if self._reactive is None:
            return writes
        most_var = self._ratings.reactive_var or self._site.settings.max_reactive_var
        return writes + self._reactive.reactive(within(setpoints.reactive_var, most_var))

    def events(
        self, values: Values, state: InverterState
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Faults and warnings in words."""
        faulty, vendor = state is InverterState.FAULT, self._site.options.vendor_events
        return states.events(values, self._ac.definition, faulty=faulty, vendor=vendor)

    def with_setpoints(self, known: InverterReading, values: Values) -> InverterReading:
        """The reading with what the device holds and is made for."""
        control, reactive = self._control, self._reactive
        own = (self.missing, "" if control is None else control.warning)
        warnings = (
            *known.warnings,
            *(word for word in own if word),
            *self.service.warnings(values),
        )
        held_w = None if control is None else control.setpoint_w(values)
        held_var = None if reactive is None else reactive.setpoint_var(values)
        return replace(
            known,
            setpoint_w=None if held_w is None else plausible("setpoint_w", held_w),
            reactive_setpoint_var=None if held_var is None else plausible("setpoint_var", held_var),
            max_charge_w=self._ratings.charge_w,
            max_discharge_w=self._ratings.discharge_w,
            warnings=warnings if self._guarded or control is None else (*warnings, NO_TIMER),
        )
