"""A foxBMS 2 on a CAN bus: says what the rack measures, obeys the cyclic request 0x210.

Discharge is positive on the wire. Module, cell and sensor indices count from 0; every cell has a
temperature sensor. Limits are rounded down. Cycle times as in foxBMS 2's table.
"""

import asyncio
import time
from collections.abc import Callable
from math import floor

from simulator.models import bms as model
from simulator.models.battery_bms import BatteryBms
from simulator.models.bms import State
from simulator.models.rack import Rack
from simulator.wire import foxbms2_signals as signals
from simulator.wire.can_codec import pack, unpack
from simulator.wire.plugs import Plug
from simulator.wire.socketcand import Frame, Socketcand

REQUEST_ID, FATAL_ERROR_ID = 0x210, 0x222
REQUEST_TIMEOUT_S = 1.0
CELL_FRAMES, SENSOR_FRAMES = 54, 30
TICK_S = 0.05
FATAL_CODES = {
    model.CAN_TIMING: 5,
    model.OVERVOLTAGE: 17,
    model.UNDERVOLTAGE: 20,
    model.OVERTEMPERATURE: 26,
    model.UNDERTEMPERATURE: 32,
    model.OVERCURRENT_FAULT: 48,
}
NO_ERROR = 85
SUBSTATES = {State.STANDBY: 3, State.PRECHARGE: 10, State.NORMAL: 6, State.OPEN_CONTACTORS: 29}
"""BmsSubstate while in a state; 0 otherwise."""


