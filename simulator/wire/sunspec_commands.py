"""How a SunSpec inverter obeys: set-points that end by themselves, and which of its models counts.

A command ends when its time (RvrtTms) has passed since it was last written: 704 then takes its
reversion values, 124 and 123 switch their limits off. Without a command it gives 0 W. 704 goes
before 124, and 124 before 123.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from typing_extensions import override

from simulator.models.inverter import Inverter
from simulator.models.rack import DcSide
from simulator.wire.sunspec_image import Image

CHARGE_LIMIT, DISCHARGE_LIMIT = 1, 2
WATTS: Final = 1
VARS: Final = 4
OF_W_MAX: Final = 1


@dataclass
class Command:
    """One set-point with its timer. `ends` are values, or names of points, that it takes then."""

    enable: str
    timeout: str
    points: tuple[str, ...]
    ends: Mapping[str, float | str]
    left_s: float | None = field(default=None)

    def wrote(self, key: str, image: Image, speed: float) -> None:
        """It was written: its time begins again."""
        if key in (self.enable, self.timeout, *self.points):
            seconds = image.number(self.timeout) * speed
            self.left_s = seconds if seconds > 0.0 and image.number(self.enable) else None

    def pass_time(self, dt_s: float, image: Image) -> None:
        """Its time goes on, and may end."""
        if self.left_s is None:
            return
        self.left_s -= dt_s
        if self.left_s <= 0.0:
            self.left_s = None
            for key, value in self.ends.items():
                if image.values.get(key) is not None:
                    image.values[key] = image.number(value) if isinstance(value, str) else value


def commands() -> dict[str, Command]:
    """All of them, at rest."""
    return {
        "704.WSet": Command(
            "704.WSetEna",
            "704.WSetRvrtTms",
            ("704.WSet", "704.WSetPct", "704.WSetMod"),
            {
                "704.WSet": "704.WSetRvrt",
                "704.WSetPct": "704.WSetPctRvrt",
                "704.WSetEna": "704.WSetEnaRvrt",
            },
        ),
        "704.VarSet": Command(
            "704.VarSetEna",
            "704.VarSetRvrtTms",
            ("704.VarSet",),
            {"704.VarSet": "704.VarSetRvrt", "704.VarSetEna": "704.VarSetEnaRvrt"},
        ),
        "124": Command(
            "124.StorCtl_Mod",
            "124.InOutWRte_RvrtTms",
            ("124.OutWRte", "124.InWRte"),
            {"124.StorCtl_Mod": 0.0, "124.OutWRte": 100.0, "124.InWRte": 100.0},
        ),
        "123": Command(
            "123.WMaxLim_Ena",
            "123.WMaxLimPct_RvrtTms",
            ("123.WMaxLimPct",),
            {"123.WMaxLim_Ena": 0.0, "123.WMaxLimPct": 100.0},
        ),
        "123.VAr": Command(
            "123.VArPct_Ena",
            "123.VArPct_RvrtTms",
            ("123.VArWMaxPct",),
            {"123.VArPct_Ena": 0.0, "123.VArWMaxPct": 0.0},
        ),
    }


def power_w(image: Image, full_w: float) -> float:
    """What the commands want now, discharge +."""
    if image.number("704.WSetEna"):
        if image.number("704.WSetMod") == WATTS:
            return image.number("704.WSet")
        return image.number("704.WSetPct") / 100.0 * full_w
    active = int(image.number("124.StorCtl_Mod"))
    if active:
        out_pct = image.number("124.OutWRte") if active & DISCHARGE_LIMIT else 100.0
        into_pct = image.number("124.InWRte") if active & CHARGE_LIMIT else 100.0
        whole_w = image.number("124.WChaMax")
        return min(max(0.0, -into_pct / 100.0 * whole_w), out_pct / 100.0 * whole_w)
    if image.number("123.WMaxLim_Ena"):
        return image.number("123.WMaxLimPct") / 100.0 * full_w
    return 0.0


def reactive_var(image: Image, full_w: float) -> float:
    """What the commands want now, into the AC bus +."""
    if image.number("704.VarSetEna") and image.number("704.VarSetMod") == VARS:
        return image.number("704.VarSet")
    if image.number("123.VArPct_Ena") and image.number("123.VArPct_Mod") == OF_W_MAX:
        return image.number("123.VArWMaxPct") / 100.0 * full_w
    return 0.0


def ramp_pct_per_s(image: Image) -> float:
    """How fast it changes its power, in % of its rating: by the newest model that says so."""
    ramps = (image.number(key) for key in ("704.WRmp", "124.WDisChaGra"))
    return next((ramp for ramp in ramps if ramp > 0.0), 80.0)


class Obedient(Inverter):
    """The inverter of the plant, with commands whose time passes and energies that are counted."""

    def __init__(self, rated_w: float, ramp_w_per_s: float) -> None:
        super().__init__(rated_w, ramp_w_per_s)
        self.image: Image | None = None
        self.commands = commands()
        self.injected_wh = self.absorbed_wh = 0.0

    @override
    def step(self, dt_s: float, rack: DcSide) -> None:
        if self.image is not None:
            for command in self.commands.values():
                command.pass_time(dt_s, self.image)
            self.setpoint_w = power_w(self.image, self.rated_w)
            self.reactive_setpoint_var = reactive_var(self.image, self.rated_w)
            self.ramp_w_per_s = ramp_pct_per_s(self.image) / 100.0 * self.rated_w
        super().step(dt_s, rack)
        energy_wh = self.ac_power_w * dt_s / 3_600.0
        if energy_wh > 0.0:
            self.injected_wh += energy_wh
        else:
            self.absorbed_wh -= energy_wh
