"""ABB PQstorI and PQstorI-M, Modbus TCP or RTU.

Register map: ABB "PQstorI - Installation, operation and maintenance instructions", section 3.9, tables
8-12, pages 16-18 (A1). Numbers there are of the 3xxxx/4xxxx kind: 3 is read with function 4, 4 with 3,
6 and 16. What the pages at hand leave open is found out or asked for: the first address (0 or 1) and
the order of words from the one reading whose range is known, the grid frequency (45 to 75 Hz); what
the states 0 to 2 of register 31118 mean from the options.

Positive power is discharging, positive reactive power a capacitor's: both as ours. Once its heartbeat
was written, the device stops by itself when it does not change for 20 s; that time cannot be set, so
this second wall stands further away than with other inverters.
"""

from itertools import product
from typing import Final, Literal

from typing_extensions import override

from appliance.io.buses import RefusedError, WrongDeviceError
from appliance.io.inverters import InverterDriver
from appliance.io.known import hottest, within
from appliance.io.plausible import plausible
from appliance.io.registers import Ask, Kind, Register, Type, Values, Write, grouped
from appliance.model import InverterReading, InverterState, PhaseReading, Setpoints
from appliance.settings import Settings
from appliance.site import Inverter

TITLE = "ABB PQstorI (not verified on hardware)"

POWER_LIMIT_W: Final = 3_200e3
"""Range of the set value (A1 p. 18)."""
FREQUENCY_HZ: Final = (45.0, 75.0)
STATE_NAMES = Literal["off", "starting", "running"]
_UC, _DSP = "current controller", "DSP"


class Options(Settings):
    """What the manual's pages at hand do not say."""

    word_order: Literal["auto", "high_first", "low_first"] = "auto"
    first_number: Literal["auto", "one", "zero"] = "auto"
    """Register 30001 is at address 0 (one) or at address 1 (zero)."""
    temperature: Literal["c", "f"] = "c"
    """The display's unit is the wire's."""
    states: tuple[STATE_NAMES, STATE_NAMES, STATE_NAMES] = ("off", "starting", "running")
    """What 0, 1 and 2 mean; to be confirmed when commissioning."""


class Driver(InverterDriver):
    """One PQstorI, or the master of several."""

    def __init__(self, _settings: Inverter, options: Settings) -> None:
        assert isinstance(options, Options)
        self._options = options
        self._adopt(1, low_first=False)

    @override
    def identify(self, ask: Ask) -> None:
        """Where the addresses begin and which word comes first: the grid frequency must make sense."""
        options = self._options
        firsts = {"auto": (1, 0), "one": (1,), "zero": (0,)}[options.first_number]
        orders = {"auto": (False, True), "high_first": (False,), "low_first": (True,)}
        seen, fits = [], []
        for first, low_first in product(firsts, orders[options.word_order]):
            row = _Map(first, low_first=low_first).row(30519, "f32", "frequency_hz")
            try:
                frequency_hz = row.decode(ask("input", row.address, 2))
            except RefusedError:
                continue
            if frequency_hz is not None and FREQUENCY_HZ[0] <= frequency_hz <= FREQUENCY_HZ[1]:
                fits.append((first, low_first))
            seen.append(frequency_hz)
        if len(fits) == 1:
            ((first, low_first),) = fits
            self._adopt(first, low_first=low_first)
            return
        if fits:
            # One word further a frequency keeps its high word: a wrong guess would take stop for start.
            msg = (
                f"30519 may be read in {len(fits)} ways ({seen}): "
                "set first_number and word_order in the inverter's options"
            )
            raise WrongDeviceError(msg)
        msg = f"no grid frequency between 45 and 75 Hz at 30519 ({seen}): not a PQstorI, or without grid"
        raise WrongDeviceError(msg)

    def _adopt(self, first: int, *, low_first: bool) -> None:
        self._map = table = _Map(first, low_first=low_first)
        self.blocks = grouped(table.reads(), max_words=100)
        self._power = table.row(46201, "f32", "setpoint_w", 1e3)
        self._reactive = table.row(46203, "f32", "setpoint_var", 1e3)
        self._heartbeat = table.row(46229, "u16", "heartbeat")
        self._start = table.row(44611, "u16", "start").write(1)
        self._stop = table.row(44612, "u16", "stop").write(1)
        self._reset = table.row(44613, "u16", "reset").write(1)

    @classmethod
    @override
    def takes_reactive(cls, options: Settings) -> bool:
        return True

    @override
    def reading(self, values: Values) -> InverterReading:
        """Power into the AC bus (discharge) is positive, as the device counts."""
        faults = _faults(values)
        islanding = values.get("islanding")
        return InverterReading(
            state=self._state(values, faults),
            power_w=values.get("ac_w"),
            reactive_var=values.get("ac_var"),
            apparent_va=values.get("ac_va"),
            phases=tuple(PhaseReading(current_a=values.get(f"l{n}_a")) for n in (1, 2, 3)),
            frequency_hz=values.get("frequency_hz"),
            dc_voltage_v=values.get("dc_v"),
            dc_current_a=values.get("battery_a"),
            temperature_c=self._celsius(hottest(values.get("igbt"), values.get("board"))),
            faults=faults,
            setpoint_w=values.get("setpoint_w"),
            reactive_setpoint_var=values.get("setpoint_var"),
            grid_forming=None if islanding is None else islanding == 1.0,
        )

    @override
    def arm(self) -> tuple[Write, ...]:
        """From its first heartbeat on it stops by itself when it hears no other for 20 s."""
        return (self._power.write(0.0), self._reactive.write(0.0), self._heartbeat.write(1))

    @override
    def writes(self, setpoints: Setpoints, values: Values, beat: int) -> tuple[Write, ...]:
        """Up: zero, start, power once it runs. Down: zero, then stop, which also forbids a restart of its own."""
        alive = self._heartbeat.write(1 + beat % 0xFFFF)
        zero = (self._power.write(0.0), self._reactive.write(0.0), alive)
        faults = _faults(values)
        state = self._state(values, faults)
        reset = (self._reset,) if state is InverterState.FAULT and setpoints.reset_faults else ()
        if not setpoints.inverter_on:
            return (*zero, self._stop, *reset)
        if state is InverterState.RUNNING:
            power_w = within(setpoints.power_w, POWER_LIMIT_W)
            reactive_var = within(setpoints.reactive_var, POWER_LIMIT_W)
            return (self._power.write(power_w), self._reactive.write(reactive_var), alive)
        if state is InverterState.OFF:
            return (*zero, self._start)
        return (*zero, *reset)

    def _state(self, values: Values, faults: tuple[str, ...]) -> InverterState:
        number = values.get("state")
        if faults:
            return InverterState.FAULT
        if number is None:
            return InverterState.UNKNOWN
        return InverterState(self._options.states[int(number)])

    def _celsius(self, value: float | None) -> float | None:
        if value is None:
            return None
        celsius = value if self._options.temperature == "c" else (value - 32.0) / 1.8
        return plausible("temperature_c", celsius)


