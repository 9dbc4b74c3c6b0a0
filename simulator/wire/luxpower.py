"""A LuxPower LXP hybrid inverter's registers, and what it does with them.

Source: Lux Power "Modbus RTU Protocol" V23. Power is a percentage of its rating, in windows by its own
clock, bit 7 of register 21 for charging and bit 10 for discharging, inside the limits in 64 and 65.
All that is written stays over a restart, and wears its memory: `flash_writes` counts it. Its clock
begins on 1 January 2026 and goes with the plant. What it does outside every window by a rule of its own
is not printed; `own_rule` lets it cover the house inside its limits, as such inverters do.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from typing_extensions import override

from simulator.models.inverter import Alarm, Inverter, State
from simulator.models.rack import DcSide
from simulator.models.site import Site
from simulator.wire.registers import (
    I16,
    READ_HOLDING,
    READ_INPUT,
    U16,
    Form,
    IllegalAddressError,
    IllegalValueError,
    Read,
    Registers,
    Row,
    Store,
)

RATED_W = 10_000.0
SERIAL = "LX12345678"
PAGE, LAST_HOLDING, LAST_INPUT = 40, 261, 232
BEGIN = datetime(2026, 1, 1)  # noqa: DTZ001 its clock knows no zone
ON, CHARGE, DISCHARGE, RESTART = 1 << 9, 1 << 7, 1 << 10, 1 << 7
FINE = {60: 143, 64: 138, 65: 139, 66: 140, 74: 141, 82: 142}
"""Percentages that are there twice, the second time in 0.1 %."""
PERCENT = {60, 61, 64, 65, 66, 67, 74, 75, 82, 83}
TIMES = {*range(68, 74), *range(76, 82), *range(84, 90)}
READ_ONLY = {*range(7, 11), 12, 13, 14}
BY_TIME = 1
U32_LOW_FIRST = Form(2, 0, 0xFFFFFFFF, 0xFFFFFFFF, low_word_first=True)
MADE_WITH = {7: 0x4146, 8: 0x4241, 15: 1, 21: 1 << 15 | 1 << 4, 64: 100, 65: 100, 66: 50, 67: 100,
             68: 0, 69: 6, 82: 100, 83: 10, 103: 100, 105: 10, 112: 0}  # fmt: skip
"""As it leaves the works: "FAAB", an AC charging window from 0 to 6 o'clock."""


class Following(Inverter):
    """The plant's inverter, which asks at every step what its registers say."""

    def __init__(self, rated_w: float, rule: Callable[["Following"], None]) -> None:
        super().__init__(rated_w=rated_w)
        self._rule = rule

    @override
    def step(self, dt_s: float, rack: DcSide) -> None:
        self._rule(self)
        super().step(dt_s, rack)


class Paged(Registers):
    """Reads of at most 40 registers that do not cross a multiple of 40; holding registers in a plain list."""

    def __init__(self, rows: Sequence[Row], held: Callable[[int], int], put: Callable[[int, int], None]) -> None:  # fmt: skip
        super().__init__(rows)
        self._held, self._put = held, put

    @override
    def read(self, function: int, address: int, count: int) -> list[int]:
        if not 0 < count <= PAGE or address // PAGE != (address + count - 1) // PAGE:
            raise IllegalAddressError
        if function != READ_HOLDING:
            return super().read(function, address, count)
        if address + count - 1 > LAST_HOLDING:
            raise IllegalAddressError
        return [self._held(at) for at in range(address, address + count)]

    @override
    def write(self, function: int, address: int, values: Sequence[int]) -> None:
        del function
        for at, value in enumerate(values, address):
            _check(at, value)
        for at, value in enumerate(values, address):
            self._put(at, value)


def _check(address: int, value: int) -> None:
    """Raises IllegalAddressError, IllegalValueError."""
    if address > LAST_HOLDING or address in READ_ONLY:
        raise IllegalAddressError
    if address in PERCENT and value > 100:
        raise IllegalValueError
    if address in FINE.values() and value > 1_000:
        raise IllegalValueError
    if address in TIMES and (value & 0xFF > 23 or value >> 8 > 59):
        raise IllegalValueError


