"""`appliance probe` against the pretend devices, as an installer types it."""

import json
import time
from pathlib import Path

import pytest

from simulator.wire import carlo_gavazzi as twin
from simulator.wire.acuvim2 import Acuvim2
from simulator.wire.luxpower import LuxPower
from simulator.wire.plugs import EXCEPTION, GARBAGE, SILENT
from simulator.wire.stand_in import METERS
from tests.io.cases import INVERTERS
from tests.io.fake_modbus import FakeModbus, free_port
from tests.io.fake_socketcand import FakeSocketcand
from tests.io.probed import EXAMPLES, Probe, cg
from tests.io.served import on_dongle, on_line, on_tcp, plant
from tests.io.test_round_trip import pretend_site

LINE = Path(__file__).parents[2]


# ------------------------------------------------------------ readings


@pytest.mark.parametrize(
    ("code", "model"), [(71, "EM24-DIN"), (104, "EM112"), (341, "EM340"), (1648, "EM24 Ethernet")]
)
def test_a_meter_over_tcp_as_a_table_and_as_json(probe: Probe, code: int, model: str) -> None:
    with on_tcp({7: cg(code, 500.0, 1500.0).registers}) as (target, _):
        said = probe(target, "--driver", "carlo_gavazzi", "--unit", 7)
        as_json = probe(target, "--driver", "carlo_gavazzi", "--unit", 7, "--json")
    assert (said.code, as_json.code) == (0, 0)
    assert model in said.out and f"(code {code})" in said.out and "serial BX0240001" in said.out
    (power,) = [line.split() for line in said.out.splitlines() if line.startswith("  power  ")]
    assert float(power[1]) == pytest.approx(-1000.0, abs=0.3) and power[2] == "W"
    assert "import +" in said.out
    assert ("warning: has new values every 2 s" in said.out) == (code == 341)
    assert as_json.json["reading"]["power_w"] == pytest.approx(-1000.0, abs=0.3)
    assert as_json.json["model"].startswith(said.out.split("found: ")[1][:6])
    assert as_json.json["kind"] == "meter"


def test_over_a_serial_line(probe: Probe, tmp_path: Path) -> None:
    with on_line({1: cg(341).registers, 3: cg(102).registers}, tmp_path) as (target, _):
        said = probe(f"{target}?baud=9600&parity=none", "--driver", "carlo_gavazzi", "--json")
        other = probe(f"{target}?unit=3", "--driver", "carlo_gavazzi", "--json")
    assert said.json["reading"]["power_w"] == pytest.approx(2000.0, abs=0.3)
    assert other.json["model"].startswith("EM110/EM111/EM112")
    assert len(other.json["reading"]["phases"]) == 1


def test_options_reach_the_driver(probe: Probe) -> None:
    site = plant(3000.0)
    meter = Acuvim2(site, twin.grid_flow(site), ct=40.0, pt=2.0)
    options = ("block=secondary", "ct1_a=200", "ct2_a=5", "pt1_v=200", "pt2_v=100")
    chosen = [part for option in options for part in ("--set", option)]
    with on_tcp({1: meter.registers}) as (target, _):
        said = probe(target, "--driver", "acuvim2", "--json", *chosen)
        wrong = probe(target, "--driver", "acuvim2", "--set", "power_unit=kW", "--json")
    assert said.json["reading"]["power_w"] == pytest.approx(3000.0, abs=1.0)
    assert wrong.json["reading"]["power_w"] is None
    assert 'set power_unit = "W"' in wrong.json["warnings"][0]


def test_a_meter_by_table(probe: Probe) -> None:
    table = f"table={EXAMPLES / 'meter_em340.toml'}"
    with on_tcp({1: cg(341).registers}) as (target, _):
        said = probe(target, "--driver", "table", "--set", table, "--json")
    assert said.json["reading"]["power_w"] == pytest.approx(2000.0, abs=0.3)
    assert said.json["model"] == "EM340 by table"


def test_an_inverter_is_read_and_never_written(probe: Probe) -> None:
    with FakeModbus() as inverter:
        inverter.set(1, "input", 5000, 3, 1)
        inverter.set(1, "input", 5186, 0xFFFF, 0xFC18)
        said = probe(f"tcp://127.0.0.1:{inverter.port}", "--driver", "trumpf_ac3025", "--json")
        assert inverter.written == []
    assert said.json["reading"]["state"] == "running"
    assert said.json["reading"]["power_w"] == pytest.approx(-1000.0)


@pytest.mark.parametrize("name", sorted(set(INVERTERS) - {"luxpower_lxp"}))
def test_every_inverter_is_read_and_never_written(probe: Probe, name: str) -> None:
    twin = INVERTERS[name].twin(plant(1000.0))
    options = [f"{key}={json.dumps(value)}" for key, value in INVERTERS[name].options.items()]
    chosen = [part for option in options for part in ("--set", option)]
    with on_tcp({1: twin.registers}) as (target, devices):
        said = probe(target, "--driver", name, "--as", "inverter", "--json", *chosen)
        assert not devices[1].writes
    assert said.code == 0
    assert said.json["reading"]["state"] in ("off", "starting", "running")
    assert said.json["reading"]["power_w"] == pytest.approx(0.0, abs=15.0)


