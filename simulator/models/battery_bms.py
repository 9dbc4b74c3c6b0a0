"""The master over the BMSs of all racks: who may close, what the battery as a whole is doing.

A rack joins only when its voltage is that of the bus, or when it was told to join anyway; one that
has a fault leaves the others alone.
"""

from collections.abc import Iterable

from simulator.models.battery import Battery
from simulator.models.bms import Bms, State

MATCH_CELL_V = 0.010
"""A rack joins when its open-circuit voltage is this near to the bus, per cell in series."""
LADDER = (State.NORMAL, State.PRECHARGE, State.OPEN_CONTACTORS, State.STANDBY, State.ERROR)
"""The battery is in the first of these that any rack is in."""


class BatteryBms:
    """Set `request_close`, then step; afterwards `state` and `faults` are the battery's."""

    def __init__(self, battery: Battery) -> None:
        self.battery = battery
        self.masters = tuple(Bms(rack) for rack in battery.racks)
        self._one = self.masters[0] if len(self.masters) == 1 else None
        self.request_close = False
        self.enabled = [True] * len(self.masters)
        """Racks that may take part, by order."""
        self.join_anyway = [False] * len(self.masters)
        """Racks that may join in spite of their voltage."""
        self.balancing = False
        self.asleep = False
        self.state = State.STANDBY
        self.faults: set[str] = self._one.faults if self._one else set()
        self._pardoned: set[Bms] = set()

    @property
    def request_timeout_s(self) -> float | None:
        """Seconds without a request after which contactors open; None: for ever."""
        return self.masters[0].request_timeout_s

    @request_timeout_s.setter
    def request_timeout_s(self, timeout_s: float | None) -> None:
        for bms in self.masters:
            bms.request_timeout_s = timeout_s

    def heard(self) -> None:
        """A request has arrived."""
        for bms in self.masters:
            bms.silent_s = 0.0

    def reset_persistent_flags(self) -> None:
        """Forget that requests were late; racks with a fault that is over may come back."""
        for bms in self.masters:
            bms.reset_persistent_flags()
            if self._one is None and bms.state is State.ERROR:
                self._pardoned.add(bms)

    def leave_out(self, racks: Iterable[int]) -> None:
        """These racks, counted from 1, take no part; all others do."""
        left_out = frozenset(racks)
        self.enabled = [number not in left_out for number in range(1, len(self.masters) + 1)]

    def sleep(self) -> None:
        """Fall asleep, unless contactors are closed or asked for."""
        self.asleep = not self.request_close and not self.battery.connected

    def wake(self) -> None:
        """Wake up."""
        self.asleep = False

    def restart(self) -> None:
        """Lose power for a moment: contactors drop out, nothing is remembered."""
        self.request_close = self.asleep = self.balancing = False
        self.enabled = [True] * len(self.masters)
        self.join_anyway = [False] * len(self.masters)
        for bms in self.masters:
            bms.restart()
        self.state = State.STANDBY

    def step(self, dt_s: float) -> None:
        """Go on by `dt_s`: every rack judges for itself, the master lets them join."""
        one = self._one
        if one is not None:
            one.request_close = self.request_close and self.enabled[0] and not self.asleep
            one.step(dt_s)
            self.state = one.state
            return
        reference_v = self._reference_v()
        for bms, enabled, anyway in zip(self.masters, self.enabled, self.join_anyway, strict=True):
            wanted = self.request_close and enabled and not self.asleep
            if bms in self._pardoned or (wanted and bms.state in (State.STANDBY, State.PRECHARGE)):
                wanted = bms not in self._pardoned and (anyway or self._matches(bms, reference_v))
            bms.request_close = wanted
            bms.step(dt_s)
        self._pardoned.clear()
        states = {bms.state for bms in self.masters}
        self.state = next(state for state in LADDER if state in states)
        self.faults = set().union(*(bms.faults for bms in self.masters))

    def _matches(self, bms: Bms, reference_v: float) -> bool:
        open_v, _ = bms.rack.source()
        return abs(open_v - reference_v) <= MATCH_CELL_V * bms.rack.cell_count

    def _reference_v(self) -> float:
        """The bus; while it is dead, the voltage that most of the racks that may join agree on."""
        if self.battery.connected and self.battery.bus_v:
            return self.battery.bus_v
        ready = [
            bms
            for bms, enabled in zip(self.masters, self.enabled, strict=True)
            if enabled and bms.state in (State.STANDBY, State.PRECHARGE)
        ]
        volts = [bms.rack.source()[0] for bms in ready]
        return max(
            volts,
            key=lambda v: sum(self._matches(bms, v) for bms in ready),
            default=0.0,
        )
