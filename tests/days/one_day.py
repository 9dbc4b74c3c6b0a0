"""A virtual day of one mode in one scene: the production cycle and the loop's own watches on the pretend plant."""

from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any

import msgspec

from appliance.config import build_modes, load_site
from appliance.cycle import Cycle
from appliance.model import Decision, Memory, Request, ScheduleEntry, SetPower, Snapshot, State
from appliance.model.requests import PutSchedule
from appliance.simulated_plant import Plant
from appliance.site import SiteSettings
from appliance.watches.grid import GridWatch
from appliance.watches.stillness import Stillness
from tests.days.examples import EXAMPLES
from tests.days.scenes import ZONE, Scene
from tests.modes.islands import with_backup
from tests.stories import HOME

STEP_S = 10.0
COLUMNS = ("utc", "load_w", "pv_w", "grid_w", "battery_w", "soc_pct", "import_price_per_kwh")
SHEDS = {"kitchen": {"relay": "kitchen", "priority": 2, "below_soc_pct": 20.0}}


def site_for(mode: str) -> SiteSettings:
    """The home, with this mode set as in EXAMPLES."""
    site = with_backup(loads=SHEDS) if mode == "backup" else load_site(HOME)
    return site.model_copy(update={"zone": ZONE, "modes": {mode: EXAMPLES[mode]}})


class Day:
    """One run; `rows` are one dict a minute."""

    def __init__(self, mode: str, scene: Scene, step_s: float = STEP_S) -> None:
        quick = mode == "backup" and scene.lost_from_h is not None
        self.site, self.scene, self._step_s = site_for(mode), scene, 1.0 if quick else step_s
        profile = scene.profile()
        self._profile = profile
        self._plant = Plant(self.site, profile, scene.soc_pct)
        self._cycle = Cycle(self.site, *build_modes(self.site))
        self._cycle.adopt(Memory(mode=mode, mode_by="test"))
        self._still = Stillness(self.site.meters["grid"].max_age_s)
        self._grid = (
            None
            if mode == "backup"
            else GridWatch(self.site.grid_code, self.site.grid, self.site.connection)
        )
        self._jitter = Random(7)
        self._held: Counter[str] = Counter()
        self._errors: set[int] = set()
        self._cost = 0.0
        self.most_w = 0.0
        self.outside_run_w = 0.0
        """The most that was commanded in another state than RUN."""
        self.rows: list[list[str]] = []
        """One a minute, by COLUMNS."""

    def run(self) -> "Day":
        """The whole day."""
        for number in range(round(self.scene.hours * 3600 / self._step_s)):
            self._step(number * self._step_s)
        return self

    def _step(self, now_s: float) -> None:
        plant = self._plant
        decision = self._cycle.step(self._see(now_s))
        plant.follow(decision.setpoints, self._step_s)
        if decision.limits.binding is not None:
            self._held[decision.limits.binding] += 1
        self._errors |= {error.number for error in decision.errors}
        self._pay(now_s)
        power_w = abs(decision.setpoints.power_w)
        self.most_w = max(self.most_w, power_w)
        if decision.state is not State.RUN:
            self.outside_run_w = max(self.outside_run_w, power_w)
        if now_s % 60.0 == 0.0:
            self._note(decision)

    def _note(self, decision: Decision) -> None:
        plant = self._plant
        row = self._profile.at(decision.now_s)
        numbers = (
            plant.load_w, plant.pv_w, plant.grid_w, plant.battery_w, plant.soc_pct,
            row.import_price_per_kwh or 0.0,
        )  # fmt: skip
        self.rows.append([decision.utc.isoformat(), *(f"{number:.3f}" for number in numbers)])

    def _see(self, now_s: float) -> Snapshot:
        utc = self.scene.starts_at + timedelta(seconds=now_s)
        seen = self._plant.look(now_s, utc)
        grid, inverter = seen.grid, seen.inverter
        # Nothing measures the same for minutes on end; what does is not believed.
        if grid is not None and grid.power_w is not None:
            grid = msgspec.structs.replace(
                grid, power_w=grid.power_w + self._jitter.uniform(-3.0, 3.0)
            )
        if inverter is not None and inverter.power_w:
            inverter = msgspec.structs.replace(
                inverter, power_w=inverter.power_w + self._jitter.uniform(-1.0, 1.0)
            )
        seen = msgspec.structs.replace(
            seen, grid=grid, inverter=inverter, clock_trusted=True, market=self.scene.market(seen.market, utc),
            requests=self._asked(now_s),
        )  # fmt: skip
        seen = self._still.freeze_out(self.scene.disturb(seen, now_s / 3600.0))
        return seen if self._grid is None else self._grid.look(seen)

    def _asked(self, now_s: float) -> tuple[Request, ...]:
        """What somebody asks for once an hour, and a schedule once."""
        if now_s == 600.0:
            begins = self.scene.starts_at
            entries = tuple(
                ScheduleEntry(begins + timedelta(hours=start), begins + timedelta(hours=end), power_w)
                for start, end, power_w in ((2.0, 4.0, -2_000.0), (17.0, 19.5, 1_500.0))
            )  # fmt: skip
            return (Request("schedule", "ctl", PutSchedule("local", entries)),)
        if now_s % 3600.0 == 1_200.0 and self._cycle.memory.mode == "local_control":
            return (Request("power", "ctl", SetPower(800.0, 1_800.0)),)
        return ()

    def _pay(self, now_s: float) -> None:
        row = self._profile.at(now_s)
        kwh = self._plant.grid_w * self._step_s / 3.6e6
        price = row.import_price_per_kwh if kwh > 0.0 else row.export_price_per_kwh
        self._cost += kwh * (price or 0.0)

    def sums(self) -> dict[str, Any]:
        """What happened: Wh, cost, cycles, minutes at each limit, errors."""
        plant = self._plant
        return {
            **{name: round(value, 1) for name, value in plant.energies_wh().items()},
            "soc_end_pct": round(plant.soc_pct, 2),
            "cost": round(self._cost, 4),
            "cycles": round(plant.discharge_wh / self.site.battery.capacity_wh, 4),
            "limit_minutes": {
                name: round(count * self._step_s / 60.0, 1) for name, count in sorted(self._held.items())
            },
            "errors": sorted(self._errors),
        }  # fmt: skip
