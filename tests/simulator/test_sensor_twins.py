"""Pretend converter, table chip, processor files and Strato Pi: register by register, file by file."""

import asyncio
import tomllib
from pathlib import Path

import pytest

from simulator.models.profile import parse_profile
from simulator.wire.ads1115 import Ads1115Twin
from simulator.wire.cpu_files import CpuFiles
from simulator.wire.i2c_table import Quantity, TableTwin
from simulator.wire.plugs import SILENT, Plug
from simulator.wire.sitefile import Table, load_site_file
from simulator.wire.stand_in import StandIn
from simulator.wire.strato_pi import StratoPi
from tests.simulator.conftest import FLAT, HOME, PORTS, free_ports, home_on

SINGLE_AIN0, SINGLE_AIN3 = 0xC383, 0xF383
"""Start, AIN0 or AIN3 against ground, 4.096 V, single shot, 128 a second, no comparator."""


def word(chip: Ads1115Twin, register: int) -> int:
    return int.from_bytes(chip.read_block(register, 2), "big")


def test_the_converter_wakes_up_as_its_data_sheet_says() -> None:
    chip = Ads1115Twin(lambda: 25.0)
    assert [word(chip, register) for register in range(4)] == [0x0000, 0x8583, 0x8000, 0x7FFF]


def test_a_conversion_takes_its_time_and_counts_in_eighths_of_a_millivolt() -> None:
    now_s = 0.0
    chip = Ads1115Twin(lambda: 25.0, now_s=lambda: now_s)
    chip.write_block(1, SINGLE_AIN0.to_bytes(2, "big"))
    now_s = 0.007
    assert word(chip, 1) == SINGLE_AIN0 & 0x7FFF, "converting"
    assert word(chip, 0) == 0
    now_s = 0.008
    assert word(chip, 1) == SINGLE_AIN0, "ready"
    assert word(chip, 0) == 13_200, "1.65 V in steps of 0.125 mV: 10 kΩ below 10 kΩ at 3.3 V"


@pytest.mark.parametrize(("wire", "raw"), [("open", 26_400), ("short", 0)])
def test_an_open_wire_shows_the_supply_and_a_short_circuit_nothing(wire: str, raw: int) -> None:
    now_s = 0.0
    chip = Ads1115Twin(lambda: 25.0, now_s=lambda: now_s)
    chip.wires[3] = wire
    chip.write_block(1, SINGLE_AIN3.to_bytes(2, "big"))
    now_s = 1.0
    assert word(chip, 0) == raw


def test_a_warmer_ntc_has_less_resistance() -> None:
    warm, cold = Ads1115Twin(lambda: 60.0), Ads1115Twin(lambda: 0.0)
    assert warm.volts(0) < 1.65 < cold.volts(0)
    upside_down = Ads1115Twin(lambda: 60.0, ntc_to="supply")
    assert upside_down.volts(0) == pytest.approx(3.3 - warm.volts(0))


def test_a_table_chip_masks_its_bits_and_waits_for_its_trigger(tmp_path: Path) -> None:
    path = tmp_path / "chip.toml"
    path.write_text(
        'title = "t"\ntrigger = { register = 9, bytes = [1] }\n'
        "[values.temperature_c]\nregister = 4\nwidth = 2\nmask = 0xFFE0\nsigned = true\n"
        "scale = 0.125\nmin = -55.0\nmax = 125.0\n"
    )
    chip = TableTwin(path, lambda: {"temperature_c": -25.0})
    assert chip.read_block(4, 2) == b"\x00\x00", "nothing was measured"
    chip.write_block(9, b"\x01")
    assert chip.read_block(4, 2) == b"\xe7\x1f", (
        "LM75B data sheet: -25 °C is 11100111000, noise below"
    )
    row = Table(tomllib.loads("register = 0\nwidth = 2\nendianness = 'little'\nmin = 0\nmax = 9\n"))
    assert Quantity(row).encode(513.0) == b"\x01\x02"


