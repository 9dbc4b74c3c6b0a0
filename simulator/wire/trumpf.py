"""A TRUMPF TruConvert AC 3025 with its System Control on the wire.

Addresses as the manual prints them, 32-bit values high word first. Power: positive is discharging,
as everywhere here. With coil 4011 off every unit id reaches it; with 4011 on only 0 and the ids of
its one module. Source: operator's manual A67-0141-00.BKEN-001-05, and a driver used in the field.
What is not known (which messages count for the communication timeout, the numbers of alarms) is
decided on the strict side: only writes count.
"""

from simulator.models.inverter import Alarm, Inverter, State
from simulator.models.site import Site
from simulator.wire.registers import (
    COIL,
    I16,
    I32,
    READ_COILS,
    READ_HOLDING,
    U16,
    U32,
    Form,
    Read,
    Registers,
    Row,
    Store,
    Write,
)

PHASES = 3
DEFAULT_COMM_TIMEOUT_S = 10.0
MOST_SETPOINT_W, MOST_PHASE_W = 32_000.0, 12_500.0
SUBUNIT_IDS = (0, 1, 10, 11)
"""Reached with unit addressing on: all modules, module 1, its DC-DC modules."""
OPERATION_TEXT = {
    State.SWITCHING_ON: "Switch on",
    State.ALARM: "Alarm",
    State.IDLE: "Idle",
    State.OPERATION: "Operation",
}


