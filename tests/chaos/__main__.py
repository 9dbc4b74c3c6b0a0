"""`python -m tests.chaos`: the fault campaign. Results in build/chaos/results.jsonl, the table in docs/chaos.md."""

import argparse
import json
import os
import random
import re
import signal
import sys
import time
from pathlib import Path

from tests.chaos.campaign import Campaign, Report, written
from tests.chaos.report import write_report
from tests.chaos.rows import Scenario, scenarios
from tests.chaos.seen import SAFE

FOLDER = Path("build/chaos")
DOCUMENT = Path("docs/chaos.md")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description="The fault campaign."
    )
    parser.add_argument(
        "--boxes", type=int, default=max(2, 2 * (os.cpu_count() or 2)), help="at once"
    )
    parser.add_argument(
        "--only",
        default="",
        metavar="PATTERN",
        help="part of a scenario's name (regular expression)",
    )
    parser.add_argument(
        "--list", action="store_true", help="names of the scenarios, and nothing else"
    )
    parser.add_argument("--seed", type=int, default=None, help="shuffles the order")
    parser.add_argument("--sample", type=int, default=None, metavar="N", help="N of them by chance")
    parser.add_argument("--resume", action="store_true", help="leave out what has a result already")
    parser.add_argument(
        "--again", action="store_true", help="only those that were not safe; implies --resume"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    parser.add_argument(
        "--report",
        action="store_true",
        help="write the document from what there is, and nothing else",
    )
    return parser


def _chosen(arguments: argparse.Namespace, known: dict[str, Report]) -> list[Scenario]:
    rows = [row for row in scenarios() if re.search(arguments.only, row.name)]
    if arguments.again:
        rows = [row for row in rows if row.name in known and known[row.name]["verdict"] != SAFE]
    elif arguments.resume:
        rows = [row for row in rows if row.name not in known]
    chance = random.Random(1 if arguments.seed is None else arguments.seed)
    if arguments.sample is not None:
        rows = chance.sample(rows, min(arguments.sample, len(rows)))
    if arguments.seed is not None:
        chance.shuffle(rows)
    return rows


def _play(rows: list[Scenario], arguments: argparse.Namespace) -> int:
    file = arguments.folder / "results.jsonl"
    count, bad, began_s = 0, 0, time.monotonic()
    with file.open("a") as out:

        def done(report: Report) -> None:
            nonlocal count, bad
            count += 1
            bad += report["verdict"] != SAFE
            out.write(json.dumps(report) + "\n")
            out.flush()
            zero = report["zero_s"]
            zero_text = "" if zero is None else f" zero {zero:.2f} s"
            print(f"{count}/{len(rows)} {time.monotonic() - began_s:5.0f} s  {report['name']}: {report['verdict']}"
                  f"{zero_text} ({report['took_s']:.0f} s) {'; '.join(map(str, report['reasons']))}", flush=True)  # type: ignore[call-overload]  # fmt: skip

        Campaign(rows, arguments.boxes, arguments.folder / "boxes").run(done)
        took_s = time.monotonic() - began_s
        out.write(f"# {len(rows)} scenarios in {took_s:.0f} s with {arguments.boxes} boxes\n")
    print(f"{count} scenarios, {bad} not safe, {took_s:.0f} s")
    return 0 if bad == 0 and count == len(rows) else 1


def main(argv: list[str]) -> int:
    """Exit code 0: all safe and back; 1: not; 2: wrong input."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # boxes are ended also then
    arguments.folder.mkdir(parents=True, exist_ok=True)
    file = arguments.folder / "results.jsonl"
    resumes = arguments.resume or arguments.again or arguments.report or arguments.list
    if not resumes and not arguments.only and arguments.sample is None:
        file.unlink(missing_ok=True)
    known = written(file)
    rows = _chosen(arguments, known)
    if arguments.list:
        print("\n".join(row.name for row in rows))
        return 0
    code = 0
    if not arguments.report:
        if not rows:
            print("nothing to play")
            return 2
        code = _play(rows, arguments)
    write_report(file, arguments.document)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
