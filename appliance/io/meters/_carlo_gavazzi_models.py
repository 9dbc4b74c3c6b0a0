"""Carlo Gavazzi: identification codes, as register 0x000B tells them (G1-G3 device codes; G5 for 1648-1653).

Sources: as in `_carlo_gavazzi_layouts.py`.
"""

from dataclasses import dataclass
from typing import Final

from appliance.io.meters._carlo_gavazzi_layouts import (
    EM1XX,
    EM3XX,
    EM5XX,
    EM24,
    EM24_E1,
    Layout,
)

IDENTIFICATION: Final = 0x000B
"""Read alone: "one word at a time"."""
E1_CODES: Final = range(1648, 1654)


@dataclass(frozen=True, slots=True)
class Model:
    """One kind of meter."""

    name: str
    layout: Layout
    refresh_s: float
    """It has no newer values before that (G4; for EM24 Ethernet no figure is known)."""
    high_word_first: bool = False
    """Engineering samples (G2)."""
    one_way: bool = False
    """PFA: it can never show export."""


def _models() -> dict[int, Model]:
    rows: tuple[tuple[tuple[int, ...], Model], ...] = (
        ((71, 72, 73), Model("EM24-DIN", EM24, 0.6)),
        ((100, 101, 102, 103, 104, 110), Model("EM110/EM111/EM112", EM1XX, 0.75)),
        ((111, 112), Model("EM111/EM112 sample", EM1XX, 0.75, high_word_first=True)),
        ((120, 121), Model("ET112", EM1XX, 0.75)),
        ((331, 332), Model("EM330", EM3XX, 2.0)),
        ((335, 336), Model("ET330", EM3XX, 2.0)),
        ((341, 346), Model("EM340/EM341", EM3XX, 2.0)),
        ((330,), Model("EM330 sample", EM3XX, 2.0, high_word_first=True)),
        ((340,), Model("EM340 sample", EM3XX, 2.0, high_word_first=True)),
        ((345,), Model("ET340", EM3XX, 2.0)),
        ((338, 348), Model("EM330/EM340 series 27", EM24, 2.0)),
        ((1648, 1651), Model("EM24 Ethernet X", EM24_E1, 0.1)),
        ((1649, 1652), Model("EM24 Ethernet PFA", EM24_E1, 0.1, one_way=True)),
        ((1650, 1653), Model("EM24 Ethernet PFB", EM24_E1, 0.1)),
        (tuple(range(1744, 1764)), Model("EM530/EM540", EM5XX, 0.1)),
    )
    return {code: model for codes, model in rows for code in codes}


MODELS: Final = _models()
"""Model by identification code."""
FAMILIES: Final = (
    (range(70, 80), "an EM24"),
    (range(100, 130), "an EM110, EM111, EM112 or ET112"),
    (range(330, 350), "an EM330, EM340, ET330 or ET340"),
    (E1_CODES, "an EM24 Ethernet"),
    (range(1640, 1670), "a newer EM24 Ethernet"),
    (range(1740, 1800), "a newer EM530 or EM540"),
)
"""What a code might be that is not known: makers number relatives alike."""


def guess(code: int) -> str:
    """What a meter with an unknown code might be, in words."""
    for codes, name in FAMILIES:
        if code in codes:
            return f"perhaps {name} that this version does not know"
    if code in (0, 0xFFFF):
        return "perhaps a gateway that answers for a meter that is not there"
    return "perhaps another maker's meter"
