"""Which loads an island does without: the least important first, back one by one when there is room again."""

import msgspec

from appliance.model import BackupMemory, IslandStep, Snapshot
from appliance.site import Backup, Load, SiteSettings


def shed_next(backup: BackupMemory, over: bool, seen: Snapshot, site: SiteSettings) -> BackupMemory:
    """With the relays of the loads that are off from now on. `over`: more is asked of the island than it gives."""
    settings, island = site.backup, backup.island
    if settings is None or island is None or not settings.loads:
        return backup
    if island.step not in (IslandStep.OPENING, IslandStep.FORMING, IslandStep.CARRYING):
        return backup
    soc_pct = None if seen.battery is None else seen.battery.soc_pct
    power_w = None if seen.inverter is None else seen.inverter.power_w
    by_rank = sorted(settings.loads.values(), key=lambda load: (load.priority, load.relay))
    on = [load for load in reversed(by_rank) if load.relay not in backup.shed]
    off = [load.relay for load in on if soc_pct is not None and soc_pct < load.below_soc_pct]
    heavy = [one.relay for one in on if _too_much(one, power_w, over) and one.relay not in off]
    if heavy and (off or seen.now_s - backup.shed_changed_s >= settings.shed_pause_s):
        off.append(heavy[0])
    if off:
        return _changed(backup, (*backup.shed, *off), seen.now_s)
    return _restored(backup, by_rank, soc_pct, power_w, over, seen.now_s, settings)


def _too_much(load: Load, power_w: float | None, over: bool) -> bool:
    return over or (load.above_w is not None and power_w is not None and power_w > load.above_w)


def _changed(backup: BackupMemory, shed: tuple[str, ...], now_s: float) -> BackupMemory:
    ever = backup.figures.shed
    figures = msgspec.structs.replace(
        backup.figures, shed=(*ever, *(one for one in shed if one not in ever))
    )
    return msgspec.structs.replace(
        backup, shed=shed, shed_changed_s=now_s, restorable_since_s=None, figures=figures
    )


def _restored(
    backup: BackupMemory, by_rank: list[Load], soc_pct: float | None, power_w: float | None,
    over: bool, now_s: float, settings: Backup,
) -> BackupMemory:  # fmt: skip
    """The most important load that is off comes back, when there has been room for long enough."""
    first = next((load for load in by_rank if load.relay in backup.shed), None)
    if first is None or over or not _has_room(first, soc_pct, power_w, settings):
        if backup.restorable_since_s is None:
            return backup
        return msgspec.structs.replace(backup, restorable_since_s=None)
    since_s = now_s if backup.restorable_since_s is None else backup.restorable_since_s
    if now_s - since_s < settings.restore_after_s:
        return msgspec.structs.replace(backup, restorable_since_s=since_s)
    shed = tuple(one for one in backup.shed if one != first.relay)
    return _changed(backup, shed, now_s)


def _has_room(load: Load, soc_pct: float | None, power_w: float | None, settings: Backup) -> bool:
    """With hysteresis. What is not known is no room."""
    if power_w is None or soc_pct is None:
        return False
    if load.below_soc_pct > 0.0 and soc_pct < load.below_soc_pct + settings.soc_hysteresis_pct:
        return False
    if load.above_w is None:
        return True
    return power_w <= load.above_w * (1.0 - settings.power_hysteresis_pct / 100.0)
