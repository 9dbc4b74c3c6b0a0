"""What is commanded for an island: inverter, switch, loads. Nothing makes a grid unless the switch is known open."""

from typing import Final

import msgspec

from appliance.errors.backup import FORMS, KNOWN_OFF, island_of, switch_open
from appliance.model import (
    InverterState,
    IslandStep,
    Memory,
    Setpoints,
    Snapshot,
    emergency,
)
from appliance.site import SiteSettings

RESETS: Final = (IslandStep.FORMING, IslandStep.LEAVING)
"""An inverter that has lost one grid acknowledges that before it makes or finds another."""


def command(setpoints: Setpoints, seen: Snapshot, memory: Memory, site: SiteSettings) -> Setpoints:
    """The setpoints of the state with those of the island; `memory` with the state from now on, and what was
    commanded before."""
    backup = site.backup
    if backup is None:
        return setpoints
    island = island_of(memory)
    if island is None:
        wanted = None if backup.own_switch else _switch_outside(seen, memory)
        return msgspec.structs.replace(setpoints, grid_switch_open=wanted)
    separated = backup.own_switch or switch_open(seen, site) is True
    forms = island.step in FORMS and separated
    faulty = seen.inverter is not None and seen.inverter.state is InverterState.FAULT
    return msgspec.structs.replace(
        setpoints,
        power_w=0.0,
        inverter_on=forms,
        grid_forming=forms,
        reset_faults=faulty and island.step in RESETS,
        grid_switch_open=None if backup.own_switch else island.step is not IslandStep.CLOSING,
        loads_shed=memory.backup.shed,
    )


def _switch_outside(seen: Snapshot, memory: Memory) -> bool | None:
    """Closed where it is; after an island only once the inverter is known off; an emergency stop closes nothing."""
    before, inverter = memory.commanded, seen.inverter
    if before.grid_switch_open is False:
        return False
    off = inverter is not None and inverter.state in KNOWN_OFF and inverter.grid_forming is not True
    if off and not before.grid_forming and not emergency(memory.errors):
        return False
    return True if before.grid_switch_open else None
