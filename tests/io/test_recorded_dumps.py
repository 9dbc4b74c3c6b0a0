"""Every driver reads its recording as it did when that was made, field by field, and as the plant was then."""

import json
from pathlib import Path
from typing import Any

import pytest

from appliance import registry
from appliance.io.buses import BusError
from appliance.io.buses.files import Files
from appliance.registry import bms_families
from tests.io import recorded
from tests.io.recorded import FOLDER, MADE, Answers, driver_of, plain, polled, text_of
from tests.io.recorded_sensors import Replay, measured

Json = dict[str, Any]
FILES = sorted(FOLDER.rglob("*.json"))
SENT = {"off": 0.0, "fault": 0.0, "running at +1000 W": 1_000.0, "running at -1000 W": -1_000.0,
        "importing 1000 W": 1_000.0, "exporting 1000 W": -1_000.0}  # fmt: skip
"""W that are read in each state, discharge and import +."""
STATES = {"off": "off", "fault": "fault", "running at +1000 W": "running", "running at -1000 W": "running"}  # fmt: skip
TOLERANCE = {
    "power_w": 1.5, "dc_voltage_v": 0.1, "frequency_hz": 0.06, "import_wh": 60.0, "export_wh": 60.0,
    "soc_pct": 1.0, "temperature_c": 0.1, "humidity_pct": 0.1, "pressure_hpa": 0.1,
}  # fmt: skip
"""What the resolution of the devices makes of the truth."""
DC_LINK = {"inverters/trumpf_ac3025": 760.0}
"""V of its own DC link, which is not the battery's."""
WORDS = {
    "inverters/trumpf_ac3025": ("alarm 2",),
    "inverters/abb_pqstori": ("current controller error bit 9",),
    "inverters/abb_esi": ("DC bus above 105 %",),
    "inverters/sunspec": ("dc disconnect",),
    "inverters/luxpower_lxp": ("E030 not in the list",),
}
"""How each says its fault."""
TELLS_ITS_OWN = {"inverters/luxpower_lxp"}
"""Reads back only what it has told itself, and here it has told nothing."""
CLOSES_ITSELF = {"pylontech_lv", "pylontech_hv", "sma_35x"}
LOW_VOLTAGE = {"pylontech_lv", "sma_35x"}
BATTERY_WORDS = {
    "pylontech_lv": "system error", "sma_35x": "contactor", "pylontech_hv": "rack 2: protection",
    "foxbms2": "rack 1: positive contactor",
    **dict.fromkeys(("cbms", "nbms_2_3", "nbms_2_4", "nbms_2_5"), "rack 2: contactor does not do as told"),
}  # fmt: skip


def loaded(path: Path) -> Json:
    recording: Json = json.loads(path.read_text(encoding="utf-8"))
    return recording


def of_kind(*kinds: str) -> list[Any]:
    return [
        pytest.param(recording, state, id=f"{path.stem}: {state}")
        for path in FILES
        if (recording := loaded(path))["driver"].startswith(kinds)
        for state in recording["states"]
    ]


def test_every_driver_and_every_family_has_a_recording() -> None:
    drivers = {
        f"{folder}/{name}"
        for folder in ("inverters", "meters", "sensors")
        for name in registry.names(f"appliance.io.{folder}")
    }
    families = {f"bms/{family}" for family in bms_families()}
    assert {loaded(path)["driver"] for path in FILES} == drivers | families


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_recording_says_where_it_is_from_and_has_two_states_at_least(path: Path) -> None:
    recording, text = loaded(path), path.read_text(encoding="utf-8")
    assert len(recording["states"]) >= 2 and len(recording["device"]) > 5
    assert recording["made"] == MADE and "not verified on hardware" in recording["device"]
    assert text == text_of(recording) + "\n" and len(text) < 100_000
    assert str(recorded.ROOT) not in text, "no path of this machine"


