"""The battery from the command line: what is asked, what is told."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from appliance.arguments import command_line
from appliance.cloud.telemetry import spot
from appliance.ctl.asking import _status_text, status_words
from appliance.ctl.wants import want_of
from appliance.model import BalanceCells, Setpoints, SleepBattery, State, Status, Want
from tests.io.threads import decision
from tests.stories import battery, rack, seen


def asked(*words: str) -> Want:
    chosen = command_line().parse_args(["ctl", *words, "--site", "x.toml"])
    return want_of(chosen.what, vars(chosen))


def test_sleep_wake_and_balance_are_asked_for() -> None:
    assert asked("sleep") == SleepBattery(True, None)
    assert asked("sleep", "--for", "600") == SleepBattery(True, 600.0)
    assert asked("wake") == SleepBattery(False)
    assert asked("balance", "on") == BalanceCells(True)
    assert asked("balance", "off") == BalanceCells(False)


def test_what_is_known_of_the_battery_is_told(tmp_path: Path) -> None:
    told = battery(soc_bms_pct=53.0, soc_drift_pct=3.0, capacity_wh=9_010.0, soh_pct=85.0)
    setpoints = Setpoints(battery_asleep=True, balancing=True, racks_open=(2, 5))
    made = msgspec.structs.replace(decision(setpoints), state=State.IDLE, utc=datetime.now(UTC))
    snapshot = seen(battery=told)
    status = Status("site", "1", 1.0, snapshot, made, {}, {}, 10_600.0, 10.0, 5_000.0)
    words = status_words(status, tmp_path)["battery"]
    assert isinstance(words, dict)
    assert (words["soc_pct"], words["soc_bms_pct"], words["soc_drift_pct"]) == (50.0, 53.0, 3.0)
    assert (words["asleep"], words["balancing"], words["racks_open"]) == (True, True, (2, 5))
    text = _status_text(status)
    assert "racks not connected: 2, 5" in text
    assert "holds 9.0 kWh (85 %)" in text
    body = spot(snapshot, made)
    assert (body["battery_asleep"], body["racks_open"]) == (True, [2, 5])
    assert (body["capacity_wh"], body["soc_bms_pct"]) == (9_010.0, 53.0)
    racks = (rack(1), rack(2, contactors_closed=False))
    one_left = seen(battery=msgspec.structs.replace(told, racks=racks))
    half = msgspec.structs.replace(status, snapshot=one_left)
    assert "holds 4.5 kWh (85 %)" in _status_text(half), "a rack that is open holds nothing"
    words = status_words(half, tmp_path)["battery"]
    assert isinstance(words, dict)
    assert words["capacity_wh"] == 4_505.0
    unknown = msgspec.structs.replace(status, snapshot=seen(battery=None))
    words = status_words(unknown, tmp_path)["battery"]
    assert isinstance(words, dict)
    assert (words["soc_pct"], words["full"], words["state"]) == (None, None, None)
