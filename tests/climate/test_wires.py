"""The climate's thread on pretend wires: PWM files, tachos on files and pins, silence, the dead man."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from appliance.io.buses.files import Files
from appliance.io.climate import climate_workers, fans_full
from appliance.io.climate._pwm import PwmFan
from appliance.io.climate._tach import PinTacho, open_tacho
from appliance.mailbox import Slots
from appliance.model import SAFE, ActuatorReading, ForcedActuator
from appliance.site import Fan, Gpio, Pwm, SiteSettings, SysFiles, Tach
from simulator.models.climate import Cabinet
from simulator.wire.air import Air
from simulator.wire.air_file import AirAt, FanAt
from simulator.wire.cpu_files import put
from simulator.wire.plugs import SILENT, Plug
from tests.climate.cabinet import home as one_cabinet
from tests.io.pretend import CLOCK, front, home, running, until
from tests.io.threads import decision
from tests.stories import battery, inverter, rack

TACH = "class/hwmon/hwmon0/fan1_input"
CHANNEL = "class/pwm/pwmchip0/pwm0"


class Wire:
    """A pretend fan below a folder."""

    def __init__(self, folder: Path, inverted: bool = False) -> None:
        self.folder = folder
        self.plug = Plug("fan")
        self.cabinet = Cabinet(("main",), (), 4.0)
        fan = FanAt(
            None, True, str(folder), inverted=inverted, tach_folder=str(folder), tach_file=TACH
        )
        at = AirAt({}, {"main": fan}, {})
        self.air = Air(at, self.cabinet, {}, {"main": self.plug}, lambda _address: None)  # type: ignore[arg-type,return-value]
        self.look()

    def look(self, seconds: float = 0.0) -> float:
        """Let the fan look at its wire; what it is told."""
        self.air.look()
        self.cabinet.fans["main"].step(seconds)
        self.air.look()
        return self.cabinet.fans["main"].percent

    def text(self, name: str) -> str:
        return (self.folder / CHANNEL / name).read_text().strip()


@pytest.mark.parametrize("inverted", [False, True])
def test_a_fan_is_told_its_speed_in_nanoseconds(tmp_path: Path, inverted: bool) -> None:
    wire = Wire(tmp_path, inverted)
    assert wire.look() == 100.0, "nobody drives the line"
    fan = PwmFan(Pwm(bus="sys", inverted=inverted), Files(tmp_path))
    with pytest.raises(OSError, match="has not appeared yet"):
        fan.set(30.0)
    wire.look()
    fan.set(30.0)
    assert wire.look() == pytest.approx(30.0)
    assert (wire.text("period"), wire.text("enable")) == ("40000", "1"), "25 kHz"
    assert wire.text("duty_cycle") == ("28000" if inverted else "12000")
    for percent in (0.0, 100.0, 55.5):
        fan.set(percent)
        assert wire.look() == pytest.approx(percent, abs=0.01)
    fan.set(140.0)
    assert wire.look() == 100.0


def test_a_shorter_period_and_a_turned_polarity_are_put_right(tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    fan = PwmFan(Pwm(bus="sys"), Files(tmp_path))
    with pytest.raises(OSError, match="appeared"):
        fan.set(50.0)
    wire.look()
    for name, text in (("period", "1000000"), ("duty_cycle", "900000"), ("polarity", "inversed")):
        put(tmp_path / CHANNEL / name, text)
    fan.set(50.0)
    assert (wire.text("period"), wire.text("duty_cycle")) == ("40000", "20000")
    assert (wire.text("polarity"), wire.text("enable")) == ("normal", "1")


@pytest.fixture
def site(tmp_path: Path) -> SiteSettings:
    made = home("pigpio://127.0.0.1:1")
    climate = one_cabinet()
    assert climate.fans["main"].tach is not None
    fan = Fan(zone="cabinet", pwm=Pwm(bus="sys"), tach=Tach(bus="sys", file=TACH))
    return made.model_copy(
        update={
            "buses": made.buses | {"sys": SysFiles(kind="files", path=str(tmp_path))},
            "climate": climate.model_copy(update={"fans": {"main": fan}, "heaters": {}}),
        }
    )


def fresh(slots: Slots, high_c: float, number: int, **changes: object) -> None:
    """Everything the thread wants, now."""
    now_s = CLOCK.now_s()
    slots.battery.put(battery(rack(cell_max_c=high_c)), now_s)
    slots.inverter.put(inverter(temperature_c=30.0), now_s)
    said = msgspec.structs.replace(decision(SAFE, number, now_s), **changes)
    slots.decision.put(said, now_s)


def main_fan(slots: Slots) -> ActuatorReading:
    newest = slots.climate.newest()
    assert newest is not None
    return newest.value.actuators[0]


class Living:
    """Feeds the slots and the pretend fan while somebody waits."""

    def __init__(self, slots: Slots, wire: Wire) -> None:
        self.slots, self.wire = slots, wire
        self.high_c = 33.0
        self.forced: tuple[ForcedActuator, ...] = ()
        self.alive = True
        self._number = 0
        self._at_s = CLOCK.now_s()

    def percent(self) -> float:
        now_s = CLOCK.now_s()
        if self.alive:
            self._number += 1
            fresh(self.slots, self.high_c, self._number, forced=self.forced)
        passed_s, self._at_s = now_s - self._at_s, now_s
        return self.wire.look(passed_s)


@pytest.fixture
def living(site: SiteSettings, tmp_path: Path) -> Iterator[Living]:
    slots = Slots.create(sensors=tuple(site.sensors))
    life = Living(slots, Wire(tmp_path))
    with running(*climate_workers(site, CLOCK, slots)):
        until(lambda: life.percent() and slots.climate.newest())
        yield life
    assert life.wire.look() == 100.0, "the thread has ended: full speed"


def test_the_thread_drives_the_fan_and_without_a_decision_it_is_full(living: Living) -> None:
    forced = ForcedActuator("main", 35.0, CLOCK.now_s() + 60.0)
    living.forced = (forced,)
    until(lambda: living.percent() == pytest.approx(35.0, abs=0.1), 5.0)
    until(lambda: living.percent() and (main_fan(living.slots).rpm or 0.0) > 900.0, 5.0)
    assert main_fan(living.slots).forced
    living.alive = False
    took_s = until(lambda: living.percent() == 100.0, 4.0)
    assert took_s < 2.0
    reading = living.slots.climate.newest()
    assert reading is not None
    assert "nobody decides" in reading.value.why


def test_what_a_person_held_ends_in_its_time(living: Living) -> None:
    living.forced = (ForcedActuator("main", 35.0, CLOCK.now_s() + 1.0),)
    until(lambda: living.percent() == pytest.approx(35.0, abs=0.1), 5.0)
    until(lambda: living.percent() > 37.0, 5.0)
    assert not main_fan(living.slots).forced


def test_a_fan_whose_files_are_gone_is_silent_and_comes_back(
    living: Living, tmp_path: Path
) -> None:
    until(lambda: living.percent() and not main_fan(living.slots).silent)
    (tmp_path / TACH).rename(tmp_path / "away")
    fans = living.wire.air._at.fans
    fans["main"] = replace(fans["main"], tach_file="")
    until(lambda: living.percent() and main_fan(living.slots).silent, 4.0)
    assert main_fan(living.slots).rpm is None
    (tmp_path / "away").rename(tmp_path / TACH)
    until(lambda: living.percent() and not main_fan(living.slots).silent, 4.0)


def test_a_blocked_fan_is_found(living: Living) -> None:
    living.wire.plug.fault = SILENT
    until(lambda: living.percent() and main_fan(living.slots).stalled, 12.0)


def test_fans_full_writes_over_what_a_dead_core_left(site: SiteSettings, tmp_path: Path) -> None:
    wire = Wire(tmp_path)
    fan = PwmFan(Pwm(bus="sys"), Files(tmp_path))
    with pytest.raises(OSError, match="appeared"):
        fan.set(10.0)
    wire.look()
    fan.set(10.0)
    assert wire.look() == pytest.approx(10.0)
    fans_full(site, CLOCK)
    assert wire.look() == 100.0


def test_fans_full_survives_a_wire_that_is_gone(site: SiteSettings, tmp_path: Path) -> None:
    buses = site.buses | {"sys": SysFiles(kind="files", path=str(tmp_path / "nothing"))}
    fans_full(site.model_copy(update={"buses": buses}), CLOCK)


def test_pulses_on_a_pin_are_turns_a_minute() -> None:
    with front() as made:
        settings = Tach(bus="pins", pin=13)
        tacho = open_tacho(settings, Gpio(kind="gpio", pins=made.url), CLOCK)
        assert isinstance(tacho, PinTacho)
        assert tacho.rpm() is None
        level = 0
        started_s = edges = 0.0
        started_s = CLOCK.now_s()
        while CLOCK.now_s() - started_s < 1.05:
            level = 1 - level
            made.drive(13, level)
            edges += 1
            until(lambda: CLOCK.now_s() - started_s > edges * 0.01)  # noqa: B023
        rpm = until_rpm(tacho)
        tacho.close()
    assert rpm == pytest.approx(60.0 * edges / 4.0 / 1.06, rel=0.1), "30 f, f pulses a second"


def until_rpm(tacho: PinTacho) -> float:
    found: list[float] = []

    def asked() -> bool:
        rpm = tacho.rpm()
        found.extend([] if rpm is None else [rpm])
        return bool(found)

    until(asked)
    return found[0]
