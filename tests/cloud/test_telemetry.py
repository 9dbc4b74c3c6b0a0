"""What the cloud sees: every value has its unit, and what is not known stays null."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime

import msgspec

from appliance.cloud.telemetry import FIELDS, spot
from appliance.model import (
    ActiveError,
    BatteryReading,
    BatteryState,
    BoardReading,
    Decision,
    Effect,
    InverterReading,
    InverterState,
    Limits,
    MeterReading,
    RackReading,
    SensorReading,
    Setpoints,
    Severity,
    Snapshot,
    State,
)

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SUFFIX = {
    "W": "w",
    "var": "var",
    "Hz": "hz",
    "Wh": "wh",
    "V": "v",
    "A": "a",
    "%": "pct",
    "°C": "c",
    "Ω": "ohm",
}
BLIND = Snapshot(now_s=1.0, utc=AT)
SEEN = Snapshot(
    now_s=1.0,
    utc=AT,
    battery=BatteryReading(
        BatteryState.CONNECTED,
        soc_pct=55.5,
        power_w=-1_030.0,
        racks=(
            RackReading(1, cell_min_v=3.31, cell_max_v=3.36, cell_min_c=21.0, cell_max_c=24.0),
            RackReading(2, cell_min_v=3.29, cell_max_v=3.34, cell_min_c=20.0, cell_max_c=25.0),
            RackReading(3),
        ),
    ),
    inverter=InverterReading(InverterState.RUNNING, power_w=-1_000.0),
    grid=MeterReading(power_w=250.0, frequency_hz=50.01),
    pv=MeterReading(power_w=1_500.0),
    box=SensorReading(temperature_c=30.0),
    board=BoardReading(estop_pressed=False),
    clock_trusted=True,
)
DECISION = Decision(
    cycle=7,
    now_s=1.0,
    utc=AT,
    state=State.RUN,
    goal=State.RUN,
    mode="self_consumption",
    mode_by="cloud",
    setpoints=Setpoints(power_w=-1_000.0, inverter_on=True, contactors_closed=True),
    wish_w=-1_000.0,
    limits=Limits(5_000.0, 4_000.0, "rating"),
    errors=(ActiveError(12, "rack 2", Severity.WARNING, "t", "r", (Effect.NO_CHARGE,), AT),),
    answers=(),
    manual=None,
    why="because",
)


def test_names_are_unique_and_carry_their_unit() -> None:
    names = [field.name for field in FIELDS]
    assert len(set(names)) == len(names)
    for field in FIELDS:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", field.name)
        if field.unit:
            assert field.name.endswith(f"_{SUFFIX[field.unit]}"), field


def test_signs_and_sums() -> None:
    body = spot(SEEN, DECISION)
    assert body["grid_w"] == 250.0
    assert body["battery_w"] == -1_000.0
    assert body["pv_w"] == 1_500.0
    assert body["load_w"] == 250.0 - 1_000.0 + 1_500.0
    assert body["battery_dc_w"] == -1_030.0
    assert (body["cell_min_v"], body["cell_max_v"]) == (3.29, 3.36)
    assert (body["cell_min_c"], body["cell_max_c"]) == (20.0, 25.0)
    assert body["mode_by"] == "cloud"
    assert body["errors"] == ["12 rack 2"]
    assert body["estop_pressed"] is False
    assert body["utc"] == "2026-11-21T12:00:00+00:00"
    assert json.loads(json.dumps(body)) == body


def test_alarms_are_told_in_english_and_in_the_language_of_the_site() -> None:
    error = ActiveError(
        201, "inverter", Severity.ERROR, "Inverter does not answer", "r", (Effect.STOP,), AT
    )
    seen = msgspec.structs.replace(DECISION, errors=(error,))
    told = spot(SEEN, seen, "da")["alarms"]
    assert json.loads(json.dumps(told)) == [
        {
            "id": "201-inverter-20261121T120000.000000Z",
            "number": 201,
            "source": "inverter",
            "severity": "error",
            "title": "Inverter does not answer",
            "language": "da",
            "title_local": "Inverteren svarer ikke",
            "since_at": "2026-11-21T12:00:00+00:00",
            "latched": False,
            "acknowledged_by": None,
        }
    ]
    assert spot(SEEN, msgspec.structs.replace(DECISION, errors=()), "da")["alarms"] == []


def test_what_is_not_known_is_null_and_not_zero() -> None:
    body = spot(BLIND, DECISION)
    measured = {field.name for field in FIELDS if field.unit} - {
        "setpoint_w",
        "wish_w",
        "setpoint_var",
        "max_charge_w",
        "max_discharge_w",
    }
    assert {name for name in measured if body[name] is not None} == set()
    assert body["estop_pressed"] is None
    assert set(body) == set(spot(SEEN, DECISION))


def test_zero_is_not_unknown() -> None:
    still = msgspec.structs.replace(SEEN, grid=MeterReading(power_w=0.0))
    assert spot(still, DECISION)["grid_w"] == 0.0
    unknown = msgspec.structs.replace(SEEN, pv=MeterReading())
    assert spot(unknown, DECISION)["load_w"] is None


def test_the_core_does_not_load_the_sdk() -> None:
    program = "import sys, appliance.cloud.telemetry; sys.exit('azure' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)
