"""Which of its models is a device controlled through? The first that works of 704, 124, 123."""

from collections.abc import Callable
from typing import Final

from appliance.io.sunspec.control import Control, Reactive, Site
from appliance.io.sunspec.der_control import DerPower, DerReactive
from appliance.io.sunspec.model import Model
from appliance.io.sunspec.old_control import OldReactive, PowerLimit, StorageLimits

Make = Callable[[Model, Site], Control]
NEEDED: Final[tuple[tuple[int, Make, tuple[tuple[str, ...], ...]], ...]] = (
    (704, DerPower, (("WSetEna", "WSet"), ("WSetEna", "WSetPct"))),
    (124, StorageLimits, (("WChaMax", "StorCtl_Mod", "OutWRte", "InWRte"),)),
    (123, PowerLimit, (("WMaxLimPct", "WMaxLim_Ena"),)),
)
"""Model, its control, and which points it needs: one of these sets."""


def power_control(site: Site) -> tuple[Control | None, str]:
    """How power is set, or why it cannot be."""
    reasons: list[str] = []
    forced = site.options.control
    for number, make, needed in NEEDED:
        model = site.device.first(number)
        if forced not in ("auto", str(number)):
            continue
        if model is None:
            reasons.append(f"no model {number}")
        elif not any(model.has(*points) for points in needed) and forced == "auto":
            reasons.append(f"model {number} without set-point")
        else:
            try:
                control = make(model, site)
                control.power(0.0)  # Every point that it writes is there, with a scale.
                return control, ""
            except ValueError as error:
                reasons.append(str(error))
    return None, "power cannot be set: " + ", ".join(reasons)


def reactive_control(site: Site) -> Reactive | None:
    """How reactive power is set; None when this site never asks, or the device cannot."""
    if not site.settings.max_reactive_var:
        return None
    new, old, full_w = site.device.first(704), site.device.first(123), site.ratings.full_w
    if new is not None and new.has("VarSetEna", "VarSet"):
        return _working(DerReactive(new, site))
    if old is not None and full_w is not None and old.has("VArPct_Ena", "VArWMaxPct"):
        return _working(OldReactive(old, site, full_w))
    return None


def _working(control: Reactive) -> Reactive | None:
    """The same, when every point that it writes is there, with a scale."""
    try:
        control.reactive(0.0)
    except ValueError:
        return None
    return control
