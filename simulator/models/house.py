"""The pretend house's own bus: behind a switch to the grid, fed by the grid, by an inverter that makes one, or dark.

PV that feeds the house goes off with the grid and stays off in an island: how its inverters answer an island is
not modelled.
"""

from simulator.models.inverter import Alarm, Inverter, State

OVERLOAD_S = 2.0
"""An inverter that makes the grid bears more than it can give for so long."""
SLACK_W = 1.0


class House:
    """Set `switch_open`, and `shed` of `sheddable_w`; the site steps it."""

    def __init__(self) -> None:
        self.switch_open = False
        """The house is separated from the grid."""
        self.sheddable_w: dict[str, float] = {}
        """Loads that may be shed, by the relay they hang on."""
        self.shed: tuple[str, ...] = ()
        self.carried_wh = 0.0
        """Into the house while it was an island."""
        self.dark_s = 0.0
        self.two_sources_s = 0.0
        """An inverter made a grid and the house was not separated: what must never be."""
        self._overload_s = 0.0

    def demand_w(self, load_w: float) -> float:
        """What the loads that are on take."""
        off_w = sum([self.sheddable_w.get(name, 0.0) for name in self.shed])
        return max(0.0, load_w - off_w)

    def before(self, inverter: Inverter, grid_lost: bool, demand_w: float, dt_s: float) -> None:
        """What the bus does to the inverter in this step."""
        inverter.demand_w = demand_w
        if inverter.forming:
            if not self.switch_open and inverter.state is State.OPERATION:
                self.two_sources_s += dt_s
                inverter.trip(Alarm.TWO_SOURCES)
        elif self.switch_open and not inverter.on:
            inverter.ac_power_w = inverter.reactive_var = 0.0
        elif grid_lost or self.switch_open:
            inverter.lose_grid()

    def after(self, inverter: Inverter, grid_lost: bool, demand_w: float, dt_s: float) -> bool:
        """Is there power on the bus?"""
        if not grid_lost and not self.switch_open:
            return True
        carries = inverter.forming and self.switch_open and inverter.state is State.OPERATION
        if not carries:
            self._overload_s = 0.0
            self.dark_s += dt_s
            return False
        short = inverter.ac_power_w < demand_w - SLACK_W
        self._overload_s = self._overload_s + dt_s if short else 0.0
        if self._overload_s > OVERLOAD_S:
            inverter.trip(Alarm.OVERLOAD)
            return False
        self.carried_wh += inverter.ac_power_w * dt_s / 3600.0
        return True
