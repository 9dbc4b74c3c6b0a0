"""The pretend site's command line: `site` stands in for its devices; the others order it about.

Exit codes: 0 done, 2 the input was wrong, 1 otherwise.
"""

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Callable, Sequence
from math import isfinite
from pathlib import Path

from simulator.wire.control import Json, SiteControl, SiteControlError
from simulator.wire.plugs import FAULTS

DONE, FAILED, WRONG_INPUT = 0, 1, 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="The world outside the box.",
        epilog="hub and hub-ask: see `hub --help`.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    site = commands.add_parser("site", help="stand in for every device of a site.toml")
    site.add_argument("--site", type=Path, required=True, metavar="FILE")
    site.add_argument("--profile", type=Path, required=True, metavar="CSV")
    site.add_argument("--soc", type=float, default=50.0, metavar="PCT", help="at the start")
    site.add_argument("--speed", type=float, default=1.0, help="plant seconds in a second")
    site.add_argument(
        "--at", default="00:00", metavar="HH:MM", help="time of day (UTC) in the profile"
    )

    plug = commands.add_parser("plug", help="pull a plug, or put it back in")
    plug.add_argument("name", help="inverter, meter.grid, meter.pv, bms, sensor, board")
    plug.add_argument("fault", choices=tuple(FAULTS))
    commands.add_parser("estop", help="the emergency stop").add_argument(
        "what", choices=("press", "release")
    )
    button = commands.add_parser("button", help="press a button shortly")
    button.add_argument("name")
    button.add_argument("--hold", choices=("down", "up"), help="keep it down, or let go of it")
    hold = commands.add_parser(
        "set",
        help="override load_w, pv_w, cell_c, box_c, box_humidity_pct, grid_v, grid_hz, grid_hz_per_s, inverter_lag_s; set soc_pct",
    )
    hold.add_argument("name")
    hold.add_argument("value", help="a number, or `profile` to give it back")
    commands.add_parser("show", help="the truth about the plant")
    for name in ("site", "plug", "estop", "button", "set", "show"):
        commands.choices[name].add_argument("--folder", type=Path, required=True, metavar="DIR")
    return parser


def _site(chosen: argparse.Namespace) -> int:
    # Only this command needs the servers; the others are quick without them.
    from simulator.models.profile import ProfileError, load_profile
    from simulator.wire.run_site import run_site
    from simulator.wire.sitefile import SiteFileError, load_site_file
    from simulator.wire.stand_in import StandIn

    try:
        clock = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", chosen.at)
        if clock is None or not 0.0 <= chosen.soc <= 100.0 or not 0.0 < chosen.speed <= 1_000.0:
            msg = "--at is a time of day such as 11:00, --soc 0 to 100, --speed above 0 up to 1000"
            raise SiteFileError(msg)
        profile = load_profile(chosen.profile)
        wanted = load_site_file(chosen.site)
        stand_in = StandIn(wanted, profile, soc_pct=chosen.soc, speed=chosen.speed)
    except (ProfileError, SiteFileError) as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_INPUT
    stand_in.plant.site.elapsed_s = profile.seconds_to(int(clock[1]), int(clock[2]))
    if profile.ignored:
        sys.stderr.write(f"{chosen.profile}: left out: {', '.join(profile.ignored)}\n")
    try:
        return asyncio.run(run_site(stand_in, chosen.folder))
    except OSError as error:
        sys.stderr.write(f"the pretend site cannot start: {error}\n")
        return FAILED


def _order(chosen: argparse.Namespace) -> int:
    try:
        with SiteControl(chosen.folder) as site:
            sys.stdout.write(json.dumps(ORDERS[chosen.command](site, chosen), indent=2) + "\n")
    except (SiteControlError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    return DONE


def _set(site: SiteControl, chosen: argparse.Namespace) -> Json:
    value = None if chosen.value == "profile" else float(chosen.value)
    if value is not None and not isfinite(value):
        msg = f"value = {chosen.value} is no number a plant can have"
        raise ValueError(msg)
    return site.order("set", name=chosen.name, value=value)


ORDERS: dict[str, Callable[[SiteControl, argparse.Namespace], Json]] = {
    "plug": lambda site, chosen: site.order("plug", name=chosen.name, fault=chosen.fault),
    "estop": lambda site, chosen: site.order("estop", pressed=chosen.what == "press"),
    "button": lambda site, chosen: (
        site.order("button", name=chosen.name)
        if chosen.hold is None
        else site.order("hold", name=chosen.name, down=chosen.hold == "down")
    ),
    "set": _set,
    "show": lambda site, _: site.order("show"),
}
"""What each command orders; the answer is printed."""


def main(argv: Sequence[str]) -> int:
    """Run one command; its exit code."""
    chosen = _parser().parse_args(argv)
    return _site(chosen) if chosen.command == "site" else _order(chosen)
