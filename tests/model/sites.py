"""The sites on which the walk is made: each has something that the others have not."""

from functools import cache
from typing import Final

from appliance.config import load_site
from appliance.site import Backup, BoardRelay, Features, SiteSettings
from appliance.site.battery import Current, CurrentLevels
from tests.stories import HOME, with_grid_code


def _with_battery(site: SiteSettings, **changes: object) -> SiteSettings:
    battery = site.battery.model_copy(update=changes)
    return site.model_copy(update={"battery": battery})


def home() -> SiteSettings:
    """As in simulator/sites."""
    return load_site(HOME)


def climate() -> SiteSettings:
    """Fans, heaters, relays and a computer that tells of itself; a ramp."""
    site = load_site(HOME.with_name("home_climate.toml"))
    control = site.control.model_copy(update={"ramp_w_per_s": 800.0})
    computer = site.sensors["box"].model_copy(update={"driver": "cpu"})
    sensors = {**site.sensors, "computer": computer}
    return site.model_copy(update={"control": control, "sensors": sensors})


def racks() -> SiteSettings:
    """Three racks that balance and may sleep after a minute."""
    site = home()
    sleep = site.battery.sleep.model_copy(update={"means": "frame", "idle_after_s": 60.0})
    balancing = site.battery.balancing.model_copy(update={"enabled": True})
    return _with_battery(site, racks=3, sleep=sleep, balancing=balancing)


def coded() -> SiteSettings:
    """Under a grid code, with a small connection and racks that take little current."""
    amps = {"operating_a": 9.0, "recommended_a": 14.0, "maximum_a": 20.0}
    levels = CurrentLevels.model_validate(amps)
    site = _with_battery(home(), current=Current(charge=levels, discharge=levels))
    site = with_grid_code(site)
    connection = site.connection.model_copy(
        update={"max_import_w": 4_000.0, "max_export_w": 2_500.0}
    )
    return site.model_copy(update={"connection": connection})


def alone() -> SiteSettings:
    """It can live without the grid, and shed a load."""
    relay = {"driver": "waveshare", "bus": "relay_bus"}
    loads = {"car": {"relay": "car", "below_soc_pct": 40.0, "above_w": 3_000.0}}
    backup = {"switch": {"relay": "island_switch"}, "loads": loads, "return_after_s": 10.0}
    relays = {
        name: BoardRelay.model_validate({**relay, "channel": at})
        for at, name in enumerate(("island_switch", "car"), 1)
    }
    changes = {
        "backup": Backup.model_validate(backup),
        "features": Features(backup=True),
        "relays": relays,
    }
    return home().model_copy(update=changes)


SITES: Final = {"home": home, "climate": climate, "racks": racks, "coded": coded, "alone": alone}


@cache
def site_of(name: str) -> SiteSettings:
    """One of SITES, read once."""
    return SITES[name]()
