"""`appliance ctl blackbox`: recordings of errors, read from the disk; works also when the core is down."""

import argparse
import gzip
import shutil
import sys
import zlib
from pathlib import Path
from typing import Final, TextIO

import msgspec

from appliance.blackbox import files
from appliance.blackbox.files import ENDING, UNFINISHED, Entry, Header
from appliance.site import SiteSettings

OK, FAILED, WRONG_INPUT = 0, 1, 2
FOLDER: Final = "blackbox"
"""In the data folder."""
Words = dict[str, object]


def add_arguments(blackbox: argparse.ArgumentParser) -> None:
    """What can be typed after `appliance ctl blackbox`."""
    actions = blackbox.add_subparsers(dest="action", required=True, metavar="ACTION")
    lists = actions.add_parser("list", help="every recording, oldest first")
    export = actions.add_parser("export", help="one recording as lines for appliance replay")
    export.add_argument("name", help="as list shows it")
    export.add_argument(
        "--out", type=Path, metavar="FILE",
        help="plain lines, or compressed when it ends .gz; - for the screen (default: NAME.jsonl.gz here)",
    )  # fmt: skip
    for parser in (lists, export):
        parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        parser.add_argument("--site", type=Path, default=argparse.SUPPRESS, metavar="FILE")


def run(chosen: argparse.Namespace, site: SiteSettings, out: TextIO) -> int:
    """List or export; the exit code."""
    folder = Path(site.data_folder) / FOLDER
    try:
        if chosen.action == "list":
            return _list(folder, as_json=chosen.json, out=out)
        return _export(folder, chosen.name, chosen.out, as_json=chosen.json, out=out)
    except (OSError, EOFError, zlib.error) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED


def _list(folder: Path, *, as_json: bool, out: TextIO) -> int:
    kept, unfinished = files.entries(folder), files.parts(folder)
    if as_json:
        words = [_words(entry) for entry in (*kept, *unfinished)]
        out.write(msgspec.json.encode(words).decode() + "\n")
    elif not kept and not unfinished:
        out.write(f"no recordings in {folder.absolute()}\n")
    else:
        lines = [_line(entry) for entry in (*kept, *unfinished)]
        out.write("\n".join([*lines, f"{_megabytes(kept)} in {folder.absolute()}"]) + "\n")
    return OK


def _words(entry: Entry) -> Words:
    """The shape programs rely on; without a header only name and size are known."""
    header = entry.header
    known: Words = {} if header is None else msgspec.to_builtins(header)
    for inner in ("size", "site"):
        known.pop(inner, None)
    empty: Words = {"errors": [], "began_at": None, "ended_at": None, "cycles": None}
    writing = entry.path.name.endswith(UNFINISHED)
    return {"name": entry.name, "bytes": entry.size, "being_written": writing, **empty, **known}


def _line(entry: Entry) -> str:
    header, size = entry.header, f"{entry.size / 1e6:6.1f} MB"
    if header is None:
        return f"{entry.name:32} {size}  nothing is known of it"
    seconds = (header.ended_at - header.began_at).total_seconds()
    return f"{entry.name:32} {size} {seconds:5.0f} s  {_about(header)}{_state(entry, header)}"


def _about(header: Header) -> str:
    named = [f"{error.number} {error.source}: {error.title}" for error in header.errors]
    named += [f"{header.more_errors} more"] if header.more_errors else []
    return "; ".join(named) or "no error"


def _state(entry: Entry, header: Header) -> str:
    if entry.path.name.endswith(UNFINISHED):
        return " (being written)"
    cut = "" if header.whole else " (ends early: the box ended)"
    return cut if header.continues is None else f"{cut} (goes on from {header.continues})"


def _megabytes(kept: list[Entry]) -> str:
    counted = "1 recording" if len(kept) == 1 else f"{len(kept)} recordings"
    return f"{counted}, {sum(entry.size for entry in kept) / 1e6:.1f} MB"


def _export(folder: Path, name: str, to: Path | None, *, as_json: bool, out: TextIO) -> int:
    wanted = name.removesuffix(ENDING)
    known = {entry.name: entry for entry in files.entries(folder)}
    if wanted not in known:
        sys.stderr.write(_missing(folder, wanted, tuple(known)))
        return WRONG_INPUT
    entry = known[wanted]
    if to == Path("-"):
        with gzip.open(entry.path, "rt", encoding="utf-8") as recording:
            shutil.copyfileobj(recording, out)
        return OK
    target = to or Path(entry.path.name)
    if target.exists() and target.samefile(entry.path):
        sys.stderr.write(f"{target} is the recording itself: name another file with --out\n")
        return WRONG_INPUT
    _copy(entry.path, target)
    shown: Words = {**_words(entry), "file": str(target)}
    out.write(
        msgspec.json.encode(shown).decode() + "\n"
        if as_json
        else f"{target}: look at it with: appliance replay {target}\n"
    )
    return OK


def _copy(recording: Path, target: Path) -> None:
    """Compressed as it is, or plain lines."""
    if target.suffix == ".gz":
        shutil.copyfile(recording, target)
        return
    with gzip.open(recording, "rb") as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain)


def _missing(folder: Path, wanted: str, known: tuple[str, ...]) -> str:
    if any(entry.name == wanted for entry in files.parts(folder)):
        return f"{wanted} is still being written: try again when it is in the list\n"
    there = f"there is: {', '.join(known)}" if known else f"there are none in {folder}"
    return f"no recording {wanted!r}; {there}\n"
