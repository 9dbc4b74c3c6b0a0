"""What the lights on the front show: one row per state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from appliance.model import Decision, RunningTest, State, emergency


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
FLASH = Pattern(0.2, 4.0)
"""Mostly dark: asleep."""
DIPS = Pattern(1.6, 2.0)
"""Mostly lit: on its way out."""
TIDE = Pattern(2.0, 4.0)
"""Long and slow: alone, without the grid."""


@dataclass(frozen=True, slots=True)
class Lights:
    """The patterns of the two lights."""

    run: Pattern = DARK
    error: Pattern = DARK


# fmt: off
LIGHTS = {
    State.INIT:        Lights(run=FAST),
    State.WAKING:      Lights(run=FAST),
    State.PRECHARGE:   Lights(run=FAST),
    State.STARTING:    Lights(run=FAST),
    State.RUN:         Lights(run=STEADY),
    State.ISLAND:      Lights(run=TIDE),
    State.STOPPING:    Lights(run=DIPS),
    State.SLEEP:       Lights(run=FLASH),
    State.IDLE:        Lights(run=SLOW),
    State.MAINTENANCE: Lights(run=SLOW, error=SLOW),
    State.ERROR:       Lights(error=STEADY),
    State.RESTART:     Lights(run=FAST, error=FAST),
    State.REBOOT:      Lights(run=FAST, error=FAST),
}
# fmt: on
ALIKE = (
    frozenset({State.INIT, State.WAKING, State.PRECHARGE, State.STARTING}),
    frozenset({State.RESTART, State.REBOOT}),
)
"""States that need not be told apart: coming up, and about to come up again."""
EMERGENCY_STOP = Lights(error=FAST)
NO_DECISION = Lights(error=SLOW)
REFUSED = Lights(run=STEADY, error=STEADY)
"""For a while after a button asked for what cannot be: the reason is on the screen and in the log."""


def lights(decision: Decision | None, estop_pressed: bool) -> Lights:
    """What to show; `decision` is None when none is fresh."""
    if estop_pressed:
        return EMERGENCY_STOP
    if decision is None:
        return NO_DECISION
    if emergency(decision.errors):
        return EMERGENCY_STOP
    shown = LIGHTS[decision.state]
    return shown if decision.test is None else _tested(shown, decision.test, decision.now_s)


def _tested(shown: Lights, test: RunningTest, now_s: float) -> Lights:
    """The lights with those that a test holds."""
    run, error = test.output("led_run", now_s), test.output("led_error", now_s)
    return Lights(
        run=shown.run if run is None else STEADY if run else DARK,
        error=shown.error if error is None else STEADY if error else DARK,
    )


class OnChange:
    """Writes the lights that must change, and no others. Unknown at first: the first call writes all."""

    def __init__(self, writes: Mapping[str, Callable[[bool], None]]) -> None:
        self._writes = writes
        self._lit: dict[str, bool] = {}

    def show(self, lights: Lights, now_s: float) -> None:
        """Set what must change. Raises OSError."""
        wanted = {"run": lights.run.lit(now_s), "error": lights.error.lit(now_s)}
        for name, write in self._writes.items():
            if self._lit.get(name) != wanted[name]:
                write(wanted[name])
                self._lit[name] = wanted[name]
