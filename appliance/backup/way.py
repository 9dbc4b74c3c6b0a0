"""Which way an island goes now: words for the transitions of the state machine."""

from appliance.errors.backup import ON_THE_WAY_UP, island_of, switch_open, takes_over
from appliance.model import IslandStep, Memory, Snapshot, State
from appliance.site import SiteSettings
from appliance.statemachine.transitions import IslandWay


def island_way(seen: Snapshot, memory: Memory, site: SiteSettings) -> IslandWay:
    """Into it, and why; back; or none. `memory` as of this cycle."""
    settings = site.backup
    if settings is None:
        return IslandWay.NONE
    island, backup = island_of(memory), memory.backup
    if island is not None:
        closed = island.step is IslandStep.CLOSING and switch_open(seen, site) is False
        return IslandWay.BACK if closed else IslandWay.NONE
    if not takes_over(seen, memory, site):
        return IslandWay.NONE
    gone_since_s = backup.gone_since_s
    if gone_since_s is not None and seen.now_s - gone_since_s >= settings.transfer_after_s:
        return IslandWay.BLACK_START if memory.state in ON_THE_WAY_UP else IslandWay.LOST
    tests = memory.state is State.RUN and backup.test is not None and not backup.test.ended
    return IslandWay.TEST if tests else IslandWay.NONE
