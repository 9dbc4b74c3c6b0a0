"""What an empty, sleeping battery is woken for."""

from typing import Final

from appliance.model import Wish

WORTH_WAKING_W: Final = 150.0
"""Some times what an inverter draws to be on."""


def worth_waking(wish: Wish) -> bool:
    """It wants to charge, with more than being awake costs."""
    return wish.power_w is not None and wish.power_w < -WORTH_WAKING_W
