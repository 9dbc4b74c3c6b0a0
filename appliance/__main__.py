"""The command line. Exit codes: 0 done, 2 what was typed is wrong (all mistakes on stderr), 1 otherwise."""

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

from appliance import can_log, probe
from appliance.arguments import command_line
from appliance.clock import Clock, SystemClock
from appliance.config import SiteError, load_site
from appliance.ctl import recordings
from appliance.processes import AlreadyRunningError, ProcessLock, end_with_runner
from appliance.site import SiteSettings
from appliance.supervisor import Lease

if TYPE_CHECKING:
    from appliance.realtime import Realtime
    from appliance.wiring import Core

OK, FAILED, WRONG_INPUT = 0, 1, 2
DISPLAY_VARIABLES: Final = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
"""Without any of them the screen is drawn to a file."""
LOG_FORMAT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    logging.basicConfig(
        level=os.environ.get("APPLIANCE_LOG", "INFO").upper(), format=LOG_FORMAT, stream=sys.stderr
    )
    if words[:1] == ["ctl"] and "--json" in words:
        from appliance.ctl.failing import with_reason

        return with_reason(lambda: _run_one(words), sys.stdout, sys.stderr)
    return _run_one(words)


def _run_one(words: list[str]) -> int:
    chosen = command_line().parse_args(words)
    return _exit_code(_COMMANDS[chosen.command], chosen)


def _exit_code(command: Callable[[argparse.Namespace], int], chosen: argparse.Namespace) -> int:
    try:
        return command(chosen)
    except (SiteError, FolderError) as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_INPUT
    except AlreadyRunningError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return OK


class FolderError(Exception):
    """A folder of site.toml cannot be used."""


def _lease_until_signal(clock: Clock) -> Lease:
    lease = Lease(clock)

    def end(_number: int, _frame: FrameType | None) -> None:
        lease.end_from_signal()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    return lease


def _run_folder(site: SiteSettings) -> Path:
    for name, folder in (("data_folder", site.data_folder), ("run_folder", site.run_folder)):
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderError(f"{name} = {folder!r} cannot be made: {error.strerror}") from error
    return Path(site.run_folder)


def _run(chosen: argparse.Namespace) -> int:
    from appliance.run import Runner, folders

    site, clock = load_site(chosen.site), SystemClock()
    left_out = {name for name in chosen.without.split(",") if name}
    filled = folders(chosen.site, site.data_folder, site.run_folder, chosen.boot_folder)
    with ProcessLock(_run_folder(site), "run"):
        extra = {"bootstrapper": ("--cpuinfo", chosen.cpuinfo)} if chosen.cpuinfo else {}
        afterwards = {"core": lambda: _leave_cool(site, clock)}
        runner = Runner(filled, left_out, clock, extra, afterwards)
        return runner.run(_lease_until_signal(clock))


def _leave_cool(site: SiteSettings, clock: Clock) -> None:
    """The core has ended: what it drove keeps its last command."""
    if site.climate is not None or site.relays:
        from appliance.io.climate import fans_full  # large, and hardly ever needed here

        fans_full(site, clock)


def _core(chosen: argparse.Namespace) -> int:
    """Everything is imported here, once; what is read from disk is read by each child anew."""
    from appliance.forked import Forked
    from appliance.realtime import Realtime
    from appliance.wiring import Core

    def run(chosen: argparse.Namespace) -> int:
        return _run_core(Core, Realtime, chosen)

    end_with_runner()
    _run_folder(load_site(chosen.site))
    return Forked(lambda: _exit_code(run, chosen), SystemClock()).keep()


def _run_core(new: "type[Core]", realtime: "type[Realtime]", chosen: argparse.Namespace) -> int:
    site, clock = load_site(chosen.site), SystemClock()
    with ProcessLock(_run_folder(site), "core"):
        lease = _lease_until_signal(clock)
        core = new(site, clock)
        core.prefer(realtime())
        return core.run(lease)


def _cloud(chosen: argparse.Namespace) -> int:
    from appliance.cloud.agent import run_cloud

    end_with_runner()
    site, clock = load_site(chosen.site), SystemClock()
    with ProcessLock(_run_folder(site), "cloud"):
        return run_cloud(site, clock, _lease_until_signal(clock))


def _gui(chosen: argparse.Namespace) -> int:
    from appliance.gui.app import run_gui

    end_with_runner()
    site, clock = load_site(chosen.site), SystemClock()
    picture = chosen.picture
    if picture is None and not any(name in os.environ for name in DISPLAY_VARIABLES):
        picture = _run_folder(site) / "screen.png"
    with ProcessLock(_run_folder(site), "gui"):
        return run_gui(site, clock, picture=picture)


