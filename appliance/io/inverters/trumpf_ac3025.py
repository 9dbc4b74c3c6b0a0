"""TRUMPF TruConvert AC 3025 with TruConvert System Control, Modbus TCP port 502.

Register map: operator's manual AC 3025, A67-0141-00.BKEN-001-05 (2020-06-10), pages 48-51 (S1), and of
the DC 1000 series, A67-0140-00.BKen-001-05 and BKde-001-09 (S2); what the manual pages at hand leave
open comes from a site in operation (S3, Maninder-MSP/Trumpf_woodbine). Addresses as printed, high word
first. Actual values by function 4.

The device counts discharging as positive, as we do. The set value 4195 goes to each AC-DC module, so
the power is divided by their number. It is accepted in state 3 (operation) only; before the power
stage goes on it is 0.

The island is the grid type of register 4009 (S1 p. 49: 2 and 3). What the pages at hand do not say: whether it may
be changed while the device is on, so it is changed in idle only; and which voltage it then makes, so have it confirmed
by the maker before `features.backup`. In an island the house decides what flows, so the set value stays 0.
`reactive_var` is not used: no register for it is known.
"""

from dataclasses import replace
from typing import Final, Literal

from typing_extensions import override

from appliance.io.inverters import InverterDriver
from appliance.io.known import hottest, phases, total, within
from appliance.io.registers import Kind, Register, Type, Values, Write, grouped
from appliance.model import InverterReading, InverterState, Setpoints
from appliance.settings import Settings
from appliance.site import Inverter

TITLE = "TRUMPF TruConvert AC 3025 (not verified on hardware)"

STATES: Final = {
    0: InverterState.STARTING,
    1: InverterState.FAULT,
    2: InverterState.OFF,
    3: InverterState.RUNNING,
    4: InverterState.UNKNOWN,  # maintenance: somebody else has taken over
}
MOST_MODULES: Final = 16
SET_VALUE_LIMIT_W: Final = 32_000
"""Range of the set value of one module (S1)."""


def _row(
    address: int, size: Type, name: str, source: str, scale: float = 1.0, *, slow: bool = False
) -> Register:
    kind: Kind = "input"
    return Register(address, size, name, source, kind=kind, scale=scale, slow=slow)


def _alarm(address: int, name: str) -> Register:
    source = "S3 polls 2808; the list from 2810 second-hand"
    return Register(address, "u16", name, source, kind="input", slow=True, optional=True)


READS = (
    _row(5000, "i16", "state", "S2 p. 7-14; S3"),
    _row(5001, "u16", "modules", "S2 p. 7-14"),
    _row(5186, "i32", "l1_w", "S3"),
    _row(5188, "i32", "l2_w", "S3"),
    _row(5190, "i32", "l3_w", "S3"),
    _row(5150, "u16", "l1_a", "S3", 0.01, slow=True),
    _row(5151, "u16", "l2_a", "S3", 0.01, slow=True),
    _row(5152, "u16", "l3_a", "S3", 0.01, slow=True),
    _row(5160, "u16", "l1_v", "S3", 0.1, slow=True),
    _row(5161, "u16", "l2_v", "S3", 0.1, slow=True),
    _row(5162, "u16", "l3_v", "S3", 0.1, slow=True),
    _row(5200, "u16", "frequency_hz", "S3", 0.01, slow=True),
    _row(5210, "u16", "dc_upper_v", "S3", slow=True),
    _row(5211, "u16", "dc_lower_v", "S3", slow=True),
    _row(5234, "i32", "l1_var", "S3", slow=True),
    _row(5236, "i32", "l2_var", "S3", slow=True),
    _row(5238, "i32", "l3_var", "S3", slow=True),
    _row(5501, "i16", "module_1_c", "S3", 0.1, slow=True),
    _row(5502, "i16", "module_2_c", "S3", 0.1, slow=True),
    _row(5503, "i16", "module_3_c", "S3", 0.1, slow=True),
    Register(
        4195, "i16", "held_w", "S1: 0.001 kVA, function 3 reads the set value back", slow=True
    ),
    Register(4009, "u16", "grid_type", "S1 p. 49", slow=True, optional=True),
    _alarm(2808, "alarms"),
    _alarm(2809, "alarm_a"),
    _alarm(2810, "alarm_b"),
)
BLOCKS = grouped(READS, max_words=50)

COMM_TIMEOUT: Final = Register(1016, "u16", "comm_timeout_s", "S1 p. 49")
POWER_STAGE: Final = Register(4000, "bit", "power_stage", "S3", kind="coil")
SYMMETRIC: Final = Register(4001, "bit", "symmetric", "S3", kind="coil")
RESET: Final = Register(4002, "bit", "reset", "S3", kind="coil")
BY_UNIT_ID: Final = Register(4011, "bit", "by_unit_id", "S1", kind="coil")
SET_VALUE: Final = Register(4195, "i16", "set_value_w", "S1: 0.001 kVA")
"""Apparent power in 0.001 kVA; at cos phi 1 that is 1 W."""
GRID_TYPE: Final = Register(4009, "u16", "grid_type", "S1 p. 49")
ISLANDS: Final = (2.0, 3.0)
"""Grid types in which it makes the grid: 400 V 50 Hz, 480 V 60 Hz."""
ZERO: Final = SET_VALUE.write(0)
ON: Final = POWER_STAGE.write(1)
OFF: Final = POWER_STAGE.write(0)


