"""What can be typed after `appliance`."""

import argparse
import math
import os
from pathlib import Path

from appliance import can_log, probe
from appliance.ctl import backup, recordings
from appliance.model import State
from appliance.statemachine.states import GOALS
from appliance.statemachine.steps import NEXT


def _site_argument(parser: argparse.ArgumentParser) -> None:
    default = os.environ.get("APPLIANCE_SITE", "/etc/appliance/site.toml")
    parser.add_argument(
        "--site", type=Path, default=Path(default), metavar="FILE",
        help=f"site.toml of the box (default: $APPLIANCE_SITE or {default})",
    )  # fmt: skip


def command_line() -> argparse.ArgumentParser:
    """Every command with its arguments."""
    parser = argparse.ArgumentParser(prog="appliance", description="Battery-storage appliance.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="the box itself: every process, supervised")
    _site_argument(run)
    run.add_argument("--boot-folder", default="/boot/appliance", help="what the factory wrote")
    run.add_argument("--cpuinfo", help="read the serial number from this file")
    run.add_argument("--without", default="", help="processes to leave out, comma separated")
    for name, text in (("core", "the control core"), ("cloud", "the cloud process")):
        _site_argument(commands.add_parser(name, help=f"{text} alone"))
    gui = commands.add_parser("gui", help="the touchscreen alone")
    _site_argument(gui)
    gui.add_argument("--picture", type=Path, help="draw offscreen and keep a picture in this file")

    _ctl_parser(commands.add_parser("ctl", help="ask a running box"))

    simulate = commands.add_parser("simulate", help="days in virtual time, through the real cycle")
    _site_argument(simulate)
    simulate.add_argument("--profile", type=Path, required=True, metavar="CSV")
    simulate.add_argument("--mode", help="control mode (default: the site's start_mode)")
    simulate.add_argument("--days", type=float, default=1.0)
    simulate.add_argument("--step", type=float, default=1.0, metavar="S", help="seconds a cycle")
    simulate.add_argument("--soc", type=float, default=50.0, metavar="PCT", help="at the start")
    simulate.add_argument("--out", type=Path, required=True, metavar="DIR")
    simulate.add_argument("--json", action="store_true", help="print the summary as JSON")

    replay = commands.add_parser("replay", help="a recording through today's code")
    _site_argument(replay)
    replay.add_argument("log", nargs="?", type=Path, metavar="LOG.jsonl")
    replay.add_argument(
        "--at", metavar="TIME", help="explain the cycle of this instant (UTC), in words"
    )
    replay.add_argument("--schema", action="store_true", help="print the JSON Schema of the lines")

    probe.add_arguments(commands.add_parser("probe", help="one reading of a real device"))

    can_log.add_arguments(commands.add_parser("can", help="a recording of a CAN bus to readings"))

    config = commands.add_parser("config", help="check a site.toml, or print its schema")
    actions = config.add_subparsers(dest="action", required=True)
    actions.add_parser("check").add_argument("file", type=Path)
    actions.add_parser("schema")
    pin = actions.add_parser(
        "pin", help="set the installer's PIN of the box: asked for, never an argument"
    )
    pin.add_argument("file", type=Path, help="site.toml, which names the data_folder")
    pin.add_argument("--remove", action="store_true", help="no PIN any more")
    return parser


def _number(text: str) -> float:
    """A number that is one. Raises ArgumentTypeError for anything else, nan and infinity among it."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number")
    return value


def _watts_or_off(text: str) -> float | None:
    """A power, or None for off. Raises ArgumentTypeError for anything else."""
    if text == "off":
        return None
    try:
        return _number(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error} of watts, or off") from error


def _percent(text: str) -> float | None:
    """0 to 100, or None for auto. Raises ArgumentTypeError for anything else."""
    if text == "auto":
        return None
    value = _number(text)
    if not 0.0 <= value <= 100.0:
        raise argparse.ArgumentTypeError(f"{text!r} must be between 0 and 100, or auto")
    return value


def _whole(text: str) -> int:
    """At least one. Raises ArgumentTypeError for anything else."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number, 1 or more")
    return int(text)


