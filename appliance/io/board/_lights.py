"""What the lights on the front show: one row per state."""

from dataclasses import dataclass

from appliance.model import Decision, Effect, State


@dataclass(frozen=True, slots=True)
class Pattern:
    """On for the first `on_s` of every `period_s`."""

    on_s: float
    period_s: float = 1.0

    def lit(self, now_s: float) -> bool:
        """On at this instant?"""
        return now_s % self.period_s < self.on_s


DARK = Pattern(0.0)
STEADY = Pattern(1.0)
SLOW = Pattern(1.0, 2.0)
FAST = Pattern(0.2, 0.4)


@dataclass(frozen=True, slots=True)
class Lights:
    """The patterns of the two lights."""

    run: Pattern = DARK
    error: Pattern = DARK


LIGHTS = {
    State.INIT: Lights(run=FAST),
    State.STARTING: Lights(run=FAST),
    State.RUN: Lights(run=STEADY),
    State.STOPPING: Lights(run=FAST),
    State.SLEEP: Lights(run=SLOW),
    State.IDLE: Lights(run=SLOW),
    State.MAINTENANCE: Lights(run=SLOW, error=SLOW),
    State.ERROR: Lights(error=STEADY),
    State.RESTART: Lights(run=FAST),
    State.REBOOT: Lights(run=FAST),
}
EMERGENCY_STOP = Lights(error=FAST)
NO_DECISION = Lights(error=SLOW)


def lights(decision: Decision | None, estop_pressed: bool) -> Lights:
    """What to show; `decision` is None when none is fresh."""
    if estop_pressed:
        return EMERGENCY_STOP
    if decision is None:
        return NO_DECISION
    if any(Effect.EMERGENCY_STOP in error.effects for error in decision.errors):
        return EMERGENCY_STOP
    return LIGHTS[decision.state]
