"""A whole pretend site: what the profile says, the battery, and what the grid has to add.

grid = load - pv - inverter (grid import +, PV production +, discharge +). Load and PV have no reactive power.
"""

from simulator.models.battery import Battery, build_battery
from simulator.models.battery_bms import BatteryBms
from simulator.models.climate import Cabinet
from simulator.models.grid import NOMINAL_HZ, NOMINAL_V, Grid
from simulator.models.house import House
from simulator.models.inverter import Inverter
from simulator.models.profile import Profile
from simulator.models.rack import Rack

BOX_TIME_CONSTANT_S = 1_800.0
BOX_K_PER_W = 0.02
"""Warming of the box's air by the inverter's losses."""
HOUSE_C = 20.0
"""Where the box stands; a third of the outdoor difference reaches it."""


class Site:
    """Command `inverter.on`, `inverter.setpoint_w`, `bms.request_close`; then step."""

    def __init__(
        self, profile: Profile, battery: Battery, inverter: Inverter, seed: int = 1
    ) -> None:
        self.profile = profile
        self.battery = battery
        self.rack: Rack | Battery = battery.racks[0] if len(battery.racks) == 1 else battery
        """The battery in the words of a rack: the only one, or all of them in parallel."""
        self.inverter = inverter
        self.bms = BatteryBms(battery)
        self.elapsed_s = 0.0
        """Seconds since the profile's first row; set it to start later."""
        self.grid = Grid(seed)
        self.house = House()
        self._believed_load_w = self._believed_pv_w = 0.0
        self.override_load_w: float | None = None
        self.override_pv_w: float | None = None
        self.profile_gap = False
        """The profile does not know load or PV now; the last known value is used."""
        self.load_w = self.pv_w = self.grid_w = 0.0
        self.load_wh = self.pv_wh = self.grid_import_wh = self.grid_export_wh = 0.0
        self.frequency_hz = self.grid.frequency_hz
        self.voltage_v = self.grid.voltage_v
        self.outdoor_c = self._outdoor_c = 15.0
        self.box_temperature_c = 22.0
        self.box_humidity_pct = 45.0
        self.pressure_hpa = 1_013.25
        self._until_s = -1.0
        self.cabinet: Cabinet | None = None
        """Fans and heaters, where the site has them."""

    @property
    def battery_w(self) -> float:
        """Battery power at the AC terminals, discharge +."""
        return self.inverter.ac_power_w

    @property
    def grid_var(self) -> float:
        """Reactive power from the grid, import +."""
        return 0.0 - self.inverter.reactive_var

    @property
    def inverter_v(self) -> float:
        """Line to neutral, at the inverter: its own where it makes the grid."""
        return NOMINAL_V if self.inverter.makes_grid else self.voltage_v

    @property
    def inverter_hz(self) -> float:
        """Likewise."""
        return NOMINAL_HZ if self.inverter.makes_grid else self.frequency_hz

    def step(self, dt_s: float) -> None:
        """Go on by `dt_s` with what the profile says at the beginning of this step."""
        if self.elapsed_s >= self._until_s:
            self._turn_page()
        inverter, rack, lost = self.inverter, self.rack, self.grid.lost
        self.bms.step(dt_s)
        house, load_w = self.house, self._believed_load_w
        if self.override_load_w is not None:
            load_w = self.override_load_w
        if house.shed:
            load_w = house.demand_w(load_w)
        if lost or house.switch_open or inverter.forming:
            house.before(inverter, lost, load_w, dt_s)
        inverter.step(dt_s, rack)
        fed = house.after(inverter, lost, load_w, dt_s) if lost or house.switch_open else True
        around_c = self.box_temperature_c if self.cabinet is None else self._in_cabinet(dt_s)
        rack.step(dt_s, inverter.dc_power_w, around_c)
        self.load_w = load_w
        pv_w = self.pv_w = self._believed_pv_w if self.override_pv_w is None else self.override_pv_w
        if lost or house.switch_open:
            pv_w = self.pv_w = 0.0
            load_w = self.load_w = load_w if fed else 0.0
        grid_w = self.grid_w = load_w - pv_w - inverter.ac_power_w
        hours = dt_s / 3600.0
        self.load_wh += load_w * hours
        self.pv_wh += pv_w * hours
        if grid_w > 0.0:
            self.grid_import_wh += grid_w * hours
        else:
            self.grid_export_wh -= grid_w * hours
        self._change_surroundings(dt_s)
        self.elapsed_s += dt_s

    def _in_cabinet(self, dt_s: float) -> float:
        assert self.cabinet is not None
        lost_w = self.inverter.dc_power_w - self.inverter.ac_power_w
        room_c = HOUSE_C + (self.outdoor_c - HOUSE_C) / 3.0
        return self.cabinet.step(dt_s, self.rack.temperature_c, lost_w, room_c)

    def _turn_page(self) -> None:
        profile = self.profile
        row = profile.at(self.elapsed_s)
        self._until_s = profile.until_s
        columns = profile.columns
        self.profile_gap = (row.load_w is None and "load_w" in columns) or (
            row.pv_w is None and "pv_w" in columns
        )
        if row.load_w is not None:
            self._believed_load_w = row.load_w
        if row.pv_w is not None:
            self._believed_pv_w = row.pv_w
        if row.outdoor_c is not None:
            self.outdoor_c = row.outdoor_c
        self.grid.profile_hz, self.grid.profile_v = row.frequency_hz, row.voltage_v

    def _change_surroundings(self, dt_s: float) -> None:
        """The grid goes on; the box warms up with the inverter's losses."""
        grid = self.grid
        grid.step(dt_s)
        self.frequency_hz, self.voltage_v = grid.frequency_hz, grid.voltage_v
        # A larger box has more air and larger fans.
        lost_w = (self.inverter.dc_power_w - self.inverter.ac_power_w) / self.inverter.units
        goal_c = HOUSE_C + (self.outdoor_c - HOUSE_C) / 3.0 + BOX_K_PER_W * lost_w
        share = dt_s / BOX_TIME_CONSTANT_S
        self.box_temperature_c += (goal_c - self.box_temperature_c) * (
            share if share < 1.0 else 1.0
        )


def pretend_site(
    profile: Profile,
    *,
    capacity_wh: float = 10_600.0,
    racks: int = 1,
    soc_pct: float = 50.0,
    seed: int = 1,
    rated_w: float = 25_000.0,
    modules: int = 8,
    cells_per_module: int = 16,
) -> Site:
    """A site whose `racks` together hold `capacity_wh` when full."""
    battery = build_battery(racks, capacity_wh, soc_pct, seed, modules, cells_per_module)
    return Site(profile, battery, Inverter(rated_w=rated_w), seed)