class _Map:
    """The printed numbers as addresses on the wire."""

    def __init__(self, first: int, *, low_first: bool) -> None:
        self._first = first
        self._low_first = low_first

    def row(self, number: int, size: Type, name: str, scale: float = 1.0, *, slow: bool = False, optional: bool = False) -> Register:  # fmt: skip
        kind: Kind = "input" if number < 40_000 else "holding"
        address = number % 10_000 - self._first
        return Register(
            address, size, name, "A1 p. 16-18", kind=kind, scale=scale,
            low_word_first=self._low_first, slow=slow, optional=optional,
        )  # fmt: skip

    def reads(self) -> tuple[Register, ...]:
        """What is polled."""
        row = self.row
        return (
            row(30811, "f32", "ac_w", 1e3),
            row(30813, "f32", "ac_var", 1e3),
            row(30815, "f32", "ac_va", 1e3),
            row(31118, "u16", "state"),
            row(32801, "u32", "uc_error"),
            row(32803, "u32", "dsp_error"),
            row(32866, "u32", "blocking_error"),
            row(30519, "f32", "frequency_hz", slow=True),
            row(30523, "f32", "dc_v", slow=True),
            row(30621, "f32", "l1_a", slow=True),
            row(30623, "f32", "l2_a", slow=True),
            row(30625, "f32", "l3_a", slow=True),
            row(30705, "f32", "board", slow=True),
            row(30709, "f32", "igbt", slow=True),
            row(36205, "f32", "battery_a", slow=True, optional=True),
            row(36201, "u32", "islanding", slow=True, optional=True),
            row(46201, "f32", "setpoint_w", 1e3, slow=True),
            row(46203, "f32", "setpoint_var", 1e3, slow=True),
        )


def _faults(values: Values) -> tuple[str, ...]:
    """Error bits by their numbers: their texts are not public. A state outside 0 to 2 is a fault as well."""
    found = [*_bits(_UC, values.get("uc_error")), *_bits(_DSP, values.get("dsp_error"))]
    blocking = values.get("blocking_error")
    if blocking and not found:
        by = _DSP if int(blocking) >> 31 else _UC
        found = [f"restart prevented: {text}" for text in _bits(by, int(blocking) & 0x7FFF_FFFF)]
        found = found or [f"restart prevented by the {by}"]
    state = values.get("state")
    if state is not None and state not in (0.0, 1.0, 2.0):
        found.append(f"unknown state {state:.0f}")
    return tuple(found)


def _bits(by: str, word: float | None) -> list[str]:
    number = int(word or 0)
    return [f"{by} error bit {bit}" for bit in range(32) if number >> bit & 1]
