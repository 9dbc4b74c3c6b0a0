"""`appliance can decode`: what a BMS family makes of a recording of its CAN bus (candump), or of standard input.

One line for every second of the recording, then all that is known at its end. With `--map` the signal map lies
anywhere, its DBC beside it: so a new family is tried before it is put into dbc/ (docs/add-a-bms.md).
"""

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Final, TextIO

import msgspec

from appliance.io.bms import Decoder, FamilyError, load_family
from appliance.io.bms.family import Family
from appliance.io.buses.can import EXTENDED, Frame
from appliance.model import BatteryReading
from appliance.probe.found import Found
from appliance.probe.shown import as_text
from appliance.registry import DBC_FOLDER

OK, FAILED, WRONG_INPUT = 0, 1, 2
MOST_RACKS: Final = 16
"""Looked for when the number of racks is not told."""
LONGEST: Final = 120
"""Characters of a line that is not a frame, when it is shown."""
NO_TIME_S: Final = 0.01
"""Between frames of a log without times."""
_TIME = r"(?:\((?P<at>\d+\.\d+)\)\s+)?"
SHORT: Final = re.compile(
    _TIME + r"\S+\s+(?P<id>[0-9A-Fa-f]{3,8})#(?P<data>(?:[0-9A-Fa-f]{2}){0,8})(?:\s+[RT])?"
)
"""`(1436509052.249713) can0 123#1122`: candump -l, -L."""
LONG: Final = re.compile(
    _TIME + r"\S+\s+(?:[TR]X\s+\S+\s+\S+\s+)?(?P<id>[0-9A-Fa-f]{3,8})\s+\[(?P<size>\d)\](?P<data>(?:\s+[0-9A-Fa-f]{2})*)(?:\s+'.*')?"
)  # fmt: skip
"""`can0  123   [8]  11 22 33 44 55 66 77 88`: candump."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `appliance can`."""
    actions = parser.add_subparsers(dest="action", required=True)
    decode = actions.add_parser("decode", help="a candump log (or -) to readings")
    which = decode.add_mutually_exclusive_group(required=True)
    which.add_argument("--bms", metavar="NAME", help="a family of dbc/")
    which.add_argument(
        "--map", type=Path, metavar="FILE.toml", help="a signal map, its DBC beside it"
    )
    decode.add_argument("log", metavar="LOG", help="candump's output; - is standard input")
    decode.add_argument("--racks", type=racks, metavar="N", help="default: those that are heard")
    decode.add_argument("--capacity-wh", type=energy_wh, default=0.0, metavar="WH")
    decode.add_argument(
        "--every", type=seconds, default=1.0, metavar="S", help="a reading each S seconds"
    )
    decode.add_argument("--json", action="store_true", help="one JSON object for each reading")


def seconds(text: str) -> float:
    """A time, more than 0. Raises ArgumentTypeError."""
    number = float(text)
    if not 0.0 < number < inf:
        raise argparse.ArgumentTypeError(f"{text}: must be more than 0")
    return number


def energy_wh(text: str) -> float:
    """0 or more. Raises ArgumentTypeError."""
    number = float(text)
    if not 0.0 <= number < inf:
        raise argparse.ArgumentTypeError(f"{text}: must be 0 or more")
    return number


