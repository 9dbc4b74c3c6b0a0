"""A battery inverter between rack and AC bus: start, ramp, losses, DC window, communication timeout.

AC and DC power: discharge +. Losses always come out of the DC side: dc = ac + loss. Reactive power: into the
AC bus +, as much as its apparent power leaves beside the active power.
"""

from enum import IntEnum
from math import sqrt

from simulator.models.rack import DcSide

START_S = 1.0
UNIT_W = 25_000.0
RAMP_PER_S = 0.8
"""Of its rating."""
NO_LOAD_W, LOSS_PER_W, LOSS_PER_W2 = 45.0, 0.018, 0.9e-6
"""Of a 25 kW unit; larger ones as if of several. Loss = NO_LOAD_W + LOSS_PER_W * |ac| + LOSS_PER_W2 * ac²: 96 % from 2 to 25 kW, less below."""
RATED_VA_PER_W = 1.1
REACTIVE_PER_S = 2.0
"""Of its rating."""
CELL_STOP_V = (2.40, 3.70)
"""The DC window per cell in series, at which the inverter itself gives way."""
CELL_BAND_V = 0.05
"""Width of its taper inside the window."""
OVER_CURRENT = 1.2
"""Its own DC current limit, relative to what the rack is made for."""


class State(IntEnum):
    """As the TRUMPF manual numbers them."""

    SWITCHING_ON = 0
    ALARM = 1
    IDLE = 2
    OPERATION = 3


class Alarm(IntEnum):
    """Why it stopped. The maker's numbers are not known; these are ours."""

    NONE = 0
    COMMUNICATION = 1
    DC_LOST = 2
    GRID_LOST = 3
    OVERLOAD = 4
    TWO_SOURCES = 5


def loss_w(ac_w: float) -> float:
    """Loss in W of a running 25 kW unit at this AC power."""
    size_w = abs(ac_w)
    return NO_LOAD_W + size_w * (LOSS_PER_W + LOSS_PER_W2 * size_w)


