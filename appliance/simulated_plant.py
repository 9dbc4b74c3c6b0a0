"""The pretend plant seen as readings and following setpoints: what drivers do on site, without wires."""

from datetime import datetime
from typing import Final

from appliance.market.profiled import ProfileMarket
from appliance.model import (
    BatteryReading,
    BatteryState,
    BoardReading,
    ClimateReading,
    InverterReading,
    InverterState,
    MeterReading,
    PhaseReading,
    RackReading,
    RelayReading,
    SensorReading,
    Setpoints,
    Snapshot,
)
from appliance.site import SiteSettings
from appliance.watches.grid import GridWatch
from simulator.models.bms import Bms as RackBms
from simulator.models.bms import State as Bms
from simulator.models.house import House
from simulator.models.inverter import UNIT_W, Alarm
from simulator.models.inverter import State as Unit
from simulator.models.profile import Profile
from simulator.models.site import pretend_site

MARGIN: Final = 1.1
"""The pretend inverter is a little larger than what the site asks of it."""
RELEASED: Final = BoardReading(estop_pressed=False)
BATTERY_STATES: Final = {
    Bms.OPEN_CONTACTORS: BatteryState.STANDBY,
    Bms.STANDBY: BatteryState.STANDBY,
    Bms.PRECHARGE: BatteryState.PRECHARGE,
    Bms.NORMAL: BatteryState.CONNECTED,
    Bms.ERROR: BatteryState.FAULT,
}
ISLAND_HZ: Final = 50.0
ISLAND: Final = (PhaseReading(230.0),) * 3
"""What it measures where it makes the grid itself."""
FAULTS: Final = {
    Alarm.GRID_LOST: ("grid lost",),
    Alarm.OVERLOAD: ("overload",),
    Alarm.TWO_SOURCES: ("two sources",),
}
INVERTER_STATES: Final = {
    Unit.SWITCHING_ON: InverterState.STARTING,
    Unit.ALARM: InverterState.FAULT,
    Unit.IDLE: InverterState.OFF,
    Unit.OPERATION: InverterState.RUNNING,
}


