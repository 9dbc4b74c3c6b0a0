"""How a mode leaves room to those below it: the patterns of an answer."""

from appliance.model import Wish


def exactly(power_w: float, reason: str = "", wants_w: float | None = None) -> Wish:
    """This power (discharge +), and nobody below may change it."""
    return Wish(power_w, reason, wants_w, lowest_w=power_w, highest_w=power_w)


def charge(magnitude_w: float, reason: str = "") -> Wish:
    """Charge so much at least; those below may charge faster."""
    return Wish(-magnitude_w, reason, highest_w=-magnitude_w)


def discharge(magnitude_w: float, reason: str = "") -> Wish:
    """Discharge so much at least; those below may discharge faster."""
    return Wish(magnitude_w, reason, lowest_w=magnitude_w)


def nothing(reason: str) -> Wish:
    """It wants nothing now and binds nobody."""
    return Wish(None, reason)


def unknown(missing: str) -> Wish:
    """It needs to know this and cannot say: nothing below it decides either."""
    return Wish(missing=missing)


def no_charge(reason: str) -> Wish:
    """Those below may do all but charge."""
    return Wish(None, reason, lowest_w=0.0)


def no_discharge(reason: str) -> Wish:
    """Those below may do all but discharge."""
    return Wish(None, reason, highest_w=0.0)