class Inverter:
    """Set `on` and `setpoint_w`, then step. It times out only after `comm_timeout_s` has been set."""

    def __init__(self, rated_w: float = UNIT_W, ramp_w_per_s: float | None = None) -> None:
        self.rated_w = rated_w
        self.units = rated_w / UNIT_W
        self.ramp_w_per_s = RAMP_PER_S * rated_w if ramp_w_per_s is None else ramp_w_per_s
        self.rated_va = RATED_VA_PER_W * rated_w
        self.setpoint_w = 0.0
        self.reactive_setpoint_var = self.reactive_var = 0.0
        self.forming = False
        """It makes the grid: it gives what is taken, whatever its setpoint."""
        self.demand_w = 0.0
        """What is taken, while it makes the grid."""
        self.on = False
        self.comm_timeout_s: float | None = None
        self.silent_s = self.starting_s = 0.0
        self.state = State.IDLE
        self.alarm = Alarm.NONE
        self.ac_power_w = self.dc_power_w = self.loss_wh = 0.0

    @property
    def apparent_va(self) -> float:
        """Active and reactive power together."""
        return sqrt(self.ac_power_w**2 + self.reactive_var**2)

    def heard(self) -> None:
        """Somebody who controls it has spoken."""
        self.silent_s = 0.0

    def lose_grid(self) -> None:
        """There is nothing left to feed: it lets go at once, and waits to be acknowledged."""
        self.ac_power_w = self.reactive_var = 0.0
        if self.state in (State.OPERATION, State.SWITCHING_ON):
            self._raise(Alarm.GRID_LOST)

    @property
    def makes_grid(self) -> bool:
        """Now."""
        return self.forming and self.state is State.OPERATION

    def trip(self, alarm: Alarm) -> None:
        """It stops at once, and waits to be acknowledged."""
        self.ac_power_w = self.reactive_var = 0.0
        self._raise(alarm)

    def acknowledge(self) -> None:
        """Clear an alarm; it stays idle until it is switched on again."""
        if self.state is State.ALARM:
            self.state, self.alarm = State.IDLE, Alarm.NONE
            self.on = False
        self.silent_s = 0.0

    def step(self, dt_s: float, rack: DcSide) -> None:
        """Go on by `dt_s`; afterwards step the rack with `dc_power_w`."""
        if self.comm_timeout_s is not None:
            self.silent_s += dt_s
        if self.state is not State.ALARM and (self.on or self.state is not State.IDLE):
            self._change_state(dt_s, rack)
        if self.state is State.OPERATION:
            wanted_w = self.demand_w if self.forming else self.setpoint_w
            power_w = self._within(wanted_w, rack)
            power_w = power_w if self.forming else self._ramp(dt_s, power_w)
        elif self.ac_power_w != 0.0:
            power_w = self._ramp(dt_s, 0.0) if rack.connected else 0.0
        else:
            power_w = 0.0
        self.ac_power_w = power_w
        if self.reactive_setpoint_var != 0.0 or self.reactive_var != 0.0:
            self._give_reactive(dt_s)
        if power_w != 0.0 or self.state is State.OPERATION:
            size_w = power_w if self.reactive_var == 0.0 else self.apparent_va
            lost_w = self.units * loss_w(size_w / self.units)
            self.dc_power_w = power_w + lost_w
            self.loss_wh += lost_w * dt_s / 3600.0
        else:
            self.dc_power_w = 0.0

    def _change_state(self, dt_s: float, rack: DcSide) -> None:
        state = self.state
        if not self.on:
            self.state = State.IDLE
        elif self._is_abandoned():
            self._raise(Alarm.COMMUNICATION)
        elif not rack.connected:
            if state is not State.IDLE:
                self._raise(Alarm.DC_LOST)
        elif state is State.IDLE:
            self.state, self.starting_s = State.SWITCHING_ON, 0.0
        elif state is State.SWITCHING_ON:
            self.starting_s += dt_s
            if self.starting_s >= START_S:
                self.state = State.OPERATION

    def _is_abandoned(self) -> bool:
        return self.comm_timeout_s is not None and self.silent_s > self.comm_timeout_s

    def _raise(self, alarm: Alarm) -> None:
        self.state, self.alarm = State.ALARM, alarm
        self.on, self.setpoint_w, self.reactive_setpoint_var = False, 0.0, 0.0

    def _within(self, wanted_w: float, rack: DcSide) -> float:
        """The setpoint inside its rating and what the DC side can take, whatever anybody asks."""
        low_v, high_v = CELL_STOP_V
        charges, cell_v = wanted_w < 0.0, rack.cell_avg_v
        most_w = OVER_CURRENT * rack.max_current_a * rack.voltage_v
        room = (high_v - cell_v if charges else cell_v - low_v) / CELL_BAND_V
        if room < 1.0:
            most_w *= max(0.0, room)
        if charges:
            return -min(-wanted_w, most_w, self.rated_w)
        return min(wanted_w, most_w, self.rated_w)

    def _give_reactive(self, dt_s: float) -> None:
        """Towards its setpoint while it runs; active power goes first."""
        if self.state is not State.OPERATION:
            self.reactive_var = 0.0
            return
        most_var = sqrt(max(0.0, self.rated_va**2 - self.ac_power_w**2))
        goal_var = max(-most_var, min(self.reactive_setpoint_var, most_var))
        step_var = REACTIVE_PER_S * self.rated_va * dt_s
        var = max(self.reactive_var - step_var, min(goal_var, self.reactive_var + step_var))
        self.reactive_var = max(-most_var, min(var, most_var))

    def _ramp(self, dt_s: float, target_w: float) -> float:
        most_w = self.ramp_w_per_s * dt_s
        change_w = target_w - self.ac_power_w
        if change_w > most_w:
            return self.ac_power_w + most_w
        if change_w < -most_w:
            return self.ac_power_w - most_w
        return target_w
