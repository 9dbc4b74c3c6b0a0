"""Carlo Gavazzi meters on the wire: EM24, EM24 Ethernet, EM1xx/ET112, EM3xx/ET3xx, EM5xx.

From the maker's protocol documents (EM100/ET100 v2 rev 6, EM300/ET300 v2 rev 6, EM24-DIN v4 rev 0): 32-bit values low word first (engineering
samples high word first), functions 3 and 4 alike, one register a write, no function 16, an undefined
address answers exception 2, no more words in one request than the family allows. Power: positive is
import at a grid meter, production at a PV meter; a meter mounted the other way round counts with the
opposite sign; one that is not set up for both directions counts everything as import.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import sqrt
from random import Random

from typing_extensions import override

from simulator.models.site import Site
from simulator.wire.carlo_gavazzi_kinds import EM24, EM24_E1, KINDS, ONE_WAY, SAMPLES
from simulator.wire.registers import (
    I16,
    I32,
    I32_LOW_FIRST,
    U16,
    WRITE_MANY,
    Form,
    IllegalAddressError,
    IllegalValueError,
    Read,
    Registers,
    Row,
    Store,
    Write,
)

PHASES, LOCKED = 3, 3
FIRMWARE = 0x1803
"""EM24 Ethernet 1.8.3: from this version on it works as documented."""
SERIAL = "BX0240001"
NOISE = 2
"""Steps of the last digit that a measured value jumps up or down."""


@dataclass(frozen=True)
class Flow:
    """What flows through the meter when it is mounted normally."""

    power_w: Read
    import_wh: Read
    export_wh: Read
    reactive_var: Read = field(default_factory=lambda: Store().read)

    def turned(self) -> "Flow":
        """As a meter sees it that is mounted the other way."""
        return Flow(
            lambda: -(self.power_w() or 0.0),
            self.export_wh,
            self.import_wh,
            lambda: 0.0 - (self.reactive_var() or 0.0),
        )


class Limited(Registers):
    """A table that answers no long request, and takes one register at a time."""

    max_words: int = 0

    @override
    def read(self, function: int, address: int, count: int) -> list[int]:
        if count > self.max_words:
            raise IllegalAddressError
        return super().read(function, address, count)

    @override
    def write(self, function: int, address: int, values: Sequence[int]) -> None:
        if function == WRITE_MANY:
            raise IllegalAddressError
        super().write(function, address, values)


class CarloGavazzi:
    """What one meter measures."""

    def __init__(
        self, site: Site, flow: Flow, code: int = 1648, *, reversed_mounting: bool = False
    ) -> None:
        self._site = site
        self.kind = KINDS[code]
        self._code = code
        self._rng = Random(code)
        self._flow = flow
        if reversed_mounting:
            self._flow = flow.turned()
        self._zero_wh = (0.0, 0.0)
        """What the counters had when they were reset."""
        self.system, self.mode = Store(0), Store(self.kind.mode[1][0])
        self.selector, self.sequence = Store(0), Store(0)
        self.settings = {address: Store(10) for address in self.kind.ratios} | {
            address: Store(low) for address, low, _high in self.kind.line
        }
        limited = Limited(self._rows(), self._single())
        limited.max_words = self.kind.max_words
        self.registers: Registers = limited

    def _both_ways(self) -> bool:
        return self._code not in ONE_WAY and self.mode.value in self.kind.mode[1]

    def power_w(self) -> float:
        """Total active power as the meter counts it."""
        power_w = self._flow.power_w() or 0.0
        return power_w if self._both_ways() else abs(power_w)

    def reactive_var(self) -> float:
        """Total reactive power as the meter counts it."""
        return self._flow.reactive_var() or 0.0

    def _counters(self) -> tuple[float, float]:
        """Import and export in Wh."""
        imported = (self._flow.import_wh() or 0.0) - self._zero_wh[0]
        exported = (self._flow.export_wh() or 0.0) - self._zero_wh[1]
        return (imported, exported) if self._both_ways() else (imported + exported, 0.0)

    def _import_wh(self) -> float:
        return self._counters()[0]

    def _export_wh(self) -> float:
        return self._counters()[1] * (-1.0 if self.kind.negative_export else 1.0)

    def _measured(self, value: Callable[[], float], step: float) -> Read:
        """A value with the noise of a real measurement: zero in the mean."""
        return lambda: value() + step * self._rng.randint(-NOISE, NOISE)

    def _phase_a(self, phases: int) -> float:
        current_a = self.power_w() / phases / self._site.voltage_v
        return current_a if self.kind.signed_current else abs(current_a)

    def _rows(self) -> list[Row]:
        rows = self._three_phase() if self.kind.three_phase else self._single_phase()
        kind, nothing = self.kind, Store().read
        form = self._form
        rows.append(Row(kind.frequency, U16, lambda: self._site.frequency_hz, 0.1))
        rows.append(Row(kind.import_at, form, self._import_wh, 100.0))
        rows.append(Row(kind.export_at, form, self._export_wh, 100.0))
        rows += [Row(at + 2, form, nothing, 100.0) for at in (kind.import_at, kind.export_at)]
        if kind.sequence is not None:
            rows.append(Row(kind.sequence, I16, self.sequence.read))
        return rows + self._set_up()

    @property
    def _form(self) -> Form:
        return I32 if self._code in SAMPLES else I32_LOW_FIRST

    def _three_phase(self) -> list[Row]:
        site, nothing = self._site, Store().read
        rows: list[Row] = []

        def row(
            addresses: range | tuple[int, ...], value: Callable[[], float], scale: float
        ) -> None:
            measured = self._measured(value, scale)
            rows.extend(Row(address, self._form, measured, scale) for address in addresses)

        row(range(0x00, 0x06, 2), lambda: site.voltage_v, 0.1)
        row(range(0x06, 0x0C, 2), lambda: site.voltage_v * sqrt(3.0), 0.1)
        row(range(0x0C, 0x12, 2), lambda: self._phase_a(PHASES), 0.001)
        row(range(0x12, 0x18, 2), lambda: self.power_w() / PHASES, 0.1)
        row(range(0x18, 0x1E, 2), lambda: abs(self.power_w()) / PHASES, 0.1)
        rows.extend(
            Row(address, self._form, lambda: self.reactive_var() / PHASES, 0.1)
            for address in range(0x1E, 0x24, 2)
        )
        row((0x24,), lambda: site.voltage_v, 0.1)
        row((0x26,), lambda: site.voltage_v * sqrt(3.0), 0.1)
        row((0x28,), self.power_w, 0.1)
        row((0x2A,), lambda: abs(self.power_w()), 0.1)
        rows.append(Row(0x2C, self._form, self.reactive_var, 0.1))
        first = self.kind.factor
        rows.extend(Row(at, I16, self._factor, 0.001) for at in range(first, first + 4))
        if self.kind is not EM24:
            rows.extend(Row(at, self._form, nothing, 0.1) for at in (0x38, 0x3A, 0x3C, 0x3E))
            if self.kind.sequence != 0x32:
                rows.append(Row(0x32, I16, nothing))
        else:
            rows.extend(Row(at, self._form, nothing, 0.1) for at in (0x2E, 0x30, 0x38, 0x3A, 0x3C))
        return rows

    def _single_phase(self) -> list[Row]:
        site, nothing = self._site, Store().read
        values: tuple[tuple[int, Callable[[], float], float], ...] = (
            (0x00, lambda: site.voltage_v, 0.1),
            (0x02, lambda: self._phase_a(1), 0.001),
            (0x04, self.power_w, 0.1),
            (0x06, lambda: abs(self.power_w()), 0.1),
        )
        rows = [Row(at, self._form, self._measured(read, step), step) for at, read, step in values]
        rows += [Row(at, self._form, nothing, 0.1) for at in (0x0A, 0x0C, 0x14, 0x16)]
        rows.append(Row(0x08, self._form, self.reactive_var, 0.1))
        return [*rows, Row(self.kind.factor, I16, self._factor, 0.001)]

    def _factor(self) -> float:
        return -1.0 if self.power_w() < 0.0 else 1.0

    def _set_up(self) -> list[Row]:
        """Set-up registers; refused while the front selector is at the padlock."""
        kind = self.kind
        rows = [
            Row(kind.system[0], U16, self.system.read, write=self._new_system, low=0, high=kind.system[1]),
            Row(kind.mode[0], U16, self.mode.read, write=self._kept(self.mode), low=0, high=kind.mode[2]),
        ]  # fmt: skip
        for address, low, high in kind.line:
            store = self.settings[address]
            rows.append(Row(address, U16, store.read, write=self._kept(store), low=low, high=high))
        for address in kind.ratios:
            low_word, high_word = self.settings[address], Store(0)
            rows.append(Row(address, U16, low_word.read, write=self._kept(low_word)))
            rows.append(Row(address + 1, U16, high_word.read, write=self._kept(high_word)))
        padded = SERIAL.encode("ascii").ljust(14, b"\0")
        words = [int.from_bytes(padded[i : i + 2], "big") for i in range(0, 14, 2)]
        rows += [Row(kind.serial + i, U16, Store(word).read) for i, word in enumerate(words)]
        return rows

    def _kept(self, store: Store) -> Write:
        def write(value: float) -> None:
            if self.kind.selector is not None and self.selector.value == LOCKED:
                raise IllegalValueError
            store.write(value)

        return write

    def _new_system(self, value: float) -> None:
        self._kept(self.system)(value)
        if self.kind.resets:
            self._zero_wh = self._flow.import_wh() or 0.0, self._flow.export_wh() or 0.0

    def _single(self) -> list[Row]:
        """Registers that must be read one at a time."""
        rows = [Row(0x0B, U16, Store(self._code).read), Row(0x0302, U16, Store(1).read)]
        if self.kind is EM24_E1:
            rows.append(Row(0x0304, U16, Store(FIRMWARE).read))
        if self.kind.selector is not None:
            rows.append(Row(self.kind.selector, U16, self.selector.read))
        return rows


def grid_flow(site: Site) -> Flow:
    """The meter at the grid connection: import +."""
    return Flow(
        lambda: site.grid_w,
        lambda: site.grid_import_wh,
        lambda: site.grid_export_wh,
        lambda: site.grid_var,
    )


def pv_flow(site: Site) -> Flow:
    """The meter of the PV plant: production +."""
    return Flow(lambda: site.pv_w, lambda: site.pv_wh, lambda: 0.0)


def places(code: int) -> dict[str, Callable[[Site, bool], CarloGavazzi]]:
    """By the meter's place, what makes one with this identification code."""

    def meter(flow: Callable[[Site], Flow]) -> Callable[[Site, bool], CarloGavazzi]:
        return lambda site, turned: CarloGavazzi(site, flow(site), code, reversed_mounting=turned)

    return {"meter.grid": meter(grid_flow), "meter.pv": meter(pv_flow)}
