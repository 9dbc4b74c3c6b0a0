"""A Tesla site controller on the wire, from two public programs that agree: cepro/simt-flux
`bess_controller/src/powerpack` and oniokiwi/battsim `tesla.c`.

Holding registers, high word first, function 3 and 16. Positive power is discharging. It works in
direct mode (1000 = 1) while its heartbeat alternates; after the timeout in 1023 it leaves direct mode.
"""

from simulator.models.inverter import Alarm, Inverter, State
from simulator.models.site import Site
from simulator.wire.registers import (
    I32,
    READ_HOLDING,
    U16,
    Form,
    Read,
    Registers,
    Row,
    Store,
    Write,
)

BEATS = (0xAA55, 0x55AA)
DEFAULT_TIMEOUT_S = 60.0
BLOCKS = 4.0
FIRMWARE, SERIAL = "1.70.0", "TG1234567890"


class Tesla:
    """The site controller's registers."""

    def __init__(self, site: Site, speed: float = 1.0) -> None:
        self._site = site
        self._inverter: Inverter = site.inverter
        self._speed = speed
        self._stores: dict[int, Store] = {}
        self._rated_wh = 100.0 * site.rack.soe_wh / max(site.rack.soc_pct, 1.0)
        self.registers = Registers(self._rows())
        self.reboot()

    def answers_to(self, _unit: int) -> bool:
        """Its own unit id only."""
        return False

    def on_write(self) -> None:
        """Only the heartbeat keeps it alive."""

    def reboot(self) -> None:
        """Forget everything that it was told."""
        inverter = self._inverter
        inverter.on, inverter.setpoint_w = False, 0.0
        inverter.state, inverter.alarm = State.IDLE, Alarm.NONE
        self._mode, self._active, self._heartbeat = 0.0, 0.0, 0.0
        self._timeout_s = DEFAULT_TIMEOUT_S
        self._follow()

    def _follow(self) -> None:
        inverter = self._inverter
        inverter.comm_timeout_s = self._timeout_s * self._speed
        direct = self._mode == 1.0 and self._active == 1.0
        if (
            inverter.alarm is Alarm.COMMUNICATION
        ):  # It leaves direct mode and waits for a new command.
            inverter.state, inverter.alarm = State.IDLE, Alarm.NONE
            self._mode, direct = 0.0, False
        inverter.on = direct
        self._site.bms.request_close = True

    def _set(self, name: str) -> Write:
        def write(value: float) -> None:
            setattr(self, name, value)
            self._follow()

        return write

    def _beat(self, value: float) -> None:
        if value != self._heartbeat and value in BEATS:
            self._inverter.heard()
        self._heartbeat = value
        self._follow()

    def _set_power(self, power_w: float) -> None:
        self._inverter.setpoint_w = power_w

    def _current_mode(self) -> float:
        self._follow()
        return self._mode

    def _rows(self) -> list[Row]:
        site, inverter = self._site, self._inverter
        store = self._stores

        def read(address: int, form: Form, value: Read) -> Row:
            return Row(address, form, value, functions=(READ_HOLDING,))

        def kept(address: int, form: Form, value: float) -> Row:
            store[address] = Store(value)
            return Row(address, form, store[address].read, functions=(READ_HOLDING,), write=store[address].write)  # fmt: skip

        def commanded(address: int, form: Form, value: Read, write: Write) -> Row:
            return Row(address, form, value, functions=(READ_HOLDING,), write=write)

        return [
            read(100, U16, Store(1).read),
            read(101, U16, Store().read),
            *_text(102, FIRMWARE),
            *_text(118, SERIAL),
            read(134, U16, Store(1).read),
            read(135, U16, Store(1).read),
            *(read(at, U16, Store().read) for at in (136, 137, 138)),
            read(139, I32, lambda: site.rack.max_charge_w),
            read(141, I32, lambda: site.rack.max_discharge_w),
            read(143, I32, Store().read),
            read(145, I32, lambda: self._rated_wh),
            read(200, U16, Store(1).read),
            read(201, I32, lambda: inverter.ac_power_w),
            read(203, I32, Store().read),
            read(205, I32, lambda: self._rated_wh),
            read(207, I32, lambda: site.rack.soe_wh),
            *(read(at, U16, Store().read) for at in range(209, 218)),
            read(218, U16, Store(BLOCKS).read),
            commanded(1000, U16, self._current_mode, self._set("_mode")),
            commanded(1001, U16, lambda: self._active, self._set("_active")),
            kept(1002, U16, 2),
            commanded(1020, I32, lambda: inverter.setpoint_w, self._set_power),
            commanded(1022, U16, lambda: self._heartbeat, self._beat),
            commanded(1023, U16, lambda: self._timeout_s, self._set("_timeout_s")),
            kept(1024, I32, 100_000),
            kept(1026, I32, 100_000),
        ]


def _text(first: int, text: str) -> list[Row]:
    """A string of 32 characters."""
    padded = text.encode("ascii").ljust(32, b"\0")
    return [
        Row(first + i, U16, Store(int.from_bytes(padded[2 * i : 2 * i + 2], "big")).read, functions=(READ_HOLDING,))
        for i in range(16)
    ]  # fmt: skip
