"""`python -m tools.mutants`: every change of the safety code against the fast tests; docs/mutants.md.

One pytest session collects and measures once: which lines each test runs, and how long it takes. Each
mutant is a fork of that process in which the changed function or table takes the place of the real
one; the tests that run the changed line run, the quickest first, until one fails. What survives is
tried once more in a process that imports everything anew, and against the walk of the model test.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from math import inf
from pathlib import Path
from typing import Any, Final

import pytest

from tools.mutants.changes import Mutant, mutants_of
from tools.mutants.report import write_report
from tools.mutants.session import Session

ROOT: Final = Path(__file__).resolve().parent.parent.parent
SAFETY: Final = (
    "appliance/statemachine/*.py",
    "appliance/limits/*.py",
    "appliance/errors/*.py",
    "appliance/error_watch.py",
    "appliance/cycle.py",
    "appliance/programme.py",
    "appliance/why.py",
    "appliance/answers/*.py",
    "appliance/testing.py",
    "appliance/battery/rescue.py",
    "appliance/battery/admission.py",
)
BESIDE: Final = (
    "appliance/battery/sleeping.py",
    "appliance/battery/balancing.py",
    "appliance/battery/joining.py",
    "appliance/battery/care.py",
    "appliance/watches/battery.py",
    "appliance/watches/stillness.py",
    "appliance/watches/grid.py",
)
TESTS: Final = (
    # Fast and deterministic; whoever adds one for a survivor names it here.
    "tests/core/test_double_entry.py",
    "tests/core/test_tables.py",
    "tests/core/test_rows.py",
    "tests/core/test_limit_rows.py",
    "tests/core/test_transitions.py",
    "tests/core/test_cycle.py",
    "tests/core/test_cycle_trouble.py",
    "tests/core/test_bounds.py",
    "tests/core/test_limit_bounds.py",
    "tests/core/test_error_bounds.py",
    "tests/core/test_cell_conditions.py",
    "tests/core/test_grid_conditions.py",
    "tests/core/test_box_conditions.py",
    "tests/core/test_battery_conditions.py",
    "tests/core/test_rescue_conditions.py",
    "tests/core/test_known_conditions.py",
    "tests/core/test_going_down.py",
    "tests/core/test_stopping.py",
    "tests/core/test_grid_code.py",
    "tests/core/test_stillness.py",
    "tests/core/test_requests.py",
    "tests/core/test_by_whom.py",
    "tests/core/test_answers_told.py",
    "tests/core/test_waiting.py",
    "tests/core/test_undecided.py",
    "tests/core/test_unknown.py",
    "tests/core/test_open_at_once.py",
    "tests/core/test_mode_inputs.py",
    "tests/core/test_by_hand_begin.py",
    "tests/core/test_by_hand_end.py",
    "tests/core/test_by_hand_outputs.py",
    "tests/core/test_by_hand_steps.py",
    "tests/core/test_by_hand_properties.py",
    "tests/core/test_rescue.py",
    "tests/core/test_battery_watch.py",
    "tests/core/test_health.py",
    "tests/core/test_grid_watch.py",
    "tests/core/test_edges_of_time.py",
    "tests/core/test_answers_to_tests.py",
    "tests/core/test_answers_about_limits.py",
    "tests/core/test_outputs_of_a_test.py",
    "tests/core/test_sentence.py",
    "tests/core/test_answers_about_errors.py",
    "tests/battery/test_sleeping.py",
    "tests/battery/test_balancing.py",
    "tests/climate/test_force.py",
    "tests/core/test_error_watch.py",
    "tests/core/test_limit_words.py",
    "tests/core/test_rescue_bounds.py",
    "tests/battery/test_admission.py",
    "tests/core/test_contradictions.py",
    "tests/core/test_features.py",
    "tests/core/test_from_afar.py",
    "tests/core/test_programme.py",
    "tests/core/test_resting.py",
    "tests/core/test_schedules.py",
    "tests/core/test_well.py",
    "tests/core/test_well_bounds.py",
    "tests/core/test_waiting_told.py",
    "tests/core/test_reactive.py",
    "tests/battery/test_leaving.py",
    "tests/modes/test_backup.py",
    "tests/core/test_backup_report.py",
    "tests/core/test_backup_conditions.py",
    "tests/core/test_island_conditions.py",
    "tests/core/test_answers_about_backup.py",
    "tests/core/test_more_bounds.py",
    "tests/core/test_external_bounds.py",
    "tests/core/test_programme_bounds.py",
    "tests/core/test_known_more.py",
    "tests/modes/test_external_control.py",
)
TESTS_BESIDE: Final = (
    "tests/battery/test_joining.py",
    "tests/battery/test_joining_pause.py",
    "tests/core/test_grid_stages.py",
    "tests/core/test_grid_wires.py",
    "tests/core/test_still_fields.py",
    "tests/core/test_battery_rises.py",
    "tests/battery/test_joining_bounds.py",
    "tests/battery/test_joining_power.py",
    "tests/battery/test_sleep_bounds.py",
    "tests/battery/test_balancing_bounds.py",
    "tests/battery/test_care.py",
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="", help="files whose path contains one of these (a,b)")
    parser.add_argument(
        "--beside", action="store_true", help="also the code beside the safety code"
    )
    parser.add_argument("--every", type=int, default=1, help="every n-th mutant only")
    parser.add_argument("--minutes", type=float, default=inf, help="then it ends with what it has")
    parser.add_argument("--walk", type=int, default=8_000, help="cycles of the walk at the end")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "mutants.json")
    parser.add_argument("--report", type=Path, default=None, help="docs/mutants.md, of a whole run")
    parser.add_argument("--again", type=Path, default=None, help="only what survived in this file")
    return parser.parse_args()


def _files(patterns: tuple[str, ...], only: str) -> list[str]:
    found = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    names = [path.relative_to(ROOT).as_posix() for path in dict.fromkeys(found)]
    return [name for name in names if any(part in name for part in only.split(","))]


def _together(before: dict[str, Any], again: dict[str, Any]) -> dict[str, Any]:
    """A whole run, and a second look at what survived it with the tests of now."""
    files = {name: {**one, "survived": 0} for name, one in before["files"].items()}
    for survivor in again["survivors"]:
        files[survivor["file"]]["survived"] += 1
    took_s = before["took_s"] + again["took_s"]
    return {
        **again,
        "mutants": before["mutants"],
        "of": before.get("of", 0),
        "files": files,
        "took_s": took_s,
    }


def main() -> int:
    """0 when no mutant survived without a reason."""
    arguments = _arguments()
    os.chdir(ROOT)
    began_s = time.monotonic()
    patterns = SAFETY + (BESIDE if arguments.beside else ())
    mutants: list[Mutant] = []
    for name in _files(patterns, arguments.only):
        mutants += mutants_of(name, (ROOT / name).read_text(encoding="utf-8"))
    mutants = mutants[:: arguments.every]
    before = None if arguments.again is None else json.loads(arguments.again.read_text())
    if before is not None:
        left = {one["key"] for one in before["survivors"]}
        mutants = [mutant for mutant in mutants if mutant.key in left]
    tests = _files(TESTS + (TESTS_BESIDE if arguments.beside else ()), "")
    missing = [name for name in TESTS + TESTS_BESIDE if not (ROOT / name).is_file()]
    if missing:
        print(f"no such tests: {', '.join(missing)}", file=sys.stderr)
        return 2
    print(f"{len(mutants)} mutants, {len(tests)} files of tests", flush=True)
    session = Session(ROOT, mutants, tests, arguments.jobs, arguments.walk, arguments.minutes)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = folder
        options = [
            "-p",
            "no:cacheprovider",
            "--timeout=0",
            "-s",
            "-p",
            "no:terminal",
            "-o",
            "addopts=--import-mode=importlib",
            *tests,
        ]
        ended = pytest.main(options, plugins=[session])
    if ended == pytest.ExitCode.INTERNAL_ERROR or not session.durations:
        print("it did not run to its end", file=sys.stderr)
        return 2
    result: dict[str, Any] = {
        "mutants": session.tried,
        "of": len(mutants),
        "took_s": round(time.monotonic() - began_s),
        "tests": len(session.durations),
        "files": session.by_file(),
        "survivors": [session.told(mutant) for mutant in session.survivors],
    }
    if before is not None:
        result = _together(before, result)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1, ensure_ascii=False))
    open_ones = write_report(ROOT, result, arguments.report)
    killed = session.tried - len(session.survivors)
    print(
        f"{killed} of {session.tried} killed in {result['took_s']} s; {open_ones} without a reason"
    )
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(main())
