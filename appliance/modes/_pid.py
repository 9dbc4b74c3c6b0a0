"""A PID controller in velocity form: it answers how much to move, not where to be.

The actuator's last commanded position is the integral. Whatever limits the command limits the
integral with it, so nothing winds up, and taking over from another mode is without a bump.
"""

from typing import Annotated

from pydantic import Field

from appliance.settings import Settings

Gain = Annotated[float, Field(ge=0, le=10)]

LONGEST_STEP_S = 1.0
"""After a pause the controller goes on as if this much time had passed."""


class PidGains(Settings):
    """Gains of the error in W to a power in W."""

    kp: Gain = 0.2
    ki_per_s: Gain = 0.8
    kd_s: Gain = 0.0


class Pid:
    """Remembers the last two errors; `reset` forgets them."""

    def __init__(self, gains: PidGains) -> None:
        self._gains = gains
        self._last: float | None = None
        self._before_last: float | None = None
        self._at_s: float | None = None

    def reset(self) -> None:
        """Forget the past: the next step answers from the error alone."""
        self._last = self._before_last = self._at_s = None

    def step(self, error: float, now_s: float) -> float:
        """How far to move the command for this error (same unit times the gains)."""
        gains, last = self._gains, self._last
        if last is None or self._at_s is None:
            move = 0.0
        else:
            dt_s = min(now_s - self._at_s, LONGEST_STEP_S)
            move = gains.kp * (error - last) + gains.ki_per_s * error * dt_s
            if gains.kd_s and self._before_last is not None and dt_s > 0.0:
                move += gains.kd_s * (error - 2.0 * last + self._before_last) / dt_s
        self._before_last, self._last, self._at_s = last, error, now_s
        return move
