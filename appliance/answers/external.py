"""Answers to those who steer from outside: a power for a while, that they are still there, a charge schedule."""

from collections.abc import Iterable
from datetime import datetime
from math import isfinite
from typing import Final

import msgspec

from appliance.answers.rules import ON_SITE, Granted, Known, RefusedError, within
from appliance.model import (
    BeatControl,
    ClearSchedule,
    ExternalPower,
    ManualPower,
    Memory,
    PutSchedule,
    Request,
    Schedule,
    ScheduleEntry,
    SetExternal,
    Snapshot,
)
from appliance.site import SiteSettings

MODE: Final = "external_control"
LONGEST_S: Final = 86_400.0
MOST_ENTRIES: Final = 200
CLOUD, LOCAL = "cloud", "local"
SOURCES: Final = (CLOUD, LOCAL)
SEES_NOTHING: Final = ("button", "")
"""Who cannot know what it would steer."""


def power(known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """SetExternal: where external control is in use, within the inverter's rating, for a limited time."""
    want = request.want
    assert isinstance(want, SetExternal)
    if request.source in SEES_NOTHING:
        msg = f"{request.source or 'nobody'} cannot set a power"
        raise RefusedError(msg)
    if memory.test is not None:
        msg = f"a test by {memory.test.by} runs; a power is set in it, or after it"
        raise RefusedError(msg)
    beside = any(one.mode == MODE for one in known.site.control.beside)
    if memory.mode != MODE and not beside:
        msg = f"mode is {memory.mode}; a power from outside needs {MODE}, in use or beside it"
        raise RefusedError(msg)
    if want.power_w is None and want.reactive_var is None:
        msg = "nothing is asked for: power_w or reactive_var is needed"
        raise RefusedError(msg)
    mistakes = list(_beyond(want.power_w, want.reactive_var, known.site))
    if mistakes:
        raise RefusedError("; ".join(mistakes))
    within("duration_s", want.duration_s, LONGEST_S)
    until_s = seen.now_s + want.duration_s
    asked = ExternalPower(want.power_w, want.reactive_var, until_s, seen.now_s, request.source)
    reason = f"{told(want.power_w, want.reactive_var)} for {want.duration_s:.0f} s"
    return msgspec.structs.replace(memory, external=asked), reason


def beat(_known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """BeatControl: by whoever has set the power that holds, from outside or by hand."""
    assert isinstance(request.want, BeatControl)
    external, manual = memory.external, memory.manual
    left_s = []
    if external is not None and external.by == request.source:
        external = msgspec.structs.replace(external, heard_s=seen.now_s)
        left_s.append(external.until_s - seen.now_s)
    if manual is not None and manual.by == request.source:
        manual = _heard(manual, seen.now_s)
        left_s.append(manual.until_s - seen.now_s)
    if not left_s:
        msg = f"no power of {request.source} holds"
        raise RefusedError(msg)
    changed = msgspec.structs.replace(memory, external=external, manual=manual)
    return changed, f"heard; the power holds for another {max(left_s):.0f} s"


def _heard(manual: ManualPower, now_s: float) -> ManualPower:
    return msgspec.structs.replace(manual, heard_s=now_s)


def put(known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """PutSchedule: replaces all of its source, or is refused with every mistake in it."""
    want = request.want
    assert isinstance(want, PutSchedule)
    _may(request.source, want.source, clears=False)
    if seen.clock_trusted is False:
        msg = "nobody knows the time: a schedule cannot be checked before the clock is trusted"
        raise RefusedError(msg)
    mistakes = list(_mistakes(want.entries, seen.utc, known.site))
    if mistakes:
        raise RefusedError("; ".join(mistakes))
    if not want.entries:
        msg = "no entries; to forget a schedule, clear it"
        raise RefusedError(msg)
    entries = tuple(sorted(want.entries, key=lambda entry: entry.start_at))
    first, last = entries[0].start_at, entries[-1].end_at
    others = [one for one in memory.schedules if one.source != want.source]
    schedules = tuple(sorted([*others, Schedule(want.source, entries)], key=lambda s: s.source))
    changed = msgspec.structs.replace(memory, schedules=schedules)
    return (
        changed,
        f"{want.source} schedule: {len(entries)} entries, {first:%F %RZ} to {last:%F %RZ}",
    )


def clear(_known: Known, request: Request, memory: Memory, _seen: Snapshot) -> Granted:
    """ClearSchedule: by its source; by somebody on site any."""
    want = request.want
    assert isinstance(want, ClearSchedule)
    _may(request.source, want.source, clears=True)
    left = tuple(one for one in memory.schedules if one.source != want.source)
    if len(left) == len(memory.schedules):
        msg = f"there is no {want.source} schedule"
        raise RefusedError(msg)
    return msgspec.structs.replace(memory, schedules=left), f"the {want.source} schedule is cleared"


def _may(by: str, source: str, *, clears: bool) -> None:
    """Raises RefusedError unless `by` may change the schedule of `source`."""
    if source not in SOURCES:
        msg = f"source = {source!r} is not known; there is: {', '.join(SOURCES)}"
        raise RefusedError(msg)
    if by in SEES_NOTHING:
        msg = f"{by or 'nobody'} cannot change a schedule"
        raise RefusedError(msg)
    if source == LOCAL and by == CLOUD:
        msg = "the local schedule belongs to those on site; the cloud has one of its own"
        raise RefusedError(msg)
    if source == CLOUD and by != CLOUD and not (clears and by in ON_SITE):
        msg = "the cloud's schedule comes from the cloud alone; somebody on site may clear it"
        raise RefusedError(msg)


def _mistakes(
    entries: tuple[ScheduleEntry, ...], now_at: datetime, site: SiteSettings
) -> Iterable[str]:
    """Everything that is wrong with them; entries are counted from 0, as they came."""
    if len(entries) > MOST_ENTRIES:
        yield f"{len(entries)} entries: at most {MOST_ENTRIES}"
        return
    timed = []
    for number, entry in enumerate(entries):
        path = f"entries.{number}"
        yield from (f"{path}.{mistake}" for mistake in _of_one(entry, now_at, site))
        if _zoned(entry) and entry.start_at < entry.end_at:
            timed.append((entry.start_at, entry.end_at, path))
    yield from _overlaps(sorted(timed))


def _overlaps(timed: list[tuple[datetime, datetime, str]]) -> Iterable[str]:
    """Of (start, end, name) in the order of time; an end that is the next one's start is none."""
    if not timed:
        return
    _, latest, whose = timed[0]
    for start_at, end_at, name in timed[1:]:
        if start_at < latest:
            yield f"{name} overlaps {whose}"
        if end_at > latest:
            latest, whose = end_at, name


def _zoned(entry: ScheduleEntry) -> bool:
    return entry.start_at.tzinfo is not None and entry.end_at.tzinfo is not None


def _of_one(entry: ScheduleEntry, now_at: datetime, site: SiteSettings) -> Iterable[str]:
    """What is wrong with it by itself, each beginning with the field's name."""
    end = f"end_at = {entry.end_at.isoformat()}"
    if not _zoned(entry):
        yield f"start_at, {end}: a time zone is needed"
    elif entry.end_at <= entry.start_at:
        yield f"{end} must be after start_at = {entry.start_at.isoformat()}"
    elif entry.end_at <= now_at:
        yield f"{end} is in the past"
    if entry.power_w is None and entry.reactive_var is None:
        yield "power_w and reactive_var: one of them is needed"
    yield from _beyond(entry.power_w, entry.reactive_var, site)


def _beyond(power_w: float | None, reactive_var: float | None, site: SiteSettings) -> Iterable[str]:
    """What is beyond the inverter's rating."""
    inverter = site.inverter
    most_var = inverter.max_reactive_var
    for name, value, low, high in (
        ("power_w", power_w, 0.0 - inverter.max_charge_w, inverter.max_discharge_w),
        ("reactive_var", reactive_var, 0.0 - most_var, most_var),
    ):
        if value is not None and not (isfinite(value) and low <= value <= high):
            yield f"{name} = {value:g} must be between {low:g} and {high:g}"


def told(power_w: float | None, reactive_var: float | None) -> str:
    """Both quantities in words."""
    parts = [] if power_w is None else [f"{power_w:.0f} W"]
    parts += [] if reactive_var is None else [f"{reactive_var:.0f} var"]
    return ", ".join(parts)