class Trumpf:
    """The inverter's registers. Arms its communication timeout, as the real one does."""

    def __init__(self, site: Site, speed: float = 1.0) -> None:
        self._site = site
        self._inverter: Inverter = site.inverter
        self._speed = speed
        self._symmetric = Store(1)
        self._grid_type = Store(0)
        self._unit_addressing = Store(0)
        self._phases_w = [Store(), Store(), Store()]
        self._set_timeout(DEFAULT_COMM_TIMEOUT_S)
        self.registers = Registers(
            [*self._settings(), *self._control(), *self._ac(), *self._dc(), *self._messages()]
        )

    def answers_to(self, unit: int) -> bool:
        """Unit ids beside its own."""
        return not self._unit_addressing.value or unit in SUBUNIT_IDS

    def on_write(self) -> None:
        """A write arrived: whoever controls it is alive."""
        self._inverter.heard()

    def reboot(self) -> None:
        """Forget everything that it was told; no power until it is told anew."""
        inverter = self._inverter
        inverter.on, inverter.setpoint_w = False, 0.0
        inverter.state, inverter.alarm = State.IDLE, Alarm.NONE
        self._symmetric.write(1)
        self._unit_addressing.write(0)
        self._set_timeout(DEFAULT_COMM_TIMEOUT_S)

    # ------------------------------------------------------------ what writes do

    def _set_timeout(self, seconds: float) -> None:
        self._inverter.comm_timeout_s = seconds * self._speed

    def _timeout_s(self) -> float | None:
        armed_s = self._inverter.comm_timeout_s
        return None if armed_s is None else armed_s / self._speed

    def _switch(self, on: float) -> None:
        self._inverter.on = bool(on) and self._inverter.state is not State.ALARM

    def _acknowledge(self, wanted: float) -> None:
        if wanted:
            self._inverter.acknowledge()

    def _set_grid_type(self, number: float) -> None:
        """2 and 3 are islands. What a device that is on makes of it is not known: this one keeps what it has."""
        if self._inverter.state is State.OPERATION:
            return
        self._grid_type.write(number)
        self._inverter.forming = number in (2.0, 3.0)

    def _set_total(self, power_w: float) -> None:
        if self._symmetric.value:
            self._inverter.setpoint_w = power_w

    def _set_symmetric(self, symmetric: float) -> None:
        self._symmetric.write(symmetric)
        self._follow_phases()

    def _follow_phases(self) -> None:
        if not self._symmetric.value:
            self._inverter.setpoint_w = sum(phase.value for phase in self._phases_w)

    def _set_phase(self, phase: int) -> Write:
        def write(power_w: float) -> None:
            self._phases_w[phase].write(power_w)
            self._follow_phases()

        return write

    # ------------------------------------------------------------ the tables

    def _settings(self) -> list[Row]:
        date, clock = Store(0x15062026), Store(0)
        addresses = {1004: 0xC0A80102, 1006: 0xFFFFFF00, 1008: 0xC0A80101}
        return [
            Row(1000, U32, date.read, functions=(READ_HOLDING,), write=date.write),
            Row(1002, U32, clock.read, functions=(READ_HOLDING,), write=clock.write),
            *(Row(at, U32, Store(value).read) for at, value in addresses.items()),
            _coil(1010, Store().read, lambda _: None),
            Row(
                1016,
                U16,
                self._timeout_s,
                functions=(READ_HOLDING,),
                write=self._set_timeout,
                low=1,
            ),
            _coil(1017, Store().read, lambda _: None),
        ]

    def _control(self) -> list[Row]:
        inverter = self._inverter
        selectors = {4007: 16.0, 4008: 1.0, 4010: 16.0, 4012: 2.0}
        kept = {address: Store() for address in selectors}
        cos_phi = Store(1.0)
        return [
            _coil(4000, lambda: float(inverter.on), self._switch),
            _coil(4001, self._symmetric.read, self._set_symmetric),
            _coil(4002, Store().read, self._acknowledge),
            _setting(4009, U16, 1.0, self._grid_type.read, self._set_grid_type, (0.0, 4.0)),
            _coil(4011, self._unit_addressing.read, self._unit_addressing.write),
            *(
                _setting(at, U16, 1.0, kept[at].read, kept[at].write, (0.0, high))
                for at, high in selectors.items()
            ),
            _setting(
                4195,
                I16,
                1.0,
                lambda: inverter.setpoint_w,
                self._set_total,
                (-MOST_SETPOINT_W, MOST_SETPOINT_W),
            ),
            *(
                _setting(
                    4196 + i,
                    I16,
                    1.0,
                    self._phases_w[i].read,
                    self._set_phase(i),
                    (-MOST_PHASE_W, MOST_PHASE_W),
                )
                for i in range(PHASES)
            ),
            _setting(4217, I16, 0.01, cos_phi.read, cos_phi.write, (-1.0, 1.0)),
        ]

    def _ac(self) -> list[Row]:
        site, inverter = self._site, self._inverter
        nothing = Store().read

        def phase_w() -> float:
            return inverter.ac_power_w / PHASES

        def per_phase(first: int, step: int, read: Read, scale: float) -> list[Row]:
            form = I32 if step == 2 else U16
            return [Row(first + step * i, form, read, scale) for i in range(PHASES)]

        return [
            Row(5000, I16, lambda: float(inverter.state)),
            Row(5001, U16, Store(1).read),
            *(Row(5010 + i, U16, self._text_word(i)) for i in range(5)),
            *per_phase(5150, 1, lambda: abs(phase_w()) / site.inverter_v, 0.01),
            *per_phase(5160, 1, lambda: site.inverter_v, 0.1),
            *per_phase(5180, 2, lambda: abs(phase_w()), 1.0),
            *per_phase(5186, 2, phase_w, 1.0),
            Row(5200, U16, lambda: site.inverter_hz, 0.01),
            *(Row(at, U16, lambda: 380.0) for at in (5210, 5211)),
            *per_phase(5234, 2, nothing, 1.0),
            Row(5500, I16, lambda: site.box_temperature_c, 0.1),
            *(
                Row(at, I16, lambda: site.box_temperature_c + self._warmer_c(), 0.1)
                for at in range(5501, 5505)
            ),
            Row(5505, U16, nothing),
        ]

    def _dc(self) -> list[Row]:
        inverter, rack = self._inverter, self._site.rack
        limits = {
            4102: (850.0, 0.1),
            4103: (0.0, 0.1),
            4106: (70.0, 0.1),
            4109: (70.0, 0.1),
            4121: (9_000.0, 1.0),
        }
        kept = {address: Store(value) for address, (value, _) in limits.items()}
        states = {State.OPERATION: 2.0, State.SWITCHING_ON: 3.0, State.ALARM: 99.0, State.IDLE: 0.0}

        def current_a() -> float:
            return inverter.dc_power_w / rack.voltage_v if rack.connected else 0.0

        return [
            *(
                _setting(at, U16, scale, kept[at].read, kept[at].write, (0.0, 1e4))
                for at, (_, scale) in limits.items()
            ),
            Row(5036, U16, lambda: states[inverter.state]),
            Row(5039, U16, lambda: 2.0 if inverter.alarm else 100.0),
            Row(5100, U16, lambda: rack.voltage_v if rack.connected else 0.0, 0.1),
            Row(5110, I16, current_a),
            Row(5111, I16, current_a, 0.1),
            Row(5113, I32, lambda: inverter.dc_power_w),
            Row(5120, I16, lambda: inverter.dc_power_w),
            Row(5123, U16, Store().read),
            Row(5126, U16, Store(100.0).read, 0.1),
            Row(5127, U16, Store(760.0).read),
        ]

    def _messages(self) -> list[Row]:
        """Counts of warnings and alarms, and the list of alarms."""
        inverter, nothing = self._inverter, Store().read

        def alarms() -> float:
            return float(inverter.alarm is not Alarm.NONE)

        return [
            Row(2401, U16, nothing),
            Row(2402, U16, nothing),
            Row(2808, U16, alarms),
            Row(2809, U16, alarms),
            Row(2810, U16, lambda: float(inverter.alarm)),
            *(Row(2811 + i, U16, nothing) for i in range(19)),
        ]

    def _text_word(self, index: int) -> Read:
        def read() -> float:
            text = OPERATION_TEXT[self._inverter.state].encode("ascii").ljust(10, b"\0")
            return float(int.from_bytes(text[2 * index : 2 * index + 2], "big"))

        return read

    def _warmer_c(self) -> float:
        return 8.0 + abs(self._inverter.ac_power_w) / 1_000.0


def _coil(address: int, read: Read, write: Write) -> Row:
    return Row(address, COIL, read, functions=(READ_COILS,), write=write)


def _setting(
    address: int, form: Form, scale: float, read: Read, write: Write, limits: tuple[float, float]
) -> Row:
    low, high = limits
    return Row(address, form, read, scale, (READ_HOLDING,), write, low, high)
