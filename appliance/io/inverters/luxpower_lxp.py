"""LuxPowerTek LXP hybrid inverters (also sold as Lux and EG4), by their dongle, by RS-485, or plain Modbus.

Register map: Shenzhen Lux Power "Modbus RTU Protocol" V23, 2025-06-14 (L1); frames and what L1 leaves
open from celsworth/lxp-bridge (L2) and joyfulhouse/pylxpweb (L3). How the registers are used to
command power is derived from their meanings, not printed anywhere.

There is no set value with a sign, only percentages of the rated power, and every register written is
kept in memory that wears out: see docs/decisions/0017-luxpower.md. Nor is there a heartbeat or a
communication timeout: `comm_timeout_s` has no effect. What ends a command when the box is gone is the
window by the inverter's own clock, minutes later; and a window comes back every day. A fault cannot be
reset over the bus; standby is commanded, and the inverter decides. Its reactive power is not steered:
those registers are settings of the grid code.

`power_w` is what passes its AC terminals: inverter output less rectifier, all phases. It includes the
power of its own PV, and not what its backup output takes.
"""

from collections.abc import Sequence
from typing import Final

from typing_extensions import override

from appliance.io.buses import WrongDeviceError
from appliance.io.inverters import InverterDriver, _luxpower_battery
from appliance.io.inverters._luxpower_command import ON, Commander, Options
from appliance.io.inverters._luxpower_registers import (
    CRITERION_ROW,
    FINE,
    FUNCTIONS,
    HELD,
    LONG_READ,
    MEASURED,
    SHORT_READ,
    THREE_PHASE,
    battery_rows,
    requests,
)
from appliance.io.inverters._luxpower_tables import (
    FAULT,
    FAULTS,
    STANDBY,
    STATES,
    WARNINGS,
    Doing,
    bits,
)
from appliance.io.inverters._luxpower_window import clock
from appliance.io.known import hottest, times, total
from appliance.io.registers import Ask, Register, Values, Write
from appliance.model import BatteryReading, InverterReading, InverterState, PhaseReading, Setpoints
from appliance.settings import Settings
from appliance.site import Inverter

__all__ = ["TITLE", "Driver", "Options"]

TITLE = (
    "LuxPower LXP: without the box it goes on for minutes, no timeout (not verified on hardware)"
)

CODE_AT: Final = 7
"""Two registers with four letters: the firmware's code."""
STILL_BEATS: Final = 300
"""Signs of life, at least two minutes of them, in which a clock that works has moved on."""


