"""What devices report."""

from enum import StrEnum
from math import isnan
from typing import Final

from appliance.model.word import Word


class PhaseReading(Word, frozen=True):
    """One phase of a meter or an inverter."""

    voltage_v: float | None = None
    current_a: float | None = None
    power_w: float | None = None
    reactive_var: float | None = None


class RackReading(Word, frozen=True):
    """One rack: packs in series with one BMS and its contactors. Current and power: discharge +."""

    rack: int
    voltage_v: float | None = None
    current_a: float | None = None
    power_w: float | None = None
    soc_pct: float | None = None
    soh_pct: float | None = None
    cell_min_v: float | None = None
    cell_max_v: float | None = None
    cell_avg_v: float | None = None
    cell_min_v_at: str | None = None
    """Which cell, as "rack.cell" counted from 1: "2.14" is cell 14 of rack 2."""
    cell_max_v_at: str | None = None
    cell_min_c: float | None = None
    cell_max_c: float | None = None
    cell_avg_c: float | None = None
    cell_min_c_at: str | None = None
    cell_max_c_at: str | None = None
    max_charge_w: float | None = None
    max_discharge_w: float | None = None
    contactors_closed: bool | None = None
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    soe_wh: float | None = None
    cycles: float | None = None
    """Full cycles since it was new."""
    charged_wh: float | None = None
    discharged_wh: float | None = None
    """Throughput since it was new."""
    insulation_ohm: float | None = None
    balancing: bool | None = None
    asleep: bool | None = None
    cells_v: tuple[float | None, ...] = ()
    """Every cell, in the order of its number; empty when the BMS tells only the extremes."""

    @property
    def silent(self) -> bool:
        """Nothing at all is known of it."""
        return (
            self.contactors_closed is None
            and self.voltage_v is None
            and self.cell_max_v is None
            and self.cell_min_v is None
        )


class BatteryState(StrEnum):
    """What the BMS says it is doing."""

    STANDBY = "standby"
    """Contactors open, ready to close."""
    PRECHARGE = "precharge"
    CONNECTED = "connected"
    FAULT = "fault"
    UNKNOWN = "unknown"


class BatteryReading(Word, frozen=True):
    """All racks of this appliance. Current and power: discharge +. Limits: magnitudes, at the DC terminals."""

    state: BatteryState
    voltage_v: float | None = None
    current_a: float | None = None
    power_w: float | None = None
    soc_pct: float | None = None
    soh_pct: float | None = None
    soe_wh: float | None = None
    """Energy that could be discharged now."""
    max_charge_w: float | None = None
    max_discharge_w: float | None = None
    faults: tuple[str, ...] = ()
    racks: tuple[RackReading, ...] = ()
    warnings: tuple[str, ...] = ()
    max_charge_v: float | None = None
    """The voltage at which the BMS wants charging to end."""
    min_discharge_v: float | None = None
    cycles: float | None = None
    charged_wh: float | None = None
    discharged_wh: float | None = None
    full: bool | None = None
    empty: bool | None = None
    balancing: bool | None = None
    asleep: bool | None = None
    capacity_wh: float | None = None
    """What it can hold now, as estimated between full and empty; less than when it was new."""
    resistance_ohm: float | None = None
    guards_cells: bool = False
    """The cells that it does not tell of it guards itself, and says with its limits how far it may go."""
    has_contactors: bool = True
    """It can be told to disconnect. False: only a switch on it can."""
    soc_bms_pct: float | None = None
    """What the BMS itself says; `soc_pct` is this with the drift taken out."""
    soc_drift_pct: float | None = None
    """By how much the BMS was found wrong when last full or empty; + it said too much."""

    @property
    def working(self) -> tuple[RackReading, ...]:
        """The racks that carry the battery: while it is connected, without those that are open or gone.

        A silent one is gone where one can see how much flows through the others; error 136 watches that.
        All of them when none is left: then the battery as a whole is meant.
        """
        racks = self.racks
        if len(racks) < 2 or self.state is not BatteryState.CONNECTED:
            return racks
        left = [rack for rack in racks if rack.contactors_closed is not False]
        heard = [rack for rack in left if not rack.silent]
        if len(heard) < len(left) and self.unheard_a is not None:
            left = heard
        return racks if len(left) in (0, len(racks)) else tuple(left)

    @property
    def unheard_a(self) -> float | None:
        """The current that does not flow through the racks that are heard: then through silent ones; None: unknown."""
        if self.current_a is None:
            return None
        rest_a = self.current_a
        for rack in self.racks:
            if rack.silent:
                continue
            if rack.current_a is not None:
                rest_a -= rack.current_a
            elif rack.contactors_closed is not False:
                return None
        return None if isnan(rest_a) else rest_a

    @property
    def working_share(self) -> float:
        """Of the racks: 1 when all carry the battery, and when none is told of."""
        return len(self.working) / len(self.racks) if self.racks else 1.0


