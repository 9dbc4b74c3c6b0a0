"""What a core that starts finds of the run before it, and where it goes on."""

import logging
from contextlib import closing
from pathlib import Path

import msgspec

from appliance import latch
from appliance.clock import Clock
from appliance.errors import ESTOP_NUMBER, ROWS
from appliance.model import ActiveError, BatteryMemory, FullCharge, Memory, State
from appliance.site import SiteSettings
from appliance.store import FILE_NAME, Durable, MemoryLostError, Store
from appliance.store.reports import last_report

log = logging.getLogger(__name__)


def remembered(data_folder: Path, clock: Clock) -> Durable:
    """What the last run left. Where it is lost, in whole or for the latch alone, the stop counts as latched."""
    with closing(Store(data_folder / FILE_NAME)) as store:
        try:
            durable = store.recall()
        except MemoryLostError as error:
            log.error("the box has lost its memory, so it counts as stopped: %s", error)
            durable = Durable(goal=State.IDLE, latched=(unknown_estop(clock),))
            store.remember(durable)
    latched = latch.read(data_folder)
    if latched is None and durable.mode is not None:
        latched = True  # not a new box, so somebody has taken its memory
    if latched and all(error.number != ESTOP_NUMBER for error in durable.latched):
        durable = msgspec.structs.replace(durable, latched=(unknown_estop(clock), *durable.latched))
    return durable


def unread(data_folder: Path, clock: Clock) -> Durable:
    """The store cannot be opened, as on a full disk: at rest until somebody asks, and stopped unless it is known
    that it was not."""
    free = latch.read(data_folder) is False
    return Durable(goal=State.IDLE, latched=() if free else (unknown_estop(clock),))


def known_battery(data_folder: Path) -> BatteryMemory:
    """What the last run knew of the battery."""
    with closing(Store(data_folder / FILE_NAME)) as store:
        return store.recall_battery()


def known_full(data_folder: Path) -> FullCharge | None:
    """When the battery was last full, as the last run knew."""
    with closing(Store(data_folder / FILE_NAME)) as store:
        return store.recall_info().full


def waking_memory(memory: Memory) -> Memory:
    """The battery was asleep when the last run ended: it is woken now, and may be silent for a while."""
    return msgspec.structs.replace(memory, waking=True, woken_at_s=memory.state_since_s)


def with_report(memory: Memory, data_folder: Path) -> Memory:
    """With the report of the last test of the backup: the next is due so long after it, and a failed one is told."""
    report = last_report(data_folder)
    if report is None:
        return memory
    backup = msgspec.structs.replace(memory.backup, report=report)
    return msgspec.structs.replace(memory, backup=backup)


def unknown_estop(clock: Clock) -> ActiveError:
    """Whether the emergency stop was latched is not known any more: it counts as latched."""
    row = ROWS[ESTOP_NUMBER]
    return ActiveError(
        number=row.number, source="emergency stop: not known after a loss of memory",
        severity=row.severity, title=row.title, remedy=row.remedy, effects=row.effects,
        since_at=clock.utc(), latched=True,
    )  # fmt: skip


def starting_memory(durable: Durable, site: SiteSettings, modes: set[str], now_s: float) -> Memory:
    """Where the core goes on after a restart: same mode, same rest, still latched what was latched."""
    known = durable.mode is not None and durable.mode in modes
    goal = durable.goal or State(site.control.start_state)
    return Memory(
        state=State.INIT,
        state_since_s=now_s,
        goal=goal,
        mode=durable.mode if known and durable.mode else site.control.start_mode,
        mode_by=durable.mode_by if known else "site.toml",
        scheduled=durable.scheduled if known else None,
        errors=durable.latched,
        awaits_start=durable.awaits_start,
        cap=durable.cap,
        racks_suspect=durable.racks_suspect,
        schedules=tuple(one for one in durable.schedules if one.entries),
    )
