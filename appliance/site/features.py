"""What this box has and may do: flags that refuse, with the reason, what is not there.

A flag that is left out follows what the rest of site.toml says; one that is True must be borne out by it, and
one that is False switches off what would be there.
"""

from typing import TYPE_CHECKING, Final, Literal, get_args

from appliance.settings import Settings

if TYPE_CHECKING:
    from appliance.site.box import SiteSettings

Feature = Literal["cluster", "backup", "cell_balance", "grid_forming", "relays", "sleep"]
FEATURES: Final[tuple[Feature, ...]] = get_args(Feature)
MODE_NEEDS: Final[dict[str, Feature]] = {"backup": "backup"}
"""Modes that not every box has."""


class Features(Settings):
    """Flags of one box."""

    cluster: bool = False
    """Several boxes as one."""
    backup: bool = False
    """A lost grid leads to an island."""
    cell_balance: bool | None = None
    grid_forming: bool | None = None
    """The inverter can make the grid."""
    relays: bool | None = None
    sleep: bool | None = None
    """The battery can be sent to sleep."""


def lacks(site: "SiteSettings", feature: Feature) -> str:
    """Why this box does not have a feature; "" when it has."""
    flag = getattr(site.features, feature)
    if flag is False:
        return f"the feature {feature} is off (features.{feature} in site.toml)"
    if feature == "cluster":
        return "this version has no cluster yet"
    if feature == "backup":
        return lacks(site, "grid_forming")
    there = {
        "cell_balance": site.battery.balancing.enabled,
        "grid_forming": site.backup is not None,
        "relays": bool(site.relays),
        "sleep": site.battery.sleep.means != "none",
    }[feature]
    return "" if there else MISSING[feature]


MISSING: Final[dict[str, str]] = {
    "cell_balance": "cell balancing is switched off here (battery.balancing.enabled in site.toml)",
    "grid_forming": "nothing separates this site from the grid (backup in site.toml)",
    "relays": "this box has no relays (relays in site.toml)",
    "sleep": "this battery has no means to sleep (battery.sleep.means in site.toml)",
}


def contradictions(site: "SiteSettings") -> list[str]:
    """Flags that the rest of site.toml does not bear out, and the other way round."""
    wrong = [
        f"features.{name} = true: {lacks(site, name)}"
        for name in FEATURES
        if getattr(site.features, name) is True and lacks(site, name)
    ]
    if site.backup is not None and not site.features.backup:
        wrong.append("backup is there, and features.backup is not true: say which of them is meant")
    return wrong


def mode_lacks(site: "SiteSettings", mode: str) -> str:
    """Why this box does not have a mode that it could have; "" when it has, or nobody knows the mode."""
    feature = MODE_NEEDS.get(mode)
    return "" if feature is None else lacks(site, feature)