class FoxBms2:
    """One rack's BMS on a bus. `before` brings the plant up to now."""

    def __init__(
        self,
        bms: BatteryBms,
        bus: Socketcand,
        plug: Plug,
        *,
        before: Callable[[], None] = lambda: None,
        speed: float = 1.0,
    ) -> None:
        self._bms, self._rack = bms, bms.battery.racks[0]
        self._bus, self._plug = bus, plug
        self._before = before
        self._told_fault: int = NO_ERROR
        self.requests = 0
        bms.request_timeout_s = REQUEST_TIMEOUT_S * speed
        bus.on_frame = self.receive
        plug.changed = self._plug_changed

    def receive(self, frame: Frame) -> None:
        """A frame from somebody else on the bus."""
        if frame.can_id != REQUEST_ID or not self._plug.is_in:
            return
        wanted = unpack(signals.REQUEST, frame.data)
        self._before()
        self.requests += 1
        self._bms.heard()
        self._bms.request_close = wanted["RequestBmsMode"] in (1, 2)
        if wanted["ResetPersistentFlags"]:
            self._bms.reset_persistent_flags()

    async def run(self) -> None:
        """Send until cancelled, on an absolute timer."""
        tick, due_s = 0, time.monotonic()
        while True:
            if self._plug.is_in:
                self._before()
                self._bus.send(self._frames(tick))
            tick += 1
            due_s = max(due_s + TICK_S, time.monotonic() - 1.0)
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))

    async def _plug_changed(self) -> None:
        await self._bus.open_door(self._plug.fault != "refuse")

    # ------------------------------------------------------------ what is said, and when

    def _frames(self, tick: int) -> list[Frame]:
        """What is due at a tick of 50 ms."""
        frames: list[Frame] = []
        if (fault := self._fault_code()) != self._told_fault:
            self._told_fault = fault
            frames.append(
                Frame(FATAL_ERROR_ID, pack(signals.FATAL_ERROR, {"FatalErrorCode": fault}))
            )
        if tick % 2 == 0:
            frames += self._each_100_ms()
            frames.append(self._cells(tick // 2 % CELL_FRAMES))
        if tick % 3 == 0:
            frames.append(self._sensors(tick // 3 % SENSOR_FRAMES))
        if tick % 20 == 0:
            frames += self._each_second()
        return frames

    def _each_100_ms(self) -> list[Frame]:
        rack = self._rack
        cool, warm = self._place(rack.cell_min_c_at), self._place(rack.cell_max_c_at)
        low, high = self._place(rack.cell_min_at), self._place(rack.cell_max_at)
        sensors = {
            "ModuleMinimumCellTemperature": cool[0], "SensorMinimumCellTemperature": cool[1],
            "ModuleMaximumCellTemperature": warm[0], "SensorMaximumCellTemperature": warm[1],
            "MinimumCellTemperature": rack.cell_min_c, "MaximumCellTemperature": rack.cell_max_c,
        }  # fmt: skip
        extremes = {"MinimumCellVoltage": rack.cell_min_v, "MaximumCellVoltage": rack.cell_max_v}
        return [
            Frame(0x219, pack(signals.SYSTEM_STATE, {"State": 5})),
            Frame(0x220, pack(signals.BMS_STATE, self._state())),
            Frame(0x230, pack(signals.PACK_TEMPERATURES, sensors)),
            Frame(0x231, pack(signals.PACK_VOLTAGES, {
                "MinimumCellVoltageModuleIndex": low[0], "MinimumCellVoltageCellIndex": low[1],
                "MaximumCellVoltageModuleIndex": high[0], "MaximumCellVoltageCellIndex": high[1],
                **extremes,
            })),
            Frame(0x232, pack(signals.PACK_LIMITS, self._limits())),
            Frame(0x233, pack(signals.PACK_VALUES, {
                "BatteryVoltage": rack.voltage_v, "Current": rack.current_a, "Power": rack.power_w,
                "BusVoltage": rack.voltage_v if rack.connected else 0.0,
            })),
            Frame(0x234, pack(signals.PACK_INSULATION, {"InsulationResistance": 5_000.0})),
            Frame(0x240, pack(signals.STRING_STATE, self._string_state())),
            Frame(0x241, pack(signals.STRING_TEMPERATURES, sensors)),
            Frame(0x242, pack(signals.STRING_VOLTAGES, {
                "ModuleMinimumCellVoltage": low[0], "SensorMinimumCellVoltage": low[1],
                "ModuleMaximumCellVoltage": high[0], "SensorMaximumCellVoltage": high[1],
                **extremes,
            })),
            Frame(0x243, pack(signals.STRING_VALUES, {
                "Voltage": rack.voltage_v, "Current": rack.current_a, "Power": rack.power_w,
            })),
            Frame(0x244, pack(signals.STRING_ENERGY, {
                "EnergyCounter": rack.discharge_wh - rack.charge_wh,
            })),
        ]  # fmt: skip

    def _each_second(self) -> list[Frame]:
        rack = self._rack
        soc_pct = min(max(rack.soc_pct, 0.0), 100.0)
        soe_pct = 100.0 * rack.soe_wh / rack.energy_wh
        known = {
            "MinimumSoc": soc_pct, "MaximumSoc": soc_pct, "MinimumSoe": soe_pct, "MaximumSoe": soe_pct,
            "Soh": rack.soh_pct, "Energy": rack.soe_wh,
        }  # fmt: skip
        return [
            Frame(0x235, pack(signals.PACK_ESTIMATION, known)),
            Frame(0x245, pack(signals.STRING_ESTIMATION, known)),
        ]

    def _place(self, number: int) -> tuple[int, int]:
        """Module and cell in it, both from 0, of a cell that is counted from 1."""
        return divmod(number - 1, self._rack.cells_per_module)

    def _state(self) -> dict[str, float]:
        bms, rack = self._bms, self._rack
        return {
            "BmsState": bms.state,
            "BmsSubstate": SUBSTATES.get(bms.state, 0),
            "NumberOfConnectedStrings": rack.connected,
            "GeneralError": bms.state is State.ERROR,
            "EmergencyShutoff": bms.state is State.ERROR,
            "CanTimingError": model.CAN_TIMING in bms.faults,
            "PackOvercurrentDischargeError": model.OVERCURRENT_FAULT in bms.faults
            and rack.current_a >= 0,
            "PackOvercurrentChargeError": model.OVERCURRENT_FAULT in bms.faults
            and rack.current_a < 0,
            "ChargingComplete": rack.soc_pct >= 100.0,
            "BmsChargingFlag": rack.current_a < -0.5,
            "PhyAlive": 1,
            "PhyLinked": 1,
            "InsulationResistance": 5_000.0,
        }

    def _string_state(self) -> dict[str, float]:
        faults = self._bms.faults
        return {
            "IsStringConnected": self._rack.connected,
            "UndervoltageMslError": model.UNDERVOLTAGE in faults,
            "OvervoltageMslError": model.OVERVOLTAGE in faults,
            "UndertemperatureDischargeMslErro": model.UNDERTEMPERATURE in faults,
            "OvertemperatureDischargeMslError": model.OVERTEMPERATURE in faults,
            "UndertemperatureChargeMslError": model.UNDERTEMPERATURE in faults,
            "OvertemperatureChargeMslError": model.OVERTEMPERATURE in faults,
            "StringOvercurrentError": model.OVERCURRENT_FAULT in faults,
        }

    def _limits(self) -> dict[str, float]:
        rack: Rack = self._rack
        count = rack.cell_count
        return {
            "MaximumDischargeCurrent": floor(4.0 * rack.max_discharge_w / rack.voltage_v) / 4.0,
            "MaximumChargeCurrent": floor(4.0 * rack.max_charge_w / rack.voltage_v) / 4.0,
            "MaximumDischargePower": floor(rack.max_discharge_w / 100.0) * 100.0,
            "MaximumChargePower": floor(rack.max_charge_w / 100.0) * 100.0,
            "MaximumBatteryVoltage": 3.65 * count,
            "MinimumBatteryVoltage": 2.5 * count,
        }

    def _cells(self, mux: int) -> Frame:
        values: dict[str, float] = {"Mux": mux}
        for i in range(4):
            if (cell := 4 * mux + i) < self._rack.cell_count:
                values[f"Valid{i}"] = 1
                values[f"Cell{i}"] = self._rack.cell_v(cell)
        return Frame(0x250, pack(signals.CELL_VOLTAGES, values))

    def _sensors(self, mux: int) -> Frame:
        values: dict[str, float] = {"Mux": mux}
        for i in range(6):
            if (cell := 6 * mux + i) < self._rack.cell_count:
                values[f"Valid{i}"] = 1
                values[f"Sensor{i}"] = self._rack.cell_c(cell)
        return Frame(0x260, pack(signals.CELL_TEMPERATURES, values))

    def _fault_code(self) -> int:
        faults = self._bms.faults
        return next((code for name, code in FATAL_CODES.items() if name in faults), NO_ERROR)
