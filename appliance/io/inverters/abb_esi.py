"""ABB ESI and ESI-S inverters by a register table: their register map is not public.

Put the registers of the maker's document for your firmware into a table (format:
`appliance/io/_register_table.py`; example: docs/examples/abb_esi.toml) and name it in site.toml:

    [inverter]
    driver = "abb_esi"
    options = { table = "/etc/appliance/abb_esi.toml", running = [2], off = [0], starting = [1] }

ESI-S speaks Modbus RTU; address, speed and parity are set in its ESI-Manager menu, where the
communication lock must allow Modbus ("Manual Energy Storage Inverter ESI-S", page 130). The alarm
conditions are those of its page 70; which bit means which is for the options to say. Positive power is
discharging unless a row's sign says otherwise. Without a heartbeat row the device has no second wall.
"""

from math import isfinite
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, field_validator
from typing_extensions import override

from appliance.data_file import DataFileError
from appliance.io._register_table import RegisterTable, read_table
from appliance.io.inverters import InverterDriver
from appliance.io.known import phases
from appliance.io.registers import Register, Values, Write, grouped
from appliance.model import InverterReading, InverterState, Setpoints
from appliance.settings import Settings
from appliance.site import Inverter

TITLE = "ABB ESI by register table (not verified on hardware)"

READ: Final = frozenset({
    "power_w", "reactive_var", "apparent_va", "frequency_hz", "dc_v", "dc_a", "temperature_c",
    "state", "alarms", "setpoint_w", "setpoint_var",
    *(f"l{n}_{unit}" for n in (1, 2, 3) for unit in ("v", "a", "w", "var")),
})  # fmt: skip
WRITTEN: Final = frozenset({
    "command_power_w", "command_reactive_var", "command_start", "command_stop", "command_reset",
    "command_heartbeat",
})  # fmt: skip
NEEDED: Final = ("power_w", "state", "command_power_w", "command_start", "command_stop")
ALARMS: Final = {
    "supply_high": "supply voltage above 110 %",
    "supply_low": "supply voltage below 90 %",
    "phase_missing": "phase missing",
    "imbalance": "supply voltages differ by more than 2 %",
    "frequency_change": "frequency changes faster than 20 %/s",
    "dc_high": "DC bus above 105 %",
    "preload": "pre-load failed",
    "over_current": "over-current",
    "igbt_fault": "IGBT permanent fault",
    "igbt_hot": "IGBT too hot",
    "board_hot": "control board too hot",
    "internal_supply": "internal supply",
    "board_fault": "control board",
}
"""Manual ESI-S, page 70."""
Codes = tuple[Annotated[int, Field(ge=0, le=0xFFFF)], ...]


class Options(Settings):
    """Where the table is, and what the states and alarm bits mean."""

    table: str
    running: Annotated[Codes, Field(min_length=1)]
    off: Annotated[Codes, Field(min_length=1)]
    starting: Codes = ()
    alarms: dict[Annotated[str, Field(pattern=r"^([0-9]|[12][0-9]|3[01])$")], str] = Field(
        default_factory=dict
    )
    """Bit number -> one of ALARMS."""

    @field_validator("table")
    @classmethod
    def _is_in_order(cls, table: str) -> str:
        _read(table)
        return table

    @field_validator("alarms")
    @classmethod
    def _are_known(cls, alarms: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(alarms.values()) - set(ALARMS))
        if unknown:
            msg = f"no such alarm: {', '.join(unknown)}; there is: {', '.join(ALARMS)}"
            raise ValueError(msg)
        return alarms


def _read(path: str) -> RegisterTable:
    """The table. Raises DataFileError, also when a register is missing that cannot be."""
    table = read_table(Path(path), READ | WRITTEN)
    missing = [name for name in NEEDED if name not in {row.name for row in table.reads}]
    if missing:
        raise DataFileError(Path(path), [f"register: {name} is missing" for name in missing])
    return table


