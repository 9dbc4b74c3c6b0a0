"""Pretend batteries on a CAN bus: one row of BATTERIES per family."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol

from simulator.models.site import Site
from simulator.wire.batteries.own import GENERATIONS, OwnBms
from simulator.wire.batteries.pylontech_hv import PylontechHv
from simulator.wire.batteries.pylontech_lv import PylontechLv
from simulator.wire.batteries.sma_35x import Sma35x
from simulator.wire.can_twin import CanTwin
from simulator.wire.foxbms2 import FoxBms2
from simulator.wire.plugs import Plug
from simulator.wire.socketcand import Socketcand


class MakeTwin(Protocol):
    """Puts a battery on a bus."""

    def __call__(
        self,
        site: Site,
        bus: Socketcand,
        plug: Plug,
        *,
        before: Callable[[], None] = ...,
        speed: float = ...,
    ) -> CanTwin:
        """The BMS, ready to run."""


class BatteryRow(NamedTuple):
    """A family: who speaks for it, and how a rack of it is built."""

    make: MakeTwin
    modules: int
    cells_per_module: int


BATTERIES: dict[str, BatteryRow] = {
    "foxbms2": BatteryRow(FoxBms2, 8, 16),
    "nbms_2_3": BatteryRow(partial(OwnBms, GENERATIONS["nbms_2_3"]), 8, 16),
    "nbms_2_4": BatteryRow(partial(OwnBms, GENERATIONS["nbms_2_4"]), 13, 16),
    "nbms_2_5": BatteryRow(partial(OwnBms, GENERATIONS["nbms_2_5"]), 14, 16),
    "cbms": BatteryRow(partial(OwnBms, GENERATIONS["cbms"]), 18, 12),
    "pylontech_lv": BatteryRow(PylontechLv, 1, 15),
    "pylontech_hv": BatteryRow(PylontechHv, 8, 15),
    "sma_35x": BatteryRow(Sma35x, 1, 16),
}
"""By the name of the driver, which is the name of the signal map."""
