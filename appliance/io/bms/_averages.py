"""The battery made from its racks: what the map does not name, and whose faults are everybody's."""

from collections.abc import Callable, Sequence
from math import fsum
from typing import Final

from appliance.model import BatteryState, RackReading

Of = Callable[[Sequence[RackReading], str], float | None]


def mean(racks: Sequence[RackReading], name: str) -> float | None:
    """Of those that know it."""
    known = _known(racks, name)
    return fsum(known) / len(known) if known else None


def total(racks: Sequence[RackReading], name: str) -> float | None:
    """None when one does not know it: less than all is not the sum."""
    known = _known(racks, name)
    return fsum(known) if known and len(known) == len(racks) else None


def state_of_charge(racks: Sequence[RackReading], name: str) -> float | None:
    """Weighted by the capacity, where the racks tell their energy; else the mean."""
    weights = []
    for rack in racks:
        if rack.soc_pct is None or rack.soe_wh is None or rack.soc_pct < 1.0:
            return mean(racks, name)
        weights.append((rack.soc_pct, rack.soe_wh / rack.soc_pct))
    whole = fsum(weight for _soc_pct, weight in weights)
    return (
        fsum(soc_pct * weight for soc_pct, weight in weights) / whole
        if whole
        else mean(racks, name)
    )


FROM_RACKS: Final[dict[str, Of]] = {
    "voltage_v": mean,
    "current_a": total,
    "power_w": total,
    "soc_pct": state_of_charge,
    "soh_pct": mean,
    "soe_wh": total,
    "cycles": mean,
    "charged_wh": total,
    "discharged_wh": total,
}
"""Voltages of parallel racks are equal, currents add up."""


def carrying(racks: Sequence[RackReading], state: BatteryState) -> Sequence[RackReading]:
    """The racks of which the battery is made: those that are connected; at rest those that are sound."""
    heard = [rack for rack in racks if not rack.silent]
    if state is BatteryState.CONNECTED:
        joined = [rack for rack in heard if rack.contactors_closed]
        return joined or heard
    return [rack for rack in heard if not rack.faults] or heard


def limit_w(racks: Sequence[RackReading], name: str) -> float | None:
    """So much that no rack takes more than it allows: they share the current about evenly."""
    known = _known(racks, name)
    return len(known) * min(known) if known and len(known) == len(racks) else None


def any_of(racks: Sequence[RackReading], name: str) -> bool | None:
    """True when one says so, False when one says not; None: none of them tells."""
    known = [value for rack in racks if (value := getattr(rack, name)) is not None]
    return any(known) if known else None


def all_of(racks: Sequence[RackReading], name: str) -> bool | None:
    """True when all say so that tell."""
    known = [value for rack in racks if (value := getattr(rack, name)) is not None]
    return all(known) if known else None


def shared_faults(racks: Sequence[RackReading], state: BatteryState) -> tuple[list[str], list[str]]:
    """Faults of racks that are the battery's, and those that are warnings.

    A rack that is faulty and disconnected degrades the battery, as long as another one works.
    """
    faults: list[str] = []
    warnings: list[str] = []
    connected = state is BatteryState.CONNECTED
    working = [
        rack
        for rack in racks
        if not (rack.faults or rack.silent or (connected and not rack.contactors_closed))
    ]
    for rack in racks:
        apart = bool(working) and rack.contactors_closed is not True
        where = warnings if apart else faults
        where += [f"rack {rack.rack}: {fault}" for fault in rack.faults]
        warnings += [f"rack {rack.rack}: {warning}" for warning in rack.warnings]
    return faults, warnings


def _known(racks: Sequence[RackReading], name: str) -> list[float]:
    return [value for rack in racks if (value := getattr(rack, name)) is not None]
