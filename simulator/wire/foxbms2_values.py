"""What a foxBMS 2 says of the battery and of each string: signal -> value, in V, A, W, Wh, °C, %.

`near` puts a measured value a step or two off.
"""

from math import floor
from typing import Protocol

from simulator.models import bms as model
from simulator.models.battery_bms import BatteryBms
from simulator.models.bms import State
from simulator.models.rack import Rack

Values = dict[str, float]


class Near(Protocol):
    """Puts a measured value a step or two off."""

    def __call__(self, value: float, step: float, outward: int = 0) -> float:
        """`outward`: a lowest one only down (-1), a highest one only up (+1)."""


SUBSTATES = {State.STANDBY: 3, State.PRECHARGE: 10, State.NORMAL: 6, State.OPEN_CONTACTORS: 29}
"""BmsSubstate while in a state; 0 otherwise."""


def bms_state(bms: BatteryBms) -> Values:
    """0x220."""
    battery, current_a = bms.battery, bms.battery.current_a
    connected = sum(rack.connected for rack in battery.racks)
    return {
        "BmsState": bms.state,
        "BmsSubstate": SUBSTATES.get(bms.state, 0),
        "NumberOfConnectedStrings": connected,
        "NumberOfDeactivatedStrings": len(battery.racks) - connected,
        "GeneralError": bms.state is State.ERROR,
        "EmergencyShutoff": bms.state is State.ERROR,
        "CanTimingError": model.CAN_TIMING in bms.faults,
        "PackOvercurrentDischargeError": model.OVERCURRENT_FAULT in bms.faults and current_a >= 0,
        "PackOvercurrentChargeError": model.OVERCURRENT_FAULT in bms.faults and current_a < 0,
        "BalancingAlgorithmState": bms.balancing,
        "ChargingComplete": battery.soc_pct >= 100.0,
        "BmsChargingFlag": current_a < -0.5,
        "PhyAlive": 1,
        "PhyLinked": 1,
        "InsulationResistance": 5_000.0,
    }


def pack_temperatures(bms: BatteryBms) -> Values:
    """0x230."""
    battery = bms.battery
    cool, warm = battery.coolest, battery.warmest
    return {
        "StringMinimumCellTemperature": battery.number(cool) - 1,
        "StringMaximumCellTemperature": battery.number(warm) - 1,
        **_temperatures(cool, warm),
    }


def pack_voltages(bms: BatteryBms, near: Near) -> Values:
    """0x231."""
    battery = bms.battery
    low, high = battery.lowest, battery.highest
    low_at, high_at = _place(low, low.cell_min_at), _place(high, high.cell_max_at)
    return {
        "MinimumCellVoltageStringIndex": battery.number(low) - 1,
        "MinimumCellVoltageModuleIndex": low_at[0],
        "MinimumCellVoltageCellIndex": low_at[1],
        "MaximumCellVoltageStringIndex": battery.number(high) - 1,
        "MaximumCellVoltageModuleIndex": high_at[0],
        "MaximumCellVoltageCellIndex": high_at[1],
        "MinimumCellVoltage": near(low.cell_min_v, 0.001, -1),
        "MaximumCellVoltage": near(high.cell_max_v, 0.001, +1),
    }


def pack_limits(bms: BatteryBms) -> Values:
    """0x232; rounded down."""
    battery = bms.battery
    volts, count = battery.voltage_v, battery.cell_count
    return {
        "MaximumDischargeCurrent": floor(4.0 * battery.max_discharge_w / volts) / 4.0,
        "MaximumChargeCurrent": floor(4.0 * battery.max_charge_w / volts) / 4.0,
        "MaximumDischargePower": floor(battery.max_discharge_w / 100.0) * 100.0,
        "MaximumChargePower": floor(battery.max_charge_w / 100.0) * 100.0,
        "MaximumBatteryVoltage": 3.65 * count,
        "MinimumBatteryVoltage": 2.5 * count,
    }


def pack_values(bms: BatteryBms, near: Near) -> Values:
    """0x233."""
    battery = bms.battery
    voltage_v, current_a = near(battery.voltage_v, 0.1), near(battery.current_a, 0.01)
    return {
        "BatteryVoltage": voltage_v,
        "Current": current_a,
        "Power": voltage_v * current_a,
        "BusVoltage": near(battery.link_v, 0.1),
    }


