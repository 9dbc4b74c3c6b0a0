"""An error's condition asked by itself: one Snapshot, one memory, the sources for which it holds."""

from typing import Any

import msgspec

from appliance.errors import ROWS
from appliance.model import ActiveError, Effect, Memory, Setpoints, Severity, State
from appliance.site import SiteSettings
from tests.stories import NOON, Story, seen

SITE = Story().site
ON = Setpoints(inverter_on=True, contactors_closed=True)


def holds(
    number: int, state: State = State.RUN, for_s: float = 50.0, site: SiteSettings = SITE,
    memory: dict[str, Any] | None = None, **readings: Any,
) -> tuple[str, ...]:  # fmt: skip
    """The sources for which an error's condition holds, at 100 s, `for_s` after the state began."""
    before = Memory(state=state, state_since_s=100.0 - for_s, commanded=ON)
    before = msgspec.structs.replace(before, **(memory or {}))
    return ROWS[number].holds(seen(100.0, **readings), before, site)


def knows(number: int, source: str = "", **readings: Any) -> bool:
    """Whether what an error judges is known."""
    asked = ROWS[number].knows
    assert asked is not None
    return asked(seen(100.0, **readings), source)


def error(*effects: Effect, derate_pct: float | None = None) -> ActiveError:
    """One that is raised."""
    return ActiveError(
        7, "here", Severity.ERROR, "Odd", "none", effects, NOON, derate_pct=derate_pct
    )
