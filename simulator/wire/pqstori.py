"""An ABB PQstorI on the wire, from its manual's section 3.9 (printed pages 16-18).

Numbers 3xxxx are read with function 4, 4xxxx with 3 and written with 6 or 16; number 30001 is address
0. Floats and double words high word first; `low_word_first` turns that. Positive power is discharging.
Its heartbeat, once not 0, must change every 20 s. What 0, 1 and 2 mean in 31118 is not in the manual's
pages at hand: here off, starting, running.
"""

from collections.abc import Callable
from dataclasses import replace

from simulator.models.inverter import Alarm, Inverter, State
from simulator.models.site import Site
from simulator.wire.registers import (
    F32,
    READ_HOLDING,
    READ_INPUT,
    U16,
    U32,
    Form,
    Read,
    Registers,
    Row,
    Store,
    Write,
)

HEARTBEAT_TIMEOUT_S = 20.0
UNITS = {State.IDLE: 0.0, State.SWITCHING_ON: 1.0, State.OPERATION: 2.0, State.ALARM: 0.0}
ERROR_BITS = {Alarm.NONE: 0.0, Alarm.COMMUNICATION: float(1 << 4), Alarm.DC_LOST: float(1 << 9)}
"""The maker's list is not public; these bits are ours."""
MOST_W = 3_200e3


class PqStorI:
    """The inverter's registers."""

    def __init__(self, site: Site, speed: float = 1.0, *, low_word_first: bool = False) -> None:
        self._site = site
        self._inverter: Inverter = site.inverter
        self._speed = speed
        self._low_first = low_word_first
        self._heartbeat = 0.0
        self.registers = Registers([*self._measurements(), *self._state(), *self._commands()])

    def answers_to(self, _unit: int) -> bool:
        """Its own unit id only."""
        return False

    def on_write(self) -> None:
        """Only the heartbeat keeps it alive."""

    def reboot(self) -> None:
        """Forget everything that it was told; the heartbeat is inactive again."""
        inverter = self._inverter
        inverter.on, inverter.comm_timeout_s = False, None
        inverter.setpoint_w = inverter.reactive_setpoint_var = 0.0
        inverter.state, inverter.alarm = State.IDLE, Alarm.NONE
        self._heartbeat = 0.0

    # ------------------------------------------------------------ what writes do

    def _beat(self, value: float) -> None:
        if value and self._inverter.comm_timeout_s is None:
            self._inverter.comm_timeout_s = HEARTBEAT_TIMEOUT_S * self._speed
        if value != self._heartbeat:
            self._inverter.heard()
        self._heartbeat = value

    def _start(self, wanted: float) -> None:
        if wanted and self._inverter.state is not State.ALARM:
            self._inverter.on = True

    def _stop(self, wanted: float) -> None:
        if wanted:
            self._inverter.on = False

    def _reset(self, wanted: float) -> None:
        if wanted:
            self._inverter.acknowledge()

    def _set_power(self, power_w: float) -> None:
        self._inverter.setpoint_w = power_w

    def _set_reactive(self, reactive_var: float) -> None:
        self._inverter.reactive_setpoint_var = reactive_var

    # ------------------------------------------------------------ the tables

    def _row(self, number: int, form: Form, read: Read, scale: float = 1.0) -> Row:
        function = READ_INPUT if number < 40_000 else READ_HOLDING
        if form.words == 2:
            form = replace(form, low_word_first=self._low_first)
        return Row(number % 10_000 - 1, form, read, scale, functions=(function,))

    def _written(self, number: int, form: Form, read: Read, write: Write, most: float) -> Row:
        row = self._row(number, form, read, 1e3 if form is F32 else 1.0)
        return replace(row, write=write, low=-most if form is F32 else 0.0, high=most)

    def _measurements(self) -> list[Row]:
        site, inverter = self._site, self._inverter

        def phase_a() -> float:
            return inverter.apparent_va / 3.0 / site.voltage_v

        def board_c() -> float:
            return site.box_temperature_c + abs(inverter.ac_power_w) / 10e3

        def battery_v() -> float:
            return site.rack.voltage_v

        def battery_a() -> float:
            return inverter.dc_power_w / max(battery_v(), 1.0)

        values: list[tuple[tuple[int, ...], Callable[[], float], float]] = [
            ((30501, 30503, 30505), lambda: site.voltage_v * 3.0**0.5, 1.0),
            ((30519,), lambda: site.frequency_hz, 1.0),
            ((30523, 36203), battery_v, 1.0),
            ((30621, 30623, 30625), phase_a, 1.0),
            ((30703, 30705), board_c, 1.0),
            ((30707, 30709), lambda: board_c() + 5.0, 1.0),
            ((30811,), lambda: inverter.ac_power_w, 1e3),
            ((30813,), lambda: inverter.reactive_var, 1e3),
            ((30815,), lambda: inverter.apparent_va, 1e3),
            ((36205,), battery_a, 1.0),
        ]
        return [
            self._row(number, F32, read, scale) for numbers, read, scale in values for number in numbers
        ]  # fmt: skip

    def _state(self) -> list[Row]:
        inverter, nothing = self._inverter, Store().read

        def state() -> float:
            return UNITS[inverter.state]

        return [
            *(self._row(31102 + unit, U16, state if unit == 0 else nothing) for unit in range(16)),
            self._row(31118, U16, state),
            self._row(31123, U16, lambda: 3.0 if inverter.state is State.OPERATION else 0.0),
            self._row(32801, U32, lambda: ERROR_BITS[inverter.alarm]),
            self._row(32803, U32, nothing),
            self._row(32866, U32, lambda: ERROR_BITS[inverter.alarm]),
            self._row(36201, U32, nothing),
            self._row(36207, U32, nothing),
        ]

    def _commands(self) -> list[Row]:
        inverter, nothing = self._inverter, Store().read
        return [
            self._written(44611, U16, nothing, self._start, 1.0),
            self._written(44612, U16, nothing, self._stop, 1.0),
            self._written(44613, U16, nothing, self._reset, 1.0),
            self._written(46201, F32, lambda: inverter.setpoint_w, self._set_power, MOST_W),
            self._written(
                46203, F32, lambda: inverter.reactive_setpoint_var, self._set_reactive, MOST_W
            ),
            self._written(46229, U16, lambda: self._heartbeat, self._beat, 65_535.0),
        ]
