"""One translation for meters whose values carry the names of `MeterReading`: power_w, l1_v, import_wh.

A current takes the sign of its phase's power: most meters leave it out.
"""

from collections.abc import Sequence
from math import copysign
from typing import Final

from appliance.io.known import times, total
from appliance.io.meters import Mounting
from appliance.io.registers import Values
from appliance.model import MeterReading, PhaseReading

TOTALS: Final = (
    "power_w", "reactive_var", "apparent_va", "power_factor", "frequency_hz", "import_wh", "export_wh",
)  # fmt: skip
PHASES: Final = tuple(f"l{n}_{unit}" for n in (1, 2, 3) for unit in ("v", "a", "w", "var"))
THREE: Final = (1, 2, 3)


def reading_of(
    values: Values,
    mounting: Mounting,
    *,
    lines: Sequence[int] = THREE,
    warnings: tuple[str, ...] = (),
) -> MeterReading:
    """Power into the site's bus is positive: grid import, PV production; `reversed` turns all of it.

    Without a total, power and reactive power are the sum of the phases. The power factor is a magnitude.
    """
    sign = -1.0 if mounting == "reversed" else 1.0
    imported, exported = values.get("import_wh"), values.get("export_wh")
    if mounting == "reversed":
        imported, exported = exported, imported
    return MeterReading(
        power_w=times(sign, _whole("power_w", "w", values, lines)),
        reactive_var=times(sign, _whole("reactive_var", "var", values, lines)),
        phases=tuple(_phase(f"l{number}", sign, values) for number in lines),
        frequency_hz=values.get("frequency_hz"),
        import_wh=imported,
        export_wh=exported,
        apparent_va=_magnitude(values.get("apparent_va")),
        power_factor=_factor(values.get("power_factor")),
        warnings=warnings,
    )


def _whole(name: str, unit: str, values: Values, lines: Sequence[int]) -> float | None:
    if name in values or not lines:
        return values.get(name)
    return total(*(values.get(f"l{number}_{unit}") for number in lines))


def _phase(line: str, sign: float, values: Values) -> PhaseReading:
    power_w = times(sign, values.get(f"{line}_w"))
    current_a = times(sign, values.get(f"{line}_a"))
    if current_a is not None and power_w is not None:
        current_a = copysign(current_a, power_w)
    return PhaseReading(
        voltage_v=values.get(f"{line}_v"),
        current_a=current_a,
        power_w=power_w,
        reactive_var=times(sign, values.get(f"{line}_var")),
    )


def _magnitude(value: float | None) -> float | None:
    return None if value is None else abs(value)


def _factor(value: float | None) -> float | None:
    """Makers give its sign different meanings; above 1 it is not one."""
    return None if value is None or abs(value) > 1.0 else abs(value)
