"""A small plant for the walk: it obeys, until a whim makes it do something else."""

from dataclasses import dataclass, field
from random import Random
from typing import Final

from appliance.model import (
    SAFE,
    ActuatorReading,
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
    ZoneReading,
)
from appliance.site import SiteSettings

VOLTS: Final = 420.0
CLOSING_S: Final = 1.5
STARTING_S: Final = 2.0
WAKING_S: Final = 4.0
LEAK_A: Final = 6.0
# fmt: off
WHIMS: Final = (
    "contactors stick", "contactors stay open", "a rack opens", "a rack is sick", "inverter runs on",
    "inverter will not start", "inverter stops", "inverter trips", "gives too much", "gives less",
    "holds another setpoint", "current leaks", "will not wake", "follows slowly", "stands still",
    "no contactors of its own", "guards its cells", "racks drift apart", "sleeps open-eyed",
    "island switch sticks", "makes no grid", "makes a grid unasked",
    "a rack ails",
)
# fmt: on


@dataclass
class Plant:
    """Racks, inverter, house and sun. `whims` are what it does wrong now."""

    site: SiteSettings
    rng: Random
    soc_pct: float = 50.0
    load_w: float = 600.0
    pv_w: float = 0.0
    hertz: float = 50.0
    volts: float = 230.0
    cell_c: float = 22.0
    estop: bool = False
    whims: set[str] = field(default_factory=set)
    closed: list[bool] = field(default_factory=list)
    closing_s: float = 0.0
    starting_s: float = 0.0
    running: bool = False
    asleep: bool = False
    waking_s: float = 0.0
    power_w: float = 0.0
    ticks: int = 0
    told: Setpoints = SAFE
    switch_open: bool = False
    forms: bool = False

    def __post_init__(self) -> None:
        self.closed = [False] * self.site.battery.racks

    def follow(self, told: Setpoints, passed_s: float) -> None:
        """Do as told for so long, or as the whims will have it."""
        self.told = told
        self.ticks += 1
        self._sleep(told, passed_s)
        self._contactors(told, passed_s)
        self._separate(told)
        self._inverter(told, passed_s)
        self._power(told)
        self.soc_pct -= self.power_w * passed_s / 3600.0 / self.site.battery.capacity_wh * 100.0
        self.soc_pct = min(100.0, max(0.0, self.soc_pct))

    def _sleep(self, told: Setpoints, passed_s: float) -> None:
        if told.battery_asleep:
            self.asleep, self.waking_s = True, 0.0
        elif self.asleep and "will not wake" not in self.whims:
            self.waking_s += passed_s
            self.asleep = self.waking_s < WAKING_S

    def _contactors(self, told: Setpoints, passed_s: float) -> None:
        wanted = told.contactors_closed and not self.asleep
        self.closing_s = self.closing_s + passed_s if wanted else 0.0
        for at in range(len(self.closed)):
            if "contactors stick" in self.whims and self.closed[at]:
                continue
            bad = at == 0 and self.whims & {"a rack opens", "a rack is sick"}
            may = "contactors stay open" not in self.whims and not bad
            wants = wanted and at + 1 not in told.racks_open
            self.closed[at] = wants and may and (self.closed[at] or self.closing_s >= CLOSING_S)

    def _separate(self, told: Setpoints) -> None:
        """The island switch, and whether the inverter makes a grid."""
        if told.grid_switch_open is not None and "island switch sticks" not in self.whims:
            self.switch_open = told.grid_switch_open
        asked = told.grid_forming and "makes no grid" not in self.whims
        self.forms = asked or "makes a grid unasked" in self.whims

    @property
    def _dead(self) -> bool:
        """There is no grid to follow."""
        return (self.volts < 46.0 or self.switch_open) and not self.forms

    def _inverter(self, told: Setpoints, passed_s: float) -> None:
        on = told.inverter_on and any(self.closed) and not self._dead
        refuses = self.whims & {"inverter will not start", "inverter stops", "inverter trips"}
        if on and not refuses:
            self.starting_s += passed_s
            self.running = self.running or self.starting_s >= STARTING_S
        elif not (self.running and "inverter runs on" in self.whims):
            self.running, self.starting_s = False, 0.0

    def _power(self, told: Setpoints) -> None:
        power_w = self.load_w if self.forms and self.switch_open else told.power_w
        if "gives too much" in self.whims:
            power_w = power_w * 1.5 + 900.0
        elif "gives less" in self.whims:
            power_w *= 0.1
        self.power_w = power_w if self.running and any(self.closed) else 0.0

    @property
    def _jitter(self) -> float:
        """Everything that is measured jitters in its last digit."""
        return 0.0 if "stands still" in self.whims else 0.01 * (self.ticks % 7)

    def battery(self) -> BatteryReading | None:
        """What the BMS says; None while it sleeps."""
        if self.asleep and "sleeps open-eyed" not in self.whims:
            return None
        racks = tuple(self._rack(at) for at in range(len(self.closed)))
        sick = "a rack is sick" in self.whims and len(racks) == 1
        state = BatteryState.CONNECTED if any(self.closed) else BatteryState.STANDBY
        if self.told.contactors_closed and not any(self.closed):
            state = BatteryState.PRECHARGE
        current_a = LEAK_A if "current leaks" in self.whims else self.power_w / VOLTS
        # Positional: this runs in every step.
        return BatteryReading(
            BatteryState.FAULT if sick else state, VOLTS + self._jitter, current_a + self._jitter / 100.0,
            self.power_w, self.soc_pct, 99.0, self.soc_pct * 100.0, 6_000.0, 6_000.0,
            ("it is sick",) if sick else ("rack 1: sick",) if self.whims & {"a rack is sick", "a rack ails"} else (),
            racks,
            asleep=True if self.asleep else None,
            guards_cells="guards its cells" in self.whims,
            has_contactors="no contactors of its own" not in self.whims,
            soc_bms_pct=self.soc_pct,
        )  # fmt: skip

    def _rack(self, at: int) -> RackReading:
        # Flat in the middle, steep at the ends.
        soc = self.soc_pct
        volts = 3.3 + max(0.0, soc - 95.0) * 0.05 - max(0.0, 8.0 - soc) * 0.06
        low_v, high_v = volts - 0.01, volts + 0.01
        if "guards its cells" in self.whims:
            low = high = cold = hot = None
        else:
            low, high, cold, hot = low_v, high_v, self.cell_c - 1.0, self.cell_c + 1.0
        drift_v = 9.0 * at if "racks drift apart" in self.whims else 0.0
        sick = at == 0 and bool(self.whims & {"a rack is sick", "a rack ails"})
        return RackReading(
            at + 1, VOLTS + drift_v, self.power_w / VOLTS, self.power_w, soc, 99.0, low, high,
            cell_min_c=cold, cell_max_c=hot, contactors_closed=self.closed[at],
            faults=("sick",) if sick else (),
        )  # fmt: skip

    def inverter(self) -> InverterReading:
        """What the inverter says."""
        state = InverterState.RUNNING if self.running else InverterState.OFF
        if "inverter trips" in self.whims:
            state = InverterState.FAULT
        elif not self.running and self.starting_s > 0.0:
            state = InverterState.STARTING
        held_w = self.told.power_w + (2_500.0 if "holds another setpoint" in self.whims else 0.0)
        return InverterReading(
            state, self.power_w + self._jitter, 0.0, (), self.hertz, VOLTS + self._jitter,
            30.0 + self._jitter, ("overtemperature",) if state is InverterState.FAULT else (), (),
            held_w, "follows slowly" in self.whims,
            grid_forming=self.forms and self.running if self.site.features.backup else None,
        )  # fmt: skip

    def grid(self) -> MeterReading:
        """The meter at the connection, import +."""
        grid_w = self.load_w - self.pv_w - self.power_w
        grid_w = 0.0 if self.switch_open or self.volts < 46.0 else grid_w
        phase = PhaseReading(self.volts)
        return MeterReading(grid_w + self._jitter, 0.0, (phase, phase, phase), self.hertz)

    def relays(self) -> dict[str, RelayReading | None]:
        """Every relay; energised the island switch is closed."""
        told: dict[str, RelayReading | None] = dict.fromkeys(
            self.site.relays, RelayReading(False, False)
        )
        if self.site.backup is not None:
            told["island_switch"] = RelayReading(not self.switch_open, not self.switch_open)
        return told

    def readings(self) -> dict[str, object]:
        """All of them, by their names in the Snapshot."""
        climate = None
        if self.site.climate is not None:
            fans = tuple([ActuatorReading(name, "fan", 40.0) for name in self.site.climate.fans])
            climate = ClimateReading(fans, "", (ZoneReading("cabinet", 20.0, 5.0),))
        return {
            "battery": self.battery(),
            "inverter": self.inverter(),
            "grid": self.grid(),
            "pv": MeterReading(self.pv_w + self._jitter),
            "box": SensorReading(25.0 + self._jitter, 40.0),
            "board": BoardReading(self.estop),
            "relays": self.relays(),
            "climate": climate,
            "sensors": {name: SensorReading(24.0) for name in self.site.sensors if name != "box"},
            "meters": {
                name: MeterReading(100.0) for name in self.site.meters if name not in ("grid", "pv")
            },
        }
