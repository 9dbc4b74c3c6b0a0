"""Counts what the box does, cycle by cycle: pure, told of every Moment in order.

Durations come from the monotonic clock, so that setting the wall clock adds and loses nothing.
"""

from datetime import datetime
from typing import Final

import msgspec

from appliance.model import (
    BatteryMemory,
    BatteryReading,
    Decision,
    FirmwareChange,
    Moment,
    Snapshot,
    State,
    SystemInfo,
)

LONGEST_STEP_S: Final = 2.0
"""Power is taken as steady between two cycles no further apart than this."""
KEEP_CHANGES: Final = 20


def start(info: SystemInfo, version: str, boot_id: str, utc: datetime) -> SystemInfo:
    """What is known once the core has started again, as `version`, at `utc`, on the computer's start `boot_id`."""
    booted = boot_id != info.boot_id
    unclean = info.starts > 0 and info.ended_at is None
    changed = info.firmware_version not in ("", version)
    history = info.firmware_history
    if changed:
        history = (*history, FirmwareChange(utc, info.firmware_version, version))[-KEEP_CHANGES:]
    return msgspec.structs.replace(
        info,
        firmware_version=version,
        firmware_changes=info.firmware_changes + changed,
        firmware_history=history,
        boots=info.boots + booted,
        last_boot_at=utc if booted else info.last_boot_at,
        boot_id=boot_id,
        starts=info.starts + 1,
        started_at=utc,
        ended_at=None,
        power_cuts=info.power_cuts + (unclean and booted),
        crashes=info.crashes + (unclean and not booted),
    )


class Odometer:
    """Belongs to one thread."""

    def __init__(self, info: SystemInfo) -> None:
        self._info = info
        self._run_s, self._running_s, self._sleeping_s = (
            info.run_s, info.running_s, info.sleeping_s,
        )  # fmt: skip
        self._charged_wh, self._discharged_wh = info.charged_wh, info.discharged_wh
        self._unknown_s = info.power_unknown_s
        self._soh_pct, self._full_at, self._full = info.soh_pct, info.last_full_at, info.full
        self._closings = dict(info.rack_closings)
        self._closed: dict[int, bool] = {}
        self._last: Decision | None = None
        self._power_w: float | None = None
        self.changes = 0
        """Rises with everything that must not wait to be written."""

    def add(self, moment: Moment) -> None:
        """One cycle."""
        seen, decision = moment.snapshot, moment.decision
        if self._last is not None:
            self._pass(decision.now_s - self._last.now_s, self._last.state)
            self._note_changes(self._last, decision)
        elif self._info.mode != decision.mode:
            self._info = msgspec.structs.replace(self._info, mode=decision.mode)
        self._note_battery(seen)
        self._last = decision

    def _pass(self, step_s: float, state: State) -> None:
        """`step_s` have gone by since the cycle before, in its state and with its power."""
        if step_s <= 0.0:
            return
        self._run_s += step_s
        if state is State.RUN:
            self._running_s += step_s
        elif state is State.SLEEP:
            self._sleeping_s += step_s
        power_w = self._power_w
        if power_w is None or step_s > LONGEST_STEP_S:
            self._unknown_s += step_s
        elif power_w > 0.0:
            self._discharged_wh += power_w * step_s / 3_600.0
        else:
            self._charged_wh -= power_w * step_s / 3_600.0

    def _note_changes(self, last: Decision, decision: Decision) -> None:
        if last.state is not decision.state:
            self._info = msgspec.structs.replace(
                self._info,
                state_changes=self._info.state_changes + 1,
                state_changed_at=decision.utc,
            )
            self.changes += 1
        if last.mode != decision.mode:
            self._info = msgspec.structs.replace(
                self._info, mode=decision.mode,
                mode_changes=self._info.mode_changes + 1, mode_changed_at=decision.utc,
            )  # fmt: skip
            self.changes += 1

    def _note_battery(self, seen: Snapshot) -> None:
        battery, memory = seen.battery, seen.memory
        if memory is not None and memory.full is not None:
            self._full = memory.full
        self._power_w = None if battery is None else battery.power_w
        if battery is None:
            return
        if battery.soh_pct is not None:
            self._soh_pct = battery.soh_pct
        if battery.full:
            self._full_at = seen.utc
        self._count_closings(battery)

    def _count_closings(self, battery: BatteryReading) -> None:
        for rack in battery.racks:
            closed = rack.contactors_closed
            if closed is None:
                continue
            if closed and self._closed.get(rack.rack) is False:
                self._closings[rack.rack] = self._closings.get(rack.rack, 0) + 1
                self.changes += 1
            self._closed[rack.rack] = closed

    def raised(self, count: int) -> None:
        """So many errors were raised."""
        self._info = msgspec.structs.replace(
            self._info, errors_raised=self._info.errors_raised + count
        )
        self.changes += 1

    def learn(self, memory: BatteryMemory) -> None:
        """What is newly known of the battery."""
        self._info = msgspec.structs.replace(
            self._info,
            soc_delta_pct=memory.soc_delta_pct,
            bms_asleep_s=memory.asleep_s,
            balancing=memory.balancing,
        )

    def end(self, utc: datetime) -> None:
        """The core ends in order."""
        self._info = msgspec.structs.replace(self._info, ended_at=utc)

    def info(self) -> SystemInfo:
        """All of it, now."""
        return msgspec.structs.replace(
            self._info,
            run_s=self._run_s,
            running_s=self._running_s,
            sleeping_s=self._sleeping_s,
            charged_wh=self._charged_wh,
            discharged_wh=self._discharged_wh,
            power_unknown_s=self._unknown_s,
            soh_pct=self._soh_pct,
            last_full_at=self._full_at,
            full=self._full,
            contactor_closings=sum(self._closings.values()),
            rack_closings=dict(self._closings),
        )
