"""Tesla Powerpack and Megapack site controller, Modbus TCP port 502, unit 1.

Register map: cepro/simt-flux `bess_controller/src/powerpack` (C1, in operation) and oniokiwi/battsim
`tesla.c` (C2), which agree; addresses from 0, high word first, function 3 to read and 16 to write even
one register. The public page of another product lists other addresses that contradict the running
code; they are not used.

Positive power is discharging, as ours. The heartbeat alternates between 0xAA55 and 0x55AA; after its
timeout the controller leaves direct mode. Mode and timeout are written after the first power, as C1
does. No state, alarm or stop register is known: "off" is 0 W with power saving allowed; the device
counts as running in direct mode with power saving off. The controller speaks for its battery too
(`battery.driver = "inverter"` in site.toml).
"""

from typing import Final

from typing_extensions import override

from appliance.io.inverters import InverterDriver
from appliance.io.known import within
from appliance.io.registers import Register, Type, Values, Write, grouped
from appliance.model import (
    BatteryReading,
    BatteryState,
    InverterReading,
    InverterState,
    Setpoints,
)
from appliance.settings import Settings
from appliance.site import Inverter

TITLE = "Tesla Powerpack/Megapack site controller (not verified on hardware)"

DIRECT: Final = 1
BEATS: Final = (0xAA55, 0x55AA)
POWER_LIMIT_W: Final = 2.0**31 - 1


def _row(
    address: int, size: Type, name: str, source: str = "C1", *, slow: bool = False
) -> Register:
    return Register(address, size, name, source, slow=slow)


READS = (
    _row(200, "u16", "command_source"),
    _row(201, "i32", "applied_w"),
    _row(205, "i32", "full_wh", "C2"),
    _row(207, "i32", "remaining_wh"),
    _row(218, "u16", "blocks"),
    _row(1000, "u16", "mode"),
    _row(1001, "u16", "always_active"),
    _row(1020, "i32", "direct_w"),
    _row(139, "i32", "max_charge_w", slow=True),
    _row(141, "i32", "max_discharge_w", slow=True),
    _row(145, "i32", "rated_wh", slow=True),
)
BLOCKS = grouped(READS, max_words=47, max_gap=12)

MODE: Final = _row(1000, "u16", "mode")
ALWAYS_ACTIVE: Final = _row(1001, "u16", "always_active")
POWER: Final = _row(1020, "i32", "direct_w")
HEARTBEAT: Final = _row(1022, "u16", "heartbeat")
TIMEOUT: Final = _row(1023, "u16", "timeout_s")
RAMP_UP: Final = _row(1024, "i32", "ramp_up_w_per_s")
RAMP_DOWN: Final = _row(1026, "i32", "ramp_down_w_per_s")


class Driver(InverterDriver):
    """One site controller."""

    blocks = BLOCKS

    def __init__(self, settings: Inverter, _options: Settings) -> None:
        self._settings = settings

    @override
    def reading(self, values: Values) -> InverterReading:
        """`power_w` is the target that the controller applies: it has no register with a measurement."""
        state, faults = _state(values)
        return InverterReading(
            state=state,
            power_w=values.get("applied_w"),
            faults=faults,
            setpoint_w=values.get("direct_w"),
            max_charge_w=values.get("max_charge_w"),
            max_discharge_w=values.get("max_discharge_w"),
        )

    @override
    def battery(self, values: Values) -> BatteryReading:
        """State of charge is the energy left in the energy when full; cells are the controller's business."""
        full_wh, left_wh, rated_wh = (
            values.get(n) for n in ("full_wh", "remaining_wh", "rated_wh")
        )
        soc_pct = None
        if full_wh and left_wh is not None:
            soc_pct = min(100.0, max(0.0, 100.0 * left_wh / full_wh))
        soh_pct = 100.0 * full_wh / rated_wh if full_wh and rated_wh else None
        blocks = values.get("blocks")
        state = BatteryState.STANDBY if blocks == 0.0 else BatteryState.CONNECTED
        return BatteryReading(
            state=BatteryState.UNKNOWN if blocks is None else state,
            power_w=values.get("applied_w"),
            soc_pct=soc_pct,
            soh_pct=soh_pct,
            soe_wh=left_wh,
            max_charge_w=values.get("max_charge_w"),
            max_discharge_w=values.get("max_discharge_w"),
            capacity_wh=full_wh,
            guards_cells=True,
            has_contactors=False,
        )

    @override
    def arm(self) -> tuple[Write, ...]:
        """Ramps, and the timeout; the timeout is written again with the mode, as the device wants it."""
        ramp = self._settings.ramp_w_per_s
        ramps = () if ramp is None else (_many(RAMP_UP, ramp), _many(RAMP_DOWN, ramp))
        return (*ramps, _many(TIMEOUT, self._settings.comm_timeout_s))

    @override
    def writes(self, setpoints: Setpoints, values: Values, beat: int) -> tuple[Write, ...]:
        """Heartbeat, power, and on the way up timeout and mode; down: 0 W and power saving allowed."""
        alive = _many(HEARTBEAT, BEATS[beat % 2])
        state, _faults = _state(values)
        if not setpoints.inverter_on:
            return (alive, _many(POWER, 0), _many(ALWAYS_ACTIVE, 0))
        if state is InverterState.RUNNING:
            return (alive, _many(POWER, within(setpoints.power_w, POWER_LIMIT_W)))
        if state is InverterState.OFF:
            timeout = _many(TIMEOUT, self._settings.comm_timeout_s)
            up = (timeout, _many(MODE, DIRECT), _many(ALWAYS_ACTIVE, 1))
            return (alive, _many(POWER, 0), *up)
        return (alive, _many(POWER, 0))


def _state(values: Values) -> tuple[InverterState, tuple[str, ...]]:
    mode, active, blocks = (values.get(name) for name in ("mode", "always_active", "blocks"))
    if mode is None or active is None or blocks is None:
        return InverterState.UNKNOWN, ()
    if active and blocks == 0.0:
        return InverterState.FAULT, ("no inverter block is available",)
    running = mode == DIRECT and bool(active)
    return (InverterState.RUNNING if running else InverterState.OFF), ()


def _many(row: Register, value: float) -> Write:
    """Everything by function 16."""
    return Write(row.address, "holding", row.encode(value), together=True)
