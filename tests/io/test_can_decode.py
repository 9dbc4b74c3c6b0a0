"""`appliance can decode`: both candump formats, every recorded family, a map for a DBC never seen before."""

import json
import re
import shutil
from pathlib import Path

import pytest

from appliance.__main__ import main
from appliance.can_log import read_log
from appliance.io.buses.can import EXTENDED
from tests.io.recordings import FOLDER

DATA = Path(__file__).parent / "data"
GUIDE = Path(__file__).parents[2] / "docs" / "add-a-bms.md"
RECORDED = sorted(path.stem for path in FOLDER.glob("*.log"))
Capture = pytest.CaptureFixture[str]


def decoded(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    code = main(["can", "decode", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


# ---------------------------------------------------------------- lines of a log


def test_both_formats_extended_ids_and_lines_that_are_no_frames() -> None:
    found = read_log(
        [
            "(1436509052.249713) can0 123#1122\n",
            "(1436509052.349713) can0 00000123#\n",
            "  can0  18FF1234   [2]  AB CD\n",
            " (000.500000)  vcan1  7FF   [0]\n",
            "(1.000000)  can0  RX - -  210   [1]  01   '.'\n",
            "can0 123#R\n",
            "can0 20000088#0000000000000000\n",
            "can0  123   [3]  11 22\n",
            "\n",
            "can0 123#112\n",
        ]
    )
    assert [(frame.id, frame.data) for frame in found.frames] == [
        (0x123, b"\x11\x22"), (0x123 | EXTENDED, b""), (0x18FF1234 | EXTENDED, b"\xab\xcd"),
        (0x7FF, b""), (0x210, b"\x01"),
    ]  # fmt: skip
    assert found.frames[0].at_s == pytest.approx(1436509052.249713)
    assert found.frames[2].at_s - found.frames[1].at_s == pytest.approx(0.01, abs=1e-4)
    assert [number for number, _text in found.junk] == [6, 7, 8, 10]


def test_no_frames_at_all_is_a_wrong_input(tmp_path: Path, capsys: Capture) -> None:
    log = tmp_path / "notes.log"
    log.write_text("hello\nworld\n", encoding="utf-8")
    code, out, err = decoded(capsys, "--bms", "foxbms2", str(log))
    assert code == 2 and out == ""
    assert "line 1: no CAN frame: hello" in err and "line 2" in err and "no CAN frames" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--bms", "fox", "x.log"), "no BMS family 'fox'"), (("--bms", "foxbms2", "x.log"), "x.log"),
     (("--map", "nowhere.toml", "x.log"), "no file nowhere.toml")],
)  # fmt: skip
def test_what_is_not_there_is_named(
    capsys: Capture, arguments: tuple[str, ...], words: str
) -> None:
    code, _out, err = decoded(capsys, *arguments)
    assert code == 2 and words in err


def test_the_log_of_another_bms_says_so(capsys: Capture) -> None:
    code, _out, err = decoded(capsys, "--bms", "foxbms2", str(FOLDER / "cbms.log"))
    assert code == 1 and "the key message f_PackValuesP0 never came" in err


# ---------------------------------------------------------------- recordings of the families


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_family(name: str, capsys: Capture) -> None:
    code, out, err = decoded(capsys, "--bms", name, "--json", str(FOLDER / f"{name}.log"))
    assert code == 0 and "wrong" not in err
    readings = [json.loads(line)["reading"] for line in out.splitlines()]
    assert len(readings) == 8
    sound = [one for one in readings if not (one["faults"] or one["warnings"])]
    connected = [one for one in sound if one["state"] == "connected"]
    assert len(connected) >= 3
    currents_a = [one["current_a"] for one in connected]
    assert max(currents_a) > 2.0, "discharge is positive"
    assert min(currents_a) < -2.0, "charging is negative"
    for one in connected:
        assert 40.0 < one["voltage_v"] < 800.0 and 45.0 < one["soc_pct"] < 55.0
        assert one["max_charge_w"] > 500.0 and one["max_discharge_w"] > 500.0
        for rack in one["racks"]:
            assert rack["contactors_closed"] is True and rack["faults"] == []
            assert 15.0 < rack["cell_min_c"] <= rack["cell_max_c"] < 25.0
    last = readings[-1]
    told = [*last["faults"], *last["warnings"], *(f for r in last["racks"] for f in r["faults"])]
    assert told, "a fault at the end"


def test_for_people(capsys: Capture) -> None:
    code, out, _err = decoded(capsys, "--bms", "nbms_2_5", str(FOLDER / "nbms_2_5.log"))
    assert code == 0
    assert re.search(r"1\.000 s  precharge  \d+\.\d V", out)
    assert "not verified on hardware" in out and "rack 1: 224 of 224 single cells" in out


def test_from_standard_input(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    with (FOLDER / "pylontech_lv.log").open(encoding="utf-8") as log:
        monkeypatch.setattr("sys.stdin", log)
        code, out, _err = decoded(capsys, "--bms", "pylontech_lv", "-")
    assert code == 0 and "connected" in out


# ---------------------------------------------------------------- the guide


@pytest.fixture
def maps(tmp_path: Path) -> list[Path]:
    """The signal maps of docs/add-a-bms.md, beside the DBC nobody has seen."""
    shutil.copy(DATA / "unseen.dbc", tmp_path)
    texts = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    paths = [tmp_path / f"unseen_{number}.toml" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def test_the_guides_first_map(maps: list[Path], capsys: Capture) -> None:
    code, out, err = decoded(capsys, "--map", str(maps[0]), str(DATA / "unseen.log"))
    assert code == 0 and "rack 1 voltage" in out
    told = re.search(r"`(not in the map: .*?)`", GUIDE.read_text(encoding="utf-8"))
    assert told and told[1] in err


def test_the_guides_whole_map(maps: list[Path], capsys: Capture) -> None:
    code, out, err = decoded(capsys, "--map", str(maps[1]), str(DATA / "unseen.log"))
    assert code == 0
    shown = re.search(r"```\n(    1\.000 s.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown and out.startswith(shown[1])
    assert "warning: rack 2: cell too hot" in out and "1 with a wrong checksum" in err
    assert "line 91: no CAN frame: this line came from somebody's note" in err


def test_the_guides_whole_map_for_programs(maps: list[Path], capsys: Capture) -> None:
    _code, out, _err = decoded(capsys, "--json", "--map", str(maps[1]), str(DATA / "unseen.log"))
    rest, run, apart = [json.loads(line)["reading"] for line in out.splitlines()]
    assert [one["state"] for one in (rest, run, apart)] == ["standby", "connected", "connected"]
    assert run["current_a"] == pytest.approx(23.0) and run["max_discharge_w"] == pytest.approx(
        12_000.0
    )
    assert [rack["current_a"] for rack in run["racks"]] == pytest.approx([11.0, 12.0])
    assert run["racks"][1]["cell_max_v_at"] == "2.7"
    assert apart["faults"] == [] and apart["warnings"] == ["rack 2: cell too hot"]
    assert apart["max_discharge_w"] == pytest.approx(8_000.0), "string 1 alone"


def test_a_mistake_in_a_map_is_named_with_the_file(maps: list[Path], capsys: Capture) -> None:
    text = maps[1].read_text(encoding="utf-8").replace("StrMain.StrVolt", "StrMain.StrVolts")
    maps[1].write_text(text, encoding="utf-8")
    code, _out, err = decoded(capsys, "--map", str(maps[1]), str(DATA / "unseen.log"))
    assert code == 2 and "unseen.dbc has no signal StrMain.StrVolts" in err
