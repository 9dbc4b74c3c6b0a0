"""site.toml as types: what is installed here, and how far it may go."""

from appliance.site.battery import (
    Balancing,
    Battery,
    CellTemperature,
    CellVoltage,
    Estimate,
    Joining,
    Sleep,
    SocWindow,
    Window,
)
from appliance.site.board import (
    Board,
)
from appliance.site.box import (
    Box,
    Cloud,
    Connection,
    Control,
    SiteSettings,
)
from appliance.site.devices import (
    INVERTER_SPEAKS,
    Device,
    Inverter,
    Meter,
    Sensor,
)
from appliance.site.wires import (
    KINDS,
    REGISTER_BUSES,
    Bus,
    CanBus,
    Gpio,
    I2cBus,
    LxpDongle,
    LxpSerial,
    ModbusRtu,
    ModbusTcp,
    RegisterBus,
    SysFiles,
)

__all__ = [
    "INVERTER_SPEAKS",
    "KINDS",
    "REGISTER_BUSES",
    "Balancing",
    "Battery",
    "Board",
    "Box",
    "Bus",
    "CanBus",
    "CellTemperature",
    "CellVoltage",
    "Cloud",
    "Connection",
    "Control",
    "Device",
    "Estimate",
    "Gpio",
    "I2cBus",
    "Inverter",
    "Joining",
    "LxpDongle",
    "LxpSerial",
    "Meter",
    "ModbusRtu",
    "ModbusTcp",
    "RegisterBus",
    "Sensor",
    "SiteSettings",
    "Sleep",
    "SocWindow",
    "SysFiles",
    "Window",
]
