"""What is told while nothing decides: not the last decision as if it still held."""

from datetime import datetime
from typing import Final

import msgspec

from appliance.errors import ROWS
from appliance.model import SAFE, ActiveError, Moment, State
from appliance.statemachine.states import STATES

TOLD_AFTER_S: Final = 1.0
"""By then every driver commands what is safe by itself."""
PART_DOWN, SOURCE = 601, "control"
WHY: Final = "Fault: the control loop does not run; all is off until it does"


def as_it_is(moment: Moment, now_s: float, utc: datetime) -> Moment:
    """The newest moment while it is new; then one at rest, with what was raised, and no reading of before."""
    seen, decision = moment.snapshot, moment.decision
    if now_s - decision.now_s <= TOLD_AFTER_S or STATES[decision.state].ends_process:
        return moment
    known = any(e.number == PART_DOWN and e.source_name == SOURCE for e in decision.errors)
    errors = decision.errors if known else (*decision.errors, _not_running(decision.utc))
    snapshot = msgspec.structs.replace(
        seen, now_s=now_s, utc=utc, battery=None, inverter=None, grid=None, pv=None, box=None,
        board=None, climate=None, health=None, requests=(), sensors=dict.fromkeys(seen.sensors),
        meters=dict.fromkeys(seen.meters), relays=dict.fromkeys(seen.relays),
    )  # fmt: skip
    rests = msgspec.structs.replace(
        decision, state=State.ERROR, setpoints=SAFE, wish_w=None, errors=errors, answers=(),
        manual=None, why=WHY, update_allowed=False,
    )  # fmt: skip
    return Moment(snapshot, rests)


def _not_running(since_at: datetime) -> ActiveError:
    row = ROWS[PART_DOWN]
    return ActiveError(
        number=row.number, source=SOURCE, severity=row.severity, title=row.title,
        remedy=row.remedy, effects=row.effects, since_at=since_at,
    )  # fmt: skip
