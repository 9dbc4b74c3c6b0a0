"""`appliance replay`: runs a recording through today's code: one Decision for every Snapshot line."""

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import msgspec

from appliance.config import build_modes
from appliance.cycle import Cycle
from appliance.model import Decision, Recorded
from appliance.site import SiteSettings


class LineError(Exception):
    """A line is not a Snapshot; the text says which line and why."""


def snapshots(path: Path) -> Iterator[Recorded]:
    """The lines of a recording (`.jsonl`, or `.jsonl.gz` as the black box writes it)."""
    decoder = msgspec.json.Decoder(Recorded)
    number = 0
    with _open(path) as file:
        try:
            for text in file:
                number += 1
                if text.strip():
                    yield decoder.decode(text)
        except msgspec.MsgspecError as error:
            msg = f"{path}, line {number}: {error}"
            raise LineError(msg) from error
        except (EOFError, UnicodeDecodeError, gzip.BadGzipFile) as error:
            msg = f"{path} ends after line {number}: {error}"
            raise LineError(msg) from error


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def replay(site: SiteSettings, path: Path, out: TextIO) -> int:
    """Print one Decision a line; on stderr, how many differ from what was recorded. Returns that number."""
    modes, titles = build_modes(site)
    cycle = Cycle(site, modes, titles)
    cycles = compared = different = 0
    for index, seen in enumerate(snapshots(path)):
        if index == 0 and seen.memory is not None:
            cycle.adopt(seen.memory)
        cycles += 1
        decision = cycle.step(seen)
        out.write(msgspec.json.encode(decision).decode() + "\n")
        if seen.decision is not None:
            compared += 1
            if _essence(decision) != _essence(seen.decision):
                different += 1
                if different == 1:
                    sys.stderr.write(_difference(decision, seen.decision))
    if not cycles:
        msg = f"{path} holds nothing"
        raise LineError(msg)
    if compared:
        sys.stderr.write(f"{different} of {compared} decisions differ from the recording\n")
    return different


def _essence(decision: Decision) -> tuple[object, ...]:
    """What must be the same for two decisions to be the same."""
    return decision.state, decision.mode, decision.setpoints, decision.limits.binding


def _difference(today: Decision, recorded: Decision) -> str:
    return (
        f"first difference at {recorded.utc:%Y-%m-%d %H:%M:%S.%f} UTC\n"
        f"  recorded: {recorded.setpoints.power_w:.0f} W, {recorded.state}: {recorded.why}\n"
        f"  today:    {today.setpoints.power_w:.0f} W, {today.state}: {today.why}\n"
    )


def schema() -> dict[str, object]:
    """JSON Schema of a Snapshot line and of a Decision line."""
    (snapshot, decision), parts = msgspec.json.schema_components(
        (Recorded, Decision), ref_template="#/$defs/{name}"
    )
    return {"snapshot": snapshot, "decision": decision, "$defs": parts}
