"""Which coil is to be energised: from what is decided to relays by name. Nothing known: what is safe."""

from collections.abc import Mapping
from typing import Final

from appliance.mailbox import Slots
from appliance.model import SAFE, ClimateReading, Decision, Setpoints
from appliance.site import Climate, Fan, SiteSettings
from appliance.testing import Output, outputs_of

CLIMATE_MAX_AGE_S: Final = 2.0
"""Without the climate's word for so long: fans run, heaters are off."""
DECISION_MAX_AGE_S: Final = 1.0


def coils(
    site: SiteSettings, climate: ClimateReading | None, setpoints: Setpoints
) -> dict[str, bool]:
    """True: energised. Every relay of the site; one that nobody uses stays without current.

    `climate` None: fans on, heaters off. Battery sleep goes by `battery_asleep`: without current it is awake.
    """
    wanted = dict.fromkeys(site.relays, False)
    if site.climate is not None:
        wanted |= _climate_coils(site.climate, climate)
    sleep = site.battery.sleep
    if sleep.relay is not None:
        wanted[sleep.relay] = setpoints.battery_asleep
    return wanted | _backup_coils(site, setpoints)


def _backup_coils(site: SiteSettings, setpoints: Setpoints) -> dict[str, bool]:
    """The island switch and the loads that may be shed. A switch that nobody commands is let go."""
    backup = site.backup
    if backup is None:
        return {}
    wanted = {
        load.relay: (load.relay in setpoints.loads_shed) is (load.contact == "normally_closed")
        for load in backup.loads.values()
    }
    switch, opens = backup.switch, setpoints.grid_switch_open
    if switch is not None:
        wanted[switch.relay] = opens is not None and opens is (switch.contact == "normally_closed")
    return wanted


def _climate_coils(settings: Climate, climate: ClimateReading | None) -> dict[str, bool]:
    percent = {} if climate is None else {one.name: one.percent for one in climate.actuators}
    wanted = {
        fan.relay: fan_coil(fan, percent.get(name, 100.0) > 0.0)
        for name, fan in settings.fans.items()
        if fan.relay is not None
    }
    return wanted | {
        heater.relay: percent.get(name, 0.0) > 0.0 for name, heater in settings.heaters.items()
    }


def fan_coil(fan: Fan, turns: bool) -> bool:
    """The coil of a fan's relay; with a normally closed contact it takes current to stop the fan."""
    return turns is (fan.contact == "normally_open")


def coils_now(site: SiteSettings, slots: Slots, now_s: float) -> dict[str, bool]:
    """The same from the slots; what is not fresh is not known."""
    decision: Decision | None = slots.decision.fresh(now_s, DECISION_MAX_AGE_S)
    climate = slots.climate.fresh(now_s, CLIMATE_MAX_AGE_S)
    setpoints = SAFE if decision is None else decision.setpoints
    wanted = coils(site, climate, setpoints)
    switch = None if site.backup is None else site.backup.switch
    if switch is not None and setpoints.grid_switch_open is None:
        # Nobody says where it should be: it stays, for the inverter may still be what it separates from.
        before = slots.relays[switch.relay].newest()
        wanted[switch.relay] = before is not None and before.value.commanded
    if decision is not None and decision.test is not None:
        test = decision.test
        for name, kind in outputs_of(site).items():
            held = test.output(name, now_s) if kind is Output.RELAY else None
            if held is not None:
                wanted[name] = held > 0.0
    return wanted


def safe_coils(site: SiteSettings) -> Mapping[str, bool]:
    """What a box leaves behind: fans on, heaters off, battery awake."""
    return coils(site, None, SAFE)
