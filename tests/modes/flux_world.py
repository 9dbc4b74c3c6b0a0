"""A small battery behind some modes, without a cycle around them: what they do in Wh."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any, cast

import msgspec

from appliance.config import load_site
from appliance.model import (
    Dispatch,
    Imbalance,
    Limits,
    Market,
    Memory,
    MeterReading,
    Setpoints,
    Snapshot,
)
from appliance.programme import ModeLike, Programme, Together
from appliance.site import SiteSettings
from tests.stories import HOME, battery, inverter, seen

LONDON = "Europe/London"
RATED_W = 5_000.0
CAPACITY_WH = 10_000.0
EFFICIENCY = 0.95
FLUX = (
    "axle_schedule", "discharge_to_soe", "dynamic_peak_discharge", "niv_chase", "charge_to_soe",
    "dynamic_peak_approach", "import_avoidance", "export_avoidance", "import_avoidance_when_short",
)  # fmt: skip
"""The first in priority first."""


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@cache
def _home() -> SiteSettings:
    return load_site(HOME)


def site(*modes: str, zone: str = LONDON, **control: object) -> SiteSettings:
    """The home, rated 5 kW, with the first mode in use and the others beside it."""
    home = _home()
    names = list(modes) or ["passive"]
    beside = [{"mode": name} for name in names[1:]]
    wanted = {"start_mode": names[0], "beside": beside} | control
    values = {"control": home.control.model_dump(mode="json") | wanted, "zone": zone}
    return SiteSettings.model_validate_json(json.dumps(home.model_dump(mode="json") | values))


def make(name: str, whole: SiteSettings | None = None, /, **settings: object) -> ModeLike:
    """One mode with these settings, as site.toml would give them."""
    file: Any = import_module(f"appliance.modes.{name}")
    checked = file.ModeSettings.model_validate_json(json.dumps(settings, default=str))
    return cast(ModeLike, file.Mode(checked, whole or site()))


def title(name: str) -> str:
    """As people know it."""
    return str(import_module(f"appliance.modes.{name}").TITLE)


def look(
    when: str | datetime = "2026-06-01T12:00", *, grid_w: float | None = 0.0, battery_w: float = 0.0,
    soe_wh: float | None = 5_000.0, now_s: float = 100.0, **changes: Any,
) -> Snapshot:  # fmt: skip
    """What a mode sees; discharge +, import +."""
    return seen(
        now_s,
        utc=at(when) if isinstance(when, str) else when,
        grid=None if grid_w is None else MeterReading(power_w=grid_w),
        inverter=inverter(battery_w),
        battery=battery(soe_wh=soe_wh, soc_pct=None if soe_wh is None else soe_wh / 100.0),
        **changes,
    )


def imbalance(price: float, volume_kwh: float, start: str | datetime) -> Market:
    """The latest of the system: + short."""
    start_at = at(start) if isinstance(start, str) else start
    return Market(imbalance=Imbalance(price, start_at, 1_000.0 * volume_kwh, start_at))


def order(action: str, start: str, end: str, *, deviate: bool = False) -> Market:
    """An order of the platform."""
    return Market(dispatch=Dispatch(at(start), at(end), action, deviate))


def memory(most_w: float = RATED_W, commanded_w: float = 0.0) -> Memory:
    """What the cycle before left behind."""
    return Memory(limits=Limits(most_w, most_w), commanded=Setpoints(power_w=commanded_w))


@dataclass
class World:
    """Readings of the same instant, an inverter that obeys at once, losses in charging alone."""

    modes: dict[str, dict[str, object]]
    soe_wh: float = 5_000.0
    load_w: Callable[[datetime], float] = lambda _utc: 0.0
    """Of the site without the battery; surplus −."""
    market: Callable[[datetime], Market | None] = lambda _utc: None
    step_s: float = 10.0
    powers_w: list[float] = field(default_factory=list)
    import_wh: float = 0.0
    export_wh: float = 0.0
    charge_wh: float = 0.0
    discharge_wh: float = 0.0
    last: Together | None = None

    def __post_init__(self) -> None:
        whole = site(*self.modes)
        made = {name: make(name, whole, **values) for name, values in self.modes.items()}
        self._first = next(iter(self.modes))
        self._programme = Programme(whole, made, {name: title(name) for name in made})
        self._memory, self._now_s = memory(), 0.0

    def run(self, start: str, end: str) -> "World":
        """From one instant (UTC) to another."""
        utc, hours = at(start), self.step_s / 3600.0
        while utc < at(end):
            load_w = self.load_w(utc)
            power_w = self._ask(utc, load_w)
            power_w = max(min(power_w, RATED_W), -RATED_W)
            power_w = min(power_w, self.soe_wh / hours)
            power_w = max(power_w, (self.soe_wh - CAPACITY_WH) / EFFICIENCY / hours)
            self._count(power_w, load_w - power_w, hours)
            self._memory = msgspec.structs.replace(
                self._memory, commanded=Setpoints(power_w=power_w)
            )
            utc += timedelta(seconds=self.step_s)
            self._now_s += self.step_s
        return self

    def _ask(self, utc: datetime, load_w: float) -> float:
        was_w = self._memory.commanded.power_w
        snapshot = look(
            utc, grid_w=load_w - was_w, battery_w=was_w, soe_wh=self.soe_wh, now_s=self._now_s,
            market=self.market(utc),
        )  # fmt: skip
        self.last = self._programme.ask(self._first, snapshot, self._memory)
        return self.last.wish.power_w or 0.0

    def _count(self, power_w: float, grid_w: float, hours: float) -> None:
        self.powers_w.append(power_w)
        self.soe_wh -= power_w * hours * (1.0 if power_w > 0.0 else EFFICIENCY)
        self.charge_wh += max(0.0, -power_w) * hours
        self.discharge_wh += max(0.0, power_w) * hours
        self.import_wh += max(0.0, grid_w) * hours
        self.export_wh += max(0.0, -grid_w) * hours
