"""Carlo Gavazzi energy meters, Modbus RTU or TCP: the kind is found by the identification code at 0x000B.

EM24, EM24 Ethernet, EM110/111/112, ET112, EM330/340/341, ET330/340, EM530/540. Layouts, codes and
sources: `_carlo_gavazzi_layouts.py`, `_carlo_gavazzi_models.py`. Default unit 1, 9600 8N1.

Power is positive for import at a grid meter and for production at a PV meter, when the meter is set
up to count both directions; when it is not, the reading carries a warning. Energies of EM3xx and
ET3xx are sums of the phases: on an unbalanced site import and export both grow, and more than a
utility meter's. EM24 and EM5xx (measurement mode C) net across the phases.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

from typing_extensions import override

from appliance.io.buses import RefusedError, WrongDeviceError
from appliance.io.meters import MeterDriver
from appliance.io.meters._carlo_gavazzi_models import IDENTIFICATION, MODELS, Model, guess
from appliance.io.meters._carlo_gavazzi_setup import SetUp
from appliance.io.meters._reading import reading_of
from appliance.io.plausible import plausible
from appliance.io.registers import Ask, Values
from appliance.model import MeterReading
from appliance.settings import Settings
from appliance.site import Meter

log = logging.getLogger(__name__)

TITLE = "Carlo Gavazzi EM24, EM100, EM300, EM500, ET series (not verified on hardware)"

THREE_PHASE: Final = (0, 1, 4)
"""Measuring systems with a phase sequence: 3P+N, 3P.1, 3P."""
FIRMWARE: Final = 0x0304
OLDEST_FIRMWARE: Final = 0x1803
"""EM24 Ethernet 1.8.3: nibbles major, minor; byte build (G6; G5 on the coding)."""
DEFAULT_CODE: Final = 1648
EXPORT_AS_IMPORT: Final = "counts export as import"


class Driver(MeterDriver):
    """One Carlo Gavazzi meter. Until it is identified it is taken for an EM24 Ethernet."""

    codes: ClassVar[Mapping[int, Model]] = MODELS

    def __init__(self, settings: Meter, _options: Settings) -> None:
        self._settings = settings
        self._warnings: tuple[str, ...] = ()
        self._adopt(DEFAULT_CODE)

    @override
    def identify(self, ask: Ask) -> None:
        """The identification code, and whether it is set up to count both directions."""
        (code,) = _read(ask, IDENTIFICATION) or (None,)
        if code is None:
            msg = (
                f"it has no identification code (register {IDENTIFICATION}): no Carlo Gavazzi meter"
            )
            raise WrongDeviceError(msg)
        if code not in self.codes:
            raise WrongDeviceError(self._stranger(code))
        self._adopt(code)
        layout = self.kind.layout
        system = _read(ask, layout.system)
        self._three_phase = (
            system is not None and system[0] in THREE_PHASE and len(layout.lines) > 1
        )
        warned = self._warnings
        self._warnings = tuple(self._set_up_warnings(ask))
        for warning in set(self._warnings) - set(warned):
            log.warning("%s %s", self.model, warning)
        self.serial = _serial(ask, layout.serial)

    @override
    def reading(self, values: Values) -> MeterReading:
        """Power into the site's bus is positive: grid import, PV production."""
        sequence, lines = values.get("sequence"), self.kind.layout.lines
        warnings = self._warnings
        if self._three_phase and sequence == -1.0:
            warnings = (*warnings, "wrong phase sequence (L1-L3-L2): exchange two phases")
        if lines == (1,):
            values = _single_phase(values)
        return reading_of(values, self._settings.mounting, lines=lines, warnings=warnings)

    def set_up(self) -> SetUp:
        """What `appliance probe --setup` can change on the kind that was identified."""
        return SetUp(self.kind)

    def _adopt(self, code: int) -> None:
        self.kind = MODELS[code]
        self.model = f"{self.kind.name} (code {code})"
        self.serial = ""
        self.refresh_s = self.kind.refresh_s
        """Reading it more often tells nothing new."""
        self.blocks = self.kind.layout.blocks(high_word_first=self.kind.high_word_first)
        self._three_phase = False

    def _set_up_warnings(self, ask: Ask) -> Iterable[str]:
        kind, both_ways = self.kind, self.kind.layout.both_ways
        held = _read(ask, both_ways.address)
        if kind.one_way:
            yield f"{EXPORT_AS_IMPORT}: a PFA model can do nothing else"
        elif held is not None and held[0] not in both_ways.good:
            yield f"{EXPORT_AS_IMPORT}: {both_ways.remedy}"
        if kind.layout.both_ways.address == 0xA000:
            firmware = _read(ask, FIRMWARE)
            if firmware is not None and firmware[0] < OLDEST_FIRMWARE:
                major, minor, build = firmware[0] >> 12, firmware[0] >> 8 & 0xF, firmware[0] & 0xFF
                yield f"firmware {major}.{minor}.{build}: needs 1.8.3 or newer"
        if self._settings.max_age_s < kind.refresh_s:
            yield f"has new values every {kind.refresh_s:g} s: max_age_s must be longer"

    def _stranger(self, code: int) -> str:
        known = MODELS.get(code)
        if known is not None:
            return f'identification code {code} is an {known.name}: use driver = "carlo_gavazzi"'
        return f"identification code {code} is not known: {guess(code)}"


def _read(ask: Ask, address: int, count: int = 1) -> tuple[int, ...] | None:
    """Registers, alone in their request; None when the meter does not have them. Raises BusError."""
    try:
        return ask("holding", address, count)
    except RefusedError:
        return None


def _serial(ask: Ask, address: int) -> str:
    """Seven words of text with zeros at the end or between; a single character means: ask again (G4)."""
    text = ""
    for _try in range(2):
        words = _read(ask, address, 7) or ()
        raw = b"".join(word.to_bytes(2, "big") for word in words).replace(b"\0", b"")
        text = raw.decode("ascii", "replace").strip()
        if len(text) > 1:
            break
    return text if text.isprintable() else ""


def _single_phase(values: Values) -> Values:
    """The total is the phase; the export counter may come as a negative number."""
    counter = values.get("export_counter")
    return {
        **values,
        "l1_w": values.get("power_w"),
        "l1_var": values.get("reactive_var"),
        "export_wh": None if counter is None else plausible("export_wh", abs(counter)),
    }
