"""Nonsense from chips and files: an OSError or a believable reading, never another exception."""

import math
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import cast

import pytest
from smbus2 import SMBus

from appliance.io import sensors
from appliance.io.buses.files import Files
from appliance.io.plausible import plausible
from appliance.model import SensorReading
from appliance.site import Sensor
from tests.io.test_sensors_more import SHT

ROUNDS = 4_000


class Noise:
    """A bus on which every register holds something else each time; some transfers fail."""

    def __init__(self, random: Random, keep: dict[int, int]) -> None:
        self._random, self._keep = random, keep
        self.bytes = bytearray(256)
        self.stir()

    def stir(self) -> None:
        """Other content everywhere, often all ones or zeros."""
        how = self._random.randrange(4)
        fill = {0: b"\x00" * 256, 1: b"\xff" * 256}.get(how, self._random.randbytes(256))
        self.bytes[:] = fill
        for register, value in self._keep.items():
            self.bytes[register] = value

    def read_byte_data(self, _address: int, register: int) -> int:
        return self.bytes[register]

    def write_byte_data(self, _address: int, register: int, value: int) -> None:
        self._fail()

    def read_i2c_block_data(self, _address: int, register: int, length: int) -> list[int]:
        self._fail()
        return list((self.bytes * 2)[register : register + length])

    def write_i2c_block_data(self, _address: int, register: int, data: list[int]) -> None:
        self._fail()

    def _fail(self) -> None:
        if self._random.random() < 0.01:
            raise OSError("no acknowledge")


def believable(reading: SensorReading) -> None:
    for name in ("temperature_c", "humidity_pct", "pressure_hpa", "dew_point_c"):
        value = getattr(reading, name)
        assert value is None or (math.isfinite(value) and plausible(name, value) is not None)
    assert all(math.isfinite(value) for _, value in reading.values)
    if reading.pressure_hpa is not None:
        assert 300.0 <= reading.pressure_hpa <= 1_100.0


def measured(measure: Callable[[], SensorReading]) -> bool:
    try:
        reading = measure()
    except OSError:
        return False
    believable(reading)
    return True


@pytest.mark.parametrize("name", ["bme680", "ads1115_ntc", "ads1115_ntc by points", "i2c_table"])
def test_noise_on_the_bus(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _s: None)
    random = Random(name)
    table, curve = tmp_path / "air.toml", tmp_path / "curve.toml"
    table.write_text(SHT)
    curve.write_text("points = [[-40.0, 200000.0], [25.0, 10000.0], [100.0, 700.0]]\n")
    options: dict[str, dict[str, object]] = {
        "bme680": {},
        "ads1115_ntc": {"channel": 0, "fixed_ohm": 10_000.0, "beta_k": 3_950.0},
        "ads1115_ntc by points": {"channel": 0, "fixed_ohm": 1e4, "curve": str(curve)},
        "i2c_table": {"table": str(table)},
    }
    settings = Sensor(driver=name.partition(" ")[0], bus="i2c1", unit=0x48, options=options[name])
    driver = sensors.driver(settings)
    assert isinstance(driver, sensors.I2cSensor)
    noise = Noise(random, {0xD0: 0x61, 0x1D: 0x80} if name == "bme680" else {})
    bus = cast(SMBus, noise)
    answers = begun = 0
    for number in range(ROUNDS):
        noise.stir()
        if number % 20 == 0 or not begun:
            try:
                driver.begin(bus, lambda _s: None)
                begun += 1
            except OSError:
                continue
        answers += measured(lambda: driver.measure(bus, lambda _s: None))
    assert begun > 10
    assert answers > ROUNDS / 10


def test_noise_in_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    random, files = Random(7), Files(tmp_path)
    driver = sensors.driver(Sensor(driver="cpu", bus="sys"))
    assert isinstance(driver, sensors.FileSensor)
    temp = tmp_path / "class/thermal/thermal_zone0/temp"
    bits = tmp_path / "devices/platform/soc/soc:firmware/get_throttled"
    for path in (temp, bits):
        path.parent.mkdir(parents=True)
    answers = 0
    for _ in range(500):
        for path in (temp, bits):
            path.write_bytes(
                random.choice((b"48500\n", b"-1\n", b"9" * 30, b"", random.randbytes(9)))
            )
        answers += measured(lambda: driver.measure(files, lambda _s: None))
    assert answers > 50
