"""The pretend site in real time: 50 steps a second, and one more whenever somebody looks."""

import asyncio
import time
from collections.abc import Callable

from simulator.models.grid import Grid
from simulator.models.site import Site
from simulator.wire.dead_time import DeadTime

PERIOD_S = 0.02
LONGEST_STEP_S = 1.0
"""After a longer pause (a suspended computer) the time between is left out."""
SHORTEST_STEP_S = 0.001
HELD = (
    "load_w, pv_w, cell_c, box_c, box_humidity_pct, grid_v, grid_hz, grid_hz_per_s, inverter_lag_s"
)
HOLD_GRID: dict[str, Callable[[Grid, float | None], None]] = {
    "grid_v": Grid.hold,
    "grid_hz": Grid.hold_frequency,
    "grid_hz_per_s": Grid.move,
}
"""0 V is a lost grid; a frequency that moves goes on from where it is."""


class Plant:
    """Keeps the site at the present. `speed` lets plant time pass faster."""

    def __init__(self, site: Site, speed: float = 1.0) -> None:
        self.site = site
        self.speed = speed
        self.hold_cell_c: float | None = None
        self.hold_box_c: float | None = None
        self.hold_humidity_pct: float | None = None
        self._dead_time = DeadTime()
        self._stepped_s = time.monotonic()

    def catch_up(self) -> None:
        """Step to now, so that what is read is the newest state."""
        now_s = time.monotonic()
        passed_s = now_s - self._stepped_s
        if passed_s < SHORTEST_STEP_S:
            return
        self._stepped_s = now_s
        if self.hold_cell_c is not None:
            self.site.rack.temperature_c = self.hold_cell_c
        if self.hold_box_c is not None:
            self.site.box_temperature_c = self.hold_box_c
        dt_s = min(passed_s, LONGEST_STEP_S) * self.speed
        self._dead_time.step(self.site.inverter, dt_s, lambda: self.site.step(dt_s))

    async def run(self) -> None:
        """Step until cancelled."""
        self._stepped_s = due_s = time.monotonic()
        while True:
            due_s = max(due_s + PERIOD_S, time.monotonic() - LONGEST_STEP_S)
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            self.catch_up()

    def environment(self) -> tuple[float, float, float]:
        """The air in the box: °C, % relative humidity, hPa."""
        site = self.site
        box_c = site.box_temperature_c if self.hold_box_c is None else self.hold_box_c
        held_pct = self.hold_humidity_pct
        humidity_pct = site.box_humidity_pct if held_pct is None else held_pct
        return box_c, humidity_pct, site.pressure_hpa

    def hold(self, name: str, value: float | None) -> None:
        """Override a value, or give it back to the profile and the model (None). Raises ValueError.

        `soc_pct` is not held: the rack goes on from there.
        """
        site = self.site
        if name in HOLD_GRID:
            HOLD_GRID[name](site.grid, value)
        elif name == "inverter_lag_s":
            self._dead_time.set(value)
        elif name in ("load_w", "pv_w"):
            setattr(site, f"override_{name}", value)
        elif name == "cell_c":
            self.hold_cell_c = value
        elif name == "box_c":
            self.hold_box_c = value
        elif name == "box_humidity_pct":
            self.hold_humidity_pct = value
        elif name == "soc_pct" and value is not None and 0.0 <= value <= 100.0:
            site.rack.soc_pct = value
        else:
            msg = f"cannot set {name} to {value}; there is: {HELD}, soc_pct (0 to 100)"
            raise ValueError(msg)
