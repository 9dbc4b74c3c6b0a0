"""`appliance ctl backup report | test | end | black-start`: what a test of the backup found, and asking for one."""

import argparse
import sys
from math import nan
from pathlib import Path
from typing import Final, TextIO

import msgspec

from appliance.model import BackupReport, BlackStart, EndBackupTest, TryBackup
from appliance.site import SiteSettings, lacks
from appliance.site.backup import TRIAL_S

OK, FAILED = 0, 1
NOT_TESTED: Final = "the backup was not tested yet: appliance ctl backup test"
LOOK: Final = "appliance ctl watch shows what happens; appliance ctl backup report tells, when the test is over, what it found\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be typed after `ctl backup`."""
    asks = parser.add_subparsers(dest="backup", required=True, metavar="WHAT")
    report = asks.add_parser("report", help="what the last test found, read from the disk")
    report.add_argument("--all", action="store_true", help="of every test that is kept")
    test = asks.add_parser("test", help="live on the battery for a while, then report")
    test.add_argument(
        "--for",
        dest="duration_s",
        type=_duration_s,
        default=300.0,
        metavar="S",
        help="how long, in s: 10 to 3600",
    )
    asks.add_parser("end", help="end the test: back to the grid")
    asks.add_parser("black-start", help="start without a grid")
    for one in asks.choices.values():
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        one.add_argument("--site", type=Path, default=argparse.SUPPRESS, metavar="FILE")


def _duration_s(typed: str) -> float:
    """Raises ArgumentTypeError with the range."""
    shortest_s, longest_s = TRIAL_S
    try:
        duration_s = float(typed)
    except ValueError:
        duration_s = nan
    if not shortest_s <= duration_s <= longest_s:
        msg = f"{typed!r}: must be a number of seconds between {shortest_s:g} and {longest_s:g}"
        raise argparse.ArgumentTypeError(msg)
    return duration_s


def run(chosen: argparse.Namespace, site: SiteSettings, out: TextIO) -> int:
    """Print the report, or ask and print the answer; the exit code."""
    if chosen.backup == "report":
        return _report(chosen.all, chosen.json, site, out)
    from appliance.ctl.asking import Ctl

    ctl = Ctl(Path(site.run_folder), chosen.json, out)
    try:
        if chosen.backup == "test":
            code = ctl.ask(TryBackup(chosen.duration_s))
            if code == OK and not chosen.json:
                out.write(LOOK)
            return code
        return ctl.ask(EndBackupTest() if chosen.backup == "end" else BlackStart())
    finally:
        ctl.close()


def _report(every: bool, as_json: bool, site: SiteSettings, out: TextIO) -> int:
    from appliance.store.reports import reports

    try:
        kept = reports(Path(site.data_folder))
    except OSError as error:
        sys.stderr.write(f"{site.data_folder} cannot be read: {error}\n")
        return FAILED
    if not kept:
        sys.stderr.write(f"{lacks(site, 'backup') or NOT_TESTED}\n")
        return FAILED
    if as_json:
        out.write(msgspec.json.encode(kept if every else kept[0]).decode() + "\n")
    else:
        out.write("\n\n".join(report_text(one) for one in (kept if every else kept[:1])) + "\n")
    return OK


def report_text(report: BackupReport) -> str:
    """For people; times are UTC."""
    figures = report.figures
    verdict = "passed" if report.passed else "FAILED"
    rows = [
        ("test", f"{report.began_at:%Y-%m-%d %H:%M:%S} by {report.by}, {report.asked_s:.0f} s asked for"),
        ("verdict", f"{verdict}: {'; '.join(report.reasons)}" if report.reasons else verdict),
        ("switch open", f"after {_number(figures.opened_s, 's')}"),
        ("house dark", f"for {_number(figures.carried_after_s, 's')}"),
        ("carried", f"{figures.carried_wh:.1f} Wh, at most {figures.highest_w:.0f} W"),
        ("voltage", f"{_number(figures.lowest_v, 'V')} to {_number(figures.highest_v, 'V')}"),
        ("frequency", f"{_number(figures.lowest_hz, 'Hz', 2)} to {_number(figures.highest_hz, 'Hz', 2)}"),
        ("charge", f"{_number(figures.soc_before_pct, '%')} to {_number(figures.soc_after_pct, '%')}"),
        ("back", f"after {_number(report.back_s, 's')}"),
        *([("shed", ", ".join(figures.shed))] if figures.shed else []),
    ]  # fmt: skip
    return "\n".join(f"{name:12}{text}" for name, text in rows)


def _number(value: float | None, unit: str, places: int = 1) -> str:
    return "––" if value is None else f"{value:.{places}f} {unit}"
