"""What the contract suite must know of each device, from its documents and not from its driver."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.models.inverter import Alarm, State
from simulator.models.site import Site
from simulator.wire.luxpower import LuxPower
from simulator.wire.pqstori import PqStorI
from simulator.wire.sunspec import SunSpec
from simulator.wire.tesla import Tesla
from simulator.wire.trumpf import Trumpf
from tests.io.rig import Twin


def _alarm(site: Site) -> None:
    """It stops with a fault."""
    site.inverter.state, site.inverter.alarm = State.ALARM, Alarm.DC_LOST
    site.inverter.on = False


@dataclass(frozen=True)
class InverterCase:
    """One inverter."""

    twin: Callable[[Site], Twin]
    power_at: tuple[int, ...]
    """Addresses of what carries the power."""
    wall_s: float
    """With the box dead it gives no power any more after this."""
    options: Mapping[str, Any] = field(default_factory=dict)
    tolerance_w: float = 15.0
    breaks: Callable[[Site], None] | None = _alarm
    """Makes it report a fault that no document names; None: it reports none."""
    starts_s: float = 30.0


ESI = {
    "table": str(Path(__file__).parents[2] / "docs" / "examples" / "abb_esi.toml"),
    "running": [2], "off": [0], "starting": [1], "alarms": {"9": "dc_high"},
}  # fmt: skip
LXP = {"rated_w": 10_000.0, "window_min": 6, "pause_s": 10.0, "min_change_pct": 1.0}
INVERTERS: dict[str, InverterCase] = {
    "trumpf_ac3025": InverterCase(Trumpf, power_at=(4195,), wall_s=3.0),
    "abb_pqstori": InverterCase(PqStorI, power_at=(6200,), wall_s=21.0),
    "abb_esi": InverterCase(PqStorI, power_at=(6200,), wall_s=21.0, options=ESI),
    "sunspec": InverterCase(SunSpec, power_at=(40_530,), wall_s=3.0),  # 704 WSet
    "tesla": InverterCase(Tesla, power_at=(1020,), wall_s=3.0, breaks=None),
    "luxpower_lxp": InverterCase(LuxPower, power_at=(64, 65), wall_s=425.0, options=LXP),
}
