"""Signal maps that are changed: mistakes named all at once, a sign or a bound as data."""

import shutil
from pathlib import Path

import pytest

from appliance.io.bms import Decoder, FamilyError, load_family
from appliance.registry import DBC_FOLDER
from tests.io import fox
from tests.io.fox_heard import healthy


@pytest.mark.parametrize("millivolts", [6001, -1, 8191])
def test_a_cell_that_cannot_be_is_not_known(millivolts: int) -> None:
    changed = {"MaximumCellVoltage": float(millivolts)}
    rack = healthy(f_PackMinMaxCellVoltage=changed, f_StringMinMaxCellVoltage=changed).racks[0]
    assert rack.cell_max_v is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("foxbms2.dbc", "foxbms2.toml"):
        shutil.copy(DBC_FOLDER / name, tmp_path / name)
    return tmp_path


def changed(folder: Path, old: str, new: str) -> None:
    path = folder / "foxbms2.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_all_mistakes_of_a_map_are_named_at_once(folder: Path) -> None:
    changed(folder, "f_PackValuesP0.BatteryVoltage", "f_PackValuesP0.BatteryVolts")
    changed(folder, 'fault = ["ERROR"]', 'fault = ["EROR"]')
    changed(folder, "EmergencyShutoff =", "EmergencyShutdown =")
    with pytest.raises(FamilyError) as error:
        Decoder(load_family("foxbms2", folder), 1, 0.0, folder)
    for words in (
        "no signal f_PackValuesP0.BatteryVolts",
        "f_BmsState.BmsState has no value EROR",
        "no signal f_BmsState.EmergencyShutdown",
    ):
        assert words in str(error.value)


def test_a_map_with_wrong_keys_or_types_is_refused_with_the_place(folder: Path) -> None:
    changed(folder, "scale = 1000.0", 'scale = "big"')
    changed(folder, "period_s = 0.1", "periods = 0.1")
    with pytest.raises(FamilyError) as error:
        load_family("foxbms2", folder)
    for words in ("battery.power_w", "request.1.period_s", "request.1.periods"):
        assert words in str(error.value)


def test_an_unknown_family_says_what_there_is() -> None:
    with pytest.raises(FamilyError, match=r"no BMS family 'fox'; there is: .*foxbms2"):
        load_family("fox")


def test_a_sign_and_a_second_family_are_only_data(folder: Path) -> None:
    changed(
        folder,
        'signal = "f_PackValuesP0.Current"',
        'signal = "f_PackValuesP0.Current", scale = -1.0',
    )
    decoder = Decoder(load_family("foxbms2", folder), 1, 0.0, folder)
    for one in fox.frames(100.0):
        decoder.store(one)
    assert decoder.reading(100.0).current_a == pytest.approx(-10.0)


@pytest.mark.parametrize(
    "source",
    ["current_a = { signal = \"f_PackLimits.MaximumChargeCurrent\"",
     "power_w = { signal = \"f_PackLimits.MaximumChargePower\", scale = 1000.0"],
)  # fmt: skip
def test_a_negative_limit_is_not_known(folder: Path, source: str) -> None:
    changed(folder, source, source.removesuffix(", scale = 1000.0") + ", scale = -1.0")
    decoder = Decoder(load_family("foxbms2", folder), 1, 0.0, folder)
    for one in fox.frames(100.0):
        decoder.store(one)
    reading = decoder.reading(100.0)
    assert reading.max_charge_w is None
    assert reading.max_discharge_w == pytest.approx(10_000.0)
