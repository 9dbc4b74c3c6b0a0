"""A rack in a pretend cabinet under the production rules, in virtual time."""

from dataclasses import dataclass, field, replace

from appliance.io.climate._plan import Plan, Wired
from appliance.io.climate._zone import Seen
from appliance.model import ActuatorReading, ClimateReading, SensorReading
from appliance.site import Climate, Fan, Heater, Pwm, Tach, Zone
from simulator.models.climate import Cabinet
from simulator.models.rack import LOSS_W_PER_K_AH, Rack
from tests.stories import battery, inverter, rack

PERIOD_S = 0.5


def home(algorithm: str = "bat10", tach: bool = True) -> Climate:
    """One cabinet, one fan, one mat."""
    return Climate(
        algorithm=algorithm,
        zones={"cabinet": Zone(air="box")},
        fans={
            "main": Fan(
                zone="cabinet",
                pwm=Pwm(bus="sys"),
                tach=Tach(bus="sys", file="fan1_input") if tach else None,
            )
        },
        heaters={"mat": Heater(zone="cabinet", relay="mat", sensor="plate")},
    )


def seen(
    low_c: float = 21.0, high_c: float = 24.0, plate_c: float | None = 25.0, **changes: object
) -> Seen:
    """All is well and known."""
    well = Seen(
        battery=battery(rack(cell_min_c=low_c, cell_max_c=high_c)),
        inverter=inverter(temperature_c=30.0),
        sensors={
            "plate": SensorReading(plate_c),
            "box": SensorReading(22.0, 40.0, dew_point_c=-20.0),
        },
        decided=True,
    )
    return replace(well, **changes)  # type: ignore[arg-type]


def find(reading: ClimateReading, name: str) -> ActuatorReading:
    (found,) = [one for one in reading.actuators if one.name == name]
    return found


@dataclass
class Warm:
    """The plant and the plan; `run` lets them live together."""

    cell_c: float
    room_c: float
    power_w: float = 0.0
    plan: Plan = field(default_factory=lambda: Plan(home()))

    def __post_init__(self) -> None:
        self.rack = Rack(temperature_c=self.cell_c, soc_pct=50.0)
        self.rack.connected = True
        still = LOSS_W_PER_K_AH * 26.0 * self.rack.cell_count
        self.cabinet = Cabinet(("main",), ("mat",), still, self.room_c)
        self.now_s = 1_000.0
        self.switched = 0
        self.seen = seen()

    def step(self, controlled: bool = True) -> ClimateReading | None:
        """One period of the thread."""
        self.now_s += PERIOD_S
        reading = None
        fan, mat = self.cabinet.fans["main"], self.cabinet.heaters["mat"]
        if controlled:
            low_c = self.rack.cell_min_c
            world = seen(low_c, self.rack.cell_max_c, mat.surface_c, sensors=self._sensors())
            reading = self.plan.step(self.now_s, world, Wired({"main": fan.rpm}))
            fan.percent = find(reading, "main").percent
            on = find(reading, "mat").percent > 0.0
            self.switched += on is not mat.on
            mat.on = on
        else:
            fan.percent = 0.0
        around_c = self.cabinet.step(PERIOD_S, self.rack.temperature_c, 0.0, self.room_c)
        self.rack.soc_pct = 50.0
        self.rack.step(PERIOD_S, self.power_w, around_c)
        return reading

    def _sensors(self) -> dict[str, SensorReading | None]:
        plate = SensorReading(self.cabinet.heaters["mat"].surface_c)
        return {"plate": plate, "box": self.seen.sensors["box"]}

    def run(self, hours: float, controlled: bool = True) -> None:
        for _ in range(round(hours * 3_600 / PERIOD_S)):
            self.step(controlled)
