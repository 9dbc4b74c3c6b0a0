"""Cells as data: open-circuit voltage and resistance. One file for each kind."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from appliance.data_file import DataFileError, filled
from appliance.io.known import along
from appliance.settings import CellVolts, Settings

FOLDER: Final = Path(__file__).parent / "curves"
REFERENCE_C: Final = 25.0
SLOPE_OVER_PCT: Final = 1.0


Numbers = Annotated[tuple[float, ...], Field(min_length=2)]


def _rises(name: str, values: Sequence[float]) -> None:
    if any(a >= b for a, b in pairwise(values)):
        msg = f"{name} must rise from number to number"
        raise ValueError(msg)


class Cell(Settings):
    """One kind of cell. Voltages in open circuit at 25 °C, per cell."""

    nominal_v: CellVolts
    full_v: CellVolts
    """Highest cell: 100 %."""
    empty_v: CellVolts
    """Lowest cell: 0 %."""
    cell_ohm_ah: Annotated[float, Field(gt=0, le=10)]
    steep_v_per_pct: Annotated[float, Field(gt=0, le=1)]
    soc_pct: Numbers
    ocv_v: Numbers
    ocv_v_per_k: Numbers
    temperature_c: Numbers
    resistance_factor: Numbers
    """Resistance by temperature, 1 at 25 °C."""

    @model_validator(mode="after")
    def _tables_fit(self) -> Self:
        if not len(self.soc_pct) == len(self.ocv_v) == len(self.ocv_v_per_k):
            msg = "soc_pct, ocv_v and ocv_v_per_k must be equally long"
            raise ValueError(msg)
        if len(self.temperature_c) != len(self.resistance_factor):
            msg = "temperature_c and resistance_factor must be equally long"
            raise ValueError(msg)
        for name in ("soc_pct", "ocv_v", "temperature_c"):
            _rises(name, getattr(self, name))
        return self

    def open_v(self, soc_pct: float, temperature_c: float = REFERENCE_C) -> float:
        """Open-circuit voltage of a rested cell, V."""
        per_k = along(soc_pct, self.soc_pct, self.ocv_v_per_k)
        return along(soc_pct, self.soc_pct, self.ocv_v) + per_k * (temperature_c - REFERENCE_C)

    def soc_at(self, open_v: float, temperature_c: float = REFERENCE_C) -> float:
        """State of charge of a rested cell, %; the inverse of `open_v`."""
        soc_pct = along(open_v, self.ocv_v, self.soc_pct)
        per_k = along(soc_pct, self.soc_pct, self.ocv_v_per_k)
        return along(open_v - per_k * (temperature_c - REFERENCE_C), self.ocv_v, self.soc_pct)

    def steep_at(self, soc_pct: float) -> bool:
        """Whether a voltage tells the charge here: a plateau does not."""
        low, high = max(0.0, soc_pct - SLOPE_OVER_PCT), min(100.0, soc_pct + SLOPE_OVER_PCT)
        rise_v = self.open_v(high) - self.open_v(low)
        return rise_v >= self.steep_v_per_pct * (high - low)

    def warmth(self, temperature_c: float | None) -> float:
        """Resistance relative to 25 °C; 1 when nobody knows the temperature."""
        if temperature_c is None:
            return 1.0
        return along(temperature_c, self.temperature_c, self.resistance_factor)


def load_cell(name: str, folder: Path = FOLDER) -> Cell:
    """A kind of cell by the name of its file. Raises DataFileError."""
    path = folder / f"{name}.toml"
    if not path.is_file():
        there = ", ".join(sorted(one.stem for one in folder.glob("*.toml")))
        raise DataFileError(path, [f"no such cell; there is: {there}"])
    return filled(path, Cell)
