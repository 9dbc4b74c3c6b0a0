"""The dead man's switch of every output: without a fresh decision, what is safe."""

from typing import Final

from appliance.mailbox import Latest
from appliance.model import SAFE, Decision, Setpoints

DECISION_MAX_AGE_S: Final = 1.0
"""A decision older than this says nothing any more."""


def setpoints_now(decision: Latest[Decision], now_s: float) -> tuple[Setpoints, int]:
    """What to command now (SAFE without a fresh decision), and the number of the decision seen (0: none)."""
    newest = decision.newest()
    if newest is None:
        return SAFE, 0
    fresh = now_s - newest.at_s <= DECISION_MAX_AGE_S
    return newest.value.setpoints if fresh else SAFE, newest.number
