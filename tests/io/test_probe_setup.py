"""A meter set up from a JSON file: dry at first, then written and read back."""

import json
from pathlib import Path

import pytest

from simulator.wire import carlo_gavazzi as twin
from simulator.wire.acuvim2 import Acuvim2
from tests.io.fake_modbus import FakeModbus
from tests.io.probed import EXAMPLES, Probe, cg
from tests.io.served import on_tcp, plant


def artifact(folder: Path, **content: object) -> Path:
    path = folder / "setup.json"
    path.write_text(json.dumps({"models": ["EM340"]} | content), encoding="utf-8")
    return path


def test_dry_at_first_then_written_and_read_back(probe: Probe) -> None:
    meter = cg(341, 500.0, 2000.0)
    meter.mode.value = 0.0
    example = EXAMPLES / "em340_both_ways.json"
    common = ("--driver", "carlo_gavazzi", "--setup", example)
    with on_tcp({1: meter.registers}) as (target, devices):
        dry = probe(target, *common)
        assert not devices[1].writes and meter.mode.value == 0.0
        done = probe(target, *common, "--yes")
        again = probe(target, *common, "--yes", "--json")
        written = [(write.function, write.address, write.values) for write in devices[1].writes]
    assert (dry.code, done.code, again.code) == (0, 0, 0)
    assert "measurement_mode  A -> B" in dry.out and "nothing was written" in dry.out
    assert "ct_ratio          1 -> 40" in dry.out
    assert "warning: counts export as import: set measurement mode B" in dry.out
    assert "written and read back" in done.out and "counts export" not in done.out
    assert written == [(6, 0x1103, (1,)), (6, 0x1003, (400,)), (6, 0x1004, (0,))]
    assert again.json["setup"] == {
        "written": False, "changes": [], "remarks": [], "now_reached_by": "",
    }  # fmt: skip
    assert again.json["reading"]["power_w"] == pytest.approx(-1500.0, abs=0.3)


def test_the_measuring_system_resets_counters_and_wants_a_word(
    probe: Probe, tmp_path: Path
) -> None:
    meter = cg(341)
    setup = {"settings": {"measuring_system": "1P"}}
    with on_tcp({1: meter.registers}) as (target, _):
        common = (target, "--driver", "carlo_gavazzi", "--yes", "--setup")
        refused = probe(*common, artifact(tmp_path, **setup))
        assert meter.system.value == 0
        done = probe(*common, artifact(tmp_path, **setup, confirm_counter_reset=True))
    assert refused.code == 2 and '"confirm_counter_reset": true' in refused.err
    assert done.code == 0 and meter.system.value == 3
    assert "do not support 1P reliably" in done.out


def test_every_mistake_of_a_file_at_once(probe: Probe, tmp_path: Path) -> None:
    path = artifact(
        tmp_path,
        models=["EM111"],
        settings={
            "measurement_mode": "C", "ct_ratio": 0.5, "vt_ratio": 1.25, "address": 300,
            "baud": 4800, "parity": "odd", "colour": "red", "application": "H",
        },
    )  # fmt: skip
    with on_tcp({1: cg(341).registers}) as (target, devices):
        said = probe(target, "--driver", "carlo_gavazzi", "--setup", path, "--yes")
        assert not devices[1].writes
    assert said.code == 2
    for part in (
        "models = ['EM111']: this meter is an EM340/EM341",
        "settings.measurement_mode = 'C': allowed: A, B",
        "settings.ct_ratio = 0.5: allowed: 1 to 60000",
        "settings.vt_ratio = 1.25: allowed: steps of 0.1",
        "settings.address = 300: allowed: 1 to 247",
        "settings.baud = 4800: allowed: 9600, 19200",
        "settings.parity = 'odd': allowed: none, even",
        "settings.colour: cannot be set",
        "settings.application: cannot be set",
    ):
        assert part in said.err


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("{", "is not JSON"), ("[]", "is not a JSON object"), ("{}", "models: missing"),
        ('{"models": ["EM340"], "settings": {}}', "settings: "),
        ('{"models": ["EM340"], "settings": {"address": 3}, "x": 1}', "x: "),
    ],
)  # fmt: skip
def test_files_that_are_none(probe: Probe, tmp_path: Path, content: str, part: str) -> None:
    path = tmp_path / "setup.json"
    path.write_text(content, encoding="utf-8")
    with on_tcp({1: cg(341).registers}) as (target, _):
        said = probe(target, "--driver", "carlo_gavazzi", "--setup", path)
    assert said.code == 2 and part in said.err


