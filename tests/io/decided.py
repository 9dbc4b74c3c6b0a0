"""A decision that shows one state, with or without an error."""

from datetime import UTC, datetime

from appliance.model import (
    SAFE,
    ActiveError,
    Decision,
    Effect,
    Limits,
    Severity,
    State,
)

NOON = datetime(2026, 6, 21, 12, tzinfo=UTC)


def decided(state: State, *effects: Effect) -> Decision:
    error = ActiveError(1, "board", Severity.CRITICAL, "title", "remedy", effects, NOON)
    return Decision(
        cycle=1,
        now_s=0.0,
        utc=NOON,
        state=state,
        mode="passive",
        mode_by="ctl",
        goal=state,
        setpoints=SAFE,
        wish_w=None,
        limits=Limits(),
        errors=(error,) if effects else (),
        answers=(),
        manual=None,
        why="",
    )
