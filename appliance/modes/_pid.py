"""A PID controller that is told where the command ought to be, and moves it there.

Demand: the battery power that would hold the target, with what was commanded and is still on its way taken into
account (`_demand.py`). Through it the controller sees a plant without dead time, whatever the inverter's. `kp` is the
share of a change of the demand that is followed at once, 1 / `ki_per_s` the time constant of the rest.

Two ways not to wind up (docs/decisions/0030). `velocity`: the command itself is the integral; whatever limits it limits
the integral. `tracking`: the integral is the controller's own, and is drawn towards what was really commanded. Both
begin where the command is, so taking over from another mode is without a bump.
"""

from typing import Annotated, Final, Literal, Protocol, Self

from pydantic import Field, model_validator

from appliance.settings import Settings

Gain = Annotated[float, Field(ge=0, le=10)]
LONGEST_STEP_S: Final = 1.0
"""After a pause the controller goes on as if this much time had passed."""
PAUSE_S: Final = 0.5


def paused(passed_s: float, before_s: float | None) -> bool:
    """So much longer than the cycle before that it was not asked in between: then others have moved the command."""
    return passed_s < 0.0 or (before_s is not None and passed_s > 3.0 * before_s + PAUSE_S)


class PidGains(Settings):
    """Gains from a demand in W to a power in W."""

    kp: Annotated[float, Field(ge=0, le=1)] = 0.2
    """At most 1: more than all of a change is never right."""
    ki_per_s: Gain = 0.8
    """1 / time constant of what is not followed at once."""
    kd_s: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Of the change of the demand; 0 is right for nearly every site."""
    anti_windup: Literal["velocity", "tracking"] = "velocity"
    """`velocity`: the command is the integral. `tracking`: an integral of its own, drawn to what was commanded."""
    tracking_s: Annotated[float, Field(ge=0.1, le=60)] = 1.0
    """`tracking` only: time constant with which the integral follows what was commanded."""

    @model_validator(mode="after")
    def _moves(self) -> Self:
        if self.kp == 0.0 and self.ki_per_s == 0.0:
            msg = "kp = 0 and ki_per_s = 0 never reach the target; one of them must be above 0"
            raise ValueError(msg)
        return self


class Pid(Protocol):
    """Either of the two."""

    def reset(self) -> None:
        """Forget the past."""

    def command(self, demand_w: float, at_w: float, now_s: float) -> float:
        """The next command; `at_w` is the present one, after all limits. The first after a reset stays there."""


def build_pid(gains: PidGains) -> Pid:
    """The controller that the settings name."""
    return TrackingPid(gains) if gains.anti_windup == "tracking" else VelocityPid(gains)


class _Past:
    """The last two demands, for P and D."""

    def __init__(self, gains: PidGains) -> None:
        self._gains = gains
        self._last = self._before_last = self._at_s = self._before_s = None  # type: float | None

    def reset(self) -> None:
        """Forget the past."""
        self._last = self._before_last = self._at_s = self._before_s = None

    def step_s(self, now_s: float) -> float | None:
        """Time since the last demand; None: there was none, or it has paused since."""
        if self._at_s is None:
            return None
        passed_s = now_s - self._at_s
        if paused(passed_s, self._before_s):
            self.reset()
            return None
        self._before_s = passed_s
        return min(passed_s, LONGEST_STEP_S)

    def moved_w(self, demand_w: float, dt_s: float | None, now_s: float) -> float:
        """What P and D make of the change of the demand."""
        gains, last, move_w = self._gains, self._last, 0.0
        if last is not None:
            move_w = gains.kp * (demand_w - last)
            if gains.kd_s and self._before_last is not None and dt_s:
                move_w += gains.kd_s * (demand_w - 2.0 * last + self._before_last) / dt_s
        self._before_last, self._last, self._at_s = last, demand_w, now_s
        return move_w


class VelocityPid:
    """Answers from the present command: it has no integral of its own that could wind up."""

    def __init__(self, gains: PidGains) -> None:
        self._ki_per_s = gains.ki_per_s
        self._past = _Past(gains)

    def reset(self) -> None:
        """Forget the past."""
        self._past.reset()

    def command(self, demand_w: float, at_w: float, now_s: float) -> float:
        """The present command, moved."""
        dt_s = self._past.step_s(now_s)
        move_w = self._past.moved_w(demand_w, dt_s, now_s)
        if dt_s is None:
            return at_w
        return at_w + move_w + min(1.0, self._ki_per_s * dt_s) * (demand_w - at_w)


class TrackingPid:
    """Has a command of its own; back-calculation draws it to what was commanded when a limit has cut it."""

    def __init__(self, gains: PidGains) -> None:
        self._gains = gains
        self._past = _Past(gains)
        self._own_w: float | None = None

    def reset(self) -> None:
        """Forget the past."""
        self._past.reset()
        self._own_w = None

    def command(self, demand_w: float, at_w: float, now_s: float) -> float:
        """Its own command, moved, less what of the last one was not to be had."""
        dt_s = self._past.step_s(now_s)
        move_w = self._past.moved_w(demand_w, dt_s, now_s)
        own_w = self._own_w
        if dt_s is None or own_w is None:
            self._own_w = at_w
            return at_w
        own_w += min(1.0, dt_s / self._gains.tracking_s) * (at_w - own_w)
        own_w += move_w + min(1.0, self._gains.ki_per_s * dt_s) * (demand_w - own_w)
        self._own_w = own_w
        return own_w
