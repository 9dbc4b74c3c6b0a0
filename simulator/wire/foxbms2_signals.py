"""The signals of foxBMS 2 that the pretend one fills, by message. Source: foxBMS 2's CAN table.

Counted by a DBC's start bits, Motorola order. Signals that are left out are sent as 0.
"""

from simulator.wire.can_codec import Signal

S = Signal

REQUEST = {
    "ResetPersistentFlags": S(2, 1),
    "RequestBmsMode": S(1, 2),
    "ActivateBalancing": S(8, 1),
    "SetBalancingThreshold": S(23, 8),
}
SYSTEM_STATE = {"Substate": S(7, 7), "State": S(0, 5)}
BMS_STATE = {
    "NumberOfConnectedStrings": S(7, 4),
    "BmsState": S(3, 4),
    "InsulationMonitoring": S(13, 1),
    "EmergencyShutoff": S(11, 1),
    "GeneralError": S(10, 1),
    "ChargingComplete": S(8, 1),
    "PackOvercurrentDischargeError": S(26, 1),
    "PackOvercurrentChargeError": S(25, 1),
    "BmsChargingFlag": S(29, 1),
    "CanTimingError": S(24, 1),
    "PhyAlive": S(39, 1),
    "PhyLinked": S(38, 1),
    "BmsSubstate": S(37, 6),
    "InsulationResistance": S(63, 8, 200.0),
    "NumberOfDeactivatedStrings": S(51, 4),
    "BalancingAlgorithmState": S(31, 1),
}
FATAL_ERROR = {"FatalErrorCode": S(7, 8)}
PACK_TEMPERATURES = {
    "StringMinimumCellTemperature": S(31, 4),
    "StringMaximumCellTemperature": S(27, 4),
    "SensorMinimumCellTemperature": S(15, 4),
    "SensorMaximumCellTemperature": S(11, 4),
    "ModuleMinimumCellTemperature": S(23, 4),
    "ModuleMaximumCellTemperature": S(19, 4),
    "MinimumCellTemperature": S(39, 8, 1.0, signed=True),
    "MaximumCellTemperature": S(47, 8, 1.0, signed=True),
}
PACK_VOLTAGES = {
    "MinimumCellVoltageStringIndex": S(31, 4),
    "MaximumCellVoltageStringIndex": S(27, 4),
    "MinimumCellVoltageCellIndex": S(15, 4),
    "MaximumCellVoltageCellIndex": S(11, 4),
    "MinimumCellVoltageModuleIndex": S(23, 4),
    "MaximumCellVoltageModuleIndex": S(19, 4),
    "MaximumCellVoltage": S(37, 14, 0.001, signed=True),
    "MinimumCellVoltage": S(53, 14, 0.001, signed=True),
}
PACK_LIMITS = {
    "MaximumDischargeCurrent": S(7, 12, 0.25),
    "MaximumChargeCurrent": S(11, 12, 0.25),
    "MaximumDischargePower": S(31, 12, 100.0),
    "MaximumChargePower": S(35, 12, 100.0),
    "MaximumBatteryVoltage": S(55, 8, 4.0),
    "MinimumBatteryVoltage": S(63, 8, 4.0),
}
PACK_VALUES = {
    "BatteryVoltage": S(7, 15, 0.1, signed=True),
    "BusVoltage": S(8, 15, 0.1, signed=True),
    "Power": S(25, 17, 10.0, signed=True),
    "Current": S(40, 17, 0.01, signed=True),
}
PACK_INSULATION = {"InsulationResistance": S(7, 13, 7.0)}
PACK_ESTIMATION = {
    "MinimumSoc": S(7, 10, 0.1),
    "MaximumSoc": S(13, 10, 0.1),
    "MinimumSoe": S(19, 10, 0.1),
    "MaximumSoe": S(25, 10, 0.1),
    "Soh": S(47, 8, 0.5),
    "Energy": S(55, 16, 100.0),
}
STRING_STATE = {
    "Mux": S(3, 4),
    "PositiveContactorError": S(32, 1),
    "DeepDischargeError": S(7, 1),
    "IsBalancingActive": S(5, 1),
    "IsStringConnected": S(4, 1),
    "UndervoltageMslError": S(15, 1),
    "OvervoltageMslError": S(14, 1),
    "UndertemperatureDischargeMslErro": S(11, 1),
    "OvertemperatureDischargeMslError": S(10, 1),
    "UndertemperatureChargeMslError": S(9, 1),
    "OvertemperatureChargeMslError": S(8, 1),
    "StringOvercurrentError": S(63, 1),
}
STRING_TEMPERATURES = {
    "Mux": S(3, 4),
    "SensorMinimumCellTemperature": S(15, 4),
    "SensorMaximumCellTemperature": S(11, 4),
    "ModuleMinimumCellTemperature": S(23, 4),
    "ModuleMaximumCellTemperature": S(19, 4),
    "MaximumCellTemperature": S(31, 8, 0.5, signed=True),
    "MinimumCellTemperature": S(39, 8, 0.5, signed=True),
}
STRING_VOLTAGES = {
    "Mux": S(3, 4),
    "SensorMinimumCellVoltage": S(15, 4),
    "SensorMaximumCellVoltage": S(11, 4),
    "ModuleMinimumCellVoltage": S(23, 4),
    "ModuleMaximumCellVoltage": S(19, 4),
    "MaximumCellVoltage": S(31, 14, 0.001, signed=True),
    "MinimumCellVoltage": S(33, 14, 0.001, signed=True),
}
STRING_VALUES = {
    "Mux": S(7, 3),
    "Voltage": S(4, 18, 0.01, signed=True),
    "Current": S(18, 18, 0.01, signed=True),
    "Power": S(32, 18, 10.0, signed=True),
}
STRING_ENERGY = {"Mux": S(7, 4), "EnergyCounter": S(15, 32, 1.0, signed=True)}
STRING_ESTIMATION = {
    "Mux": S(7, 4),
    "MinimumSoc": S(3, 9, 0.2),
    "MaximumSoc": S(10, 9, 0.2),
    "MinimumSoe": S(17, 9, 0.2),
    "MaximumSoe": S(24, 9, 0.2),
    "Soh": S(47, 9, 0.2),
    "Energy": S(54, 15, 10.0),
}
CELL_VOLTAGES = {
    "Mux": S(7, 8),
    **{f"Valid{i}": S(12 + i, 1) for i in range(4)},
    **{f"Cell{i}": S(start, 13, 0.001) for i, start in enumerate((11, 30, 33, 52))},
}
CELL_TEMPERATURES = {
    "Mux": S(7, 8),
    **{f"Valid{i}": S(8 + i, 1) for i in range(6)},
    **{f"Sensor{i}": S(23 + 8 * i, 8, 1.0, signed=True) for i in range(6)},
}
