"""What is measured in an island."""

from collections.abc import Callable, Iterable

import msgspec

from appliance.model import Island, IslandFigures, IslandStep, Snapshot


def measured(
    figures: IslandFigures, island: Island, seen: Snapshot, passed_s: float
) -> IslandFigures:
    """With the readings of this cycle, which hold since the one before it."""
    soc_pct = None if seen.battery is None else seen.battery.soc_pct
    figures = msgspec.structs.replace(figures, soc_after_pct=soc_pct)
    inverter = seen.inverter
    if island.step is not IslandStep.CARRYING or inverter is None:
        return figures
    volts = [one.voltage_v for one in inverter.phases if one.voltage_v is not None]
    hertz = [] if inverter.frequency_hz is None else [inverter.frequency_hz]
    power_w = inverter.power_w or 0.0
    return msgspec.structs.replace(
        figures,
        lowest_v=_extreme(min, figures.lowest_v, volts),
        highest_v=_extreme(max, figures.highest_v, volts),
        lowest_hz=_extreme(min, figures.lowest_hz, hertz),
        highest_hz=_extreme(max, figures.highest_hz, hertz),
        highest_w=max(figures.highest_w, power_w),
        carried_wh=figures.carried_wh + power_w * passed_s / 3600.0,
    )


def _extreme(
    pick: Callable[[list[float]], float], before: float | None, now: Iterable[float]
) -> float | None:
    known = [*now] if before is None else [before, *now]
    return pick(known) if known else None
