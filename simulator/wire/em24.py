"""A Carlo Gavazzi EM24 Ethernet meter (EM24-E1) on the wire.

Layout: EM3xx family, 32-bit values low word first, functions 3 and 4 alike, an undefined address
answers exception 2. Power: positive is import at a grid meter, production at a PV meter; a meter
mounted the other way round counts with the opposite sign.
"""

from collections.abc import Callable
from math import sqrt

from simulator.models.site import Site
from simulator.wire.registers import I16, I32_LOW_FIRST, U16, Registers, Row, Store

MODEL = 1_648
FIRMWARE = 0x1830
"""1.8.3: from this version on it works as documented."""
SERIAL = "BX0240001"
PHASES = 3


class Em24:
    """What one meter measures. `power_w`, `import_wh` and `export_wh` say it for a normal mounting."""

    def __init__(
        self,
        site: Site,
        power_w: Callable[[], float],
        import_wh: Callable[[], float],
        export_wh: Callable[[], float],
        *,
        reversed_mounting: bool = False,
    ) -> None:
        self._site = site
        self._power_w = power_w
        self._sign = -1.0 if reversed_mounting else 1.0
        self._import_wh, self._export_wh = import_wh, export_wh
        if reversed_mounting:
            self._import_wh, self._export_wh = export_wh, import_wh
        self.registers = Registers(self._rows(), self._single())

    def power_w(self) -> float:
        """Total active power as the meter counts it."""
        return self._sign * self._power_w()

    def _phase_w(self) -> float:
        return self.power_w() / PHASES

    def _phase_a(self) -> float:
        return abs(self._phase_w()) / self._site.voltage_v

    def _phase_v(self) -> float:
        return self._site.voltage_v

    def _line_v(self) -> float:
        return self._site.voltage_v * sqrt(3.0)

    def _factor(self) -> float:
        return -1.0 if self.power_w() < 0.0 else 1.0

    def _rows(self) -> list[Row]:
        """The measurements; every one of 32 bits unless noted."""
        nothing = Store().read
        rows: list[Row] = []

        def row(
            addresses: range | tuple[int, ...], read: Callable[[], float], scale: float
        ) -> None:
            rows.extend(Row(address, I32_LOW_FIRST, read, scale) for address in addresses)

        row(range(0x00, 0x06, 2), self._phase_v, 0.1)
        row(range(0x06, 0x0C, 2), self._line_v, 0.1)
        row(range(0x0C, 0x12, 2), self._phase_a, 0.001)
        row(range(0x12, 0x18, 2), self._phase_w, 0.1)
        row(range(0x18, 0x1E, 2), lambda: abs(self._phase_w()), 0.1)
        row(range(0x1E, 0x24, 2), nothing, 0.1)
        row((0x24,), self._phase_v, 0.1)
        row((0x26,), self._line_v, 0.1)
        row((0x28,), self.power_w, 0.1)
        row((0x2A,), lambda: abs(self.power_w()), 0.1)
        row((0x2C,), nothing, 0.1)
        rows.extend(Row(address, I16, self._factor, 0.001) for address in range(0x2E, 0x32))
        rows.append(Row(0x32, I16, nothing))
        rows.append(Row(0x33, I16, lambda: self._site.frequency_hz, 0.1))
        row((0x34, 0x3C), self._import_wh, 100.0)
        row((0x36, 0x3E, 0x46, 0x48, 0x50), nothing, 100.0)
        row((0x38, 0x3A), self.power_w, 0.1)
        row(range(0x40, 0x46, 2), lambda: self._import_wh() / PHASES, 100.0)
        row((0x4E,), self._export_wh, 100.0)
        measuring, application, front = Store(0), Store(7), Store(0)
        rows.append(Row(0x1002, U16, measuring.read, write=measuring.write, low=0, high=4))
        rows.append(Row(0xA000, U16, application.read, write=application.write, low=0, high=7))
        rows.append(Row(0xA100, U16, front.read))
        rows.extend(
            Row(0x5000 + i, U16, Store(int.from_bytes(pair, "big")).read)
            for i, pair in enumerate(_words(SERIAL))
        )
        return rows

    def _single(self) -> list[Row]:
        """Registers that must be read one at a time."""
        return [
            Row(0x0B, U16, Store(MODEL).read),
            Row(0x0302, U16, Store(1).read),
            Row(0x0304, U16, Store(FIRMWARE).read),
        ]


def _words(text: str) -> list[bytes]:
    padded = text.encode("ascii").ljust(14, b"\0")
    return [padded[i : i + 2] for i in range(0, 14, 2)]


def grid_meter(site: Site, reversed_mounting: bool = False) -> Em24:
    """The meter at the grid connection: import +."""
    return Em24(
        site,
        lambda: site.grid_w,
        lambda: site.grid_import_wh,
        lambda: site.grid_export_wh,
        reversed_mounting=reversed_mounting,
    )


def pv_meter(site: Site, reversed_mounting: bool = False) -> Em24:
    """The meter of the PV plant: production +."""
    return Em24(
        site,
        lambda: site.pv_w,
        lambda: site.pv_wh,
        lambda: 0.0,
        reversed_mounting=reversed_mounting,
    )
