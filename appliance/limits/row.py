"""What a limit is: two magnitudes, and a word for what holds power back."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Final

from appliance.model import Memory, Snapshot
from appliance.site import SiteSettings

Caps = tuple[float, float]
"""`(max_charge_w, max_discharge_w)`, both ≥ 0."""
FREE: Final[Caps] = (inf, inf)
CLOSED: Final[Caps] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Row:
    """One limit. `because` is the subject of the sentence "… allows −1200 W"."""

    name: str
    caps: Callable[[Snapshot, Memory, SiteSettings], Caps]
    because: Callable[[Snapshot, Memory, SiteSettings], str]
    absent: Callable[[SiteSettings], bool] | None = None
    """This site has nothing of the kind: there it narrows nothing that the others leave."""


def share_between(value: float, zero_at: float, full_at: float) -> float:
    """0 at `zero_at` and beyond, 1 at `full_at` and beyond, straight in between."""
    share = (value - zero_at) / (full_at - zero_at)
    return 0.0 if share <= 0.0 else min(share, 1.0)
