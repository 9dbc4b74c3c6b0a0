"""`appliance ctl`: asks a running box, from the command line."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO

import msgspec

from appliance.bus import NO_ANSWER, CoreClient
from appliance.ctl.failing import silence
from appliance.ctl.heard import beside_words, heard_lines, heard_words
from appliance.ctl.schedule import steering_words
from appliance.model import (
    Answer,
    BackupMemory,
    BatteryReading,
    Status,
    Want,
    emergency,
)
from appliance.processes import look

OK, FAILED, WRONG_INPUT = 0, 1, 2
WAIT_S: Final = 2.0
Words = dict[str, object]


def status_words(status: Status, run_folder: Path) -> Words:
    """The shape programs rely on."""
    seen, decision = status.snapshot, status.decision
    return {
        "state": decision.state,
        "mode": decision.mode,
        "mode_by": decision.mode_by,
        "why": decision.why,
        "test": None if decision.test is None else test_words(status),
        "cap": decision.cap,
        "backup": backup_words(decision.backup),
        "soc_pct": seen.battery.soc_pct if seen.battery else None,
        "setpoint_w": decision.setpoints.power_w,
        "estop": emergency(decision.errors),
        "uptime_s": round(status.uptime_s, 1),
        "version": status.version,
        "site": status.site,
        "utc": decision.utc,
        "power": {
            "grid_w": seen.grid.power_w if seen.grid else None,
            "battery_w": seen.inverter.power_w if seen.inverter else None,
            "pv_w": seen.pv.power_w if seen.pv else None,
            "load_w": status.load_w,
        },
        "battery": battery_words(status),
        "limits": {
            "max_charge_w": _finite(decision.limits.max_charge_w),
            "max_discharge_w": _finite(decision.limits.max_discharge_w),
            "binding": decision.limits.binding,
        },
        "errors": error_words(status),
        "processes": [
            {"name": one.name, "pid": one.pid, "alive": one.alive} for one in look(run_folder)
        ],
        "sources": status.ages_s,
        "health": seen.health,
        "lateness": status.lateness,
        "scheduling": status.scheduling,
        **heard_words(status),
        **steering_words(status),
    }


def backup_words(backup: BackupMemory | None) -> Words | None:
    """The island and what it does without; None: this box has no backup."""
    if backup is None:
        return None
    island, report = backup.island, backup.report
    return {
        "island": None if island is None else island.step,
        "because": None if island is None else island.because,
        "loads_off": backup.shed,
        "carried_wh": None if island is None else round(backup.figures.carried_wh, 1),
        "tested": backup.test is not None,
        "last_test_passed": None if report is None else report.passed,
    }


def test_words(status: Status) -> Words:
    """Who tests the box, for how long still, and what is held."""
    test, now_s = status.decision.test, status.snapshot.now_s
    if test is None:
        return {}
    return {
        "by": test.by,
        "left_s": round(test.until_s - now_s, 1),
        "with_pin": test.by_pin,
        "step": test.step,
        "mode": test.mode,
        "power_w": None if test.power is None else test.power.power_w,
        "outputs": {one.actuator: one.percent for one in test.outputs},
        "returns_to": test.returns_to,
    }


def battery_words(status: Status) -> Words:
    """What the box knows of its battery, and what it lets it do."""
    battery, setpoints = status.snapshot.battery, status.decision.setpoints
    names = (
        "soc_pct", "soc_bms_pct", "soc_drift_pct", "soh_pct", "soe_wh", "capacity_wh",
        "resistance_ohm", "full", "empty",
    )  # fmt: skip
    known: Words = {name: getattr(battery, name, None) for name in names}
    return known | {
        "capacity_wh": None if battery is None else _capacity_wh(battery),
        "state": None if battery is None else battery.state,
        "asleep": setpoints.battery_asleep,
        "balancing": setpoints.balancing,
        "racks_open": setpoints.racks_open,
    }


def error_words(status: Status) -> list[Words]:
    """The raised errors, worst first."""
    return [
        {
            "number": error.number,
            "source": error.source,
            "severity": error.severity,
            "title": error.title,
            "remedy": error.remedy,
            "effects": error.effects,
            "since_at": error.since_at,
            "latched": error.latched,
            "acknowledged_by": error.acknowledged_by,
        }
        for error in status.decision.errors
    ]


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None


class Ctl:
    """One call of `appliance ctl`."""

    def __init__(self, run_folder: Path, as_json: bool, out: TextIO) -> None:
        self._run_folder = run_folder
        self._json = as_json
        self._out = out
        self._client = CoreClient(run_folder, "ctl")

    def close(self) -> None:
        """Close the sockets."""
        self._client.close()

    def status(self) -> int:
        """Print how the box is."""
        return self._show(_status_text, lambda status: status_words(status, self._run_folder))

    def errors(self) -> int:
        """Print what is wrong and what to do."""
        return self._show(_errors_text, error_words)

    def watch(self, count: int | None) -> int:
        """Print a line for every status that arrives, `count` of them or until interrupted."""
        shown = 0
        while count is None or shown < count:
            status = self._client.status(WAIT_S)
            if status is None:
                self._silent()
                if count is not None:
                    return FAILED
                continue
            shown += 1
            if self._json:
                self._print_json(status_words(status, self._run_folder))
            else:
                self._out.write(_line_text(status) + "\n")
                self._out.flush()
        return OK

    def _show(self, text: Callable[[Status], str], words: Callable[[Status], object]) -> int:
        status = self._client.status(WAIT_S)
        if status is None:
            return self._silent()
        if self._json:
            self._print_json(words(status))
        else:
            self._out.write(text(status) + "\n")
        return OK

    def ask(self, want: Want) -> int:
        """Ask for something and print the answer."""
        answer = self._client.ask(want)
        if self._json:
            self._print_json(answer)
        else:
            self._print_answer(answer)
        return OK if answer.ok else FAILED

    def _print_answer(self, answer: Answer) -> None:
        if answer.ok:
            self._out.write(f"done: {answer.reason}\n")
        elif answer.reason == NO_ANSWER:
            self._silent()
        else:
            sys.stderr.write(f"refused: {answer.reason}\n")

    def _print_json(self, words: object) -> None:
        self._out.write(msgspec.json.encode(words).decode() + "\n")
        self._out.flush()

    def _silent(self) -> int:
        sys.stderr.write(f"{silence(self._run_folder)}\n")
        return FAILED


def _watts(value: float | None) -> str:
    return "––" if value is None else f"{value:.0f} W"


def _line_text(status: Status) -> str:
    line = f"{status.decision.utc:%H:%M:%S} {status.decision.state:11} {status.decision.why}"
    beside = beside_words(status)
    return f"{line} (beside: {beside})" if beside else line


def _status_text(status: Status) -> str:
    seen, decision = status.snapshot, status.decision
    soc = seen.battery.soc_pct if seen.battery else None
    rows = [
        f"{status.site}, version {status.version}, up {status.uptime_s:.0f} s",
        f"state    {decision.state}",
        f"mode     {status.modes.get(decision.mode, decision.mode)}, from {decision.mode_by}",
        *([f"beside   {beside}"] if (beside := beside_words(status)) else []),
        f"why      {decision.why}",
        *heard_lines(status),
        f"battery  {'––' if soc is None else f'{soc:.1f} %'}, "
        f"{_watts(seen.inverter.power_w if seen.inverter else None)} (discharge +)",
        *_battery_lines(status),
        f"grid     {_watts(seen.grid.power_w if seen.grid else None)} (import +)",
        f"pv       {_watts(seen.pv.power_w if seen.pv else None)}",
        f"load     {_watts(status.load_w)}",
        f"setpoint {decision.setpoints.power_w:.0f} W",
    ]
    return "\n".join([*rows, _errors_text(status)])


def _battery_lines(status: Status) -> list[str]:
    """Only what is not as usual."""
    setpoints, battery = status.decision.setpoints, status.snapshot.battery
    lines = []
    if setpoints.battery_asleep:
        lines.append("         asleep")
    if setpoints.balancing:
        lines.append("         cells are balanced")
    if setpoints.racks_open:
        lines.append(f"         racks not connected: {', '.join(map(str, setpoints.racks_open))}")
    capacity_wh = None if battery is None else _capacity_wh(battery)
    if battery is not None and capacity_wh is not None:
        lines.append(f"         holds {capacity_wh / 1e3:.1f} kWh ({battery.soh_pct:.0f} %)")
    return lines


def _capacity_wh(battery: BatteryReading) -> float | None:
    """What it holds without the racks that are open."""
    return None if battery.capacity_wh is None else battery.capacity_wh * battery.working_share


def _errors_text(status: Status) -> str:
    if not status.decision.errors:
        return "no errors"
    return "\n".join(
        f"{error.severity:8} {error.number} {error.source}: {error.title}. {error.remedy}."
        + (" Latched: reset it by hand." if error.latched else "")
        for error in status.decision.errors
    )
