"""site.toml: all mistakes in one message, each with path, value and what is allowed."""

from pathlib import Path

import pytest

from appliance.__main__ import main
from appliance.config import SiteError, load_site, schema
from tests.stories import HOME

BROKEN = (
    ("max_charge_w = 5000.0", "max_charge_w = -5.0", "inverter.max_charge_w = -5.0"),
    ('driver = "trumpf_ac3025"', 'driver = "acme"', 'inverter.driver = "acme"'),
    ("capacity_wh = 10600.0", 'capacity_wh = "10600"', 'battery.capacity_wh = "10600"'),
    ("estop_pin = 17", "estop_pin = 17\ncolour = 1", "board.colour: unknown key"),
    ('name = "Nordhavn 3"', 'name = ""', 'name = ""'),
)
MODES = """
[control]
start_mode = "perpetual_motion"
[modes.self_consumption]
dead_band_w = -1.0
[modes.levitation]
"""


def broken(tmp_path: Path) -> Path:
    text = HOME.read_text()
    for right, wrong, _ in BROKEN:
        assert right in text
        text = text.replace(right, wrong, 1)
    path = tmp_path / "site.toml"
    path.write_text(text + MODES)
    return path


def test_all_mistakes_in_one_message(tmp_path: Path) -> None:
    with pytest.raises(SiteError) as refused:
        load_site(broken(tmp_path))
    text = str(refused.value)
    for _, _, sentence in BROKEN:
        assert sentence in text, text
    assert "inverter.max_charge_w = -5.0: must be between 0 and 100000000" in text
    assert "this version has: abb_esi, abb_pqstori, " in text
    assert "control.start_mode = 'perpetual_motion': no such mode" in text
    assert "modes.self_consumption.dead_band_w = -1.0" in text
    assert "modes.levitation: no such mode" in text
    assert f"{len(refused.value.mistakes)} mistakes" in text


@pytest.mark.parametrize("command", [["config", "check"], ["core", "--site"], ["run", "--site"]])
def test_nothing_starts_with_a_broken_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert main([*command, str(broken(tmp_path))]) == 2
    assert "unknown key" in capsys.readouterr().err
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize("text", ["", "name = ", "\x00"])
def test_hopeless_files_get_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(text)
    assert main(["config", "check", str(path)]) == 2


def test_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", str(tmp_path / "no.toml")]) == 2
    assert "no.toml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ("[battery.soc]\nreserve_pct = 60.0\nmaximum_pct = 50.0\n", "must be below maximum_pct"),
        ("[battery.cell_voltage]\nmaximum_v = 3.0\n", "must be below maximum_v = 3.0"),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, extra: str, sentence: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(HOME.read_text().replace("[inverter]", f"{extra}\n[inverter]", 1))
    with pytest.raises(SiteError, match=sentence):
        load_site(path)


def test_unknown_bus_is_named_with_those_there_are(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(HOME.read_text().replace('bus = "can0"', 'bus = "can7"'))
    with pytest.raises(SiteError, match=r"battery\.bus = 'can7' is not in buses \(can0"):
        load_site(path)


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ("start = 22", "start = 17", "buttons.start and estop_pin have the same pin: 17"),
        ("unit = 2", "unit = 1", "meters.pv and meters.grid have the same place on a bus"),
        ("port = 15021", "port = 15020", "have the same address: 127.0.0.1:15020"),
        ("build/run/run", "build/run/data", "one survives, the other is emptied"),
        ("build/run/run", "r" * 200, "at most 90 characters"),
        ("comm_timeout_s = 2", "poll_s = 5.0", r"poll_s = 5 must be below max_age_s = 1"),
        ("comm_timeout_s = 2", "comm_timeout_s = 9", "comm_timeout_s = 9 must be at most 4 "),
    ],
)
def test_what_cannot_work_together_is_refused(
    tmp_path: Path, right: str, wrong: str, sentence: str
) -> None:
    path = tmp_path / "site.toml"
    path.write_text(HOME.read_text().replace(right, wrong))
    with pytest.raises(SiteError, match=sentence):
        load_site(path)


def test_an_inverter_that_cannot_speak_for_its_battery_is_refused(tmp_path: Path) -> None:
    text, path = HOME.read_text(), tmp_path / "site.toml"
    family = load_site(HOME).battery.driver
    text = text.replace(
        f'driver = "{family}"\nbus = "can0"', 'driver = "inverter"\nbus = "inverter_lan"'
    )
    path.write_text(text)
    with pytest.raises(SiteError, match="trumpf_ac3025 says nothing of its battery; these do: lux"):
        load_site(path)


def test_folders_that_cannot_be_made_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "site.toml"
    path.write_text(HOME.read_text().replace("build/run/data", "/proc/no/data"))
    assert main(["core", "--site", str(path)]) == 2
    assert "data_folder = '/proc/no/data' cannot be made" in capsys.readouterr().err


def test_a_device_on_a_wrong_kind_of_bus_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(HOME.read_text().replace('bus = "can0"', 'bus = "i2c1"'))
    with pytest.raises(SiteError, match=r"battery\.bus = 'i2c1' is i2c, must be can"):
        load_site(path)


def test_the_shipped_site_is_in_order_and_the_schema_knows_the_modes() -> None:
    assert load_site(HOME).name == "Nordhavn 3"
    modes = schema()["properties"]["modes"]["properties"]
    assert {"self_consumption", "passive", "local_control", "backup"} <= set(modes)


def test_a_sensor_on_the_wrong_kind_of_bus_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(HOME.read_text().replace('driver = "bme680"', 'driver = "cpu"', 1))
    with pytest.raises(SiteError, match=r"sensors\.box\.bus = 'i2c1' is i2c; cpu must be on files"):
        load_site(path)
