"""`appliance simulate`: days in virtual time, the production cycle on the pretend plant.

No threads, no sleeping: the same input gives the same files, byte for byte (but for `wall_s`).
"""

import csv
import math
import sys
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TextIO

import msgspec

from appliance.clock import SystemClock
from appliance.config import build_modes, modes_lacked
from appliance.cycle import Cycle
from appliance.model import Decision, Memory
from appliance.simulate_report import write_report
from appliance.simulated_plant import Plant
from appliance.site import SiteSettings
from simulator.models.profile import Profile, ProfileError, load_profile

LONGEST_STEP_S: Final = 10.0
"""With longer ones the box does not see its contactors close in time."""
ROW_S: Final = 60.0
"""One row of timeseries.csv; powers are means over it, reactive power is that at its end."""
COLUMNS: Final = (
    "utc", "state", "mode", "decides", "held_by", "grid_w", "battery_w", "pv_w", "load_w", "setpoint_w",
    "reactive_var", "soc_pct", "cell_max_c", "max_charge_w", "max_discharge_w", "limit", "errors",
    "import_price_per_kwh", "export_price_per_kwh", "why",
)  # fmt: skip


class SimulationError(Exception):
    """The run cannot be made; the text says what to change."""


@dataclass(slots=True)
class Summary:
    """What happened, in sums. Energies in Wh, cost in the profile's currency."""

    steps: int = 0
    wall_s: float = 0.0
    grid_import_wh: float = 0.0
    grid_export_wh: float = 0.0
    pv_wh: float = 0.0
    load_wh: float = 0.0
    charge_wh: float = 0.0
    discharge_wh: float = 0.0
    soc_start_pct: float = 0.0
    soc_end_pct: float = 0.0
    cost: float | None = None
    cycles: float = 0.0
    limit_minutes: dict[str, float] = field(default_factory=dict)
    errors: list[dict[str, object]] = field(default_factory=list)

    def as_json(self) -> str:
        """One JSON object."""
        return msgspec.json.format(msgspec.json.encode(asdict(self)), indent=2).decode() + "\n"

    def as_text(self, out: Path) -> str:
        """For people."""
        limits = ", ".join(
            f"{name} {minutes:.0f} min" for name, minutes in self.limit_minutes.items()
        )
        rows = [
            f"{self.steps} steps",
            f"grid     {self.grid_import_wh / 1e3:9.2f} kWh import {self.grid_export_wh / 1e3:9.2f} kWh export",
            f"pv, load {self.pv_wh / 1e3:9.2f} kWh        {self.load_wh / 1e3:9.2f} kWh",
            f"battery  {self.charge_wh / 1e3:9.2f} kWh charge {self.discharge_wh / 1e3:9.2f} kWh discharge, "
            f"{self.soc_start_pct:.1f} % to {self.soc_end_pct:.1f} %, {self.cycles:.2f} cycles",
            f"cost     {'no prices in the profile' if self.cost is None else f'{self.cost:.2f}'}",
            f"limits   {limits or 'none'}",
            f"errors   {len(self.errors)}",
            f"{out / 'report.html'}",
        ]
        return "\n".join(rows) + "\n"


@dataclass(slots=True)
class Row:
    """Means of one row of the time series, while they are added up."""

    utc: datetime
    steps: int = 0
    grid_w: float = 0.0
    battery_w: float = 0.0
    pv_w: float = 0.0
    load_w: float = 0.0
    setpoint_w: float = 0.0


