"""A foxBMS 2 on a CAN bus: says what its strings measure, obeys the cyclic request 0x210.

Discharge is positive on the wire. String, module, cell and sensor indices count from 0; every cell has
a temperature sensor. Limits are rounded down. Cycle times as in foxBMS 2's table.
"""

from collections.abc import Callable, Sequence

from typing_extensions import override

from simulator.models import bms as model
from simulator.wire import foxbms2_signals as signals
from simulator.wire import foxbms2_values as values
from simulator.wire.can_codec import Signal, pack, unpack
from simulator.wire.can_frames import Due, Said
from simulator.wire.can_twin import CanTwin
from simulator.wire.socketcand import Frame

REQUEST_ID, FATAL_ERROR_ID = 0x210, 0x222
CELL_FRAMES, SENSOR_FRAMES = 54, 30
FATAL_CODES = {
    model.CAN_TIMING: 5,
    model.OVERVOLTAGE: 17,
    model.UNDERVOLTAGE: 20,
    model.OVERTEMPERATURE: 26,
    model.UNDERTEMPERATURE: 32,
    model.OVERCURRENT_FAULT: 48,
    model.CONTACTOR_FAULT: 55,
    model.STRANGE_FAULT: 200,
}
NO_ERROR = 85
Table = dict[str, Signal]


class FoxBms2(CanTwin):
    """One battery's foxBMS: its strings are the racks."""

    timeout_s = 1.0
    _told_fault = NO_ERROR

    @override
    def take(self, frame: Frame) -> None:
        if frame.can_id != REQUEST_ID or frame.extended or len(frame.data) < 8:
            return
        wanted = unpack(signals.REQUEST, frame.data)
        self.requests += 1
        self.bms.heard()
        self.bms.request_close = wanted["RequestBmsMode"] in (1, 2)
        self.bms.balancing = bool(wanted["ActivateBalancing"])
        if wanted["ResetPersistentFlags"]:
            self.bms.reset_persistent_flags()

    @override
    def schedule(self) -> Sequence[Due]:
        bms, near = self.bms, self.near
        pack_rows: list[tuple[int, float, Table, Callable[[], values.Values]]] = [
            (0x219, 0.1, signals.SYSTEM_STATE, lambda: {"State": 5}),
            (0x220, 0.1, signals.BMS_STATE, lambda: values.bms_state(bms)),
            (0x230, 0.1, signals.PACK_TEMPERATURES, lambda: values.pack_temperatures(bms)),
            (0x231, 0.1, signals.PACK_VOLTAGES, lambda: values.pack_voltages(bms, near)),
            (0x232, 0.1, signals.PACK_LIMITS, lambda: values.pack_limits(bms)),
            (0x233, 0.1, signals.PACK_VALUES, lambda: values.pack_values(bms, near)),
            (0x234, 0.1, signals.PACK_INSULATION, lambda: {"InsulationResistance": 5_000.0}),
            (0x235, 1.0, signals.PACK_ESTIMATION, lambda: values.pack_estimation(bms)),
        ]
        string_rows: list[tuple[int, float, Table, Callable[[int], values.Values]]] = [
            (0x240, 0.1, signals.STRING_STATE, lambda n: values.string_state(bms, n)),
            (0x241, 0.1, signals.STRING_TEMPERATURES, lambda n: values.string_temperatures(bms, n)),
            (0x242, 0.1, signals.STRING_VOLTAGES, lambda n: values.string_voltages(bms, n, near)),
            (0x243, 0.1, signals.STRING_VALUES, lambda n: values.string_values(bms, n, near)),
            (0x244, 0.1, signals.STRING_ENERGY, lambda n: values.string_energy(bms, n)),
            (0x245, 1.0, signals.STRING_ESTIMATION, lambda n: values.string_estimation(bms, n)),
        ]
        return [
            Due(0.05, lambda _: self._fatal_error()),
            *(_pack(*row) for row in pack_rows),
            *(_strings(*row, len(self.battery.racks)) for row in string_rows),
            Due(0.1, self._cells, CELL_FRAMES),
            Due(0.15, self._sensors, SENSOR_FRAMES),
        ]

    def _fatal_error(self) -> list[Said]:
        """Only when it changes."""
        faults = self.bms.faults
        code = next((code for name, code in FATAL_CODES.items() if name in faults), NO_ERROR)
        if code == self._told_fault:
            return []
        self._told_fault = code
        return [Said(Frame(FATAL_ERROR_ID, pack(signals.FATAL_ERROR, {"FatalErrorCode": code})))]

    def _cells(self, place: int) -> list[Said]:
        """Cells are counted on from string to string."""
        found: values.Values = {"Mux": place}
        size = self.battery.cell_count
        for i in range(4):
            string, cell = divmod(4 * place + i, size)
            if string < len(self.battery.racks):
                found[f"Valid{i}"] = 1
                found[f"Cell{i}"] = self.near(self.battery.racks[string].cell_v(cell), 0.001)
        return [Said(Frame(0x250, pack(signals.CELL_VOLTAGES, found)))]

    def _sensors(self, place: int) -> list[Said]:
        found: values.Values = {"Mux": place}
        size = self.battery.cell_count
        for i in range(6):
            string, cell = divmod(6 * place + i, size)
            if string < len(self.battery.racks):
                found[f"Valid{i}"] = 1
                found[f"Sensor{i}"] = self.battery.racks[string].cell_c(cell)
        return [Said(Frame(0x260, pack(signals.CELL_TEMPERATURES, found)))]


def _pack(can_id: int, period_s: float, table: Table, of: Callable[[], values.Values]) -> Due:
    return Due(period_s, lambda _place: [Said(Frame(can_id, pack(table, of())))])


def _strings(
    can_id: int, period_s: float, table: Table, of: Callable[[int], values.Values], count: int
) -> Due:
    """One frame for each string, told apart by the multiplexer."""

    def build(_place: int) -> list[Said]:
        return [
            Said(Frame(can_id, pack(table, {"Mux": n, **of(n)})), rack=n + 1) for n in range(count)
        ]

    return Due(period_s, build)
