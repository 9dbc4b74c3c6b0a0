"""A box that is well, told cycle by cycle: change what happens, read what it decides."""

import json
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from appliance.config import GRID_CODES, build_modes, load_site
from appliance.cycle import Cycle
from appliance.model import (
    Answer,
    BatteryReading,
    BatteryState,
    BoardReading,
    Decision,
    InverterReading,
    InverterState,
    MeterReading,
    RackReading,
    Request,
    SensorReading,
    Snapshot,
    Want,
)
from appliance.site import GridCode, SiteSettings

HOME = Path(__file__).parent.parent / "simulator" / "sites" / "home.toml"
NOON = datetime(2026, 6, 21, 12, tzinfo=UTC)


def with_grid_code(site: SiteSettings, name: str = "vde_ar_n_4105") -> SiteSettings:
    """The same site under a grid code."""
    profile = tomllib.loads((GRID_CODES / f"{name}.toml").read_text())
    code = GridCode.model_validate_json(json.dumps(profile))
    return site.model_copy(update={"grid_code": code})


def rack(number: int = 1, **changes: Any) -> RackReading:
    """A healthy rack at half charge."""
    healthy = RackReading(
        rack=number, voltage_v=420.0, current_a=0.0, power_w=0.0, soc_pct=50.0, soh_pct=99.0,
        cell_min_v=3.28, cell_max_v=3.30, cell_avg_v=3.29,
        cell_min_v_at=f"{number}.7", cell_max_v_at=f"{number}.14",
        cell_min_c=21.0, cell_max_c=24.0, cell_avg_c=22.0,
        cell_min_c_at=f"{number}.1", cell_max_c_at=f"{number}.60",
        max_charge_w=6_000.0, max_discharge_w=6_000.0, contactors_closed=True,
    )  # fmt: skip
    return msgspec.structs.replace(healthy, **changes)


def battery(*racks: RackReading, **changes: Any) -> BatteryReading:
    """A healthy connected battery."""
    healthy = BatteryReading(
        state=BatteryState.CONNECTED, voltage_v=420.0, current_a=0.0, power_w=0.0, soc_pct=50.0,
        soh_pct=99.0, soe_wh=5_300.0, max_charge_w=6_000.0, max_discharge_w=6_000.0,
        racks=racks or (rack(),),
    )  # fmt: skip
    return msgspec.structs.replace(healthy, **changes)


def inverter(power_w: float = 0.0, **changes: Any) -> InverterReading:
    """A running inverter."""
    running = InverterReading(state=InverterState.RUNNING, power_w=power_w, frequency_hz=50.0)
    return msgspec.structs.replace(running, **changes)


def seen(now_s: float = 100.0, **changes: Any) -> Snapshot:
    """A snapshot in which all is well."""
    well = Snapshot(
        now_s=now_s,
        utc=NOON + timedelta(seconds=now_s),
        battery=battery(),
        inverter=inverter(),
        grid=MeterReading(power_w=0.0),
        pv=MeterReading(power_w=0.0),
        box=SensorReading(temperature_c=25.0, humidity_pct=40.0),
        board=BoardReading(estop_pressed=False),
        clock_trusted=True,
    )
    return msgspec.structs.replace(well, **changes)


@dataclass
class Story:
    """A cycle and its plant's readings; `step` lets time pass with some readings changed."""

    site: SiteSettings = field(default_factory=lambda: load_site(HOME))
    now_s: float = 100.0
    changes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cycle = Cycle(self.site, *build_modes(self.site))
        self.last: Decision = self.step()

    def step(self, passed_s: float = 0.1, **changes: Any) -> Decision:
        """One cycle; `changes` stay until changed again."""
        self.changes |= changes
        self.now_s += passed_s
        self.last = self.cycle.step(seen(self.now_s, **(self._obeying() | self.changes)))
        return self.last

    def _obeying(self) -> dict[str, Any]:
        """An inverter of which nothing else is said is off when it is told to."""
        on = self.cycle.memory.commanded.inverter_on
        return {"inverter": inverter(state=InverterState.RUNNING if on else InverterState.OFF)}

    def run(self, seconds: float, **changes: Any) -> Decision:
        """Cycles of 0.1 s for `seconds`."""
        self.changes |= changes
        for _ in range(round(seconds / 0.1)):
            self.step()
        return self.last

    def running(self) -> "Story":
        """Go on until the box runs."""
        self.run(1.0)
        assert self.last.state == "run", self.last.why
        return self

    def ask(self, want: Want, source: str = "ctl") -> Answer:
        """Ask in the next cycle; the answer."""
        request = Request("r1", source, want)
        decision = self.step(requests=(request,))
        self.changes["requests"] = ()
        (answer,) = decision.answers
        assert answer.id == "r1"
        return answer
