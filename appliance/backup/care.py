"""Backup power in a cycle: what is seen first, then where it leads, then what is commanded."""

from typing import Final

import msgspec

from appliance.backup.command import command
from appliance.backup.settling import settle_backup
from appliance.backup.steps import look
from appliance.backup.way import island_way
from appliance.errors.backup import grid_inside, has_backup
from appliance.model import BackupTrial, IslandStep, Memory, Setpoints, Snapshot, State
from appliance.site import SiteSettings
from appliance.site.periods import Calendar
from appliance.statemachine.transitions import IslandWay

SCHEDULE: Final = "schedule"
DAY_S: Final = 86_400.0
STEPS: Final = {
    IslandStep.OPENING: "the switch to the grid opens",
    IslandStep.FORMING: "the inverter begins to make the grid",
    IslandStep.CARRYING: "carries the house",
    IslandStep.LEAVING: "the inverter goes off before the grid comes back",
    IslandStep.CLOSING: "the switch to the grid closes",
}


class BackupCare:
    """One for each cycle. Does nothing on a site without backup."""

    def __init__(self, site: SiteSettings) -> None:
        self._site = site
        self.there = has_backup(site)
        trial = None if site.backup is None else site.backup.trial
        self._trial = trial
        self._calendar = Calendar(trial.during, site.zone) if trial and trial.during else None

    def look(self, seen: Snapshot, memory: Memory) -> Memory:
        """With what is seen of grid and island; a test that is due is asked for."""
        if not self.there:
            return memory
        memory = look(seen, memory, self._site)
        if self._calendar is None or not self._due(seen, memory):
            return memory
        assert self._trial is not None
        test = BackupTrial(SCHEDULE, self._trial.duration_s, seen.now_s, seen.utc)
        backup = msgspec.structs.replace(memory.backup, test=test)
        return msgspec.structs.replace(memory, backup=backup)

    def _due(self, seen: Snapshot, memory: Memory) -> bool:
        """In its period, once, and the last one is long enough ago."""
        assert self._calendar is not None
        assert self._trial is not None
        backup, battery = memory.backup, seen.battery
        ready = memory.state is State.RUN and memory.goal is State.RUN and memory.test is None
        if not ready or backup.test is not None or seen.clock_trusted is False:
            return False
        if battery is None or battery.soc_pct is None or not grid_inside(seen, self._site):
            return False
        now = self._calendar.at(seen.utc)
        if now is None or battery.soc_pct < self._trial.min_soc_pct:
            return False
        last = backup.report
        if last is None:
            return True
        ago_s = (seen.utc - last.began_at).total_seconds()
        return last.began_at < now[0] and ago_s >= self._trial.every_days * DAY_S - DAY_S / 2.0

    def way(self, seen: Snapshot, memory: Memory) -> IslandWay:
        """Where an island would take the box."""
        return island_way(seen, memory, self._site) if self.there else IslandWay.NONE

    def add(
        self, setpoints: Setpoints, state: State, way: IslandWay, seen: Snapshot, memory: Memory
    ) -> tuple[Setpoints, Memory]:
        """The setpoints with those of the island, and the memory once `state` is entered."""
        if not self.there:
            return setpoints, memory
        backup = settle_backup(state, way, seen, memory, self._site)
        after = msgspec.structs.replace(memory, state=state, backup=backup)
        setpoints = command(setpoints, seen, after, self._site)
        return setpoints, msgspec.structs.replace(memory, backup=backup)


def island_told(seen: Snapshot, memory: Memory) -> str:
    """The cycle in one sentence, in an island."""
    island, backup = memory.backup.island, memory.backup
    if island is None:
        return ""
    told = f"Island, {island.because}: {STEPS[island.step]}"
    power_w = None if seen.inverter is None else seen.inverter.power_w
    if island.step is IslandStep.CARRYING and power_w is not None:
        told += f", {power_w:.0f} W"
    if backup.shed:
        told += f"; off: {', '.join(backup.shed)}"
    if island.grid_since_s is not None and backup.test is None:
        told += f"; the grid has been back for {seen.now_s - island.grid_since_s:.0f} s"
    return told
