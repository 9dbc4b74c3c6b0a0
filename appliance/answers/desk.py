"""Takes requests one by one; which kind is answered by whom."""

from collections.abc import Mapping
from typing import Final

from appliance.answers import backup, battery, box, errors, external, tests
from appliance.answers.rules import Known, RefusedError, Take
from appliance.error_watch import ErrorWatch
from appliance.model import (
    AckErrors,
    Answer,
    BalanceCells,
    BeatControl,
    BeatTest,
    BlackStart,
    CapPower,
    ClearSchedule,
    EndBackupTest,
    EndTest,
    ForceClimate,
    ForceOutput,
    GoToMode,
    GoToState,
    HoldPower,
    Memory,
    PutSchedule,
    Request,
    ResetErrors,
    ResetEstop,
    SetExternal,
    SetPower,
    SleepBattery,
    Snapshot,
    StartTest,
    StepTo,
    TryBackup,
    TryMode,
)
from appliance.site import SiteSettings


class Desk:
    """Takes requests one by one, each on top of what the one before has changed."""

    def __init__(self, site: SiteSettings, modes: Mapping[str, str], watch: ErrorWatch) -> None:
        self._known = Known(site, modes, watch)

    def take(
        self, requests: tuple[Request, ...], memory: Memory, seen: Snapshot
    ) -> tuple[Memory, tuple[Answer, ...]]:
        """The memory after all requests, and one answer for each."""
        answers = []
        for request in requests:
            try:
                memory, reason = TAKES[type(request.want)](self._known, request, memory, seen)
                answers.append(Answer(request.id, True, reason))
            except RefusedError as refused:
                answers.append(Answer(request.id, False, str(refused)))
        return memory, tuple(answers)


TAKES: Final[dict[type, Take]] = {
    GoToMode: box.mode,
    GoToState: box.state,
    SetPower: box.power,
    CapPower: box.cap,
    AckErrors: errors.acknowledge,
    ResetEstop: errors.reset_estop,
    ResetErrors: errors.reset,
    SleepBattery: battery.sleep,
    BalanceCells: battery.balance,
    ForceClimate: battery.climate,
    StartTest: tests.start,
    EndTest: tests.end,
    BeatTest: tests.beat,
    HoldPower: tests.power,
    StepTo: tests.step,
    TryMode: tests.mode,
    ForceOutput: tests.output,
    SetExternal: external.power,
    BeatControl: external.beat,
    PutSchedule: external.put,
    ClearSchedule: external.clear,
    TryBackup: backup.try_backup,
    EndBackupTest: backup.end,
    BlackStart: backup.black_start,
}
