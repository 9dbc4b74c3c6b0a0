"""What people and the cloud type: checked once at the edge, frozen afterwards."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Base class: an unknown key, a wrong type or a value out of range is refused, with its path."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_default=True, allow_inf_nan=False
    )


class MistakesError(ValueError):
    """What does not fit together; each of `mistakes` is told on a line of its own."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(mistakes))


def refuse(mistakes: Iterable[str]) -> None:
    """Raises MistakesError unless there are none."""
    told = tuple(mistakes)
    if told:
        raise MistakesError(told)


Watts = Annotated[float, Field(ge=0, le=100e6)]
"""A magnitude in W."""
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Percent = Annotated[float, Field(ge=0, le=100)]
CellVolts = Annotated[float, Field(gt=0, le=5)]
Volts = Annotated[float, Field(gt=0, le=2_000)]
Celsius = Annotated[float, Field(ge=-60, le=150)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
