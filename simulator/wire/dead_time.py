"""An inverter that does later what it is told at once: its registers show the new setpoint, its power follows after."""

from collections import deque
from collections.abc import Callable

from simulator.models.inverter import Inverter

LONGEST_S = 10.0


class DeadTime:
    """Keeps what the inverter was told until it is due. 0 s: nothing is kept."""

    def __init__(self) -> None:
        self._lag_s = self._now_s = 0.0
        self._told: deque[tuple[float, float]] = deque()
        self._due_w = 0.0

    def set(self, lag_s: float | None) -> None:
        """From now on; None: no lag. Raises ValueError."""
        lag_s = lag_s or 0.0
        if not 0.0 <= lag_s <= LONGEST_S:
            msg = f"inverter_lag_s = {lag_s:g} must be from 0 to {LONGEST_S:g}"
            raise ValueError(msg)
        self._lag_s = lag_s
        self._told.clear()

    def step(self, inverter: Inverter, dt_s: float, step: Callable[[], None]) -> None:
        """Let the plant `step` with what is due; what the inverter itself takes back is taken back at once."""
        told_w = inverter.setpoint_w
        if not self._lag_s:
            self._due_w = told_w
            step()
            return
        self._now_s += dt_s
        self._told.append((self._now_s, told_w))
        while self._told[0][0] <= self._now_s - self._lag_s:
            self._due_w = self._told.popleft()[1]
        inverter.setpoint_w = self._due_w
        step()
        if inverter.on:
            inverter.setpoint_w = told_w
        else:
            inverter.setpoint_w = self._due_w = 0.0
            self._told.clear()
