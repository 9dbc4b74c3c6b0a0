"""Sites whose battery can do more than the pretend home's."""

from pathlib import Path
from typing import Any

from appliance.config import load_site
from appliance.model import BatteryReading, BatteryState, InverterState, RackReading
from appliance.site import Balancing, SiteSettings, Sleep
from tests import stories

HOME = Path(__file__).parent.parent.parent / "simulator" / "sites" / "home.toml"
OFF = stories.inverter(state=InverterState.OFF)


def site(
    racks: int = 1, sleep: Sleep | None = None, balancing: Balancing | None = None
) -> SiteSettings:
    home = load_site(HOME)
    changes: dict[str, Any] = {"racks": racks}
    if sleep is not None:
        changes["sleep"] = sleep
    if balancing is not None:
        changes["balancing"] = balancing
    return home.model_copy(update={"battery": home.battery.model_copy(update=changes)})


def opened(*racks: RackReading, **changes: Any) -> BatteryReading:
    """All contactors open."""
    return stories.battery(
        *(racks or (stories.rack(contactors_closed=False),)),
        **({"state": BatteryState.STANDBY} | changes),
    )


def both(**second: Any) -> BatteryReading:
    faults = tuple(f"rack 2: {fault}" for fault in second.get("faults", ()))
    racks = stories.rack(1), stories.rack(2, **second)
    return stories.battery(*racks, faults=faults)
