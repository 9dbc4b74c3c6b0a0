"""The pretend site as a process: its command line, its board, how it ends."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulator.models.profile import parse_profile
from simulator.models.site import pretend_site
from simulator.wire.commands import main
from simulator.wire.control import SiteControl, SiteControlError
from simulator.wire.plant import Plant
from simulator.wire.sitefile import SiteFileError, load_site_file
from tests.simulator.conftest import FLAT, HOME, PORTS, Pretend, free_ports, home_on

SUNNY = HOME.parents[1] / "profiles" / "sunny.csv"


def test_runs_obeys_and_ends_in_a_second(tmp_path: Path) -> None:
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    folder = tmp_path / ("deep" * 20) / "run"
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "simulator",
        "site",
        "--site",
        str(home_on(ports, tmp_path)),
    ]
    command += ["--profile", str(SUNNY), "--folder", str(folder), "--at", "11:00", "--soc", "40"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("site ready: inverter 127.0.0.1:")
        with SiteControl(folder) as site:
            assert site.number("soc_pct") == 40.0
            assert site.number("pv_w") > 4_000.0
            assert site.number("elapsed_s") == pytest.approx(11 * 3_600.0, abs=5.0)
            ended_s = time.monotonic()
            process.send_signal(signal.SIGTERM)
            output, mistakes = process.communicate(timeout=5.0)
            assert time.monotonic() - ended_s < 1.0
    assert (process.returncode, output, mistakes) == (0, "", "")


def test_commands_print_what_they_did(pretend: Pretend, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--folder", str(pretend.folder)]
    assert main(["plug", "meter.pv", "silent", *folder]) == 0
    assert json.loads(capsys.readouterr().out)["plugs"]["meter.pv"] == "silent"
    assert main(["set", "load_w", "3333", *folder]) == 0
    assert main(["estop", "press", *folder]) == 0
    capsys.readouterr()
    assert main(["show", *folder]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["load_w"], shown["estop_pressed"]) == (3_333.0, True)
    assert main(["button", "nose", *folder]) == 1
    assert "no button 'nose'; there is: start, stop" in capsys.readouterr().err
    assert main(["plug", "nose", "in", *folder]) == 1
    assert (
        "no plug 'nose'; there is: inverter, meter.grid, meter.pv, bms" in capsys.readouterr().err
    )
    assert main(["show", "--folder", "nowhere"]) == 1


def test_wrong_input_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "site.toml"
    site.write_text(HOME.read_text().replace("trumpf_ac3025", "perpetuum"))
    folder = ["--folder", str(tmp_path), "--site"]
    assert main(["site", "--profile", str(SUNNY), *folder, str(site)]) == 2
    assert (
        "cannot stand in for inverter 'perpetuum'; it knows: trumpf_ac3025"
        in capsys.readouterr().err
    )
    assert main(["site", "--profile", "no.csv", *folder, str(HOME)]) == 2
    assert "no.csv: cannot be read" in capsys.readouterr().err
    assert main(["site", "--profile", str(SUNNY), "--at", "25:00", *folder, str(HOME)]) == 2


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (
            'interface = "socketcand"',
            'interface = "socketcan"',
            "cannot stand in on a bus of kind can",
        ),
        (
            "capacity_wh = 10600.0",
            'capacity_wh = "much"',
            "battery.capacity_wh = 'much' is not a float",
        ),
        (
            '"pigpio://127.0.0.1:18888"',
            '"lgpio"',
            "buses.pins.pins = 'lgpio' is not pigpio://host:port",
        ),
    ],
)
def test_site_files_that_it_cannot_use(tmp_path: Path, old: str, new: str, why: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(HOME.read_text().replace(old, new))
    with pytest.raises(SiteFileError, match=r"site\.toml") as caught:
        load_site_file(path)
    assert why in str(caught.value)


def test_a_taken_port_is_said(
    pretend: Pretend, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = str(pretend.folder / "site.toml")
    assert (
        main(["site", "--site", site, "--profile", str(SUNNY), "--folder", str(tmp_path / "b")])
        == 1
    )
    assert "cannot start: " in capsys.readouterr().err


def test_refused_orders_say_why(pretend: Pretend) -> None:
    for name, value in (("nose", 1.0), ("soc_pct", 101.0), ("soc_pct", None)):
        with pytest.raises(SiteControlError, match="cannot set"):
            pretend.control.set(name, value)
    with pytest.raises(SiteControlError, match="no fault 'loose'"):
        pretend.control.plug("bms", "loose")


def test_estop_and_buttons_on_the_pins(pretend: Pretend) -> None:
    import pigpio

    pins = pigpio.pi("127.0.0.1", pretend.ports["pins"])
    edges: list[tuple[int, int, float]] = []
    try:
        pins.callback(
            17,
            pigpio.EITHER_EDGE,
            lambda pin, level, _: edges.append((pin, level, time.monotonic())),
        )
        pins.callback(
            22,
            pigpio.EITHER_EDGE,
            lambda pin, level, _: edges.append((pin, level, time.monotonic())),
        )
        assert (pins.read(17), pins.read(22), pins.read(23)) == (0, 1, 1)
        pressed_s = pretend.control.estop(True)
        assert pins.read(17) == 1
        pretend.control.press("start")
        pretend.control.estop(False)
        time.sleep(0.1)
        assert [(pin, level) for pin, level, _ in edges] == [(17, 1), (22, 0), (22, 1), (17, 0)]
        assert 0.0 <= edges[0][2] - pressed_s < 0.1
        pins.write(24, 1)
        assert pretend.control.show()["lights"] == {"run": True, "error": None}
    finally:
        pins.stop()


def test_sensor_measures_the_box_until_unplugged(pretend: Pretend) -> None:
    import pigpio

    pins = pigpio.pi("127.0.0.1", pretend.ports["pins"])
    try:
        handle = pins.i2c_open(1, 0x76)
        assert pins.i2c_read_byte_data(handle, 0xD0) == 0x61
        pretend.control.plug("sensor", "silent")
        with pytest.raises(pigpio.error):
            pins.i2c_read_byte_data(handle, 0xD0)
        pretend.control.plug("sensor", "in")
        assert pins.i2c_read_byte_data(handle, 0xD0) == 0x61
    finally:
        pins.stop()


def test_held_temperatures() -> None:
    plant = Plant(pretend_site(parse_profile(FLAT)))
    plant.hold("cell_c", 61.0)
    plant.hold("box_c", 70.0)
    time.sleep(0.002)
    plant.catch_up()
    assert plant.site.rack.cell_max_c > 60.5
    assert plant.environment()[0] == 70.0
    plant.hold("box_c", None)
    plant.hold("cell_c", None)


def test_plant_time_is_real_time_and_speed_multiplies_it() -> None:
    for speed in (1.0, 60.0):
        plant = Plant(pretend_site(parse_profile(FLAT)), speed)
        start_s = time.monotonic()
        for _ in range(10):
            time.sleep(0.01)
            plant.catch_up()
        passed_s = time.monotonic() - start_s
        assert plant.site.elapsed_s == pytest.approx(passed_s * speed, rel=0.1)


def test_a_button_is_held_and_the_air_gets_humid(
    pretend: Pretend, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ["--folder", str(pretend.folder)]
    assert main(["button", "stop", "--hold", "down", *folder]) == 0
    assert main(["button", "stop", "--hold", "up", *folder]) == 0
    assert main(["button", "nothing", "--hold", "down", *folder]) == 1
    assert "there is:" in capsys.readouterr().err
    assert main(["set", "box_humidity_pct", "95", *folder]) == 0
    assert main(["set", "box_humidity_pct", "profile", *folder]) == 0
    with SiteControl(pretend.folder) as site, pytest.raises(SiteControlError, match="Strato Pi"):
        site.main_power(there=False)