def _history_arguments(asks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What `appliance/ctl/history.py` answers from the disk."""
    asks.choices["errors"].add_argument(
        "--all", action="store_true", help="every time one was raised, newest first, from the disk"
    )
    backup.add_arguments(asks.add_parser("backup", help="power without the grid: its tests"))
    asks.add_parser("info", help="what the box remembers of itself: counters, throughput, health")
    limits = asks.add_parser("limits", help="for how many hours each limit held the battery back")
    limits.add_argument("--days", type=_whole, default=7, metavar="N", help="the newest N days")


def _tune_arguments(tune: argparse.ArgumentParser) -> None:
    """What `appliance/ctl/tune.py` does."""
    tune.add_argument("--power", dest="power_w", type=_number, metavar="W", help="of a step")
    tune.add_argument("--pin", action="store_true", help="ask for the installer's PIN")


def _test_arguments(test: argparse.ArgumentParser) -> None:
    """What `appliance/ctl/by_hand.py` does; without a WHAT it listens to the keyboard."""
    pin = "outside maintenance: ask for the installer's PIN (first line of what is piped in)"
    test.add_argument("--pin", action="store_true", help=pin)
    test.add_argument("--for", dest="test_s", type=_number, default=600.0, metavar="S")
    whats = test.add_subparsers(dest="test", metavar="WHAT")
    power = whats.add_parser("power", help="hold a battery power, discharge +")
    power.add_argument("power_w", type=_number)
    state = whats.add_parser("state", help="go there step by step")
    state.add_argument("name", choices=[str(one) for one in (*NEXT, State.RUN)])
    mode = whats.add_parser("mode", help="follow this control mode")
    mode.add_argument("name")
    output = whats.add_parser("output", help="hold one output")
    output.add_argument("name")
    output.add_argument("value", metavar="on|off|PERCENT")
    for one in (power, state, mode, output):
        one.add_argument("--for", dest="hold_s", type=_number, default=60.0, metavar="S")
        one.add_argument("--pin", action="store_true", default=argparse.SUPPRESS, help=pin)
    end = whats.add_parser("end", help="end the test, whoever began it")
    for one in (power, state, mode, output, end):
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        one.add_argument("--site", type=Path, default=argparse.SUPPRESS, metavar="FILE")


def _schedule_arguments(parser: argparse.ArgumentParser) -> None:
    """What `appliance/ctl/schedule.py` does."""
    does = parser.add_subparsers(dest="schedule", required=True, metavar="WHAT")
    shown = does.add_parser("list", help="every entry, and which holds now")
    put = does.add_parser("put", help="replace the local schedule as a whole")
    entries = "JSON: entries of start_at, end_at, power_w (discharge +), reactive_var"
    put.add_argument("file", metavar="FILE|-", help=entries)
    clear = does.add_parser("clear", help="forget a schedule")
    clear.add_argument("source", nargs="?", default="local", choices=("local", "cloud"))
    for one in (shown, put, clear):
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        one.add_argument("--site", type=Path, default=argparse.SUPPRESS, metavar="FILE")


def _ctl_parser(ctl: argparse.ArgumentParser) -> None:
    _site_argument(ctl)
    ctl.add_argument("--json", action="store_true", help="for programs")
    asks = ctl.add_subparsers(dest="what", required=True, metavar="WHAT")
    for name, text in (("status", "how the box is"), ("errors", "what is wrong and what to do")):
        asks.add_parser(name, help=text)
    asks.add_parser("market", help="prices, imbalance, plan and orders that hold now")
    watch = asks.add_parser("watch", help="a line for every status, until interrupted")
    watch.add_argument("--count", type=_whole, help="end after so many")
    state = asks.add_parser("state", help=", ".join(GOALS))
    state.add_argument("name", choices=[str(goal) for goal in GOALS])
    asks.add_parser("mode", help="use another control mode").add_argument(
        "name", help="as in the modes of `ctl status`, for example self_consumption"
    )
    setpoint = asks.add_parser("setpoint", help="battery power in local control, or: off")
    setpoint.add_argument(
        "power_w", type=_watts_or_off, metavar="POWER_W|off", help="W, discharge +, charge −"
    )
    setpoint.add_argument("--for", dest="duration_s", type=_number, default=60.0, metavar="S")
    external = asks.add_parser("external", help="battery power in external control, or: off")
    external.add_argument("power_w", type=_watts_or_off, metavar="POWER_W|off",
                          help="W, discharge +, charge −; off: take it back, or reactive power alone")  # fmt: skip
    external.add_argument("--for", dest="duration_s", type=_number, default=60.0, metavar="S")
    for one in (setpoint, external):
        one.add_argument("--reactive", dest="reactive_var", type=_number, metavar="VAR")
    asks.add_parser("beat", help="whoever has set a power is still there")
    asks.add_parser("ack", help="errors are seen").add_argument("number", type=int, nargs="?")
    asks.add_parser("reset-estop", help="release the latched emergency stop")
    reset = asks.add_parser("reset", help="release latched errors whose cause is gone")
    reset.add_argument("number", type=int, nargs="?")
    cap = asks.add_parser("cap", help="use no more than this of the battery; back with: off off")
    for name in ("charge_w", "discharge_w"):
        cap.add_argument(
            name, type=_watts_or_off, metavar=f"{name.upper()}|off", help="W, 0 or more"
        )
    sleep = asks.add_parser("sleep", help="let the battery sleep while the box rests")
    sleep.add_argument("--for", dest="duration_s", type=_number, metavar="S")
    asks.add_parser("wake", help="wake the battery")
    climate = asks.add_parser("climate", help="hold a fan or heater; back to its rule with: auto")
    climate.add_argument("actuator")
    climate.add_argument("percent", type=_percent, metavar="PERCENT|auto")
    climate.add_argument("--for", dest="duration_s", type=_number, default=600.0, metavar="S")
    balance = asks.add_parser("balance", help="allow the cells to be balanced, or forbid it")
    balance.add_argument("on_off", choices=("on", "off"))
    _history_arguments(asks)
    _tune_arguments(asks.add_parser("tune", help="measure inverter and meter; proposes settings"))
    _test_arguments(asks.add_parser("test", help="test the box by hand, from the keyboard"))
    _schedule_arguments(asks.add_parser("schedule", help="the charge schedules"))
    recordings.add_arguments(asks.add_parser("blackbox", help="recordings of errors"))
    for parser in asks.choices.values():
        parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        parser.add_argument("--site", type=Path, default=argparse.SUPPRESS, metavar="FILE")
