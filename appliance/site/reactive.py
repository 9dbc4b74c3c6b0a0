"""What the inverter does with reactive power, as data: nothing, a fixed one, or one that follows voltage or power.

Into the site's AC bus is positive, as everywhere: over-excited, like a capacitor, lifts the voltage. Curves are
figures of a grid code: with their source, and whether anybody has verified them.
"""

from itertools import pairwise
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from appliance.settings import Settings

Policy = Literal["off", "fixed_var", "cos_phi", "q_u", "cos_phi_p"]
Excited = Literal["over", "under"]
CosPhi = Annotated[float, Field(ge=0.5, le=1)]
Vars = Annotated[float, Field(ge=-100e6, le=100e6)]
VoltagePoint = tuple[Annotated[float, Field(ge=0.5, le=1.5)], Annotated[float, Field(ge=-1, le=1)]]
PowerPoint = tuple[Annotated[float, Field(ge=-1, le=1)], CosPhi]
NOMINAL_V: Final = 230.0
"""Line to neutral, where no grid code is named."""


class Curve(Settings):
    """Straight between its points, level beyond the outermost."""

    source: Annotated[str, Field(min_length=2)]
    verified: bool
    """False: recalled or second-hand; to be confirmed with the grid operator before relying on it."""


class VoltageCurve(Curve):
    """Q(U): reactive power by the voltage. Its level part in the middle is the dead band."""

    points: Annotated[tuple[VoltagePoint, ...], Field(min_length=2)]
    """Voltage in parts of the nominal one, reactive power in parts of the apparent power (of what, is recalled)."""
    settling_s: Annotated[float, Field(ge=0, le=60)] = 10.0
    """After a step of the voltage 95 % of the way is gone in this time (three time constants)."""

    @model_validator(mode="after")
    def _falls(self) -> Self:
        _rising("points", [at for at, _ in self.points])
        if any(after > before for (_, before), (_, after) in pairwise(self.points)):
            msg = "points: reactive power may not grow with the voltage: it would lift it further"
            raise ValueError(msg)
        return self


class PowerCurve(Curve):
    """cos φ(P): the power factor by the power that is given."""

    points: Annotated[tuple[PowerPoint, ...], Field(min_length=2)]
    """Power in parts of `max_discharge_w` (charging −), then cos φ."""
    excited: Excited = "under"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _rising("points", [at for at, _ in self.points])
        return self


class Reactive(Settings):
    """Reactive power as long as no control mode asks for any. Needs `inverter.max_reactive_var`."""

    policy: Policy = "off"
    priority: Literal["p", "q"] = "p"
    """What is kept when the inverter's apparent power is too small for both."""
    fixed_var: Vars = 0.0
    """For `fixed_var`; + into the AC bus (over-excited)."""
    cos_phi: CosPhi = 1.0
    excited: Excited = "under"
    """For `cos_phi`. Over-excited gives reactive power, whichever way the active power flows."""
    q_u: VoltageCurve | None = None
    """For `q_u`. None: the grid code's own."""
    cos_phi_p: PowerCurve | None = None
    """For `cos_phi_p`. None: the grid code's own."""


def _rising(name: str, values: list[float]) -> None:
    if any(after <= before for before, after in pairwise(values)):
        msg = f"{name}: the first number must rise from point to point"
        raise ValueError(msg)
