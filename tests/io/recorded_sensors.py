"""Recordings of sensors: what went over the I2C wire, or stood in the kernel's files; see recorded.py."""

import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
from smbus2 import SMBus

from appliance.io import sensors
from appliance.io.buses.files import Files
from appliance.model import SensorReading
from appliance.site import Sensor
from simulator.wire.ads1115 import OPEN, Ads1115Twin
from simulator.wire.bme680 import Bme680Twin
from simulator.wire.cpu_files import CpuFiles
from simulator.wire.i2c_table import TableTwin
from simulator.wire.plugs import Plug
from tests.io.test_sensors_more import SHT

Json = dict[str, Any]
Plain = Callable[[msgspec.Struct], Any]
Chip = Bme680Twin | Ads1115Twin | TableTwin
TRANSFER_S = 0.005

NTC = {"channel": 2, "fixed_ohm": 10_000.0, "beta_k": 3_950.0}
AIR = "air.toml"


class Time:
    """A chip's time: each transfer takes a while, so that a recording is always the same."""

    now_s = 0.0

    def __call__(self) -> float:
        """Now."""
        return self.now_s


class Tape:
    """An I2C bus with one pretend chip, which notes every transfer."""

    def __init__(self, chip: Chip, time: Time) -> None:
        self._chip, self._time = chip, time
        self.transfers: list[Json] = []

    def read_byte_data(self, _address: int, register: int) -> int:
        return self.read_i2c_block_data(0, register, 1)[0]

    def read_i2c_block_data(self, _address: int, register: int, length: int) -> list[int]:
        self._time.now_s += TRANSFER_S
        chip = self._chip
        if isinstance(chip, Bme680Twin):
            data = [chip.read_byte(register + place) for place in range(length)]
        else:
            data = list(chip.read_block(register, length))
        self.transfers.append({"read": register, "bytes": list(data)})
        return data

    def write_byte_data(self, _address: int, register: int, value: int) -> None:
        self.write_i2c_block_data(0, register, [value])

    def write_i2c_block_data(self, _address: int, register: int, data: Sequence[int]) -> None:
        self._time.now_s += TRANSFER_S
        self.transfers.append({"write": register, "bytes": list(data)})
        if isinstance(self._chip, Bme680Twin):
            for place, value in enumerate(data):
                self._chip.write_byte(register + place, value)
        else:
            self._chip.write_block(register, bytes(data))


class Replay:
    """An I2C bus that answers as the recording did, one answer after the other."""

    def __init__(self, transfers: list[Json]) -> None:
        self._answers: dict[tuple[int, int], deque[list[int]]] = {}
        for one in transfers:
            if "read" in one:
                key = one["read"], len(one["bytes"])
                self._answers.setdefault(key, deque()).append(one["bytes"])
        self.written: list[Json] = []

    def read_byte_data(self, _address: int, register: int) -> int:
        return self.read_i2c_block_data(0, register, 1)[0]

    def read_i2c_block_data(self, _address: int, register: int, length: int) -> list[int]:
        answers = self._answers[register, length]
        return list(answers.popleft() if len(answers) > 1 else answers[0])

    def write_byte_data(self, _address: int, register: int, value: int) -> None:
        self.write_i2c_block_data(0, register, [value])

    def write_i2c_block_data(self, _address: int, register: int, data: Sequence[int]) -> None:
        self.written.append({"write": register, "bytes": list(data)})


def measured(recording: Json, bus: Tape | Replay | Files, folder: Path) -> SensorReading:
    """One measurement by a new driver; what the options name as a file is put into `folder`."""
    options = dict(recording["options"])
    for name, text in recording.get("files", {}).items():
        (folder / name).write_text(text, encoding="utf-8")
        options = {key: str(folder / name) if one == name else one for key, one in options.items()}
    name = recording["driver"].partition("/")[2]
    driver = sensors.driver(Sensor(driver=name, bus="here", unit=0x48, options=options))
    if isinstance(driver, sensors.FileSensor):
        driver.begin(cast(Files, bus), lambda _s: None)
        return driver.measure(cast(Files, bus), lambda _s: None)
    driver.begin(cast(SMBus, bus), lambda _s: None)
    return driver.measure(cast(SMBus, bus), lambda _s: None)


