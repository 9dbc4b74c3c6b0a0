"""The battery, its racks and its cells are well."""

from math import inf
from typing import Final

from appliance.errors.battery import BANNED_W, NO_CURRENT_A, UNASKED_W
from appliance.errors.well.row import Well
from appliance.model import BatteryState, Memory, Snapshot, State
from appliance.site import SiteSettings

BATTERY_AT_EASE: Final = {
    State.RUN: BatteryState.CONNECTED,
    State.SLEEP: BatteryState.STANDBY,
    State.IDLE: BatteryState.STANDBY,
}


def battery(_site: SiteSettings) -> Well:
    """It says that it is what the state of the box asks of it, and no current flows through open contacts."""

    def well(seen: Snapshot, memory: Memory) -> bool:
        reading = seen.battery
        if reading is None or reading.faults:
            return False
        if BATTERY_AT_EASE.get(memory.state) is not reading.state:
            return False
        if memory.state is State.RUN:
            return memory.commanded.contactors_closed
        current_a = reading.current_a
        return current_a is not None and abs(current_a) <= NO_CURRENT_A

    return well


def known(site: SiteSettings) -> Well:
    """What is worked out of it: nothing drifts, is worn, heats up fast or says nothing of use."""
    estimate = site.battery.estimate
    drift_pct, degraded_pct = estimate.drift_pct, estimate.degraded_pct

    def well(seen: Snapshot, _memory: Memory) -> bool:
        reading = seen.battery
        if reading is None or seen.battery_view is not None:
            return False
        drifts_pct, soh_pct = reading.soc_drift_pct, reading.soh_pct
        if drifts_pct is not None and not abs(drifts_pct) <= drift_pct:
            return False
        return soh_pct is None or soh_pct >= degraded_pct

    return well


def racks(_site: SiteSettings) -> Well:
    """Every one says that it is connected and has no fault, and none was told to stay open; or there is only one."""

    def well(seen: Snapshot, memory: Memory) -> bool:
        reading = seen.battery
        if reading is None or len(reading.racks) < 2:
            return True
        if memory.commanded.racks_open:
            return False
        return all(rack.contactors_closed and not rack.faults for rack in reading.racks)

    return well


def flow(_site: SiteSettings) -> Well:
    """Power flows only the way it was asked to, and no error forbids any."""

    def well(seen: Snapshot, memory: Memory) -> bool:
        power_w = None if seen.battery is None else seen.battery.power_w
        if power_w is None:
            return False
        if -BANNED_W <= power_w <= BANNED_W:
            return True
        if memory.errors:
            return False
        return memory.commanded.power_w * power_w > 0.0 or abs(power_w) <= UNASKED_W

    return well


def cells(site: SiteSettings) -> Well:
    """Every rack tells all its extremes, and they are inside the narrowest bounds that any row has."""
    battery = site.battery
    volts, degrees, balancing = battery.cell_voltage, battery.cell_temperature, battery.balancing
    lowest_v = max(volts.minimum_v, volts.recommended_min_v, battery.rescue_v[0])
    highest_v = min(volts.maximum_v, volts.recommended_max_v)
    apart_v = min(balancing.alarm_v, balancing.maximum_v)
    coldest_c = max(degrees.minimum_c, degrees.charge_min_c)
    hottest_c = min(degrees.warm_c, degrees.hot_c, degrees.maximum_c)
    apart_c, low_pct = degrees.spread_c, battery.rescue_pct[0]

    def well(seen: Snapshot, memory: Memory) -> bool:
        reading = seen.battery
        if reading is None or memory.rescue is not None:
            return False
        soc_pct = reading.soc_pct
        if soc_pct is None or not soc_pct >= low_pct:
            return False
        for rack in reading.racks:
            low_v, high_v, low_c, high_c = (
                rack.cell_min_v, rack.cell_max_v, rack.cell_min_c, rack.cell_max_c,
            )  # fmt: skip
            if low_v is None or high_v is None or low_c is None or high_c is None:
                return False
            if not (lowest_v <= low_v and high_v <= highest_v and high_v - low_v <= apart_v):
                return False
            if not (coldest_c <= low_c and high_c <= hottest_c and high_c - low_c <= apart_c):
                return False
        return True

    return well


def currents(site: SiteSettings) -> Well:
    """Every rack tells its current, and it is below all bounds; or the site has none."""
    levels = [one for one in (site.battery.current.charge, site.battery.current.discharge) if one]
    most_a = min([min(one.recommended_a, one.maximum_a) for one in levels], default=inf)

    def well(seen: Snapshot, _memory: Memory) -> bool:
        if not levels or seen.battery is None:
            return True
        for rack in seen.battery.racks:
            if rack.current_a is None or not abs(rack.current_a) <= most_a:
                return False
        return True

    return well
