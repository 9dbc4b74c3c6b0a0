"""Buttons, lights and the emergency stop: signal names to pin numbers."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from appliance.settings import Name
from appliance.site.devices import Driven
from appliance.site.twice import refuse_twice

Pin = Annotated[int, Field(ge=0, le=53)]


class Board(Driven):
    """Buttons, lights and the emergency stop: signal names to pin numbers."""

    FOLDER: ClassVar[str] = "board"
    BUSES: ClassVar[frozenset[str]] = frozenset({"gpio"})
    """The emergency stop is always on a pin, whatever else the board has."""

    driver: Name = "gpio_board"
    files: Name | None = None
    """A bus of kind `files`, for a board that the kernel shows as files (a Strato Pi)."""
    estop_pin: Pin
    """Normally closed to ground: an open wire reads as pressed."""
    buttons: dict[Literal["start", "stop", "black_start", "island_open"], Pin] = Field(
        default_factory=dict
    )
    """`island_open` is no button: a contact of the island switch, closed while that is open."""
    leds: dict[Literal["run", "error"], Pin] = Field(default_factory=dict)
    max_age_s: Annotated[float, Field(ge=0.2, le=5)] = 1.0

    @model_validator(mode="after")
    def _pins_are_used_once(self) -> Self:
        refuse_twice("pin", self.pins())
        return self

    def pins(self) -> dict[str, int]:
        """Every signal on a pin, by its path in site.toml."""
        signals = {"estop_pin": self.estop_pin}
        signals |= {f"buttons.{name}": pin for name, pin in self.buttons.items()}
        signals |= {f"leds.{name}": pin for name, pin in self.leds.items()}
        return signals