class Plant:
    """The pretend site of a profile, with this site's battery and inverter."""

    def __init__(self, site: SiteSettings, profile: Profile, soc_pct: float) -> None:
        rating = site.inverter
        self._site = pretend_site(
            profile,
            capacity_wh=site.battery.capacity_wh,
            racks=site.battery.racks,
            soc_pct=soc_pct,
            rated_w=max(UNIT_W, MARGIN * max(rating.max_charge_w, rating.max_discharge_w)),
        )
        backup = site.backup
        self._backup = backup
        self._watch = (
            None if backup is None else GridWatch(site.grid_code, site.grid, site.connection)
        )
        """The loop's own; in a plain simulation the grid is never watched."""
        self._switch = None if backup is None else backup.switch
        self._site.house.switch_open = (
            self._switch is not None and self._switch.contact == "normally_open"
        )
        self._relays: dict[str, RelayReading | None] = dict.fromkeys(
            site.relays, RelayReading(False)
        )
        self._climate = None if site.climate is None else ClimateReading()
        self._has_pv = "pv" in site.meters
        self._market = ProfileMarket(profile)
        self._cells = [
            tuple(f"{number}.{cell}" for cell in range(one.rack.cell_count + 1))
            for number, one in enumerate(self._site.bms.masters, 1)
        ]
        """Names of the cells of each rack, by their number."""
        self._racks_open: tuple[int, ...] = ()
        self._phases_v = 0.0
        self._phases: tuple[PhaseReading, ...] = ()
        self.charge_wh = self.discharge_wh = 0.0

    @property
    def soc_pct(self) -> float:
        """State of charge."""
        return self._site.rack.soc_pct

    @property
    def cell_max_c(self) -> float:
        """Temperature of the warmest cell."""
        return self._site.rack.cell_max_c

    @property
    def grid_w(self) -> float:
        """Import +."""
        return self._site.grid_w

    @property
    def reactive_var(self) -> float:
        """At the inverter's AC terminals, into the AC bus +."""
        return self._site.inverter.reactive_var

    @property
    def battery_w(self) -> float:
        """At the inverter's AC terminals, discharge +."""
        return self._site.inverter.ac_power_w

    @property
    def pv_w(self) -> float:
        """Production +."""
        return self._site.pv_w

    @property
    def load_w(self) -> float:
        """Consumption +."""
        return self._site.load_w

    def powers_w(self) -> tuple[float, float, float, float]:
        """Grid, battery, PV, load: the four above in one."""
        site = self._site
        return site.grid_w, site.inverter.ac_power_w, site.pv_w, site.load_w

    def energies_wh(self) -> dict[str, float]:
        """Sums since the start, by the names of the summary; charge and discharge at the AC terminals."""
        site = self._site
        return {
            "grid_import_wh": site.grid_import_wh,
            "grid_export_wh": site.grid_export_wh,
            "pv_wh": site.pv_wh,
            "load_wh": site.load_wh,
            "charge_wh": self.charge_wh,
            "discharge_wh": self.discharge_wh,
        }

    @property
    def house(self) -> House:
        """The house's own bus."""
        return self._site.house

    def drain(self, pct: float) -> None:
        """Take so much of its charge away from the battery: what a BMS draws for itself, or time."""
        self._site.rack.soc_pct = max(0.0, self._site.rack.soc_pct - pct)

    def follow(self, setpoints: Setpoints, dt_s: float) -> None:
        """Do as commanded for `dt_s`."""
        site = self._site
        inverter = site.inverter
        if setpoints.reset_faults:
            inverter.acknowledge()
            site.bms.reset_persistent_flags()
        inverter.on, inverter.setpoint_w = setpoints.inverter_on, setpoints.power_w
        inverter.reactive_setpoint_var = setpoints.reactive_var
        site.bms.request_close = setpoints.contactors_closed
        if setpoints.racks_open != self._racks_open:
            self._racks_open = setpoints.racks_open
            site.bms.leave_out(setpoints.racks_open)
        if self._backup is not None:
            self._separate(setpoints)
        site.step(dt_s)
        battery_wh = inverter.ac_power_w * dt_s / 3600.0
        if battery_wh > 0.0:
            self.discharge_wh += battery_wh
        else:
            self.charge_wh -= battery_wh

    def _separate(self, setpoints: Setpoints) -> None:
        """The island switch and the relays of loads do as told, within one step."""
        house, inverter, opens = self._site.house, self._site.inverter, setpoints.grid_switch_open
        if opens is not None:
            house.switch_open = opens
        inverter.forming = setpoints.grid_forming
        if self._switch is not None and opens is not None:
            on = opens is (self._switch.contact == "normally_closed")
            self._relays = self._relays | {self._switch.relay: RelayReading(on, on)}
        house.shed = setpoints.loads_shed

    def look(self, now_s: float, utc: datetime) -> Snapshot:
        """What the drivers would have read. Positional: this runs 86,400 times a virtual day."""
        site = self._site
        if site.voltage_v != self._phases_v:
            self._phases_v = site.voltage_v
            self._phases = (PhaseReading(site.voltage_v),) * 3
        seen = Snapshot(
            now_s,
            utc,
            self._battery(),
            self._inverter(),
            self._meter(),
            MeterReading(site.pv_w) if self._has_pv else None,
            SensorReading(site.box_temperature_c, site.box_humidity_pct, site.pressure_hpa),
            RELEASED,
            relays=self._relays,
            climate=self._climate,
            market=self._market.at(utc),
        )
        return seen if self._watch is None else self._watch.look(seen)

    def _meter(self) -> MeterReading:
        """At the grid connection, on the grid's side of the island switch."""
        site = self._site
        if self._backup is None:
            return MeterReading(site.grid_w, site.grid_var, self._phases)
        return MeterReading(site.grid_w, site.grid_var, self._phases, site.frequency_hz)

    def _inverter(self) -> InverterReading:
        inverter = self._site.inverter
        state = INVERTER_STATES[inverter.state]
        if self._backup is None:
            return InverterReading(state, inverter.ac_power_w, inverter.reactive_var)
        forms = inverter.forming and inverter.state is Unit.OPERATION
        faults = FAULTS.get(inverter.alarm, ())
        return InverterReading(
            state, inverter.ac_power_w, inverter.reactive_var, ISLAND if forms else self._phases,
            ISLAND_HZ if forms else self._site.frequency_hz, faults=faults, grid_forming=forms,
        )  # fmt: skip

    def _battery(self) -> BatteryReading:
        rack, bms = self._site.rack, self._site.bms
        racks = tuple(
            [
                _rack(number, one, self._cells[number - 1])
                for number, one in enumerate(bms.masters, 1)
            ]
        )
        faults = tuple(sorted(bms.faults)) if bms.faults else ()
        warnings: tuple[str, ...] = ()
        if len(racks) > 1 and bms.state is not Bms.ERROR:
            faults, warnings = (), faults
        return BatteryReading(
            BATTERY_STATES[bms.state], rack.voltage_v, rack.current_a, rack.power_w, rack.soc_pct,
            rack.soh_pct, rack.soe_wh, rack.max_charge_w, rack.max_discharge_w, faults, racks, warnings,
        )  # fmt: skip


def _rack(number: int, bms: RackBms, cells: tuple[str, ...]) -> RackReading:
    rack = bms.rack
    return RackReading(
        number, rack.voltage_v, rack.current_a, rack.power_w, rack.soc_pct, rack.soh_pct,
        rack.cell_min_v, rack.cell_max_v, rack.cell_avg_v,
        cells[rack.cell_min_at], cells[rack.cell_max_at],
        rack.cell_min_c, rack.cell_max_c, rack.cell_avg_c,
        cells[rack.cell_min_c_at], cells[rack.cell_max_c_at],
        rack.max_charge_w, rack.max_discharge_w, rack.connected,
        tuple(sorted(bms.faults)) if bms.faults else (),
    )  # fmt: skip