class LuxPower:
    """The inverter."""

    def __init__(self, site: Site, speed: float = 1.0) -> None:
        del speed  # Its clock is the plant's.
        self._site = site
        self._settings = dict(MADE_WITH)
        self.flash_writes: Counter[int] = Counter()
        self.own_rule = False
        self.clock_stands_at_s: float | None = None
        self.clock_known = True
        self.inverter = site.inverter = Following(RATED_W, self._rule)
        for coarse, fine in FINE.items():
            self._settings[fine] = 10 * self._settings.get(coarse, 0)
        self.registers: Registers = Paged(self._rows(), self.held, self._put)

    def answers_to(self, _unit: int) -> bool:
        """Its own address only."""
        return False

    def on_write(self) -> None:
        """Nothing depends on being spoken to."""

    def reboot(self) -> None:
        """What it was told stays; it begins again with it."""
        self.inverter.state, self.inverter.alarm = State.IDLE, Alarm.NONE
        self.inverter.ac_power_w = 0.0

    # ------------------------------------------------------------ what it holds

    def held(self, address: int) -> int:
        """A holding register."""
        if address in (12, 13, 14):
            return self._clock()[address - 12]
        return self._settings.get(address, 0)

    def _put(self, address: int, value: int) -> None:
        self.flash_writes[address] += 1
        if address == 11:
            if value & RESTART:
                self.reboot()
            return
        self._settings[address] = value
        for coarse, fine in FINE.items():
            if address == coarse:
                self._settings[fine] = 10 * value
            elif address == fine:
                self._settings[coarse] = value // 10

    def now(self) -> datetime:
        """Its clock."""
        stands_s = self.clock_stands_at_s
        return BEGIN + timedelta(seconds=self._site.elapsed_s if stands_s is None else stands_s)

    def _clock(self) -> tuple[int, int, int]:
        if not self.clock_known:
            return 0, 0, 0
        now = self.now()
        return now.year - 2000 | now.month << 8, now.day | now.hour << 8, now.minute | now.second << 8  # fmt: skip

    # ------------------------------------------------------------ what it does

    def _rule(self, inverter: Inverter) -> None:
        on = bool(self.held(21) & ON)
        if inverter.state is State.ALARM and not on:
            inverter.acknowledge()
        inverter.on = on and inverter.state is not State.ALARM
        inverter.setpoint_w = self._wanted_w() if inverter.on else 0.0

    def _wanted_w(self) -> float:
        bits, soc_pct, held = self.held(21), self._site.rack.soc_pct, self.held
        charge_w = -RATED_W * min(held(140), held(138)) / 1_000.0
        discharge_w = RATED_W * min(held(142), held(139)) / 1_000.0
        charging = bits & CHARGE and held(120) >> 1 & 7 == BY_TIME and not held(120) & 1
        if charging and self._inside(68) and soc_pct < held(67):
            return charge_w
        if bits & DISCHARGE and self._inside(84) and soc_pct > held(83):
            return discharge_w
        if not self.own_rule:
            return 0.0
        missing_w = self._site.grid_w + self.inverter.ac_power_w
        most_w = (-RATED_W * held(64) / 100.0, RATED_W * held(65) / 100.0)
        return max(most_w[0], min(most_w[1], missing_w))

    def _inside(self, first: int) -> bool:
        """In one of three windows; the end minute belongs to it, and one without length is none."""
        now = self.now().hour * 60 + self.now().minute
        windows = ((self.held(at), self.held(at + 1)) for at in range(first, first + 6, 2))
        return any(a != b and _minute(a) <= now <= _minute(b) for a, b in windows)

    def _state(self) -> float:
        inverter = self.inverter
        if inverter.state is State.ALARM:
            return 0x01
        if abs(inverter.ac_power_w) < 1.0:
            return 0x00
        return 0x10 if inverter.ac_power_w > 0.0 else 0x20

    def _broken(self) -> bool:
        return self.inverter.state is State.ALARM

    # ------------------------------------------------------------ the table

    def _rows(self) -> list[Row]:
        site, inverter, rack = self._site, self.inverter, self._site.rack

        def row(address: int, read: Read, scale: float = 1.0, form: Form = U16) -> Row:
            return Row(address, form, read, scale, functions=(READ_INPUT,))

        rows = [
            row(0, self._state),
            row(4, lambda: rack.voltage_v, 0.1),
            row(5, lambda: 100 << 8 | int(rack.soc_pct)),
            row(10, lambda: max(-rack.power_w, 0.0)),
            row(11, lambda: max(rack.power_w, 0.0)),
            row(12, lambda: site.voltage_v, 0.1),
            row(15, lambda: site.frequency_hz, 0.01),
            row(16, lambda: max(inverter.ac_power_w, 0.0)),
            row(17, lambda: max(-inverter.ac_power_w, 0.0)),
            row(18, lambda: abs(inverter.ac_power_w) / site.voltage_v, 0.01),
            row(19, Store(1_000).read),
            row(20, lambda: site.voltage_v, 0.1),
            row(23, lambda: site.frequency_hz, 0.01),
            row(26, lambda: max(-site.grid_w, 0.0)),
            row(27, lambda: max(site.grid_w, 0.0)),
            row(38, Store(380.0).read, 0.1),
            row(60, lambda: float(self._broken() << 30), form=U32_LOW_FIRST),
            row(62, lambda: float((not rack.connected) << 27), form=U32_LOW_FIRST),
            row(64, lambda: site.box_temperature_c + 12.0, form=I16),
            row(65, lambda: site.box_temperature_c + 18.0, form=I16),
            row(66, lambda: site.box_temperature_c + 17.0, form=I16),
            row(67, lambda: rack.temperature_c, form=I16),
            row(81, lambda: rack.max_charge_w / rack.voltage_v, 0.01),
            row(82, lambda: rack.max_discharge_w / rack.voltage_v, 0.01),
            row(83, lambda: rack.voltage_v * 1.1, 0.1),
            row(84, lambda: rack.voltage_v * 0.9, 0.1),
            row(96, Store(1).read),
            row(98, lambda: -rack.power_w / rack.voltage_v, 0.01, I16),
            row(101, lambda: rack.cell_max_v, 0.001),
            row(102, lambda: rack.cell_min_v, 0.001),
            row(103, lambda: rack.cell_max_c, 0.1, I16),
            row(104, lambda: rack.cell_min_c, 0.1, I16),
            row(106, Store(12).read),
            row(107, lambda: rack.voltage_v, 0.1),
            *(row(115 + i, Store(ord(a) | ord(b) << 8).read) for i, (a, b) in enumerate(zip(SERIAL[::2], SERIAL[1::2], strict=True))),
            row(170, lambda: site.load_w),
        ]  # fmt: skip
        known = {each.address + at for each in rows for at in range(each.form.words)}
        silent = (at for at in range(LAST_INPUT + 1) if at not in known)
        return [*rows, *(row(at, Store().read) for at in silent)]


def _minute(word: int) -> int:
    return 60 * (word & 0xFF) + (word >> 8)