class Driver(InverterDriver):
    """One ESI."""

    def __init__(self, _settings: Inverter, options: Settings) -> None:
        assert isinstance(options, Options)
        self._options = options
        rows = {row.name: row for row in _read(options.table).reads}
        self._commands = {name: row for name, row in rows.items() if name in WRITTEN}
        self.blocks = grouped([row for name, row in rows.items() if name in READ])
        self._meanings = dict.fromkeys(options.starting, InverterState.STARTING)
        self._meanings |= dict.fromkeys(options.off, InverterState.OFF)
        self._meanings |= dict.fromkeys(options.running, InverterState.RUNNING)

    @classmethod
    @override
    def takes_reactive(cls, options: Settings) -> bool:
        """When its table has a register for that."""
        assert isinstance(options, Options)
        return any(row.name == "command_reactive_var" for row in _read(options.table).reads)

    @override
    def reading(self, values: Values) -> InverterReading:
        """Power into the AC bus (discharge) is positive."""
        state, faults = self._state(values)
        return InverterReading(
            state=state,
            power_w=values.get("power_w"),
            reactive_var=values.get("reactive_var"),
            apparent_va=values.get("apparent_va"),
            phases=phases(values),
            frequency_hz=values.get("frequency_hz"),
            dc_voltage_v=values.get("dc_v"),
            dc_current_a=values.get("dc_a"),
            temperature_c=values.get("temperature_c"),
            faults=faults,
            setpoint_w=values.get("setpoint_w"),
            reactive_setpoint_var=values.get("setpoint_var"),
        )

    @override
    def arm(self) -> tuple[Write, ...]:
        """Zero, and the first heartbeat where the table has one."""
        return (*self._set("command_power_w", 0.0), *self._set("command_heartbeat", 1))

    @override
    def writes(self, setpoints: Setpoints, values: Values, beat: int) -> tuple[Write, ...]:
        """Up: zero, start, power once it runs. Down: zero, then stop."""
        alive = self._set("command_heartbeat", 1 + beat % 0x7FFF)
        zero = (
            *self._set("command_power_w", 0.0), *self._set("command_reactive_var", 0.0), *alive,
        )  # fmt: skip
        state, _faults = self._state(values)
        faulty = state is InverterState.FAULT and setpoints.reset_faults
        reset = self._set("command_reset", 1) if faulty else ()
        if not setpoints.inverter_on:
            return (*zero, *self._set("command_stop", 1), *reset)
        if state is InverterState.RUNNING:
            return (
                *self._set("command_power_w", setpoints.power_w),
                *self._set("command_reactive_var", setpoints.reactive_var),
                *alive,
            )
        if state is InverterState.OFF:
            return (*zero, *self._set("command_start", 1))
        return (*zero, *reset)

    def _set(self, name: str, value: float) -> tuple[Write, ...]:
        """The write, where the table has the register; what it cannot take is 0."""
        row = self._commands.get(name)
        if row is None:
            return ()
        return (row.write(_fitting(row, value)),)

    def _state(self, values: Values) -> tuple[InverterState, tuple[str, ...]]:
        number = values.get("state")
        bits = int(values.get("alarms") or 0)
        faults = tuple(self._alarm(bit) for bit in range(32) if bits >> bit & 1)
        if faults:
            return InverterState.FAULT, faults
        if number is None:
            return InverterState.UNKNOWN, ()
        state = self._meanings.get(int(number))
        if state is None:
            return InverterState.FAULT, (f"unknown state {number:.0f}",)
        return state, ()

    def _alarm(self, bit: int) -> str:
        known = self._options.alarms.get(str(bit))
        return ALARMS[known] if known else f"alarm bit {bit}"


def _fitting(row: Register, value: float) -> float:
    """The nearest value that the register takes; 0 for what is no number."""
    if not isfinite(value):
        return 0.0
    if row.type in ("u16", "i16", "u32", "i32"):
        bits = int(row.type[1:])
        low = -(1 << bits - 1) if row.type[0] == "i" else 0
        high = (1 << (bits - 1 if row.type[0] == "i" else bits)) - 1
        ends = sorted((low * row.scale, high * row.scale))
        return max(ends[0], min(ends[1], value))
    return max(-1e9, min(1e9, value))
