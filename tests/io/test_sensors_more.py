"""Processor, NTC, sensors by table: through their threads, from pretend chips and files."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.io.buses.files import Files
from appliance.io.sensors import cpu, sensor_workers
from appliance.io.sensors._air import dew_point_c
from appliance.io.sensors.i2c_table import load_table
from appliance.mailbox import Slots
from appliance.model import SensorReading
from appliance.site import Sensor, SiteSettings, SysFiles
from simulator.wire.ads1115 import Ads1115Twin
from simulator.wire.cpu_files import CpuFiles, put
from simulator.wire.i2c_table import TableTwin
from simulator.wire.plugs import SILENT, Plug
from tests.io.pretend import CLOCK, Front, front, home, running, until

SHT = """
title = "Pretend air sensor"
init = [{ register = 0x10, bytes = [0x01, 0x02] }]
trigger = { register = 0x11, bytes = [0x01], delay_s = 0.005 }
[values.temperature_c]
register = 0x20
width = 2
mask = 0xFFE0
signed = true
scale = 0.125
min = -55.0
max = 125.0
[values.humidity_pct]
register = 0x22
width = 2
endianness = "little"
scale = 0.01
min = 0.0
max = 100.0
[values.co2_ppm]
register = 0x24
width = 3
offset = 400.0
min = 400.0
max = 10000.0
"""


@pytest.fixture
def site() -> Iterator[Front]:
    with front() as made:
        yield made


def with_sensors(url: str, path: Path, **wanted: Sensor) -> SiteSettings:
    """The pretend home with these sensors, and a bus of files at that path."""
    settings = home(url)
    buses = settings.buses | {"sys": SysFiles(kind="files", path=str(path))}
    return settings.model_copy(update={"sensors": wanted, "buses": buses})


def ntc(bus: str = "i2c1", **changes: Any) -> Sensor:
    options = {"channel": 2, "fixed_ohm": 10_000.0, "beta_k": 3_950.0} | changes
    return Sensor(driver="ads1115_ntc", bus=bus, unit=0x48, poll_s=0.05, options=options)


def the_cpu(**options: Any) -> Sensor:
    return Sensor(driver="cpu", bus="sys", poll_s=0.05, options=options)


def read(settings: SiteSettings, name: str, true: Callable[[SensorReading], object]) -> None:
    """Run the threads until a reading is as wanted."""
    slots = Slots.create(("grid",), tuple(settings.sensors))
    slot = slots.sensors[name]
    with running(*sensor_workers(settings, CLOCK, slots)):
        until(lambda: (newest := slot.newest()) is not None and true(newest.value))


# ---------------------------------------------------------------- processor


def test_the_processor_says_how_warm_it_is_and_what_is_held_back(
    site: Front, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    twin = CpuFiles(tmp_path, lambda: 30.0, Plug("cpu"))
    twin.write()
    settings = with_sensors(site.url, tmp_path, cpu=the_cpu())
    well = SensorReading(temperature_c=48.0, values=(("throttled_bits", 0.0),))
    read(settings, "cpu", lambda seen: seen == well)
    twin.throttled = 0x5_0005
    twin.write()
    read(settings, "cpu", lambda seen: seen.warnings == ("under-voltage", "throttled"))
    assert "since its start the computer has had: under-voltage, throttled" in caplog.text
    hot = with_sensors(site.url, tmp_path, cpu=the_cpu(hot_c=47.9))
    read(hot, "cpu", lambda seen: seen.warnings == ("hot", "under-voltage", "throttled"))


def test_a_lost_temperature_ages_and_comes_back(site: Front, tmp_path: Path) -> None:
    plug = Plug("cpu")
    twin = CpuFiles(tmp_path, lambda: 30.0, plug)
    twin.write()
    settings = with_sensors(site.url, tmp_path, cpu=the_cpu())
    slots = Slots.create(("grid",), ("cpu",))
    slot = slots.sensors["cpu"]
    with running(*sensor_workers(settings, CLOCK, slots)):
        until(slot.newest)
        plug.fault = SILENT
        twin.write()
        until(lambda: slot.fresh(CLOCK.now_s(), 0.3) is None)
        lost = slot.newest()
        plug.fault = "in"
        twin.write()
        until(lambda: (newest := slot.newest()) and lost and newest.number > lost.number)


def program(folder: Path, text: str) -> None:
    path = folder / "vcgencmd"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("text", "bits"),
    [("echo throttled=0x50000", 0x50000), ("echo nonsense", None), ("exit 1", None), ("", None)],
)
def test_without_its_file_the_firmware_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, bits: int | None
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    if text:
        program(tmp_path, text)
    assert cpu.ask_firmware() == bits


def test_a_firmware_program_that_hangs_is_asked_once_and_the_temperature_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(cpu, "ASK_TIMEOUT_S", 0.1)
    program(tmp_path, "exec sleep 5")
    put(tmp_path / "class/thermal/thermal_zone0/temp", "51234")
    driver = cpu.Driver(the_cpu(), cpu.Options())
    first_s = time.monotonic()
    assert driver.measure(Files(tmp_path), lambda _: None) == SensorReading(51.234)
    again_s = time.monotonic()
    assert driver.measure(Files(tmp_path), lambda _: None) == SensorReading(51.234)
    assert again_s - first_s < 2.0 and time.monotonic() - again_s < 0.05


# ---------------------------------------------------------------- NTC


@pytest.mark.parametrize("ntc_to", ["ground", "supply"])
@pytest.mark.parametrize("celsius", [-20.0, 25.0, 58.5])
def test_an_ntc_is_read_through_the_converter(site: Front, celsius: float, ntc_to: str) -> None:
    twin = Ads1115Twin(lambda: celsius, ntc_to=ntc_to)
    site.daemon.i2c_devices[0x48] = twin
    settings = with_sensors(site.url, Path(), plate=ntc(ntc_to=ntc_to))
    near = pytest.approx(celsius, abs=0.05)
    read(settings, "plate", lambda seen: seen.temperature_c == near and seen.warnings == ())


@pytest.mark.parametrize("ntc_to", ["ground", "supply"])
@pytest.mark.parametrize(("wire", "word"), [("open", "wire broken"), ("short", "short circuit")])
def test_a_broken_wire_has_a_word_and_no_temperature(
    site: Front, wire: str, word: str, ntc_to: str
) -> None:
    twin = Ads1115Twin(lambda: 25.0, ntc_to=ntc_to)
    twin.wires[2] = wire
    site.daemon.i2c_devices[0x48] = twin
    settings = with_sensors(site.url, Path(), plate=ntc(ntc_to=ntc_to))
    read(settings, "plate", lambda seen: seen == SensorReading(warnings=(word,)))


def test_a_converter_that_never_gets_ready_is_silent(site: Front) -> None:
    site.daemon.i2c_devices[0x48] = Ads1115Twin(lambda: 25.0, now_s=lambda: -1e9)
    settings = with_sensors(site.url, Path(), plate=ntc())
    slots = Slots.create(("grid",), ("plate",))
    with running(*sensor_workers(settings, CLOCK, slots)):
        time.sleep(0.4)
    assert slots.sensors["plate"].newest() is None


def test_two_inputs_of_one_chip_are_two_sensors(site: Front) -> None:
    twin = Ads1115Twin(lambda: 30.0)
    twin.wires[0] = "open"
    site.daemon.i2c_devices[0x48] = twin
    settings = with_sensors(site.url, Path(), one=ntc(channel=0), two=ntc(channel=1))
    slots = Slots.create(("grid",), ("one", "two"))
    with running(*sensor_workers(settings, CLOCK, slots)):
        for name, true in (("one", "wire broken"), ("two", None)):
            until(slots.sensors[name].newest)
            newest = slots.sensors[name].newest()
            assert newest is not None
            assert newest.value.warnings == ((true,) if true else ())


# ---------------------------------------------------------------- by table


def test_a_sensor_by_table(site: Front, tmp_path: Path) -> None:
    path = tmp_path / "air.toml"
    path.write_text(SHT)
    world = {"temperature_c": -12.5, "humidity_pct": 61.25, "co2_ppm": 912.0}
    twin = TableTwin(path, lambda: world)
    site.daemon.i2c_devices[0x44] = twin
    wanted = Sensor(
        driver="i2c_table", bus="i2c1", unit=0x44, poll_s=0.05, options={"table": str(path)}
    )
    settings = with_sensors(site.url, Path(), air=wanted)
    dew_c = dew_point_c(-12.5, 61.25)
    whole = SensorReading(-12.5, 61.25, dew_point_c=dew_c, values=(("co2_ppm", 912.0),))
    read(settings, "air", lambda seen: seen == whole)
    assert twin.written[0] == (0x10, b"\x01\x02"), "set up first"
    assert twin.triggered > 0
    world["humidity_pct"] = 100.5
    outside = SensorReading(-12.5, values=(("co2_ppm", 912.0),))
    read(settings, "air", lambda seen: seen == outside)


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ("mask = 0xFFE0", "mask = 0xFFFFE0", "bits beyond width = 2"),
        ("min = -55.0", "min = 130.0", "must be below max"),
        ("[values.co2_ppm]", "[values.co]", "co"),
        ("width = 3", "width = 5", "less than or equal to 4"),
        ('title = "Pretend air sensor"', "", "title"),
        ("delay_s = 0.005", "delay_s = 5.0", "less than or equal to 0.5"),
    ],
)
def test_a_wrong_table_is_refused_by_name(
    tmp_path: Path, right: str, wrong: str, sentence: str
) -> None:
    path = tmp_path / "air.toml"
    assert right in SHT
    path.write_text(SHT.replace(right, wrong))
    with pytest.raises(ValueError, match=r"air\.toml") as refused:
        load_table(path)
    assert sentence in str(refused.value)


def test_each_kind_of_sensor_wants_its_kind_of_bus(site: Front, tmp_path: Path) -> None:
    for wrong in (ntc("sys"), the_cpu().model_copy(update={"bus": "i2c1"})):
        settings = with_sensors(site.url, tmp_path, odd=wrong)
        with pytest.raises(ValueError, match=r"sensors\.odd\.bus = .* it must be (i2c|files)"):
            sensor_workers(settings, CLOCK, Slots.create(("grid",), ("odd",)))


def test_one_thread_a_bus(site: Front, tmp_path: Path) -> None:
    wanted = {"a": ntc(), "b": ntc(channel=1), "c": the_cpu()}
    settings = with_sensors(site.url, tmp_path, **wanted)
    workers = sensor_workers(settings, CLOCK, Slots.create(("grid",), tuple(wanted)))
    assert [one.name for one in workers] == ["i2c i2c1", "sensors sys"]


def test_a_measurement_takes_less_than_a_second(site: Front) -> None:
    site.daemon.i2c_devices[0x48] = Ads1115Twin(lambda: 25.0)
    settings = with_sensors(site.url, Path(), plate=ntc())
    slots = Slots.create(("grid",), ("plate",))
    slot = slots.sensors["plate"]
    with running(*sensor_workers(settings, CLOCK, slots)):
        until(slot.newest)
        started_s, number = CLOCK.now_s(), slot.newest()
        until(lambda: (newest := slot.newest()) and number and newest.number >= number.number + 10)
        assert (CLOCK.now_s() - started_s) / 10 < 0.3
