"""TRUMPF TruConvert AC 3025 with TruConvert System Control, Modbus TCP port 502.

Register map: operator's manual AC 3025, A67-0141-00.BKEN-001-05 (2020-06-10), pages 48-51 (S1), and of
the DC 1000 series, A67-0140-00.BKen-001-05 and BKde-001-09 (S2); what the manual pages at hand leave
open comes from a site in operation (S3, Maninder-MSP/Trumpf_woodbine). Addresses as printed, high word
first. Actual values by function 4.

The device counts discharging as positive, as we do. The set value 4195 goes to each AC-DC module, so
the power is divided by their number. It is accepted in state 3 (operation) only; before the power
stage goes on it is 0. `reactive_var` is not used: no register for it is known.
"""

from typing import Final

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
ZERO: Final = SET_VALUE.write(0)
ON: Final = POWER_STAGE.write(1)
OFF: Final = POWER_STAGE.write(0)


class Driver(InverterDriver):
    """One AC 3025 with its System Control."""

    blocks = BLOCKS

    def __init__(self, settings: Inverter, _options: Settings) -> None:
        self._settings = settings

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