class Options(Settings):
    """Grid types, by the numbers of register 4009."""

    grid_type: Literal[0, 1, 4] = 0
    """With the grid: 400 V 50 Hz, 480 V 60 Hz, 380 V 60 Hz."""
    island_type: Literal[2, 3] = 2
    """Without: 400 V 50 Hz, 480 V 60 Hz."""


class Driver(InverterDriver):
    """One AC 3025 with its System Control."""

    CAN_FORM_GRID = True
    blocks = BLOCKS

    def __init__(self, settings: Inverter, options: Settings) -> None:
        self._settings = settings
        self._options = options if isinstance(options, Options) else Options()

    @override
    def reading(self, values: Values) -> InverterReading:
        """Power into the AC bus (discharge) is positive, as the device counts."""
        state, faults = _state(values)
        return InverterReading(
            state=state,
            power_w=total(*(values.get(f"l{number}_w") for number in (1, 2, 3))),
            reactive_var=total(*(values.get(f"l{number}_var") for number in (1, 2, 3))),
            phases=phases(values),
            frequency_hz=values.get("frequency_hz"),
            dc_voltage_v=total(
                values.get("dc_upper_v"), values.get("dc_lower_v"), name="dc_voltage_v"
            ),
            temperature_c=hottest(*(values.get(f"module_{number}_c") for number in (1, 2, 3))),
            faults=faults,
            setpoint_w=_held_w(values),
            grid_forming=_forms(state, values),
        )

    @override
    def arm(self) -> tuple[Write, ...]:
        """The inverter stops by itself when it hears nothing; set values are totals and go to all modules."""
        return (
            COMM_TIMEOUT.write(self._settings.comm_timeout_s),
            BY_UNIT_ID.write(0),
            SYMMETRIC.write(1),
        )

    @override
    def writes(self, setpoints: Setpoints, values: Values, beat: int) -> tuple[Write, ...]:
        """Up: zero, then the power stage, then power in operation only. Down: zero, then the stage off."""
        del beat
        state = InverterState.UNKNOWN if values.get("state") is None else _state(values)[0]
        if not self._type_fits(setpoints, values):
            return self._change_type(setpoints, state, values)
        if setpoints.grid_forming and state is InverterState.RUNNING:
            return (ZERO,)
        if not setpoints.inverter_on:
            reset = state is InverterState.FAULT and setpoints.reset_faults
            return (ZERO, OFF, RESET.write(1)) if reset else (ZERO, OFF)
        if state is InverterState.RUNNING:
            return (SET_VALUE.write(_per_module_w(setpoints.power_w, values)),)
        if state is InverterState.OFF:
            return (ZERO, ON)
        if state is InverterState.FAULT and setpoints.reset_faults:
            return (ZERO, OFF, RESET.write(1))
        return (ZERO,)

    def _type_fits(self, setpoints: Setpoints, values: Values) -> bool:
        """It holds the grid type that is wanted. Where no island is wanted or held, that is its installer's."""
        held = values.get("grid_type")
        if setpoints.grid_forming:
            return held == self._options.island_type
        return held not in ISLANDS

    def _change_type(
        self, setpoints: Setpoints, state: InverterState, values: Values
    ) -> tuple[Write, ...]:
        """Off first; the grid type in idle; on again only once it is read back."""
        held = values.get("grid_type")
        if held is None or state is not InverterState.OFF:
            reset = state is InverterState.FAULT and setpoints.reset_faults
            return (ZERO, OFF, RESET.write(1)) if reset else (ZERO, OFF)
        options = self._options
        wanted = options.island_type if setpoints.grid_forming else options.grid_type
        write = replace(GRID_TYPE.write(wanted), stored=True, holds=GRID_TYPE.encode(held))
        return (ZERO, OFF, write)


def _forms(state: InverterState, values: Values) -> bool | None:
    """It makes the grid: only while it runs."""
    held = values.get("grid_type")
    return None if held is None else held in ISLANDS and state is InverterState.RUNNING


def _modules(values: Values) -> float | None:
    """How many AC-DC modules share the power; None when it is not known, or cannot be true."""
    modules = values.get("modules")
    return modules if modules is not None and 1.0 <= modules <= MOST_MODULES else None


def _held_w(values: Values) -> float | None:
    """The set value that all modules together hold."""
    held_w, modules = values.get("held_w"), _modules(values)
    return None if held_w is None or modules is None else held_w * modules


def _per_module_w(power_w: float, values: Values) -> float:
    """0 while the number of modules is not known: each of them would get it all."""
    modules = _modules(values)
    return 0.0 if modules is None else within(power_w / modules, SET_VALUE_LIMIT_W)


def _state(values: Values) -> tuple[InverterState, tuple[str, ...]]:
    """What it is doing, and its faults in words; an unknown number is itself a fault."""
    number = values.get("state")
    if number is None:
        return InverterState.UNKNOWN, ()
    state = STATES.get(int(number))
    if state is None:
        return InverterState.FAULT, (f"unknown state {number:.0f}",)
    if state is not InverterState.FAULT:
        return state, ()
    listed = values.get("alarm_b") or values.get("alarm_a")
    return state, (f"alarm {listed:.0f}" if listed else "alarm without a number",)
