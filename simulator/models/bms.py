"""The battery management of a rack: contactors, precharge, the watch over its own cells.

States and faults are those of foxBMS 2. It asks for a request every 100 ms only after
`request_timeout_s` has been set.
"""

from enum import IntEnum

from simulator.models.rack import Rack

PRECHARGE_S = 0.5
SMALL_A = 1.0
"""Contactors open below this current, or after OPENING_S."""
OPENING_S = 1.0
CELL_HIGHEST_V, CELL_LOWEST_V = 3.75, 2.40
CELL_HOTTEST_C, CELL_COLDEST_C = 62.0, -25.0
OVERCURRENT = 1.5
"""Relative to what the rack is made for."""

OVERVOLTAGE, UNDERVOLTAGE = "overvoltage", "undervoltage"
OVERTEMPERATURE, UNDERTEMPERATURE = "overtemperature", "undertemperature"
OVERCURRENT_FAULT, CAN_TIMING = "overcurrent", "can_timing"
CONTACTOR_FAULT, STRANGE_FAULT = "contactor", "strange"
"""Faults that come from outside the model: a welded contactor, and one that nobody has a name for."""


class State(IntEnum):
    """As foxBMS numbers them in BmsState."""

    OPEN_CONTACTORS = 4
    STANDBY = 5
    PRECHARGE = 6
    NORMAL = 7
    ERROR = 10


class Bms:
    """Set `request_close`, then step."""

    def __init__(self, rack: Rack) -> None:
        self.rack = rack
        self.state = State.STANDBY
        self.request_close = False
        self.request_timeout_s: float | None = None
        self.silent_s = self.in_state_s = 0.0
        self.faults: set[str] = set()
        self.injected: str | None = None
        """A fault that stands until somebody takes it away."""

    def heard(self) -> None:
        """A request has arrived."""
        self.silent_s = 0.0

    def reset_persistent_flags(self) -> None:
        """Forget that requests were late."""
        self.faults.discard(CAN_TIMING)

    def step(self, dt_s: float) -> None:
        """Go on by `dt_s`: judge what the rack measured in its last step, move the contactors."""
        self.in_state_s += dt_s
        if self.request_timeout_s is not None:
            self.silent_s += dt_s
        if self.state is State.STANDBY and self.injected is None:
            if self.request_close:
                self._enter(State.PRECHARGE)
        elif self.state is State.ERROR:
            self._recover()
        elif fault := self._fault():
            self.faults.add(fault)
            self._enter(State.OPEN_CONTACTORS if fault == CAN_TIMING else State.ERROR)
        elif self.state is State.OPEN_CONTACTORS or not self.request_close:
            self._open()
        elif self.state is State.PRECHARGE and self.in_state_s >= PRECHARGE_S:
            self._enter(State.NORMAL)

    def restart(self) -> None:
        """Lose power for a moment: contactors drop out, nothing is remembered."""
        self.request_close = False
        self.silent_s = 0.0
        self.faults.clear()
        self.rack.connected = False
        self._enter(State.STANDBY)

    def _open(self) -> None:
        """Wait for the current to fall, not for long, and open."""
        if self.state is not State.OPEN_CONTACTORS:
            self._enter(State.OPEN_CONTACTORS)
        if abs(self.rack.current_a) < SMALL_A or self.in_state_s >= OPENING_S:
            self._enter(State.ERROR if self.faults else State.STANDBY)

    def _fault(self) -> str | None:
        """What must open the contactors now, if anything."""
        rack = self.rack
        timeout_s = self.request_timeout_s
        if (
            rack.cell_min_v > CELL_LOWEST_V
            and rack.cell_max_v < CELL_HIGHEST_V
            and rack.cell_min_c > CELL_COLDEST_C
            and rack.cell_max_c < CELL_HOTTEST_C
            and -OVERCURRENT < rack.current_a / rack.max_current_a < OVERCURRENT
            and self.injected is None
        ):
            late = timeout_s is not None and self.silent_s > timeout_s
            return CAN_TIMING if late and self.state is not State.OPEN_CONTACTORS else None
        return next(name for name, holds in self._standing().items() if holds)

    def _standing(self) -> dict[str, bool]:
        """Which protective faults hold now; they clear by themselves."""
        rack = self.rack
        injected = {} if self.injected is None else {self.injected: True}
        return injected | {
            OVERVOLTAGE: rack.cell_max_v >= CELL_HIGHEST_V,
            UNDERVOLTAGE: rack.cell_min_v <= CELL_LOWEST_V,
            OVERTEMPERATURE: rack.cell_max_c >= CELL_HOTTEST_C,
            UNDERTEMPERATURE: rack.cell_min_c <= CELL_COLDEST_C,
            OVERCURRENT_FAULT: abs(rack.current_a) >= OVERCURRENT * rack.max_current_a,
        }

    def _recover(self) -> None:
        """ERROR ends when nothing stands against it and nobody asks for power."""
        standing = self._standing()
        for name in tuple(self.faults):
            if name != CAN_TIMING and not standing.get(name, False):
                self.faults.discard(name)
        if not self.faults and not self.request_close:
            self._enter(State.STANDBY)

    def _enter(self, state: State) -> None:
        self.state, self.in_state_s = state, 0.0
        self.rack.connected = state in (State.NORMAL, State.OPEN_CONTACTORS) and (
            self.rack.connected or state is State.NORMAL
        )