def racks(text: str) -> int:
    """1 or more. Raises ArgumentTypeError."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be 1 or more")
    return number


def run(chosen: argparse.Namespace) -> int:
    """Decode a log; returns the exit code."""
    try:
        family, folder = _family(chosen)
        recording = _recording(chosen.log)
        racks = chosen.racks or _racks_heard(family, folder, recording.frames)
        decoder = Decoder(family, racks, chosen.capacity_wh, folder)
    except (FamilyError, OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_INPUT
    sys.stderr.writelines(
        f"line {number}: no CAN frame: {text}\n" for number, text in recording.junk
    )
    if not recording.frames:
        sys.stderr.write(f"{chosen.log}: no CAN frames\n")
        return WRONG_INPUT
    show = _as_json if chosen.json else _as_lines
    show(decoder, recording.frames, chosen.every, sys.stdout)
    _tell(decoder, recording.frames, sys.stderr)
    return FAILED if decoder.heard_at_s() is None else OK


def _family(chosen: argparse.Namespace) -> tuple[Family, Path]:
    path: Path | None = chosen.map
    if path is None:
        return load_family(chosen.bms), DBC_FOLDER
    if not path.is_file():
        raise FamilyError(f"no file {path}")
    return load_family(path.stem, path.parent), path.parent


# ---------------------------------------------------------------- reading a log


@dataclass(slots=True)
class Recording:
    """The frames of a log, and the lines that are none."""

    frames: list[Frame] = field(default_factory=list)
    junk: list[tuple[int, str]] = field(default_factory=list)


def _recording(name: str) -> Recording:
    if name == "-":
        return read_log(sys.stdin)
    with Path(name).open(encoding="utf-8", errors="replace") as lines:
        return read_log(lines)


def read_log(lines: Iterable[str]) -> Recording:
    """Both formats of candump, in any mixture; frames without a time come 10 ms after the one before."""
    found, at_s = Recording(), 0.0
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text:
            continue
        frame = _frame(text, at_s + NO_TIME_S)
        if frame is None:
            found.junk.append((number, text[:LONGEST]))
        else:
            found.frames.append(frame)
            at_s = frame.at_s
    return found


def _frame(text: str, else_at_s: float) -> Frame | None:
    match = SHORT.fullmatch(text) or LONG.fullmatch(text)
    if match is None:
        return None
    data = bytes.fromhex(match["data"])
    digits, size = match["id"], match.groupdict().get("size")
    number = int(digits, 16)
    if number >= EXTENDED >> 2 or (size is not None and int(size) != len(data)):
        return None  # an error frame, or not all of one
    extended = len(digits) > 3
    at_s = else_at_s if match["at"] is None else float(match["at"])
    return Frame(number | (EXTENDED if extended else 0), data, at_s)


# ---------------------------------------------------------------- what it says


def _racks_heard(family: Family, folder: Path, frames: list[Frame]) -> int:
    """The highest rack of which anything comes."""
    most = 1 if family.layout.by == "single" else min(MOST_RACKS, family.layout.max_racks)
    highest = 1
    for reading in _readings(Decoder(family, most, 0.0, folder), frames, 1.0):
        heard = [rack.rack for rack in reading[1].racks if not rack.silent]
        highest = max(highest, *heard, 1)
    return highest


def _readings(
    decoder: Decoder, frames: list[Frame], every_s: float
) -> Iterator[tuple[float, BatteryReading]]:
    """One for every so many seconds, and one at the end: seconds since the start, reading."""
    if not frames:
        return
    start_s = frames[0].at_s
    next_s = start_s + every_s
    for frame in frames:
        if frame.at_s >= next_s:
            yield next_s - start_s, decoder.reading(next_s)
            next_s += every_s * max(1.0, (frame.at_s - next_s) // every_s + 1.0)
        decoder.store(frame)
    end_s = frames[-1].at_s
    yield end_s - start_s, decoder.reading(end_s)


def _as_json(decoder: Decoder, frames: list[Frame], every_s: float, out: TextIO) -> None:
    for at_s, reading in _readings(decoder, frames, every_s):
        line = {"at_s": round(at_s, 3), "reading": msgspec.to_builtins(reading)}
        out.write(json.dumps(line, ensure_ascii=False) + "\n")


def _as_lines(decoder: Decoder, frames: list[Frame], every_s: float, out: TextIO) -> None:
    last, last_s = None, 0.0
    for at_s, reading in _readings(decoder, frames, every_s):
        out.write(f"{at_s:9.3f} s  {_summary(reading)}\n")
        last, last_s = reading, at_s
    if last is None:
        return
    racks = tuple([msgspec.structs.replace(rack, cells_v=()) for rack in last.racks])
    shown = msgspec.structs.replace(last, racks=racks)
    name = decoder.family.dbc.removesuffix(".dbc")
    out.write("\n" + as_text(Found("bms", name, decoder.family.title, "", "", shown, last_s)))
    for rack in last.racks:
        if rack.cells_v:
            known = sum(cell is not None for cell in rack.cells_v)
            out.write(f"rack {rack.rack}: {known} of {len(rack.cells_v)} single cells\n")


def _summary(reading: BatteryReading) -> str:
    parts = [str(reading.state)]
    for value, unit in (
        (reading.voltage_v, "V"),
        (reading.current_a, "A"),
        (reading.soc_pct, "%"),
    ):
        parts.append("-" if value is None else f"{value:.1f} {unit}")
    parts += [f"fault: {fault}" for fault in reading.faults]
    return "  ".join(parts)


def _tell(decoder: Decoder, frames: list[Frame], out: TextIO) -> None:
    """Counts, and what nobody reads."""
    wanted = decoder.frame_ids()
    unread = Counter(frame.id for frame in frames if frame.id not in wanted)
    out.write(f"{len(frames)} frames")
    out.writelines(
        f", {count} with a wrong {why}" for why, count in decoder.dropped.items() if count
    )
    out.write("\n")
    if unread:
        ids = [f"{number & ~EXTENDED:X} ({count})" for number, count in sorted(unread.items())]
        out.write(f"not in the map: {' '.join(ids)}\n")
    if decoder.heard_at_s() is None:
        out.write(f"the key message {decoder.family.key} never came: this is another BMS\n")