def pack_estimation(bms: BatteryBms) -> Values:
    """0x235."""
    racks = bms.battery.racks
    socs = [min(max(rack.soc_pct, 0.0), 100.0) for rack in racks]
    soes = [100.0 * rack.soe_wh / rack.energy_wh for rack in racks]
    return {
        "MinimumSoc": min(socs), "MaximumSoc": max(socs), "MinimumSoe": min(soes), "MaximumSoe": max(soes),
        "Soh": bms.battery.soh_pct, "Energy": bms.battery.soe_wh,
    }  # fmt: skip


def string_state(bms: BatteryBms, string: int) -> Values:
    """0x240."""
    master = bms.masters[string]
    faults = master.faults
    return {
        "IsStringConnected": master.rack.connected,
        "IsBalancingActive": bms.balancing and master.rack.cell_max_v - master.rack.cell_min_v > 0.01,
        "UndervoltageMslError": model.UNDERVOLTAGE in faults,
        "OvervoltageMslError": model.OVERVOLTAGE in faults,
        "UndertemperatureDischargeMslErro": model.UNDERTEMPERATURE in faults,
        "OvertemperatureDischargeMslError": model.OVERTEMPERATURE in faults,
        "UndertemperatureChargeMslError": model.UNDERTEMPERATURE in faults,
        "OvertemperatureChargeMslError": model.OVERTEMPERATURE in faults,
        "StringOvercurrentError": model.OVERCURRENT_FAULT in faults,
        "PositiveContactorError": model.CONTACTOR_FAULT in faults,
    }  # fmt: skip


def string_temperatures(bms: BatteryBms, string: int) -> Values:
    """0x241."""
    rack = bms.battery.racks[string]
    return _temperatures(rack, rack)


def string_voltages(bms: BatteryBms, string: int, near: Near) -> Values:
    """0x242."""
    rack = bms.battery.racks[string]
    low, high = _place(rack, rack.cell_min_at), _place(rack, rack.cell_max_at)
    return {
        "ModuleMinimumCellVoltage": low[0], "SensorMinimumCellVoltage": low[1],
        "ModuleMaximumCellVoltage": high[0], "SensorMaximumCellVoltage": high[1],
        "MinimumCellVoltage": near(rack.cell_min_v, 0.001, -1),
        "MaximumCellVoltage": near(rack.cell_max_v, 0.001, +1),
    }  # fmt: skip


def string_values(bms: BatteryBms, string: int, near: Near) -> Values:
    """0x243."""
    rack = bms.battery.racks[string]
    voltage_v, current_a = near(rack.voltage_v, 0.01), near(rack.current_a, 0.01)
    return {"Voltage": voltage_v, "Current": current_a, "Power": voltage_v * current_a}


def string_energy(bms: BatteryBms, string: int) -> Values:
    """0x244."""
    rack = bms.battery.racks[string]
    return {"EnergyCounter": rack.discharge_wh - rack.charge_wh}


def string_estimation(bms: BatteryBms, string: int) -> Values:
    """0x245."""
    rack = bms.battery.racks[string]
    soc_pct = min(max(rack.soc_pct, 0.0), 100.0)
    soe_pct = 100.0 * rack.soe_wh / rack.energy_wh
    return {
        "MinimumSoc": soc_pct, "MaximumSoc": soc_pct, "MinimumSoe": soe_pct, "MaximumSoe": soe_pct,
        "Soh": rack.soh_pct, "Energy": rack.soe_wh,
    }  # fmt: skip


def _temperatures(cool: Rack, warm: Rack) -> Values:
    """Extremes, with the module and sensor where they are."""
    low, high = _place(cool, cool.cell_min_c_at), _place(warm, warm.cell_max_c_at)
    return {
        "ModuleMinimumCellTemperature": low[0], "SensorMinimumCellTemperature": low[1],
        "ModuleMaximumCellTemperature": high[0], "SensorMaximumCellTemperature": high[1],
        "MinimumCellTemperature": cool.cell_min_c, "MaximumCellTemperature": warm.cell_max_c,
    }  # fmt: skip


def _place(rack: Rack, number: int) -> tuple[int, int]:
    """Module and cell in it, both from 0, of a cell that is counted from 1."""
    return divmod(number - 1, rack.cells_per_module)
