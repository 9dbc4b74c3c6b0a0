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
    NO_CAP,
    SAFE,
    STOPS,
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
    PowerCap,
    RackApart,
    RackPause,
    Recorded,
    Scheduling,
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
    CapPower,
    ForceClimate,
    GoToMode,
    GoToState,
    Request,
    ResetErrors,
    ResetEstop,
    SetPower,
    SleepBattery,
    State,
    Want,
)
from appliance.model.system_info import FirmwareChange, SystemInfo
from appliance.model.word import (
    Word,
)

__all__ = [
    "NO_CAP",
    "SAFE",
    "SHORT_CIRCUIT",
    "STOPS",
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
    "CapPower",
    "ClimateReading",
    "Decision",
    "Effect",
    "FirmwareChange",
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
    "PowerCap",
    "RackApart",
    "RackPause",
    "RackReading",
    "Recorded",
    "RelayReading",
    "Request",
    "ResetErrors",
    "ResetEstop",
    "Scheduling",
    "SensorReading",
    "SetPower",
    "Setpoints",
    "Severity",
    "SleepBattery",
    "Snapshot",
    "State",
    "Status",
    "SystemInfo",
    "Want",
    "Wish",
    "Word",
    "ZoneReading",
]