class Run:
    """One simulation."""

    def __init__(
        self, site: SiteSettings, profile: Profile, mode: str, step_s: float, soc_pct: float
    ) -> None:
        modes, titles = build_modes(site)
        if mode not in modes:
            lacked = modes_lacked(site).get(mode)
            msg = (
                f"--mode {mode}: {lacked.because}"
                if lacked
                else f"--mode {mode}: no such mode; there is: {', '.join(sorted(modes))}"
            )
            raise SimulationError(msg)
        self._profile = profile
        self._step_s = step_s
        self._capacity_wh = site.battery.capacity_wh
        self._start_at = profile.start_at
        self._plant = Plant(site, profile, soc_pct)
        self._cycle = Cycle(site, modes, titles)
        self._cycle.adopt(Memory(mode=mode, mode_by="simulate"))
        self._raised: set[tuple[int, str]] = set()
        self.summary = Summary(soc_start_pct=self._plant.soc_pct)
        self.rows: list[list[str]] = []

    def run(self, steps: int) -> None:
        """Take all steps."""
        plant, cycle, step_s = self._plant, self._cycle, self._step_s
        steps_a_row = max(1, round(ROW_S / step_s))
        row = Row(self._start_at)
        held: dict[str, int] = {}
        for number in range(steps):
            now_s = number * step_s
            utc = self._start_at + timedelta(seconds=now_s)
            decision = cycle.step(plant.look(now_s, utc))
            plant.follow(decision.setpoints, step_s)
            binding = decision.limits.binding
            if binding is not None:
                held[binding] = held.get(binding, 0) + 1
            if decision.errors:
                self._note_errors(decision)
            grid_w, battery_w, pv_w, load_w = plant.powers_w()
            row.steps += 1
            row.grid_w += grid_w
            row.battery_w += battery_w
            row.pv_w += pv_w
            row.load_w += load_w
            row.setpoint_w += decision.setpoints.power_w
            if row.steps == steps_a_row or number == steps - 1:
                self._close(row, decision)
                row = Row(utc + timedelta(seconds=step_s))
        self._finish(steps, held)

    def _note_errors(self, decision: Decision) -> None:
        for error in decision.errors:
            key = (error.number, error.source.partition(":")[0])
            if key not in self._raised:
                self._raised.add(key)
                self.summary.errors.append(
                    {
                        "number": error.number, "source": error.source, "title": error.title,
                        "first_at": decision.utc.isoformat(),
                    }
                )  # fmt: skip

    def _close(self, row: Row, decision: Decision) -> None:
        count, plant = row.steps, self._plant
        self._pay(row)
        self.rows.append(
            [
                row.utc.isoformat(), decision.state, decision.mode, *_decides(decision),
                *(f"{value / count:.1f}" for value in
                  (row.grid_w, row.battery_w, row.pv_w, row.load_w, row.setpoint_w)),
                f"{plant.reactive_var:.1f}", f"{plant.soc_pct:.3f}", f"{plant.cell_max_c:.2f}",
                _cell(decision.limits.max_charge_w), _cell(decision.limits.max_discharge_w),
                decision.limits.binding or "",
                " ".join(str(error.number) for error in decision.errors), *("" if price is None else f"{price:g}" for price in self._prices(row)),
                decision.why,
            ]
        )  # fmt: skip

    def _prices(self, row: Row) -> tuple[float | None, float | None]:
        """To import and to export."""
        now = self._profile.at((row.utc - self._start_at).total_seconds())
        return now.import_price_per_kwh, now.export_price_per_kwh

    def _pay(self, row: Row) -> None:
        import_price, export_price = self._prices(row)
        if import_price is None:
            return
        kwh = row.grid_w * self._step_s / 3.6e6
        paid = kwh * (import_price if kwh > 0 else export_price or 0.0)
        self.summary.cost = (self.summary.cost or 0.0) + paid

    def _finish(self, steps: int, held: dict[str, int]) -> None:
        summary, plant = self.summary, self._plant
        summary.steps = steps
        for name, energy_wh in plant.energies_wh().items():
            setattr(summary, name, round(energy_wh, 3))
        summary.soc_end_pct = round(plant.soc_pct, 3)
        summary.cost = None if summary.cost is None else round(summary.cost, 4)
        summary.cycles = round(plant.discharge_wh / self._capacity_wh, 4)
        summary.limit_minutes = {
            name: round(count * self._step_s / 60.0, 2) for name, count in sorted(held.items())
        }


def _decides(decision: Decision) -> tuple[str, str]:
    """The mode whose power is followed, and those that have held another back; "" when none."""
    won = next((one.mode for one in decision.heard if one.won), "")
    return won, " ".join(one.mode for one in decision.heard if one.held)


def _cell(value: float) -> str:
    return f"{value:.0f}" if math.isfinite(value) else ""


def simulate(
    site: SiteSettings,
    profile_file: Path,
    mode: str | None,
    days: float,
    step_s: float,
    soc_pct: float,
    out: Path,
) -> Summary:
    """Run `days` and write summary.json, timeseries.csv and report.html into `out`.

    Raises SimulationError when the profile, the mode or a number cannot be used.
    """
    for name, value, low, high in (
        ("--days", days, 1 / 1440, 3_660), ("--step", step_s, 0.02, LONGEST_STEP_S), ("--soc", soc_pct, 0, 100),
    ):  # fmt: skip
        if not low <= value <= high:
            msg = f"{name} {value:g}: must be between {low:g} and {high:g}"
            raise SimulationError(msg)
    try:
        profile = load_profile(profile_file)
        if profile.ignored:
            sys.stderr.write(f"{profile_file}: not used: {', '.join(profile.ignored)}\n")
    except (ProfileError, OSError) as error:
        raise SimulationError(str(error)) from error
    clock = SystemClock()
    started_s = clock.now_s()
    if mode is not None:
        # Whoever names a mode wants it all the time, whatever the site's schedule says.
        site = site.model_copy(update={"control": site.control.model_copy(update={"schedule": ()})})
    run = Run(site, profile, mode or site.control.start_mode, step_s, soc_pct)
    run.run(round(days * 86_400 / step_s))
    run.summary.wall_s = round(clock.now_s() - started_s, 3)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"--out {out}: {error.strerror}"
        raise SimulationError(msg) from error
    with (out / "timeseries.csv").open("w", encoding="utf-8", newline="") as file:
        _write_rows(file, run.rows)
    (out / "summary.json").write_text(run.summary.as_json(), encoding="utf-8")
    write_report(out / "report.html", site.name, run.summary.as_text(out), COLUMNS, run.rows)
    return run.summary


def _write_rows(file: TextIO, rows: list[list[str]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
