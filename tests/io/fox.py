"""What a foxBMS 2 puts on the bus, packed by cantools from the DBC: independent of the decoder under test."""

from collections.abc import Iterator
from typing import Any

import cantools
from cantools.database.can import Database

from appliance.io.buses.can import Frame
from appliance.registry import DBC_FOLDER

_loaded = cantools.database.load_file(str(DBC_FOLDER / "foxbms2.dbc"))
assert isinstance(_loaded, Database)
DATABASE: Database = _loaded
STANDBY, PRECHARGE, NORMAL, ERROR = 5, 6, 7, 10

HEALTHY: dict[str, dict[str, float]] = {
    "f_BmsState": {"BmsState": NORMAL, "NumberOfConnectedStrings": 1},
    "f_PackMinMaxCellTemperature": {
        "SensorMinimumCellTemperature": 2, "ModuleMinimumCellTemperature": 1,
        "SensorMaximumCellTemperature": 15, "ModuleMaximumCellTemperature": 7,
        "MinimumCellTemperature": 21, "MaximumCellTemperature": 24,
    },
    "f_PackMinMaxCellVoltage": {
        "MinimumCellVoltageModuleIndex": 2, "MinimumCellVoltageCellIndex": 13,
        "MaximumCellVoltageModuleIndex": 0, "MaximumCellVoltageCellIndex": 0,
        "MinimumCellVoltage": 3281, "MaximumCellVoltage": 3304,
    },
    "f_PackLimits": {
        "MaximumDischargeCurrent": 25.0, "MaximumChargeCurrent": 12.5,
        "MaximumDischargePower": 10.0, "MaximumChargePower": 5.3,
    },
    "f_PackValuesP0": {"BatteryVoltage": 420.0, "BusVoltage": 420.0, "Power": 4.2, "Current": 10.0},
    "f_PackStateEstimation": {"MinimumSoc": 49.0, "MaximumSoc": 51.0, "Soh": 98.5, "Energy": 5.2},
    "f_StringState": {"IsStringConnected": 1},
    "f_StringMinMaxCellTemperature": {
        "SensorMinimumCellTemperature": 2, "ModuleMinimumCellTemperature": 1,
        "SensorMaximumCellTemperature": 15, "ModuleMaximumCellTemperature": 7,
        "MinimumCellTemperature": 21.5, "MaximumCellTemperature": 24.5,
    },
    "f_StringMinMaxCellVoltage": {
        "SensorMinimumCellVoltage": 13, "ModuleMinimumCellVoltage": 2,
        "MinimumCellVoltage": 3281, "MaximumCellVoltage": 3304,
    },
    "f_StringValuesP0": {"Voltage": 419.87, "Current": 9.98, "Power": 4.19},
    "f_StringStateEstimation": {"MinimumSoc": 49.0, "MaximumSoc": 51.0, "Soh": 98.4},
}  # fmt: skip


def frame(name: str, at_s: float, mux: int = 0, **values: float) -> Frame:
    """One message; signals that are not named are 0."""
    message = DATABASE.get_message_by_name(name)
    everything: dict[str, Any] = {signal.name: 0 for signal in message.signals}
    everything |= values
    if message.is_multiplexed():
        everything[f"{name}_Mux"] = mux
    return Frame(message.frame_id, bytes(message.encode(everything, strict=False)), at_s)


def frames(at_s: float, strings: int = 1, /, **changes: dict[str, float]) -> Iterator[Frame]:
    """One round of a healthy battery, with changes by message."""
    for name, values in HEALTHY.items():
        muxed = DATABASE.get_message_by_name(name).is_multiplexed()
        for mux in range(strings if muxed else 1):
            yield frame(name, at_s, mux, **(values | changes.get(name, {})))


def cells(
    at_s: float, millivolts: list[int], name: str = "CellVoltage", per: int = 4
) -> Iterator[Frame]:
    """Single cells from the first on; the rest of the last frame is marked invalid."""
    message = "f_CellVoltages" if name == "CellVoltage" else "f_CellTemperatures"
    for mux in range(-(-len(millivolts) // per)):
        values: dict[str, float] = {}
        for place, value in enumerate(millivolts[per * mux : per * (mux + 1)]):
            values |= {f"{name}{place}": value, f"{name}Valid{place}": 1}
        yield frame(message, at_s, mux, **values)
