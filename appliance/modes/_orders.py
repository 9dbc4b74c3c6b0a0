"""What modes that are told a power have in common: both quantities in one answer, and what silence means."""

from typing import Annotated, Literal

import msgspec
from pydantic import Field

from appliance.model import Wish
from appliance.modes._answers import exactly, nothing

Otherwise = Literal["rest", "leave"]
"""Rest at 0 W, or leave it to the modes below."""
Heartbeat = Annotated[float, Field(ge=0.5, le=86_400)]
"""s; faster than some cycles nobody can be heard."""


def ordered(power_w: float | None, reactive_var: float | None, reason: str) -> Wish:
    """Exactly this; a quantity of which nothing is asked is left to the modes below."""
    wish = nothing(reason) if power_w is None else exactly(power_w, reason)
    if reactive_var is None:
        return wish
    return msgspec.structs.replace(
        wish, reactive_var=reactive_var, lowest_var=reactive_var, highest_var=reactive_var
    )


def without(otherwise: Otherwise, reason: str) -> Wish:
    """Nobody asks for anything now."""
    return exactly(0.0, reason) if otherwise == "rest" else nothing(reason)


def silent_s(heard_s: float | None, heartbeat_s: float | None, now_s: float) -> float | None:
    """For so long whoever asked was not heard, where that is longer than allowed; else None."""
    if heartbeat_s is None or heard_s is None or now_s - heard_s <= heartbeat_s:
        return None
    return now_s - heard_s
