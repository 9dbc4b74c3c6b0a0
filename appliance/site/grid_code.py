"""The grid code of the country: figures as data, each with its source and whether it was verified.

Supervisory only. The certified protection is in the inverter or in a relay beside it; the box knows the
profile, shows it, watches slower and stricter, and never writes grid-code registers.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from appliance.settings import Settings
from appliance.site.reactive import Curve, PowerCurve, VoltageCurve

PerUnit = Annotated[float, Field(gt=0, le=2)]
Hertz = Annotated[float, Field(ge=40, le=70)]


class Figure(Settings):
    """Where a figure comes from."""

    source: Annotated[str, Field(min_length=2)]
    verified: bool
    """False: recalled or second-hand; to be confirmed with the grid operator before relying on it."""


class Trip(Figure):
    """One stage of the protection: beyond `at` for `after_s` the inverter must have stopped."""

    what: Literal["voltage", "mean_voltage", "frequency"]
    """Voltage in parts of the nominal one (mean: over 10 minutes), frequency in Hz."""
    side: Literal["below", "above"]
    at: Annotated[float, Field(gt=0, le=70)]
    after_s: Annotated[float, Field(ge=0, le=300)]


class Window(Figure):
    """The grid must be inside for `wait_s` before power begins, which then rises no faster than the ramp."""

    voltage_low_pu: PerUnit
    voltage_high_pu: PerUnit
    frequency_low_hz: Hertz
    frequency_high_hz: Hertz
    wait_s: Annotated[float, Field(ge=0, le=900)]
    ramp_pct_per_min: Annotated[float, Field(gt=0, le=6_000)]

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.voltage_low_pu >= self.voltage_high_pu:
            msg = f"voltage_low_pu = {self.voltage_low_pu} must be below voltage_high_pu = {self.voltage_high_pu}"
            raise ValueError(msg)
        if self.frequency_low_hz >= self.frequency_high_hz:
            msg = f"frequency_low_hz = {self.frequency_low_hz} must be below frequency_high_hz = {self.frequency_high_hz}"
            raise ValueError(msg)
        return self


class FrequencyResponse(Figure):
    """Where the inverter itself begins to change its power with the frequency (LFSM)."""

    start_hz: Hertz
    droop_pct: Annotated[float, Field(ge=1, le=20)]


class GridCode(Settings):
    """One profile."""

    title: str
    edition: str
    note: str = ""
    nominal_v: Annotated[float, Field(ge=100, le=500)] = 230.0
    """Line to neutral."""
    trips: tuple[Trip, ...]
    connect: Window
    over_frequency: FrequencyResponse
    under_frequency: FrequencyResponse
    q_u: VoltageCurve | None = None
    cos_phi_p: PowerCurve | None = None

    @property
    def unverified(self) -> int:
        """How many of its figures nobody has confirmed."""
        figures: tuple[Figure | Curve | None, ...] = (
            *self.trips, self.connect, self.over_frequency, self.under_frequency,
            self.q_u, self.cos_phi_p,
        )  # fmt: skip
        return sum(1 for figure in figures if figure is not None and not figure.verified)
