"""A battery whose true charge is known, behind a BMS that is wrong in known ways."""

from collections.abc import Callable

from appliance.io.bms.estimate import Estimator
from appliance.model import BatteryMemory, BatteryReading, BatteryState, RackReading
from appliance.site import Battery, Estimate
from simulator.models.rack import Rack

NOMINAL_AH = 10_600.0 / (128 * 3.2)


def battery_settings(gap_s: float = 30.0, racks: int = 1) -> Battery:
    return Battery(
        driver="foxbms2", bus="can0", capacity_wh=10_600.0 * racks, racks=racks,
        estimate=Estimate(gap_s=gap_s),
    )  # fmt: skip


def real_rack(
    soc_pct: float = 50.0, health_pct: float = 100.0, temperature_c: float = 25.0
) -> Rack:
    rack = Rack(
        capacity_ah=NOMINAL_AH, soc_pct=soc_pct, soh_pct=health_pct, temperature_c=temperature_c,
        soc_spread_pct=0.3,
    )  # fmt: skip
    rack.connected = True
    return rack


class WrongBms:
    """Counts with an offset in its current and a wrong capacity, from a wrong start."""

    def __init__(
        self, soc_pct: float, offset_a: float = 0.0, capacity_ah: float = NOMINAL_AH
    ) -> None:
        self.soc_pct = soc_pct
        self.offset_a = offset_a
        self.capacity_ah = capacity_ah

    def count(self, current_a: float, dt_s: float) -> None:
        moved = (current_a + self.offset_a) * dt_s / 36.0 / self.capacity_ah
        self.soc_pct = min(100.0, max(0.0, self.soc_pct - moved))


def read(rack: Rack, soc_pct: float | None, number: int = 1) -> BatteryReading:
    one = RackReading(
        rack=number, voltage_v=rack.voltage_v, current_a=rack.current_a, soc_pct=soc_pct,
        cell_min_v=rack.cell_min_v, cell_max_v=rack.cell_max_v, cell_avg_v=rack.cell_avg_v,
        cell_min_c=rack.cell_min_c, cell_max_c=rack.cell_max_c, cell_avg_c=rack.cell_avg_c,
        contactors_closed=rack.connected,
    )  # fmt: skip
    return BatteryReading(
        state=BatteryState.CONNECTED, voltage_v=rack.voltage_v, current_a=rack.current_a,
        power_w=rack.power_w, soc_pct=soc_pct, soh_pct=99.0, racks=(one,),
    )  # fmt: skip


class Bench:
    """Steps a true rack, its wrong BMS and the estimator together."""

    def __init__(
        self,
        rack: Rack,
        bms: WrongBms,
        memory: BatteryMemory | None = None,
        ambient_c: float = 25.0,
    ) -> None:
        self.rack, self.bms, self.ambient_c = rack, bms, ambient_c
        self.memory = memory or BatteryMemory()
        self.estimator = Estimator(battery_settings(), self.memory)
        self.now_s = 0.0
        self.shown = self.look()

    def look(self) -> BatteryReading:
        self.shown = self.estimator.update(read(self.rack, self.bms.soc_pct), self.now_s)
        return self.shown

    def step(self, power_w: float, dt_s: float = 10.0) -> BatteryReading:
        """The power held back by what the cells allow, as a real inverter's is."""
        allowed_w = min(self.rack.max_discharge_w, max(-self.rack.max_charge_w, power_w))
        self.rack.step(dt_s, allowed_w, self.ambient_c)
        self.bms.count(self.rack.current_a, dt_s)
        self.now_s += dt_s
        return self.look()

    def run(self, power_w: float, hours: float, dt_s: float = 10.0) -> None:
        for _ in range(round(hours * 3600.0 / dt_s)):
            self.step(power_w, dt_s)

    def until(
        self, power_w: float, done: Callable[[BatteryReading], bool], hours: float = 12.0
    ) -> None:
        for _ in range(round(hours * 360.0)):
            if done(self.step(power_w)):
                return
        raise AssertionError(f"not in {hours} h: {self.shown}, truly {self.rack.soc_pct:.1f} %")

    def fill(self) -> None:
        self.until(-5_000.0, lambda shown: shown.full is True)

    def drain(self) -> None:
        self.until(5_000.0, lambda shown: shown.empty is True)

    def remembered(self) -> BatteryMemory:
        return self.estimator.remember(self.memory)

    @property
    def wrong_pct(self) -> float:
        assert self.shown.soc_pct is not None
        return self.shown.soc_pct - self.rack.soc_pct