@pytest.mark.parametrize(("recording", "state"), of_kind("inverters/", "meters/"))
class TestRegisters:
    def test_it_reads_the_same_field_by_field(self, recording: Json, state: str) -> None:
        kept = recording["states"][state]
        told = polled(driver_of(recording), Answers(kept["answers"]))
        assert told["reading"] == kept["reading"]
        assert told.get("battery") == kept.get("battery")

    def test_it_reads_what_was_true(self, recording: Json, state: str) -> None:
        kept = recording["states"][state]
        told, true = kept["reading"], kept["plant"]
        true |= {"dc_voltage_v": DC_LINK.get(recording["driver"], true.get("dc_voltage_v"))}
        assert told["power_w"] == pytest.approx(SENT[state], abs=TOLERANCE["power_w"])
        for name in set(true) & set(told) & set(TOLERANCE):
            assert told[name] == pytest.approx(true[name], abs=TOLERANCE[name]), name
        if recording["driver"].startswith("inverters/"):
            assert told["state"] == STATES[state]
            if recording["driver"] not in TELLS_ITS_OWN:
                assert told["setpoint_w"] == pytest.approx(SENT[state])
            words = WORDS[recording["driver"]] if state == "fault" else ()
            assert tuple(told.get("faults", ())) == words
        if (battery := kept.get("battery")) is not None:
            assert battery["soc_pct"] == pytest.approx(true["soc_pct"], abs=TOLERANCE["soc_pct"])
            assert battery["power_w"] == pytest.approx(SENT[state], abs=80.0), "losses lie between"

    def test_without_the_answers_there_is_no_reading(self, recording: Json, state: str) -> None:
        """It is the recording that is read: a device that refuses everything is not."""
        del state
        with pytest.raises((AssertionError, BusError)):
            polled(driver_of(recording), Answers([]))


def transferred(states: Json, what: str) -> list[Json]:
    return [one for one in states["transfers"] if what in one]


@pytest.mark.parametrize(("recording", "state"), of_kind("sensors/"))
def test_sensors(
    recording: Json, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _s: None)
    kept = recording["states"][state]
    if "transfers" in kept:
        replay = Replay(kept["transfers"])
        reading = measured(recording, replay, tmp_path)
        assert replay.written == transferred(kept, "write")
    else:
        for name, text in kept["content"].items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="ascii")
        reading = measured(recording, Files(tmp_path), tmp_path)
    assert plain(reading) == kept["reading"]
    for name, true in kept["plant"].items():
        assert kept["reading"][name] == pytest.approx(true, abs=TOLERANCE[name])
    assert ("temperature_c" in kept["plant"]) == ("temperature_c" in kept["reading"])


@pytest.mark.parametrize("family", sorted(bms_families()))
def test_batteries(family: str) -> None:
    """The log through today's map: the same in every field, and the story that was recorded."""
    kept = loaded(FOLDER / "can" / f"{family}.json")
    assert recorded.can_recording(family) == kept
    told = {state: one["reading"] for state, one in kept["states"].items()}
    if family not in CLOSES_ITSELF:
        assert (told["standby"]["state"], told["precharge"]["state"]) == ("standby", "precharge")
        closed = [rack["contactors_closed"] for rack in told["standby"]["racks"]]
        assert closed == [False] * kept["options"]["racks"]
    power_w = 2_000.0 if family in LOW_VOLTAGE else 10_000.0
    for state, sign in (("discharging", 1.0), ("charging", -1.0)):
        reading = told[state]
        assert reading["state"] == "connected" and "faults" not in reading
        assert reading["power_w"] == pytest.approx(sign * power_w, rel=0.12)
        assert reading["soc_pct"] == pytest.approx(50.0, abs=1.0)
        assert reading["max_charge_w"] > power_w and reading["max_discharge_w"] > power_w
        assert all(rack["contactors_closed"] for rack in reading["racks"])
    fault = told["fault"]
    assert BATTERY_WORDS[family] in (*fault.get("faults", ()), *fault.get("warnings", ()))
