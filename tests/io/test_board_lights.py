"""What the lights of the box say in each state."""

from itertools import combinations

from appliance.io.board._lights import (
    ALIKE,
    DARK,
    EMERGENCY_STOP,
    FAST,
    LIGHTS,
    NO_DECISION,
    SLOW,
    STEADY,
    Lights,
    lights,
)
from appliance.io.board._workers import PERIOD_S
from appliance.model import (
    Effect,
    State,
)
from tests.io.decided import decided


def test_every_state_has_its_lights() -> None:
    assert set(LIGHTS) == set(State)
    assert lights(decided(State.RUN), False) == Lights(run=STEADY)
    assert lights(decided(State.IDLE), False).run == SLOW
    assert lights(decided(State.ERROR), False) == Lights(error=STEADY)
    assert lights(None, False) == NO_DECISION
    assert lights(decided(State.RUN), True) == lights(None, True) == EMERGENCY_STOP
    latched = decided(State.ERROR, Effect.EMERGENCY_STOP)
    assert lights(latched, False) == EMERGENCY_STOP, "until it is reset by hand"
    assert lights(decided(State.ERROR, Effect.STOP), False) == LIGHTS[State.ERROR]


def signature(shown: Lights) -> list[tuple[bool, bool]]:
    """What an eye sees: both lights every 20 ms, for as long as the longest pattern, from its start."""
    return [(shown.run.lit(n * 0.02), shown.error.lit(n * 0.02)) for n in range(200)]


def test_what_is_different_looks_different() -> None:
    """Every two states that a person must tell apart differ for a fifth of the time or in its rhythm."""
    shown = {str(state): LIGHTS[state] for state in State}
    shown |= {"emergency stop": EMERGENCY_STOP, "no decision": NO_DECISION}
    alike = [{str(state) for state in group} for group in ALIKE]
    for one, other in combinations(shown, 2):
        if any({one, other} <= group for group in alike):
            assert shown[one] == shown[other]
            continue
        pairs = zip(signature(shown[one]), signature(shown[other]), strict=True)
        differs = sum(a != b for a, b in pairs) / 200
        assert differs >= 0.15, f"{one} looks like {other}"


def test_nothing_blinks_faster_than_the_thread_can_show() -> None:
    for shown in [*LIGHTS.values(), EMERGENCY_STOP, NO_DECISION]:
        for pattern in (shown.run, shown.error):
            parts_s = (pattern.on_s, pattern.period_s - pattern.on_s)
            assert all(part_s == 0.0 or part_s >= 2 * PERIOD_S for part_s in parts_s)


def test_only_trouble_lights_the_red_one_alone() -> None:
    red = {state for state in State if LIGHTS[state].error != DARK}
    assert red == {State.ERROR, State.MAINTENANCE, State.RESTART, State.REBOOT}


def test_patterns_blink_in_time() -> None:
    assert [FAST.lit(now_s) for now_s in (0.0, 0.1, 0.25, 0.35, 0.45)] == [
        True,
        True,
        False,
        False,
        True,
    ]
    assert [SLOW.lit(now_s) for now_s in (0.5, 1.5, 2.5)] == [True, False, True]
    assert all(STEADY.lit(now_s / 7) for now_s in range(50))
