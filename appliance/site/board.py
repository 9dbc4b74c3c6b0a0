"""Buttons, lights and the emergency stop: signal names to pin numbers."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from appliance.settings import Name, Settings
from appliance.site.twice import refuse_twice


class Board(Settings):
    """Buttons, lights and the emergency stop: signal names to pin numbers."""

    BUSES: ClassVar[frozenset[str]] = frozenset({"gpio"})

    bus: Name
    estop_pin: Annotated[int, Field(ge=0, le=53)]
    """Normally closed to ground: an open wire reads as pressed."""
    buttons: dict[Literal["start", "stop"], Annotated[int, Field(ge=0, le=53)]] = Field(
        default_factory=dict
    )
    leds: dict[Literal["run", "error"], Annotated[int, Field(ge=0, le=53)]] = Field(
        default_factory=dict
    )
    max_age_s: Annotated[float, Field(ge=0.2, le=5)] = 1.0

    @model_validator(mode="after")
    def _pins_are_used_once(self) -> Self:
        signals = {"estop_pin": self.estop_pin}
        signals |= {f"buttons.{name}": pin for name, pin in self.buttons.items()}
        signals |= {f"leds.{name}": pin for name, pin in self.leds.items()}
        refuse_twice("pin", signals)
        return self
