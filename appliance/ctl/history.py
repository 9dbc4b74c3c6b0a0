"""`appliance ctl errors --all | info | limits`: what the box remembers, read from the disk; also when the core is down."""

import argparse
import sqlite3
import sys
from datetime import datetime
from pathlib import Path
from typing import Final, TextIO

import msgspec

from appliance.counting.limit_hours import FREE, UNSEEN
from appliance.model import SystemInfo
from appliance.processes import look
from appliance.site import SiteSettings
from appliance.store import FILE_NAME, ErrorRecord, History, LimitDay

OK, FAILED = 0, 1
NOT_CLEARED: Final = "not cleared"
UNSEEN_TITLE: Final = "not seen"
Words = dict[str, object]


def run(chosen: argparse.Namespace, site: SiteSettings, out: TextIO) -> int:
    """Print what was asked for; the exit code."""
    path = Path(site.data_folder) / FILE_NAME
    if not path.exists():
        told = "the folders of site.toml count from here; or this box has not run yet"
        sys.stderr.write(f"{path.absolute()} is not there: {told}\n")
        return FAILED
    history = History(path)
    try:
        words, text = _ask(chosen, history, Path(site.run_folder))
    except sqlite3.Error as error:
        sys.stderr.write(f"{path} cannot be read: {error}\n")
        return FAILED
    out.write((msgspec.json.encode(words).decode() if chosen.json else text) + "\n")
    return OK


def _ask(chosen: argparse.Namespace, history: History, run_folder: Path) -> tuple[object, str]:
    if chosen.what == "errors":
        alive = any(one.name == "core" and one.alive for one in look(run_folder))
        records = [_as_it_is(record, alive) for record in history.errors()]
        return records, _errors_text(records)
    if chosen.what == "limits":
        days = history.limits(chosen.days)
        return {"days": [_day_words(day) for day in days]}, _limits_text(days)
    info = history.info() or SystemInfo()
    return info, _info_text(info)


# ---------------------------------------------------------------- errors


def _as_it_is(record: ErrorRecord, alive: bool) -> ErrorRecord:
    """What was raised when the core went down has not cleared, and nobody says that it is raised."""
    if alive or record.state != "raised":
        return record
    return msgspec.structs.replace(record, state=NOT_CLEARED)


def _errors_text(records: list[ErrorRecord]) -> str:
    return "\n".join(_error_line(record) for record in records) or "no errors were ever raised"


def _error_line(record: ErrorRecord) -> str:
    lasted = f"{_instant(record.since_at)} to {_instant(record.last_at)}, {record.state}"
    times = "once" if record.count == 1 else f"time {record.count} since {record.first_at:%Y-%m-%d}"
    seen = "" if record.acknowledged_at is None else (
        f", seen by {record.acknowledged_by} {_instant(record.acknowledged_at)}"
    )  # fmt: skip
    what = f"{record.severity:8} {record.number} {record.source}: {record.title}"
    return f"{record.id:5} {what} ({lasted}, {times}{seen})"


def _instant(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


# ---------------------------------------------------------------- limits


def _day_words(day: LimitDay) -> Words:
    held = {name: round(s, 3) for name, s in day.seconds.items() if name not in (FREE, UNSEEN)}
    seen_s = sum(seconds for name, seconds in day.seconds.items() if name != UNSEEN)
    return {
        "day": day.day,
        "seen_s": round(seen_s, 3),
        "unseen_s": round(day.seconds.get(UNSEEN, 0.0), 3),
        "free_s": round(day.seconds.get(FREE, 0.0), 3),
        "limits_s": held,
    }


def _limits_text(days: list[LimitDay]) -> str:
    return "\n".join(_day_line(day) for day in days) or "nothing was counted yet"


def _day_line(day: LimitDay) -> str:
    titles = {FREE: "no limit", UNSEEN: UNSEEN_TITLE}
    held = [f"{titles.get(name, name)} {s / 3_600.0:.2f} h" for name, s in day.seconds.items()]
    return f"{day.day}  {', '.join(held)}"


# ---------------------------------------------------------------- the box itself


def _info_text(info: SystemInfo) -> str:
    closings = ", ".join(f"rack {rack}: {n}" for rack, n in sorted(info.rack_closings.items()))
    ended = "it runs, or ended badly" if info.ended_at is None else _instant(info.ended_at)
    rows = [
        ("firmware", f"{info.firmware_version or 'not known'}, changed {info.firmware_changes} times"),
        *(("", f"{_instant(one.at)}  {one.before} to {one.after}") for one in info.firmware_history),
        ("boots", f"{info.boots}, the last {_instant(info.last_boot_at)}"),
        ("starts", f"{info.starts} of the core, the last {_instant(info.started_at)}; end: {ended}"),
        ("bad ends", f"{info.power_cuts} power cuts, {info.crashes} crashes of the core"),
        ("run time", f"{_hours(info.run_s)}: running {_hours(info.running_s)}, "
                     f"sleeping {_hours(info.sleeping_s)}"),
        ("mode", f"{info.mode or 'not known'}, {info.mode_changes} changes, "
                 f"the last {_instant(info.mode_changed_at)}"),
        ("states", f"{info.state_changes} changes, the last {_instant(info.state_changed_at)}"),
        ("errors", f"{info.errors_raised} raised"),
        ("throughput", f"charged {info.charged_wh / 1e3:.2f} kWh, discharged "
                       f"{info.discharged_wh / 1e3:.2f} kWh; not known for {_hours(info.power_unknown_s)}"),
        ("battery", f"SoC {_signed(info.soc_delta_pct)} on the BMS's, SoH {_percent(info.soh_pct)}, "
                    f"last full {_instant(info.last_full_at)}, asleep {_hours(info.bms_asleep_s)}"),
        ("contactors", f"closed {info.contactor_closings} times" + (f" ({closings})" if closings else "")),
        ("balanced", f"{len(info.balancing)} times lately" if info.balancing else "not yet"),
        *(("", f"{_instant(one.began_at)} to {_instant(one.ended_at)}: "
               f"{_millivolts(one.spread_before_v)} to {_millivolts(one.spread_after_v)}")
          for one in info.balancing),
    ]  # fmt: skip
    return "\n".join(f"{name:11}{text}" for name, text in rows)


def _hours(seconds: float) -> str:
    return f"{seconds / 3_600.0:.1f} h"


def _signed(value: float | None) -> str:
    return "––" if value is None else f"{value:+.1f} %"


def _percent(value: float | None) -> str:
    return "––" if value is None else f"{value:.1f} %"


def _millivolts(value: float | None) -> str:
    return "––" if value is None else f"{1e3 * value:.0f} mV"