def test_a_luxpower_by_its_dongle(probe: Probe) -> None:
    with on_dongle(LuxPower(plant(1000.0)).registers) as (target, devices):
        common = ("--driver", "luxpower_lxp", "--set", "rated_w=10000", "--json")
        said = probe(f"{target}&pause=0.02", *common)
        assert not devices[1].writes
        stranger = probe(f"{target.replace('1234567890', '9876543210')}&timeout=0.3", *common)
    assert said.code == 0 and said.json["took_s"] < 10.0
    assert said.json["reading"]["state"] in ("off", "starting", "running")
    assert stranger.code == 1 and "serial numbers" in stranger.err


def test_a_sunspec_meter(probe: Probe) -> None:
    registers = METERS["sunspec"]["meter.grid"](plant(1000.0), False).registers
    with on_tcp({1: registers}) as (target, _):
        said = probe(target, "--driver", "sunspec", "--as", "meter", "--json")
    assert said.json["reading"]["power_w"] == pytest.approx(1000.0, abs=2.0)


def test_a_battery_and_a_sensor_of_the_pretend_home(probe: Probe, tmp_path: Path) -> None:
    text = (LINE / "simulator" / "sites" / "home.toml").read_text(encoding="utf-8")
    ports = {port: str(free_port()) for port in ("15020", "15021", "29536", "18888")}
    for old, new in ports.items():
        text = text.replace(old, new)
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    with pretend_site(tmp_path / "site.toml"):
        can, pins = ports["29536"], ports["18888"]
        battery = probe(f"socketcand://127.0.0.1:{can}/can0", "--driver", "foxbms2", "--json")
        sensor = probe(f"pigpio://127.0.0.1:{pins}/1?address=0x76", "--driver", "bme680", "--json")
        absent = probe(f"pigpio://127.0.0.1:{pins}/1?address=0x44", "--driver", "bme680")
        inverter = probe(f"tcp://127.0.0.1:{ports['15020']}", "--driver", "trumpf_ac3025")
    assert battery.json["reading"]["soc_pct"] == pytest.approx(50.0, abs=1.0)
    assert battery.json["kind"] == "bms" and battery.json["took_s"] < 3.5
    assert 15.0 < sensor.json["reading"]["temperature_c"] < 40.0
    assert absent.code == 1 and "address 0x44" in absent.err and "i2cdetect" in absent.err
    assert "discharge +" in inverter.out and "frequency" in inverter.out


# ------------------------------------------------------------ what goes wrong, and what to do


def test_nobody_there(probe: Probe, tmp_path: Path) -> None:
    said = probe(f"tcp://127.0.0.1:{free_port()}", "--driver", "carlo_gavazzi")
    assert said.code == 1 and "network cable" in said.err and "502" in said.err
    said = probe(f"rtu://{tmp_path / 'none'}", "--driver", "carlo_gavazzi")
    assert said.code == 1 and "adapter plugged in" in said.err


def test_a_way_to_the_bus_that_is_closed_is_not_the_wires_fault(
    probe: Probe, tmp_path: Path
) -> None:
    said = probe(f"pigpio://127.0.0.1:{free_port()}/1?address=0x76", "--driver", "bme680")
    assert said.code == 1 and "Connection refused" in said.err and "Does pigpiod run" in said.err
    assert "SDA" not in said.err
    said = probe(f"i2c://{tmp_path / 'i2c-1'}?address=0x76", "--driver", "bme680")
    assert said.code == 1 and "Is I2C enabled" in said.err and "SDA" not in said.err


@pytest.mark.parametrize(
    ("fault", "advice"),
    [(SILENT, "does not answer"), (GARBAGE, "does not answer"), (EXCEPTION, "no Carlo Gavazzi")],
)
def test_a_device_with_a_fault(probe: Probe, fault: str, advice: str) -> None:
    with on_tcp({1: cg(341).registers}) as (target, devices):
        devices[1].plug.fault = fault
        started_s = time.monotonic()
        said = probe(f"{target}?timeout=0.2", "--driver", "carlo_gavazzi")
        assert time.monotonic() - started_s < 10.0
    assert said.code == 1 and advice in said.err and "unit 1" in said.err


def test_the_wrong_unit_and_the_wrong_device(probe: Probe, tmp_path: Path) -> None:
    with on_line({1: cg(341).registers}, tmp_path) as (target, _):
        said = probe(f"{target}?timeout=0.2", "--driver", "carlo_gavazzi", "--unit", 9)
        other = probe(target, "--driver", "em24_ethernet")
        neither = probe(target, "--driver", "acuvim2")
    assert said.code == 1 and "A and B wires" in said.err and "--unit 9" in said.err
    assert other.code == 1 and "code 341 is an EM340" in other.err and "check --driver" in other.err
    assert neither.code == 1 and "no Acuvim II" in neither.err


