"""A climate plan in virtual time."""

from appliance.io.climate._plan import Plan, Wired
from appliance.io.climate._zone import Seen
from appliance.model import ClimateReading
from appliance.site import Climate
from tests.climate.cabinet import PERIOD_S, find, home, seen

TURNS = Wired({"main": 2_000.0})


class Told:
    """A plan in virtual time."""

    def __init__(self, settings: Climate | None = None) -> None:
        self.plan = Plan(settings or home())
        self.now_s = 1_000.0
        self.last: ClimateReading = self.plan.step(self.now_s, Seen())

    def run(self, seconds: float, world: Seen, wired: Wired = TURNS) -> ClimateReading:
        for _ in range(max(1, round(seconds / PERIOD_S))):
            self.now_s += PERIOD_S
            self.last = self.plan.step(self.now_s, world, wired)
        return self.last

    def fan(self, name: str = "main") -> float:
        return find(self.last, name).percent

    def mat(self) -> float:
        return find(self.last, "mat").percent

    def wet(self) -> bool:
        return self.last.zones[0].condensing


def settled(world: Seen | None = None) -> Told:
    told = Told()
    told.run(300.0, world or seen())
    return told
