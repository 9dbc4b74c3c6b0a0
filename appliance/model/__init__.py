"""The words of the product: readings, requests, Snapshot, Setpoints, Decision.

Power into the site's AC bus is positive, everywhere:

    grid     + import      − export
    battery  + discharge   − charge
    pv       + production
    load = grid + battery + pv

Reactive power follows the same direction. Drivers alone convert. The unit is in the name
(`_w _wh _v _a _c _hz _s _va _var _pct`); instants end in `_at` (aware UTC); `now_s` and other
plain seconds are monotonic. A value that is not known is `None`, never 0.
"""

from appliance.model.battery_memory import BalanceEpisode, BatteryMemory
from appliance.model.decisions import (
    SAFE,
    ActiveError,
    Decision,
    Effect,
    ForcedActuator,
    GridView,
    Lateness,
    Limits,
    ManualPower,
    Memory,
    Moment,
    RackApart,
    RackPause,
    Recorded,
    Setpoints,
    Severity,
    Snapshot,
    Status,
    Wish,
)
from appliance.model.readings import (
    SHORT_CIRCUIT,
    WIRE_BROKEN,
    WIRE_WORDS,
    ActuatorReading,
    BatteryReading,
    BatteryState,
    BoardReading,
    ClimateReading,
    InverterReading,
    InverterState,
    MeterReading,
    PhaseReading,
    RackReading,
    RelayReading,
    SensorReading,
    ZoneReading,
)
from appliance.model.requests import (
    AckErrors,
    Answer,
    BalanceCells,
    ForceClimate,
    GoToMode,
    GoToState,
    Request,
    ResetEstop,
    SetPower,
    SleepBattery,
    State,
    Want,
)
from appliance.model.word import (
    Word,
)

__all__ = [
    "SAFE",
    "SHORT_CIRCUIT",
    "WIRE_BROKEN",
    "WIRE_WORDS",
    "AckErrors",
    "ActiveError",
    "ActuatorReading",
    "Answer",
    "BalanceCells",
    "BalanceEpisode",
    "BatteryMemory",
    "BatteryReading",
    "BatteryState",
    "BoardReading",
    "ClimateReading",
    "Decision",
    "Effect",
    "ForceClimate",
    "ForcedActuator",
    "GoToMode",
    "GoToState",
    "GridView",
    "InverterReading",
    "InverterState",
    "Lateness",
    "Limits",
    "ManualPower",
    "Memory",
    "MeterReading",
    "Moment",
    "PhaseReading",
    "RackApart",
    "RackPause",
    "RackReading",
    "Recorded",
    "RelayReading",
    "Request",
    "ResetEstop",
    "SensorReading",
    "SetPower",
    "Setpoints",
    "Severity",
    "SleepBattery",
    "Snapshot",
    "State",
    "Status",
    "Want",
    "Wish",
    "Word",
    "ZoneReading",
]