def test_a_slow_device_takes_no_longer_than_10_s(
    probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.probe.registers.LONGEST_S", 1.0)
    with FakeModbus() as meter:
        meter.set(1, "holding", 0x0B, 341)
        meter.delay_s = 0.15
        started_s = time.monotonic()
        said = probe(f"tcp://127.0.0.1:{meter.port}?timeout=0.3", "--driver", "carlo_gavazzi")
        assert time.monotonic() - started_s < 2.0
    assert said.code == 1 and "too slowly" in said.err


def test_a_bus_with_other_traffic_and_with_none(
    probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.probe.listening.LISTEN_S", 0.3)
    with FakeSocketcand() as bus:
        target = f"socketcand://127.0.0.1:{bus.port}/can0"
        said = probe(target, "--driver", "foxbms2")
        assert said.code == 1 and "nothing heard" in said.err and "500000 bit/s" in said.err


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["ftp://x", "--driver", "acuvim2"], ["TARGET 'ftp://x'", "tcp://", "lxprtu://"]),
        (["tcp://h:99999", "--driver", "acuvim2"], ["TARGET 'tcp://h:99999'", "0-65535"]),
        (["tcp://h:502", "--driver", "none"], ["no such driver", "meter: acuvim2", "bms:"]),
        (["tcp://h:502", "--driver", "sunspec"], ["--as inverter or --as meter"]),
        (["tcp://h:502", "--driver", "foxbms2"], ["a bms is on can or socketcand"]),
        (["can://can0", "--driver", "acuvim2"], ["a meter is on tcp, rtu"]),
        (["can://can0", "--driver", "sunspec", "--as", "inverter"], [": an inverter is on tcp"]),
        (["tcp:127.0.0.1", "--driver", "acuvim2"], ["// is missing: write it as tcp://192.168"]),
        (["192.168.1.20", "--driver", "acuvim2"], ["write it as tcp://192.168.1.20:502; allowed"]),
        (["tcp://", "--driver", "acuvim2"], ["write it as tcp://192.168.1.20:502"]),
        (["tcp://h/502", "--driver", "acuvim2"], ["write it as tcp://192.168.1.20:502"]),
        (["rtu://dev/ttyUSB0", "--driver", "acuvim2"], ["third slash: write it as rtu:///dev/ttyUSB0"]),
        (["rtu://ttyUSB0", "--driver", "acuvim2"], ["third slash: write it as rtu:///dev/ttyUSB0"]),
        (["i2c://dev/i2c-1?address=1", "--driver", "bme680"], ["write it as i2c:///dev/i2c-1"]),
        (["pigpio://h:1?address=1", "--driver", "bme680"], ["as pigpio://192.168.1.5:8888/1?"]),
        (["can:///can0", "--driver", "foxbms2"], ["write it as can://can0"]),
        (["socketcand:can0", "--driver", "foxbms2"], ["write it as socketcand://192.168.1.5:29536"]),
        (
            ["tcp:h", "--driver", "acuvim2", "--unit", "999", "--set", "foo=1", "--set", "bar", "--yes"],
            ["TARGET 'tcp:h'", "--unit = 999", "--set foo: this driver has no such option",
             "--set 'bar': write OPTION=VALUE", "--yes: only with --setup"],
        ),
        (
            ["can://can0", "--driver", "foxbms2", "--set", "racks=0", "--set", "q=1"],
            ["--set racks = 0", "--set q: this driver has no such option"],
        ),
        (["i2c:///dev/i2c-1", "--driver", "bme680"], ["?address: missing"]),
        (["lxp://h", "--driver", "acuvim2"], ["dongle = None: missing", "inverter = None: missing"]),
        (["tcp://h", "--driver", "acuvim2", "--unit", "300"], ["--unit = 300", "less than or equal to 255"]),
        (["tcp://h", "--driver", "acuvim2", "--set", "x"], ["--set 'x'"]),
        (["tcp://h", "--driver", "acuvim2", "--yes"], ["--yes: only with --setup"]),
        (["tcp://h", "--driver", "table"], ["--set table=VALUE: missing"]),
        (
            ["rtu:///x?baud=3&parity=maybe&colour=red&unit=q", "--driver", "acuvim2"],
            ["baud = 3", "parity = 'maybe'", "?colour: unknown", "unit = 'q'"],
        ),
    ],
)  # fmt: skip
def test_wrong_input_is_told_all_at_once(
    probe: Probe, arguments: list[str], parts: list[str]
) -> None:
    said = probe(*arguments)
    assert said.code == 2
    for part in parts:
        assert part in said.err
