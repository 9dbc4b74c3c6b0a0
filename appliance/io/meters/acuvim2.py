"""Accuenergy Acuvim II, Modbus RTU (9600 8N1) or TCP by its Ethernet module (port 502, unit 1). Function 3.

Floats high word first, in one of two blocks of the same layout: 0x4000 holds primary values, 0x3000
those of the transformers' secondary side, to be multiplied by the ratios (cepro/simt-flux acuvim2, C1;
AndrianTriPutra/acuvim-ii, C4). Energies in 0.1 kWh, or 0.001 kWh secondary when register 0x1019 says so
(header of the V3 map, C5). The sources disagree whether primary power is in W or kW: an option, and
what cannot be is not believed: apparent power must agree with volts times amperes.

The meter counts import as positive; its currents have no sign.
"""

from math import isfinite
from typing import Annotated, Final, Literal

from pydantic import Field
from typing_extensions import override

from appliance.io.buses import RefusedError, WrongDeviceError
from appliance.io.meters import MeterDriver
from appliance.io.meters._reading import THREE, reading_of
from appliance.io.registers import Ask, Register, Type, Values, grouped
from appliance.model import MeterReading
from appliance.settings import Settings
from appliance.site import Meter

TITLE = "Accuenergy Acuvim II (not verified on hardware)"

Ratio = Annotated[float, Field(gt=0, le=1e6)]
BASES: Final = {"primary": 0x4000, "secondary": 0x3000}
CREDIBLE: Final = (0.2, 5.0)
"""Reported apparent power over volts times amperes; a wrong unit is wrong by 1000."""
ENOUGH_VA: Final = 100.0
"""Below this nothing can be said."""
_FLOATS, _ENERGY = "C1, C4: same layout at 12288 and 16384", "C1, C4: 16456 and 16458"


class Options(Settings):
    """What the wire does not tell."""

    block: Literal["primary", "secondary"] = "primary"
    """0x4000 or 0x3000."""
    pt1_v: Ratio = 1.0
    pt2_v: Ratio = 1.0
    ct1_a: Ratio = 1.0
    ct2_a: Ratio = 1.0
    """Primary and secondary side of the transformers; used where values are secondary."""
    power_unit: Literal["W", "kW"] = "W"
    energy: Literal["primary", "secondary"] = "primary"
    """Register 0x1019: 0.1 kWh primary, or 0.001 kWh secondary."""


class Driver(MeterDriver):
    """One Acuvim II."""

    refresh_s = 0.1
    model = "Acuvim II"

    def __init__(self, settings: Meter, options: Settings) -> None:
        assert isinstance(options, Options)
        self._settings = settings
        self._options = options
        self.reads = _rows(options)
        self.blocks = grouped(self.reads, max_words=100, max_gap=10)

    @override
    def identify(self, ask: Ask) -> None:
        """It has no register with its name: its first float must be a grid frequency, or 0 without grid."""
        row = _float(BASES[self._options.block], 0, "frequency_hz", 1.0)
        try:
            frequency_hz = row.decode(ask("holding", row.address, row.count))
        except RefusedError as error:
            msg = f"no Acuvim II: it has no register {row.address} ({error})"
            raise WrongDeviceError(msg) from error
        if frequency_hz is None or not (frequency_hz == 0.0 or 40.0 <= frequency_hz <= 70.0):
            msg = f"no Acuvim II: register {row.address} holds no grid frequency ({frequency_hz})"
            raise WrongDeviceError(msg)

    @override
    def reading(self, values: Values) -> MeterReading:
        """Power into the site's bus is positive: grid import, PV production."""
        wrong = _wrong_power(values)
        if wrong:
            values = {name: None if _is_power(name) else held for name, held in values.items()}
        warnings = (f"power and volts x amperes do not agree: {wrong}",) if wrong else ()
        return reading_of(values, self._settings.mounting, lines=THREE, warnings=warnings)


def _rows(options: Options) -> tuple[Register, ...]:
    base = BASES[options.block]
    secondary = options.block == "secondary"
    volts = options.pt1_v / options.pt2_v if secondary else 1.0
    amperes = options.ct1_a / options.ct2_a if secondary else 1.0
    watts = volts * amperes * (1000.0 if options.power_unit == "kW" else 1.0)
    per_phase = (
        ("v", 2, volts, True), ("a", 18, amperes, False), ("w", 28, watts, False), ("var", 36, watts, False),
    )  # fmt: skip
    phases = [
        _float(base, offset + 2 * place, f"l{place + 1}_{unit}", scale, slow=slow)
        for unit, offset, scale, slow in per_phase
        for place in range(3)
    ]
    return (
        _float(base, 0, "frequency_hz", 1.0, slow=True),
        *phases,
        _float(base, 16, "line_to_line_v", volts, slow=True),
        _float(base, 34, "power_w", watts),
        _float(base, 42, "reactive_var", watts),
        _float(base, 50, "apparent_va", watts),
        _float(base, 58, "power_factor", 1.0),
        *_energies(options),
    )


def _energies(options: Options) -> tuple[Register, Register]:
    """Import and export; high word first, 0.1 kWh primary."""
    scale = 100.0
    if options.energy == "secondary":
        scale = options.pt1_v / options.pt2_v * options.ct1_a / options.ct2_a
    size: Type = "u32"
    return (
        Register(0x4048, size, "import_wh", _ENERGY, scale=scale, slow=True),
        Register(0x404A, size, "export_wh", _ENERGY, scale=scale, slow=True),
    )


def _float(base: int, offset: int, name: str, scale: float, *, slow: bool = False) -> Register:
    size: Type = "f32"
    return Register(base + offset, size, name, _FLOATS, scale=scale, slow=slow)


def _wrong_power(values: Values) -> str:
    """What is wrong with the scale of power, in words; empty when it agrees or nothing can be said."""
    reported_va, expected_va = values.get("apparent_va"), _volts_times_amperes(values)
    if expected_va is None or expected_va < ENOUGH_VA:
        return ""
    if reported_va is None or not isfinite(reported_va):
        return ""
    ratio = abs(reported_va) / expected_va
    if CREDIBLE[0] <= ratio <= CREDIBLE[1]:
        return ""
    if ratio < 1.0 / 200.0:
        return 'it reports kW, set power_unit = "kW"'
    if ratio > 200.0:
        return 'it reports W, set power_unit = "W"'
    return f"by a factor of {ratio:.2g}, check block and ratios"


def _volts_times_amperes(values: Values) -> float | None:
    """By the phases; without a neutral by the voltage between lines."""
    amperes = [values.get(f"l{number}_a") for number in THREE]
    volts = [values.get(f"l{number}_v") for number in THREE]
    known = [a for a in amperes if a is not None]
    if len(known) < len(amperes):
        return None
    if all(volt is not None and volt > 1.0 for volt in volts):
        return sum(abs(a) * (v or 0.0) for a, v in zip(known, volts, strict=True))
    line_v = values.get("line_to_line_v")
    return None if line_v is None else sum(map(abs, known)) * line_v / 3.0**0.5


def _is_power(name: str) -> bool:
    return name.endswith(("_w", "_var", "_va"))
