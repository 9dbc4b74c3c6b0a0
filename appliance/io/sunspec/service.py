"""Starting, stopping, signs of life and resets of a SunSpec inverter, through whichever models it has."""

from typing import Final

from appliance.io.registers import Register, Values, Write
from appliance.io.sunspec.device import Device
from appliance.io.sunspec.model import Model, Wanted

HEARTBEATS: Final = ((715, "ControllerHb"), (802, "CtrlHb"))
RESETS: Final = ((715, "AlarmReset"), (802, "AlmRst"))
PLACES: Final = ((715, "LocRemCtl"), (802, "LocRemCtl"))
"""1: somebody on site has taken over, and nothing from here counts."""
CONNECT, DISCONNECT = 1, 2
"""802 SetOp"""
INVERTER_STOPPED, INVERTER_STARTED = 1, 3
"""802 SetInvState"""
LARGEST_BEAT: Final = 60_000


class Service:
    """Permission to serve (703), the connection (123), the battery bank (802), control (715)."""

    def __init__(self, device: Device, *, leaves: bool, battery: bool) -> None:
        self._device = device
        self._leaves = leaves
        permit, controls = device.first(703), device.first(123)
        self._permit = permit if permit is not None and permit.has("ES") else None
        self._controls = controls if controls is not None and controls.has("Conn") else None
        bank = device.first(802)
        self._bank = bank if battery and bank is not None else None
        self.rows: tuple[Register, ...] = self._rows()

    def start(self, values: Values) -> tuple[Write, ...]:
        """Connect the battery, permit service, connect."""
        bank = self._bank_writes(CONNECT, INVERTER_STARTED)
        return (
            *bank,
            *_kept(self._permit, "ES", 1, values.get("service")),
            *_kept(self._controls, "Conn", 1, values.get("connection")),
        )

    def stop(self, values: Values) -> tuple[Write, ...]:
        """Out of service; disconnect only a device that has no other word for it."""
        bank = self._bank_writes(DISCONNECT, INVERTER_STOPPED)
        if not self._leaves:
            return bank
        if self._permit is not None:
            return *_kept(self._permit, "ES", 0, values.get("service")), *bank
        return *_kept(self._controls, "Conn", 0, values.get("connection")), *bank

    def beat(self, number: int) -> tuple[Write, ...]:
        """Signs of life: a number that changes."""
        return self._each(HEARTBEATS, number % LARGEST_BEAT)

    def reset(self) -> tuple[Write, ...]:
        """Acknowledge what is latched."""
        return self._each(RESETS, 1)

    def warnings(self, values: Values) -> tuple[str, ...]:
        """Somebody on site has taken over."""
        local = any(values.get(f"local_{model}") == 1 for model, _ in PLACES)
        return ("in local control: it does not listen",) if local else ()

    def _rows(self) -> tuple[Register, ...]:
        rows: list[Register] = []
        if self._permit is not None:
            rows += self._permit.rows([Wanted("ES", "service")])
        if self._controls is not None:
            rows += self._controls.rows([Wanted("Conn", "connection")])
        for number, point in PLACES:
            model = self._device.first(number)
            if model is not None:
                rows += model.rows([Wanted(point, f"local_{number}")])
        return tuple(rows)

    def _each(self, points: tuple[tuple[int, str], ...], value: int) -> tuple[Write, ...]:
        found = ((self._device.first(number), point) for number, point in points)
        return tuple(m.write(point, value) for m, point in found if m is not None and m.has(point))

    def _bank_writes(self, operation: int, inverter: int) -> tuple[Write, ...]:
        if self._bank is None:
            return ()
        return self._bank.write("SetInvState", inverter), self._bank.write("SetOp", operation)


def _kept(model: Model | None, point: str, value: int, held: float | None) -> tuple[Write, ...]:
    """A switch that the device may keep in memory that wears out: written only when it differs."""
    if model is None:
        return ()
    write = model.write(point, value)
    holds = None if held is None else (int(held),)
    return (Write(write.address, write.kind, write.words, stored=True, holds=holds),)