@pytest.mark.parametrize(("code", "model"), [(71, "EM24-DIN"), (1648, "EM24 Ethernet")])
def test_a_locked_selector_and_a_pfa_model(
    probe: Probe, tmp_path: Path, code: int, model: str
) -> None:
    meter = cg(code)
    meter.mode.value, meter.selector.value = 0.0, 3.0
    path = artifact(tmp_path, models=[model], settings={"application": "H"})
    with on_tcp({1: meter.registers}) as (target, _):
        common = (target, "--driver", "carlo_gavazzi", "--setup", path, "--yes")
        locked = probe(*common)
        meter.selector.value = 0.0
        done = probe(*common)
    assert locked.code == 1 and "front selector is locked: turn it" in locked.err
    assert done.code == 0 and meter.mode.value == 7.0
    with on_tcp({1: cg(1649).registers}) as (target, _):
        said = probe(target, "--driver", "em24_ethernet", "--setup", artifact(
            tmp_path, models=["EM24 Ethernet"], settings={"application": "H"}))  # fmt: skip
    assert said.code == 2 and "PFA" in said.err


def test_what_the_meter_refuses_or_does_not_keep(probe: Probe, tmp_path: Path) -> None:
    path = artifact(tmp_path, settings={"ct_ratio": 20})
    with FakeModbus() as meter:
        meter.set(1, "holding", 0x0B, 341)
        target = f"tcp://127.0.0.1:{meter.port}"
        common = (target, "--driver", "carlo_gavazzi", "--setup", path, "--yes")
        meter.kept[0x1003] = 10
        kept = probe(*common)
        meter.kept.clear()
        meter.refused[0x1003] = 2
        missing = probe(*common)
    assert kept.code == 1 and "took it and kept 0x000a 0x0000 at 0x1003" in kept.err
    assert missing.code == 2 and "settings.ct_ratio: this meter does not have it" in missing.err


def test_a_meter_that_moves_is_told_where_to(probe: Probe, tmp_path: Path) -> None:
    meter = cg(341)
    settings = {"address": 5, "baud": 19200, "parity": "even", "measurement_mode": "A"}
    with on_tcp({1: meter.registers}) as (target, devices):
        said = probe(
            target, "--driver", "carlo_gavazzi", "--yes", "--setup",
            artifact(tmp_path, settings=settings),
        )  # fmt: skip
        order = [write.address for write in devices[1].writes]
    assert said.code == 0
    assert order == [0x1103, 0x2001, 0x2002, 0x2000], "the address last, all others before it"
    assert "probe again with baud=19200, parity=even, --unit 5" in said.out
    assert meter.settings[0x2002].value == 2


def test_drivers_without_set_up_say_so(probe: Probe, tmp_path: Path) -> None:
    site = plant(1000.0)
    with on_tcp({1: Acuvim2(site, twin.grid_flow(site)).registers}) as (target, _):
        said = probe(
            target, "--driver", "acuvim2", "--setup", artifact(tmp_path, settings={"x": 1})
        )
    assert said.code == 2 and "acuvim2 cannot be set up" in said.err
    said = probe("can://can0", "--driver", "foxbms2", "--setup", artifact(tmp_path))
    assert said.code == 2 and "a bms cannot be set up" in said.err