class InverterState(StrEnum):
    """What the inverter says it is doing."""

    OFF = "off"
    """Standby: no power, ready to start."""
    STARTING = "starting"
    RUNNING = "running"
    FAULT = "fault"
    UNKNOWN = "unknown"


class InverterReading(Word, frozen=True):
    """An inverter at its AC terminals. Power: into the AC bus (discharge) +."""

    state: InverterState
    power_w: float | None = None
    reactive_var: float | None = None
    phases: tuple[PhaseReading, ...] = ()
    frequency_hz: float | None = None
    dc_voltage_v: float | None = None
    temperature_c: float | None = None
    """The hottest place that it measures."""
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    setpoint_w: float | None = None
    """The power setpoint that the device says it holds: read back, not what was sent."""
    follows_slowly: bool = False
    """It takes a new setpoint only every ten seconds or so, to spare its memory."""
    reactive_setpoint_var: float | None = None
    apparent_va: float | None = None
    power_factor: float | None = None
    dc_power_w: float | None = None
    """At the DC terminals, discharge +."""
    dc_current_a: float | None = None
    max_charge_w: float | None = None
    """What the device itself can take now; None when it does not say."""
    max_discharge_w: float | None = None
    grid_forming: bool | None = None
    """True while it makes the grid itself (island)."""
    stored_writes: int = 0
    """Writes into memory that wears out, since the core started."""


class MeterReading(Word, frozen=True):
    """A meter. Grid: import +. PV: production +."""

    power_w: float | None = None
    reactive_var: float | None = None
    phases: tuple[PhaseReading, ...] = ()
    frequency_hz: float | None = None
    import_wh: float | None = None
    export_wh: float | None = None
    apparent_va: float | None = None
    power_factor: float | None = None
    warnings: tuple[str, ...] = ()
    """What is wrong with its wiring or its set-up."""


WIRE_BROKEN: Final = "wire broken"
SHORT_CIRCUIT: Final = "short circuit"
WIRE_WORDS: Final = frozenset({WIRE_BROKEN, SHORT_CIRCUIT})
"""Warnings of a sensor that cannot measure because of its wire."""


class SensorReading(Word, frozen=True):
    """One sensor: air, a surface, or the computer itself."""

    temperature_c: float | None = None
    humidity_pct: float | None = None
    """Relative humidity."""
    pressure_hpa: float | None = None
    dew_point_c: float | None = None
    warnings: tuple[str, ...] = ()
    """In its own words: throttled, under-voltage, wire broken."""
    values: tuple[tuple[str, float], ...] = ()
    """Whatever else a sensor by table measures: name with unit, value."""


class ActuatorReading(Word, frozen=True):
    """One fan or heater. `percent` is what it is commanded to now."""

    name: str
    kind: str
    """fan, heater."""
    percent: float
    rpm: float | None = None
    """None: no tacho."""
    forced: bool = False
    stalled: bool = False
    """Commanded to turn, and does not."""
    silent: bool = False
    """Its output cannot be written, or its tacho cannot be read."""


class ZoneReading(Word, frozen=True):
    """One zone of air with its fans and heaters."""

    name: str
    coldest_c: float | None = None
    """The coldest cell or surface."""
    dew_point_c: float | None = None
    condensing: bool = False
    """The air is so moist that the coldest place may become wet."""
    unknown: tuple[str, ...] = ()
    """Temperatures that it needs and nobody knows: fans at full speed, heaters off."""


class ClimateReading(Word, frozen=True):
    """Fans and heaters, and why they do what they do."""

    actuators: tuple[ActuatorReading, ...] = ()
    why: str = ""
    zones: tuple[ZoneReading, ...] = ()


class RelayReading(Word, frozen=True):
    """One relay's coil. De-energised is always the safe side."""

    commanded: bool
    on: bool | None = None
    """Read back; None: this relay cannot be asked."""


class BoardReading(Word, frozen=True):
    """The front of the box. `estop_pressed` is True when pressed or when its wire is broken."""

    estop_pressed: bool
    buttons_pressed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """What the board says of itself: on battery."""
