"""Import and export avoidance: bounds or wants, by what the site would draw without the battery."""

from appliance.model import Wish
from appliance.modes._answers import charge, discharge


def avoid_import(residual_w: float) -> Wish:
    """Cover the load, more discharge is welcome. In a surplus nothing is wanted, but charge no more than it."""
    if residual_w < 0.0:
        reason = f"only {-residual_w:.0f} W of surplus may be charged"
        return Wish(None, reason, lowest_w=residual_w)
    return discharge(residual_w, "what the site draws")


def avoid_export(residual_w: float) -> Wish:
    """Store the surplus, more charge is welcome. Without one nothing is wanted, but cover no more than the load."""
    if residual_w > 0.0:
        reason = f"only {residual_w:.0f} W of load may be covered"
        return Wish(None, reason, highest_w=residual_w)
    return charge(-residual_w, "what the site has left over")


def cover_only(residual_w: float, reason: str) -> Wish:
    """Import avoidance that invites nobody to discharge more."""
    if residual_w < 0.0:
        return Wish(None, reason, lowest_w=residual_w, highest_w=0.0)
    return Wish(residual_w, reason, lowest_w=residual_w, highest_w=residual_w)
