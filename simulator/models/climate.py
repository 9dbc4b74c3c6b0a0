"""The air around the battery: fans that blow room air through it, heaters that warm the cells.

The numbers are of our own making, of the size of a home cabinet: 100 m³/h at full speed carry 33 W/K.
"""

from collections.abc import Iterable
from math import exp
from typing import Final

AIR_W_PER_K_FULL = 33.0
"""Heat carried away by one fan at full speed: 100 m³/h of 1.2 kg/m³ and 1005 J/kg K."""
WALL_W_PER_K = 3.0
AIR_J_PER_K = 20_000.0
"""Air, sheet metal and whatever follows the air's temperature quickly."""
CELLS_BLOWN = 3.0
"""With all fans at full speed the cells give off so many times more."""
FAN_LAG_S = 1.0
FAN_FULL_RPM = 3_000.0
FAN_STARTS_PCT, FAN_STOPS_PCT = 20.0, 10.0
"""A standing fan needs more to start than a turning one to go on."""
LEAST_RPM: Final = 1.0


class Fan:
    """One fan: told a speed, turning with a lag. `blocked` holds it with a finger."""

    def __init__(self) -> None:
        self.percent = 100.0
        """Nobody drives its wire: full speed."""
        self.rpm = 0.0
        self.blocked = False

    def step(self, dt_s: float) -> None:
        """Go on by `dt_s`."""
        least_pct = FAN_STOPS_PCT if self.rpm > LEAST_RPM else FAN_STARTS_PCT
        turns = self.percent >= least_pct and not self.blocked
        goal_rpm = FAN_FULL_RPM * self.percent / 100.0 if turns else 0.0
        self.rpm += (goal_rpm - self.rpm) * (1.0 - exp(-dt_s / FAN_LAG_S))

    @property
    def share(self) -> float:
        """Of its full air flow."""
        return self.rpm / FAN_FULL_RPM


class Heater:
    """A mat under the cells."""

    def __init__(self, rated_w: float = 200.0) -> None:
        self.rated_w = rated_w
        self.on = False
        self.surface_c = 20.0
        self.heat_wh = 0.0

    def step(self, dt_s: float, cells_c: float) -> None:
        """Its surface is above the cells by what it gives, within a minute."""
        power_w = self.rated_w if self.on else 0.0
        self.heat_wh += power_w * dt_s / 3_600.0
        goal_c = cells_c + 0.08 * power_w
        self.surface_c += (goal_c - self.surface_c) * (1.0 - exp(-dt_s / 60.0))

    @property
    def power_w(self) -> float:
        """Into the cells."""
        return self.rated_w if self.on else 0.0


class Cabinet:
    """One zone of air with a battery in it. `cells_w_per_k` is what the cells give off in still air."""

    def __init__(
        self, fans: Iterable[str], heaters: Iterable[str], cells_w_per_k: float, air_c: float = 22.0
    ) -> None:
        self.fans = {name: Fan() for name in fans}
        self.heaters = {name: Heater() for name in heaters}
        self.cells_w_per_k = cells_w_per_k
        self.air_c = air_c

    def step(self, dt_s: float, cells_c: float, lost_w: float, room_c: float) -> float:
        """Go on by `dt_s`; the temperature of still air that would cool (or warm) the cells as much."""
        for fan in self.fans.values():
            fan.step(dt_s)
        for heater in self.heaters.values():
            heater.step(dt_s, cells_c)
        flow = sum(fan.share for fan in self.fans.values())
        away_w_per_k = WALL_W_PER_K + AIR_W_PER_K_FULL * flow
        share = flow / len(self.fans) if self.fans else 0.0
        cells_w_per_k = self.cells_w_per_k * (1.0 + (CELLS_BLOWN - 1.0) * share)
        into_air_w = cells_w_per_k * (cells_c - self.air_c)
        # Towards its balance, so that a long step does not overshoot.
        pull = away_w_per_k + cells_w_per_k
        balance_c = (away_w_per_k * room_c + cells_w_per_k * cells_c + lost_w) / pull
        self.air_c += (balance_c - self.air_c) * (1.0 - exp(-dt_s * pull / AIR_J_PER_K))
        mats_w = sum(heater.power_w for heater in self.heaters.values())
        return cells_c - (into_air_w - mats_w) / self.cells_w_per_k