class Driver(InverterDriver):
    """One LXP inverter."""

    FORMS_UNASKED = True  # its EPS output, where register 21 bit 0 is set on the inverter (L1); nothing is written

    def __init__(self, settings: Inverter, options: Settings) -> None:
        assert isinstance(options, Options)
        self._options = options
        self.stored_pause_s = 0.0  # Only rises wait, and the commander lets them.
        self.blocks = requests(_rows(options), LONG_READ if options.long_reads else SHORT_READ)
        most_w = {"charge": settings.max_charge_w, "discharge": settings.max_discharge_w}
        self._commander = Commander(options, most_w)
        self._clock_seen: tuple[int, ...] | None = None
        self._clock_beat = 0
        self._clock_stands = False

    @override
    def identify(self, ask: Ask) -> None:
        """A firmware code in letters; and what it holds, so that nothing is written that it holds already."""
        words = ask("holding", CODE_AT, FUNCTIONS - CODE_AT + 1)
        code = b"".join(word.to_bytes(2, "little") for word in words[:2])
        if not all(0x20 < letter < 0x7F for letter in code):
            msg = f"{code.hex(' ')} at register 7 is no firmware code: not a LuxPower inverter"
            raise WrongDeviceError(msg)
        limits = ask("holding", 64, 2)
        self._commander.held = {
            "functions": words[-1],
            "charge_limit": limits[0],
            "discharge_limit": limits[1],
        }

    @override
    def reading(self, values: Values) -> InverterReading:
        """Power into the AC bus (discharge) is positive; the device has two registers without a sign."""
        doing, faults = _doing(values)
        phases = tuple(_phase(number, values) for number in range(1, self._options.phases + 1))
        now = clock(values)
        minute = None if now is None else _minute(now)
        return InverterReading(
            state=doing.state,
            power_w=total(*(phase.power_w for phase in phases)),
            phases=phases,
            frequency_hz=values.get("island_hz" if doing.grid_forming else "frequency_hz"),
            dc_voltage_v=values.get("battery_v"),
            dc_power_w=_luxpower_battery.net_w(values),
            temperature_c=hottest(
                *(values.get(n) for n in ("inner_c", "radiator_1_c", "radiator_2_c"))
            ),
            faults=faults,
            warnings=self._warnings(values, now),
            follows_slowly=True,
            setpoint_w=self._commander.held_w(values, minute),
            power_factor=_power_factor(values.get("power_factor_raw")),
            grid_forming=None if values.get("state") is None else doing.grid_forming,
        )

    @override
    def battery(self, values: Values) -> BatteryReading:
        """As one rack; the inverter hears its BMS."""
        return _luxpower_battery.reading(values)

    @override
    def writes(self, setpoints: Setpoints, values: Values, beat: int) -> tuple[Write, ...]:
        """Down: limits to zero, then bits. Up: on at zero; then percentage and window; last the direction's bit."""
        now = self._ticking(values, beat)
        self._commander.beat(beat)
        state = _doing(values)[0].state
        if not setpoints.inverter_on or state is not InverterState.RUNNING or now is None:
            return self._commander.stop(values, on=setpoints.inverter_on)
        return self._commander.carry(setpoints.power_w, values, _minute(now))

    def _ticking(self, values: Values, beat: int) -> tuple[int, ...] | None:
        """The inverter's clock, when it is known and goes: a window by a clock that stands never ends."""
        seen = clock(values)
        if seen != self._clock_seen:
            self._clock_seen, self._clock_beat = seen, beat
        self._clock_stands = beat - self._clock_beat > STILL_BEATS
        return None if self._clock_stands else seen

    def _warnings(self, values: Values, now: tuple[int, ...] | None) -> tuple[str, ...]:
        found = bits(WARNINGS, "W", values.get("warning_bits"))
        if now is None and values.get("clock_1") is not None:
            found += ("its clock is not set: no power",)
        elif self._clock_stands and now is not None:
            found += ("its clock stands still: no power",)
        return found


def _rows(options: Options) -> tuple[Register, ...]:
    """What is polled."""
    fine = {row.name for row in FINE} if options.fine else set()
    held = tuple(row for row in HELD if row.name not in fine)
    return (
        *MEASURED,
        *(THREE_PHASE if options.phases == 3 else ()),
        *battery_rows(1.0 / options.bms_current_per_a),
        *held,
        *(FINE if options.fine else ()),
        *(() if options.charge_criterion is None else (CRITERION_ROW,)),
    )


def _phase(number: int, values: Values) -> PhaseReading:
    """Current has no sign on the wire; it gets that of the power."""
    power_w = total(values.get(f"l{number}_out_w"), times(-1.0, values.get(f"l{number}_in_w")))
    current_a = values.get(f"l{number}_a")
    sign = -1.0 if power_w is not None and power_w < 0.0 else 1.0
    return PhaseReading(
        voltage_v=values.get(f"l{number}_v"),
        current_a=None if power_w is None else times(sign, current_a),
        power_w=power_w,
    )


def _doing(values: Values) -> tuple[Doing, tuple[str, ...]]:
    """What it is doing, and its faults in words; an unknown number is itself a fault.

    Standby while it is switched on (register 21 bit 9) is running without power.
    """
    number = values.get("state")
    if number is None:
        return Doing(InverterState.UNKNOWN), ()
    faults: Sequence[str] = bits(FAULTS, "E", values.get("fault_bits"))
    doing = STATES.get(int(number))
    if doing is None:
        faults = (*faults, f"unknown state {number:.0f}")
    elif int(number) == FAULT and not faults:
        faults = (f"fault {values.get('internal_fault') or 0:.0f} without a bit",)
    if doing is None or faults:
        return Doing(InverterState.FAULT), tuple(faults)
    functions = values.get("functions")
    if int(number) == STANDBY and functions is None:
        return Doing(InverterState.UNKNOWN), ()
    if int(number) == STANDBY and int(functions or 0) & ON:
        return Doing(InverterState.RUNNING), ()
    return doing, ()


def _power_factor(raw: float | None) -> float | None:
    """Up to 1000 thousandths; between 1000 and 2000 the same below zero (L1)."""
    if raw is None or raw >= 2_000.0:
        return None
    return raw / 1_000.0 if raw <= 1_000.0 else (1_000.0 - raw) / 1_000.0


def _minute(now: Sequence[int]) -> int:
    return 60 * now[3] + now[4]
