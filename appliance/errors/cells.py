"""When are cells out of their windows, or currents? Conditions of rows in ERRORS; limits taper before."""

from collections.abc import Callable
from typing import Final

from appliance.errors.battery import NOWHERE, QUIET_C, Sources, racks
from appliance.model import BatteryReading, Memory, RackReading, Snapshot, State
from appliance.site import SiteSettings

BALANCE_SEEN_PCT: Final = (15.0, 95.0)
ON_ITS_WAY: Final = (State.WAKING, State.PRECHARGE)
"""States in which other rows judge a BMS that says little."""


def cell_full(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Above the recommended voltage."""
    limit_v = site.battery.cell_voltage.recommended_max_v
    return racks(
        seen.battery, lambda rack: rack.cell_max_v is not None and rack.cell_max_v > limit_v
    )


def cell_over(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """Above the maximum voltage; also of open racks once all have been told to open, whatever one of them does."""
    limit_v = site.battery.cell_voltage.maximum_v
    return _destroyed(
        seen, memory, lambda rack: rack.cell_max_v is not None and rack.cell_max_v > limit_v
    )


def cell_empty(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Below the recommended voltage."""
    limit_v = site.battery.cell_voltage.recommended_min_v
    return racks(
        seen.battery, lambda rack: rack.cell_min_v is not None and rack.cell_min_v < limit_v
    )


def cell_under(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """Below the minimum voltage; of open racks like above."""
    limit_v = site.battery.cell_voltage.minimum_v
    return _destroyed(
        seen, memory, lambda rack: rack.cell_min_v is not None and rack.cell_min_v < limit_v
    )


def _destroyed(seen: Snapshot, memory: Memory, wrong: Callable[[RackReading], bool]) -> Sources:
    if seen.battery is None or memory.commanded.contactors_closed:
        return racks(seen.battery, wrong)
    return tuple([f"rack {rack.rack}" for rack in seen.battery.racks if wrong(rack)])


def cell_cold(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Too cold to charge."""
    limit_c = site.battery.cell_temperature.charge_min_c
    return racks(
        seen.battery, lambda rack: rack.cell_min_c is not None and rack.cell_min_c < limit_c
    )


def cell_warm(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Above the operating temperature: the taper alone would let it stay there for hours."""
    limit_c = site.battery.cell_temperature.warm_c
    return racks(
        seen.battery, lambda rack: rack.cell_max_c is not None and rack.cell_max_c > limit_c
    )


def cell_hot(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Above the recommended temperature."""
    limit_c = site.battery.cell_temperature.hot_c
    return racks(
        seen.battery, lambda rack: rack.cell_max_c is not None and rack.cell_max_c > limit_c
    )


def cell_temperature_limit(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Of every rack, also one that is open: it may burn."""
    if seen.battery is None:
        return NOWHERE
    window = site.battery.cell_temperature
    return tuple(
        [
            f"rack {rack.rack}"
            for rack in seen.battery.racks
            if (rack.cell_max_c is not None and rack.cell_max_c > window.maximum_c)
            or (rack.cell_min_c is not None and rack.cell_min_c < window.minimum_c)
        ]
    )


def temperature_spread(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """One place of a rack is much warmer than another: a bad cell or contact, a sensor, a fan."""
    spread_c = site.battery.cell_temperature.spread_c
    return racks(
        seen.battery,
        lambda rack: (
            rack.cell_max_c is not None
            and rack.cell_min_c is not None
            and rack.cell_max_c - rack.cell_min_c > spread_c
        ),
    )


def temperature_rises(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Of every rack: faster than any current that is allowed would heat it."""
    view = seen.battery_view
    if seen.battery is None or view is None or not view.rises_c:
        return NOWHERE
    limit_c = site.battery.cell_temperature.rise_c_per_min
    return tuple([f"rack {number}" for number, rise_c in view.rises_c if rise_c > limit_c])


def unbalanced(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """More than a person should have to accept."""
    return _spread_above(site.battery.balancing.alarm_v, seen, site)


def far_unbalanced(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """So much that a cell must be broken."""
    return _spread_above(site.battery.balancing.maximum_v, seen, site)


def _spread_above(limit_v: float, seen: Snapshot, site: SiteSettings) -> Sources:
    """At rest and away from the ends; near them, and under load, cells differ by nature."""
    battery = seen.battery
    if battery is None or battery.soc_pct is None or battery.power_w is None:
        return NOWHERE
    wide = [
        f"rack {rack.rack}"
        for rack in battery.working
        if rack.cell_max_v is not None
        and rack.cell_min_v is not None
        and rack.cell_max_v - rack.cell_min_v > limit_v
    ]
    if not wide:
        return NOWHERE
    low_pct, high_pct = BALANCE_SEEN_PCT
    quiet = abs(battery.power_w) <= QUIET_C * site.battery.capacity_wh
    return tuple(wide) if quiet and low_pct <= battery.soc_pct <= high_pct else NOWHERE


def current_high(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Above what is recommended for long."""
    charge, discharge = site.battery.current.charge, site.battery.current.discharge
    if charge is None and discharge is None:
        return NOWHERE
    return _beyond(
        seen.battery,
        None if charge is None else charge.recommended_a,
        None if discharge is None else discharge.recommended_a,
    )


def current_over(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Above the maximum."""
    charge, discharge = site.battery.current.charge, site.battery.current.discharge
    if charge is None and discharge is None:
        return NOWHERE
    return _beyond(
        seen.battery,
        None if charge is None else charge.maximum_a,
        None if discharge is None else discharge.maximum_a,
    )


def _beyond(
    battery: BatteryReading | None, charge_a: float | None, discharge_a: float | None
) -> Sources:
    if battery is None:
        return NOWHERE
    whole_a, count = battery.current_a, len(battery.working)
    mean_a = None if whole_a is None or not count else whole_a / count

    def wrong(rack: RackReading) -> bool:
        current_a = mean_a if rack.current_a is None else rack.current_a
        if current_a is None:
            return False
        most_a = discharge_a if current_a > 0.0 else charge_a
        return most_a is not None and abs(current_a) > most_a

    return racks(battery, wrong)


def battery_inactive(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """It answers, and the box wants to work with it, but nothing that it says is of use."""
    view, battery = seen.battery_view, seen.battery
    if view is None or not view.useless or battery is None or memory.goal is not State.RUN:
        return NOWHERE
    if memory.state in ON_ITS_WAY or memory.commanded.battery_asleep or battery.asleep:
        return NOWHERE
    late = view.useless_s > site.battery.inactive_after_s
    return (f"battery: {view.useless}",) if late else NOWHERE