def _ntc(celsius: float, broken: bool = False) -> Callable[[Path, Time], Chip]:
    def make(_folder: Path, time: Time) -> Chip:
        chip = Ads1115Twin(lambda: celsius, now_s=time)
        if broken:
            chip.wires[2] = OPEN
        return chip

    return make


def _bosch(*air: float) -> Callable[[Path, Time], Chip]:
    celsius, humidity_pct, hpa = air
    return lambda _folder, time: Bme680Twin(lambda: (celsius, humidity_pct, hpa), time)


def _table(celsius: float, humidity_pct: float) -> Callable[[Path, Time], Chip]:
    world = {"temperature_c": celsius, "humidity_pct": humidity_pct}
    return lambda folder, _time: TableTwin(folder / AIR, lambda: world)


CHIPS: dict[str, tuple[Json, dict[str, tuple[Callable[[Path, Time], Chip], Json]]]] = {
    "bme680": (
        {},
        {
            "a room": (_bosch(21.5, 48.0, 1_013.2), {"temperature_c": 21.5, "humidity_pct": 48.0, "pressure_hpa": 1_013.2}),
            "a cold cellar": (_bosch(-5.0, 90.0, 985.0), {"temperature_c": -5.0, "humidity_pct": 90.0, "pressure_hpa": 985.0}),
        },
    ),
    "ads1115_ntc": (
        {"options": NTC},
        {"warm": (_ntc(35.0), {"temperature_c": 35.0}), "frost": (_ntc(-12.0), {"temperature_c": -12.0}), "wire broken": (_ntc(20.0, True), {})},
    ),
    "i2c_table": (
        {"options": {"table": AIR}, "files": {AIR: SHT}},
        {"warm": (_table(30.0, 40.0), {"temperature_c": 30.0, "humidity_pct": 40.0}), "frost": (_table(-7.0, 80.0), {"temperature_c": -7.0, "humidity_pct": 80.0})},
    ),
}  # fmt: skip
"""By driver: its set-up, and by state the pretend chip and what is true."""
CPU = {"at work": (24.0, 0), "throttled": (66.0, 0x50005)}
"""°C of the air around it, and the firmware's bits."""


def sensor_recordings(plain: Plain) -> dict[str, Json]:
    """All recordings of sensors, by file."""
    with tempfile.TemporaryDirectory() as folder:
        made = {f"i2c/{name}": _chip(name, Path(folder), plain) for name in CHIPS}
        return {**made, "files/cpu": _cpu(Path(folder), plain)}


def _chip(name: str, folder: Path, plain: Plain) -> Json:
    setup, cases = CHIPS[name]
    head = {"device": sensors.load(name).TITLE, "driver": f"sensors/{name}", "options": {}, **setup}
    states = {}
    for state, (make, truth) in cases.items():
        for file, text in setup.get("files", {}).items():
            (folder / file).write_text(text, encoding="utf-8")
        time = Time()
        tape = Tape(make(folder, time), time)
        reading = measured(head, tape, folder)
        states[state] = {"plant": truth, "transfers": tape.transfers, "reading": plain(reading)}
    return {**head, "states": states}


def _cpu(folder: Path, plain: Plain) -> Json:
    head = {"device": sensors.load("cpu").TITLE, "driver": "sensors/cpu", "options": {}}
    states = {}
    for state, (air_c, bits) in CPU.items():
        twin = CpuFiles(folder / "sys", lambda: air_c, Plug("cpu"))  # noqa: B023 asked before the next
        twin.throttled = bits
        twin.write()
        files = {
            str(path.relative_to(folder / "sys")): path.read_text()
            for path in sorted((folder / "sys").rglob("*"))
            if path.is_file()
        }
        reading = measured(head, Files(folder / "sys"), folder)
        truth = {"temperature_c": air_c + 18.0}
        states[state] = {"plant": truth, "content": files, "reading": plain(reading)}
    return {**head, "states": states}