def _ctl(chosen: argparse.Namespace) -> int:
    from appliance.ctl.asking import Ctl
    from appliance.ctl.wants import want_of

    site = load_site(chosen.site)
    code = _ctl_with_a_file_of_its_own(chosen, site)
    if code is not None:
        return code
    ctl = Ctl(Path(site.run_folder), chosen.json, sys.stdout)
    try:
        match chosen.what:
            case "status":
                return ctl.status()
            case "errors":
                return ctl.errors()
            case "watch":
                return ctl.watch(chosen.count)
            case _:
                return ctl.ask(want_of(chosen.what, vars(chosen)))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_INPUT
    finally:
        ctl.close()


def _ctl_with_a_file_of_its_own(chosen: argparse.Namespace, site: SiteSettings) -> int | None:
    """The exit code; None: it is one of the others."""
    if chosen.what == "test":
        from appliance.ctl import by_hand

        return by_hand.run(chosen, site, sys.stdout)
    if chosen.what == "tune":
        from appliance.ctl import tune

        return tune.run(chosen, site, sys.stdout)
    if chosen.what == "schedule":
        from appliance.ctl import schedule

        return schedule.run(chosen, site, sys.stdout)
    if chosen.what == "blackbox":
        return recordings.run(chosen, site, sys.stdout)
    if chosen.what == "backup":
        from appliance.ctl import backup

        return backup.run(chosen, site, sys.stdout)
    if chosen.what == "market":
        from appliance.ctl import market

        return market.run(chosen.json, site, sys.stdout)
    if chosen.what in ("info", "limits") or (chosen.what == "errors" and chosen.all):
        from appliance.ctl import history

        return history.run(chosen, site, sys.stdout)
    return None


def _simulate(chosen: argparse.Namespace) -> int:
    try:
        from appliance.simulate import SimulationError, simulate
    except ImportError as error:
        sys.stderr.write(f"the simulator is not installed on this box ({error})\n")
        return FAILED
    site = load_site(chosen.site)
    try:
        summary = simulate(
            site, chosen.profile, chosen.mode, chosen.days, chosen.step, chosen.soc, chosen.out
        )
    except SimulationError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_INPUT
    sys.stdout.write(summary.as_json() if chosen.json else summary.as_text(chosen.out))
    return OK


def _replay(chosen: argparse.Namespace) -> int:
    from appliance.explain import InstantError, explain, instant, read
    from appliance.replay import LineError, replay, schema, snapshots

    if chosen.schema:
        sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
        return OK
    if chosen.log is None:
        sys.stderr.write("name the recording: appliance replay --site FILE LOG.jsonl\n")
        return WRONG_INPUT
    site = load_site(chosen.site)
    try:
        if chosen.at is not None:
            lines = read(chosen.log, snapshots(chosen.log))
            sys.stdout.write(explain(site, lines, instant(chosen.at, lines[0].utc, lines[-1].utc)))
        else:
            replay(site, chosen.log, sys.stdout)
    except (LineError, InstantError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_INPUT
    return OK


def _config(chosen: argparse.Namespace) -> int:
    from appliance.config import schema

    if chosen.action == "schema":
        sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
        return OK
    site = load_site(chosen.file)
    if chosen.action == "pin":
        return _pin(site, remove=chosen.remove)
    sys.stdout.write(f"{chosen.file}: {site.name} is in order\n")
    code = site.grid_code
    if code is not None and code.unverified:
        doubtful = f"{code.unverified} figures are not verified: ask the grid operator"
        sys.stdout.write(f"{code.title}, {code.edition}: {doubtful}\n")
    return OK


def _pin(site: SiteSettings, *, remove: bool) -> int:
    from appliance.pin import PinError, set_pin

    try:
        sys.stdout.write(f"{set_pin(Path(site.data_folder), remove=remove)}\n")
    except PinError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_INPUT
    except OSError as error:
        sys.stderr.write(f"the PIN cannot be kept: {error}\n")
        return FAILED
    return OK


_COMMANDS: Final = {
    "run": _run,
    "core": _core,
    "cloud": _cloud,
    "gui": _gui,
    "ctl": _ctl,
    "simulate": _simulate,
    "replay": _replay,
    "config": _config,
    "probe": probe.run,
    "can": can_log.run,
}

if __name__ == "__main__":
    sys.exit(main())
