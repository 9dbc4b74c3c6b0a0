"""Answers to those who steer from outside: a power for a while, that they are still there, a charge schedule."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from appliance.answers.rules import ON_SITE, Granted, Known, RefusedError, within
from appliance.model import (
    BeatControl,
    ClearSchedule,
    ExternalPower,
    Memory,
    PutSchedule,
    Request,
    Schedule,
    ScheduleEntry,
    SetExternal,
    Snapshot,
)
from appliance.site import SiteSettings
from appliance.site.periods import Calendar

MODE: Final = "external_control"
BY_HAND: Final = "local_control"
LONGEST_S: Final = 86_400.0
MOST_ENTRIES: Final = 200
CLOUD, LOCAL = "cloud", "local"
SOURCES: Final = (CLOUD, LOCAL)
NO_REACTIVE: Final = "this inverter cannot be told reactive power"
SEES_NOTHING: Final = ("button", "")
"""Who cannot know what it would steer."""


def power(known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """SetExternal: where external control is asked now, within the inverter's rating, for a limited time.

    With neither quantity it takes the power back that holds, whatever the box does.
    """
    want = request.want
    assert isinstance(want, SetExternal)
    if request.source in SEES_NOTHING:
        msg = f"{request.source or 'nobody'} cannot set a power"
        raise RefusedError(msg)
    if want.power_w is None and want.reactive_var is None:
        held = memory.external is not None
        reason = "the power from outside is taken back" if held else "no power from outside holds"
        return msgspec.structs.replace(memory, external=None), reason
    if memory.test is not None:
        msg = f"a test by {memory.test.by} runs; a power is set in it, or after it"
        raise RefusedError(msg)
    deaf = _deaf(known.site, memory, seen)
    if deaf:
        raise RefusedError(deaf)
    mistakes = list(_beyond(want.power_w, want.reactive_var, known.site))
    if mistakes:
        raise RefusedError("; ".join(mistakes))
    within("duration_s", want.duration_s, LONGEST_S)
    until_s = seen.now_s + want.duration_s
    asked = ExternalPower(want.power_w, want.reactive_var, until_s, seen.now_s, request.source)
    reason = f"{told(want.power_w, want.reactive_var)} for {want.duration_s:.0f} s"
    return msgspec.structs.replace(memory, external=asked), reason


def _deaf(site: SiteSettings, memory: Memory, seen: Snapshot) -> str:
    """Why external control is not asked now; "" when it is."""
    if memory.mode == MODE:
        return ""
    beside = [one for one in site.control.beside if one.mode == MODE]
    if not beside:
        return f"mode is {memory.mode}; a power from outside needs {MODE}, in use or beside it"
    if any(not one.during for one in beside):
        return ""
    if seen.clock_trusted is False:
        return f"nobody knows the time, and {MODE} is beside {memory.mode} at its times only"
    if any(Calendar(one.during, site.zone).at(seen.utc) for one in beside):
        return ""
    times = ", ".join(f"{p.days} {p.start} to {p.end}" for one in beside for p in one.during)
    return f"{MODE} is beside {memory.mode} at its times only, and it is none of them now: {times}"


def beat(known: Known, request: Request, memory: Memory, seen: Snapshot) -> Granted:
    """BeatControl: by whoever has set the power that holds, from outside or by hand. One missed has ended it."""
    assert isinstance(request.want, BeatControl)
    by, now_s, missed = request.source, seen.now_s, ""
    left_s, within_s = [], []
    for mode, name in ((MODE, "external"), (BY_HAND, "manual")):
        asked = memory.external if mode == MODE else memory.manual
        if asked is None or asked.by != by:
            continue
        beat_s, held = _heartbeat(known.site, mode)
        silent_s = 0.0 if asked.heard_s is None else now_s - asked.heard_s
        if beat_s is not None and silent_s > beat_s and not held:
            missed = f"{by} was not heard for {silent_s:.0f} s, which has ended the power; ask for it anew"
            continue
        memory = msgspec.structs.replace(
            memory, **{name: msgspec.structs.replace(asked, heard_s=now_s)}
        )
        left_s.append(asked.until_s - now_s)
        within_s += [] if beat_s is None or held else [beat_s]
    if not left_s:
        raise RefusedError(missed or f"no power of {by} holds")
    again = f", if heard again within {min(within_s):g} s" if within_s else ""
    return memory, f"heard; the power holds for another {max(left_s):.0f} s{again}"


def _heartbeat(site: SiteSettings, mode: str) -> tuple[float | None, bool]:
    """How often whoever asks is to be heard, None: never; and whether the power holds all the same."""
    settings = site.modes.get(mode, {})
    beat_s = settings.get("heartbeat_s")
    return None if beat_s is None else float(beat_s), settings.get("when_silent") == "hold"


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
    counted = "1 entry" if len(entries) == 1 else f"{len(entries)} entries"
    told = f"{want.source} schedule: {counted}, {first:%F %RZ} to {last:%F %RZ}"
    return changed, f"{told}{_unheard(known.site, memory)}"


def _unheard(site: SiteSettings, memory: Memory) -> str:
    """Why a schedule is not followed as things are, as the end of a sentence; "" when it is."""
    if site.modes.get(MODE, {}).get("follows_schedule") is False:
        return f"; it is not followed: modes.{MODE}.follows_schedule is false"
    if memory.mode == MODE or any(one.mode == MODE for one in site.control.beside):
        return ""
    return f"; it is followed once {MODE} is in use or beside {memory.mode}"


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
        if name == "reactive_var" and value and not most_var:
            yield f"{name} = {value:g}: {NO_REACTIVE}"
        elif value is not None and not low <= value <= high:
            yield f"{name} = {value:g} must be between {low:g} and {high:g}"


def told(power_w: float | None, reactive_var: float | None) -> str:
    """Both quantities in words."""
    parts = [] if power_w is None else [f"{power_w:.0f} W"]
    parts += [] if reactive_var is None else [f"{reactive_var:.0f} var"]
    return ", ".join(parts)
