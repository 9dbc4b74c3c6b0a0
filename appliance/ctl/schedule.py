"""`appliance ctl schedule`: shows the charge schedules of a running box, puts or clears the local one."""

import argparse
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, TextIO
from zoneinfo import ZoneInfo

import msgspec
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from appliance.bus import NO_ANSWER, CoreClient
from appliance.ctl.failing import silence
from appliance.data_file import sentence
from appliance.model import (
    Answer,
    ClearSchedule,
    PutSchedule,
    Schedule,
    ScheduleEntry,
    Status,
    Want,
)
from appliance.modes._schedule import entry_at
from appliance.settings import Settings
from appliance.site import SiteSettings

OK, FAILED, WRONG_INPUT = 0, 1, 2
WAIT_S: Final = 2.0
LOCAL: Final = "local"
LONGEST_BYTES: Final = 1_000_000
Words = dict[str, object]


class Line(Settings):
    """One entry as people write it."""

    start_at: AwareDatetime
    end_at: AwareDatetime
    power_w: float | None = None
    """Battery power, discharge +."""
    reactive_var: float | None = None


class Lines(Settings):
    """The whole file; a bare list of entries will do as well."""

    entries: tuple[Line, ...]


class InputError(Exception):
    """The file cannot be used; the text lists every mistake."""


def run(chosen: argparse.Namespace, site: SiteSettings, out: TextIO) -> int:
    """Do it and print what was done; the exit code."""
    want: Want | None = None
    try:
        if chosen.schedule == "put":
            want = PutSchedule(LOCAL, entries_of(_text(chosen.file)))
        elif chosen.schedule == "clear":
            want = ClearSchedule(chosen.source)
    except OSError as error:
        sys.stderr.write(f"{chosen.file}: cannot be read: {error.strerror}\n")
        return WRONG_INPUT
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_INPUT
    client = CoreClient(Path(site.run_folder), "ctl")
    try:
        if want is None:
            return _show(client.status(WAIT_S), site, chosen.json, out)
        answer = client.ask(want)
    finally:
        client.close()
    return _told(answer, site, chosen.json, out)


def _told(answer: Answer, site: SiteSettings, as_json: bool, out: TextIO) -> int:
    if as_json:
        out.write(msgspec.json.encode(answer).decode() + "\n")
    elif answer.ok:
        out.write(f"done: {answer.reason}\n")
    elif answer.reason == NO_ANSWER:
        sys.stderr.write(f"{silence(Path(site.run_folder))}\n")
    else:
        sys.stderr.write(f"refused: {answer.reason}\n")
    return OK if answer.ok else FAILED


def entries_of(text: str) -> tuple[ScheduleEntry, ...]:
    """The entries of a file. Raises InputError with every mistake in it."""
    kind: type[Lines | tuple[Line, ...]] = Lines if text.lstrip()[:1] == "{" else tuple[Line, ...]
    adapter: TypeAdapter[Lines | tuple[Line, ...]] = TypeAdapter(kind)
    try:
        read = adapter.validate_json(text)
    except ValidationError as error:
        mistakes = [sentence(one, [str(part) for part in one["loc"]]) for one in error.errors()]
        raise InputError("\n".join(mistakes)) from error
    lines = read.entries if isinstance(read, Lines) else read
    return tuple(
        ScheduleEntry(one.start_at, one.end_at, one.power_w, one.reactive_var) for one in lines
    )


def _text(name: str) -> str:
    """What the file holds, `-` for what is piped in. Raises OSError, InputError."""
    if name == "-":
        text = sys.stdin.read(LONGEST_BYTES + 1)
    else:
        with Path(name).open(encoding="utf-8", errors="replace") as file:
            text = file.read(LONGEST_BYTES + 1)
    if len(text) > LONGEST_BYTES:
        msg = f"{name}: larger than {LONGEST_BYTES} bytes"
        raise InputError(msg)
    return text


# ---------------------------------------------------------------- showing


def schedules_of(status: Status) -> tuple[Schedule, ...]:
    """As the box knows them."""
    memory = status.snapshot.memory
    changed = status.decision.schedules
    if changed is not None:
        return changed
    return () if memory is None else memory.schedules


def steering_words(status: Status) -> Words:
    """For `ctl status --json`: what is asked from outside now, and the schedules in short."""
    memory, seen = status.snapshot.memory, status.snapshot
    external = None if memory is None else memory.external
    return {
        "external": external
        and {
            "by": external.by,
            "power_w": external.power_w,
            "reactive_var": external.reactive_var,
            "left_s": round(external.until_s - seen.now_s, 1),
        },
        "schedules": [
            {
                "source": one.source,
                "entries": len(one.entries),
                "until": one.entries[-1].end_at,
                "now": entry_at(one, seen.utc),
            }
            for one in schedules_of(status)
        ],
    }


def _show(status: Status | None, site: SiteSettings, as_json: bool, out: TextIO) -> int:
    if status is None:
        sys.stderr.write(f"{silence(Path(site.run_folder))}\n")
        return FAILED
    schedules, utc = schedules_of(status), status.snapshot.utc
    if as_json:
        words = [
            {"source": s.source, "entries": s.entries, "now": entry_at(s, utc)} for s in schedules
        ]
        out.write(msgspec.json.encode({"schedules": words}).decode() + "\n")
        return OK
    tell = _teller(site.zone)
    for schedule in schedules:
        now = entry_at(schedule, utc)
        counted = "1 entry" if len(schedule.entries) == 1 else f"{len(schedule.entries)} entries"
        out.write(f"{schedule.source}: {counted}, clock times in {site.zone}\n")
        for entry in schedule.entries:
            out.write(f"{'> ' if entry is now else '  '}{tell(entry)}\n")
    if not schedules:
        out.write("no charge schedule\n")
    return OK


def _teller(zone: str) -> Callable[[ScheduleEntry], str]:
    there = ZoneInfo(zone)

    def at(utc: datetime) -> str:
        return f"{utc.astimezone(there):%F %R}"

    def tell(entry: ScheduleEntry) -> str:
        power = "" if entry.power_w is None else f"  {entry.power_w:.0f} W"
        reactive = "" if entry.reactive_var is None else f"  {entry.reactive_var:.0f} var"
        return f"{at(entry.start_at)} to {at(entry.end_at)}{power}{reactive}"

    return tell
