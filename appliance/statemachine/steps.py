"""Going up by hand, one state at a time, while somebody tests the box. It only ever holds back."""

from typing import Final

from appliance.model import Memory, State

HEIGHT: Final = {
    State.INIT: 0,
    State.WAKING: 1,
    State.PRECHARGE: 1,
    State.STARTING: 2,
    State.RUN: 3,
}
"""The way up; a battery that slept is woken on its way to PRECHARGE."""
NEXT: Final = {
    State.MAINTENANCE: State.INIT,
    State.INIT: State.PRECHARGE,
    State.IDLE: State.PRECHARGE,
    State.PRECHARGE: State.STARTING,
    State.STARTING: State.RUN,
}
"""The step up that may be asked for in a state."""
DOWN: Final = (State.IDLE, State.MAINTENANCE)
"""May be asked for in every state."""


def held(memory: Memory, enter: State) -> bool:
    """A test holds the box below `enter`."""
    step = None if memory.test is None else memory.test.step
    return step is not None and enter in HEIGHT and HEIGHT[enter] > HEIGHT.get(step, -1)