def test_the_processor_writes_thousandths_and_hexadecimal_digits(tmp_path: Path) -> None:
    plug = Plug("cpu")
    cpu = CpuFiles(tmp_path, lambda: 30.5, plug)
    cpu.throttled = 0x50005
    cpu.write()
    temp = tmp_path / "class/thermal/thermal_zone0/temp"
    assert temp.read_text() == "48500\n"
    throttled = tmp_path / "devices/platform/soc/soc:firmware/get_throttled"
    assert throttled.read_text() == "50005\n"
    plug.fault = SILENT
    cpu.write()
    assert not temp.exists()


def test_the_strato_pi_flips_counts_and_disappears(tmp_path: Path) -> None:
    plug = Plug("board")
    board = StratoPi(tmp_path, plug)
    folder = tmp_path / "class" / "stratopi"
    assert (folder / "watchdog/timeout").read_text() == "60\n"
    for expected in ("1", "0", "1"):
        (folder / "watchdog/heartbeat").write_text("F")
        assert board.status("watchdog/heartbeat") == expected
    assert board.edges == 3
    (folder / "relay/status").write_text("1")
    assert board.status("relay/status") == "1"
    board.press(True)
    board.press(False)
    board.press(True)
    assert (folder / "button/status_deb").read_text() == "1\n"
    assert (folder / "button/status_deb_cnt").read_text() == "2\n"
    plug.fault = SILENT
    board.look()
    assert not folder.exists()
    plug.fault = "in"
    board.look()
    assert board.status("relay/status") == "0", "a new start"


EXTRA = """
[buses.sys]
kind = "files"
path = "{sys}"
[sensors.cpu]
driver = "cpu"
bus = "sys"
[sensors.plate]
driver = "ads1115_ntc"
bus = "i2c1"
unit = 72
options = {{ channel = 0, fixed_ohm = 10000.0, beta_k = 3950.0 }}
"""


def test_a_site_with_all_of_them(tmp_path: Path) -> None:
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    path = home_on(ports, tmp_path)
    text = path.read_text().replace(
        '[board]\nbus = "pins"',
        '[board]\ndriver = "strato_pi"\nfiles = "sys"\n'
        'options = { model = "ups", leds = { error = "buzzer" } }\nbus = "pins"',
    )
    path.write_text(text + EXTRA.format(sys=tmp_path / "sys"))
    assert HOME.read_text() != text

    async def live() -> None:
        stand_in = StandIn(load_site_file(path), parse_profile(FLAT))
        await stand_in.start()
        folder = tmp_path / "sys" / "class"
        try:
            assert {"sensor", "sensor.cpu", "sensor.plate"} <= set(stand_in.plugs.faults())
            await asyncio.sleep(0.1)
            celsius = int((folder / "thermal/thermal_zone0/temp").read_text()) / 1e3
            assert celsius == pytest.approx(stand_in.plant.environment()[0] + 18.0, abs=0.2)
            (folder / "stratopi/buzzer/status").write_text("1")
            await asyncio.sleep(0.1)
            assert stand_in.board.lights()["error"] is True
            await stand_in.plugs.find("board").put(SILENT)
            await asyncio.sleep(0.1)
            assert not (folder / "stratopi").exists()
        finally:
            await stand_in.stop()

    asyncio.run(live())


def test_a_computer_with_too_little_voltage_says_so_and_goes_on_measuring(tmp_path: Path) -> None:
    plug = Plug("cpu")
    cpu = CpuFiles(tmp_path, lambda: 30.5, plug)
    plug.fault = "under_voltage"
    cpu.write()
    throttled = tmp_path / "devices/platform/soc/soc:firmware/get_throttled"
    assert throttled.read_text() == "1\n"
    assert (tmp_path / "class/thermal/thermal_zone0/temp").read_text() == "48500\n"
