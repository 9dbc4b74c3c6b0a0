"""One rack's reading, from what the map names and what its single cells say."""

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from appliance.io.bms._flags import Code, Flags
from appliance.io.bms._map_values import Sources
from appliance.io.bms._singles import NOTHING, Cells, Singles
from appliance.io.bms._sources import Sourcer, Taken, believed
from appliance.io.bms._states import States, closed_of
from appliance.io.bms._store import Stored
from appliance.io.bms.family import RackMap
from appliance.model import BatteryReading, BatteryState, RackReading

NOT_HEARD: Final = "state is not heard"
"""The fault of a rack of which nothing comes, or no flags, while the BMS speaks of other things."""
IN_FAULT: Final = "in fault"
NUMBERS: Final = (
    "voltage_v", "current_a", "power_w", "soc_pct", "soh_pct", "soe_wh", "cycles", "charged_wh",
    "discharged_wh", "insulation_ohm", "cell_avg_v", "cell_avg_c",
)  # fmt: skip
EXTREMES: Final = ("cell_min_v", "cell_max_v", "cell_min_c", "cell_max_c")
SWITCHES: Final = ("contactors_closed", "balancing", "asleep")
SHARED: Final = (
    "voltage_v", "current_a", "power_w", "soc_pct", "soh_pct", "soe_wh", "max_charge_w",
    "max_discharge_w", "cycles", "charged_wh", "discharged_wh", "balancing", "asleep",
)  # fmt: skip
"""What is the battery's where the battery is one rack."""


class Heard(NamedTuple):
    """Of one rack at one instant."""

    reading: RackReading
    state: BatteryState


class Rack:
    """Makes the readings of one rack."""

    def __init__(
        self, rack: int, row: RackMap, sourcer: Sourcer, flag_age_s: float,
        cells: Singles | None, sensors: Singles | None,
    ) -> None:  # fmt: skip
        self._rack = rack
        self._cells, self._sensors = cells, sensors
        self._single = sourcer.family.layout.by == "single"
        found: dict[str, Sources] = {
            name: getattr(row, name) for name in (*NUMBERS, *EXTREMES, *SWITCHES)
        }
        self._reads = {
            name: sourcer.reader(name, found[name], rack)
            for name in (*NUMBERS, *SWITCHES)
            if found[name]
        }
        self._extremes = {name: sourcer.take(name, found[name], rack) for name in EXTREMES}
        self._limits = {
            "max_charge_w": sourcer.limit(row.max_charge, rack),
            "max_discharge_w": sourcer.limit(row.max_discharge, rack),
        }
        self._states = States(row.state, sourcer, rack)
        self._flags = Flags(row.faults, sourcer, rack, flag_age_s)
        self._warnings = Flags(row.warnings, sourcer, rack, flag_age_s)
        self._codes = [Code(code, sourcer, rack, flag_age_s) for code in row.code]

    def read(self, stored: Stored, now_s: float, expected: bool) -> Heard:
        """What is known now. `expected`: the BMS speaks, so this rack should be heard."""
        known: dict[str, float | None] = {
            name: read(stored, now_s) for name, read in self._reads.items()
        }
        state, asleep, odd = self._states.read(stored, now_s)
        closed = _switch(known.get("contactors_closed"))
        if "contactors_closed" not in self._reads and self._states.given:
            closed = closed_of(state)
        told_asleep = _switch(known.get("asleep"))
        faults, warnings = self._wrong(stored, now_s, state, odd)
        reading = self._reading(known, stored, now_s, closed, tuple(warnings))
        missing = reading.silent and not self._single
        if expected and (missing or not self._flags.all_heard(stored, now_s)):
            faults.append(NOT_HEARD)
        return Heard(
            msgspec.structs.replace(
                reading,
                faults=tuple(faults),
                balancing=_switch(known.get("balancing")),
                asleep=asleep if told_asleep is None else told_asleep,
            ),
            state,
        )

    def _wrong(
        self, stored: Stored, now_s: float, state: BatteryState, odd: str | None
    ) -> tuple[list[str], list[str]]:
        """Faults and warnings."""
        faults = self._flags.texts(stored, now_s)
        warnings = self._warnings.texts(stored, now_s)
        for code in self._codes:
            text = code.text(stored, now_s)
            where = warnings if code.row.warning else faults
            if text is not None and text not in where:
                where.append(text)
        if odd is not None:
            faults.append(odd)
        if state is BatteryState.FAULT and not faults:
            faults.append(IN_FAULT)
        return faults, warnings

    def _reading(
        self, known: dict[str, float | None], stored: Stored, now_s: float,
        closed: bool | None, warnings: tuple[str, ...],
    ) -> RackReading:  # fmt: skip
        cells = self._cells.of(self._rack, stored, now_s) if self._cells else NOTHING
        warm = self._sensors.of(self._rack, stored, now_s) if self._sensors else NOTHING
        low_v, low_v_at = self._extreme("cell_min_v", stored, now_s, cells, min)
        high_v, high_v_at = self._extreme("cell_max_v", stored, now_s, cells, max)
        low_c, low_c_at = self._extreme("cell_min_c", stored, now_s, warm, min)
        high_c, high_c_at = self._extreme("cell_max_c", stored, now_s, warm, max)
        voltage_v, current_a, power_w = (
            known.get("voltage_v"),
            known.get("current_a"),
            known.get("power_w"),
        )
        if "power_w" not in self._reads and voltage_v is not None and current_a is not None:
            power_w = believed("power_w", voltage_v * current_a)
        mean_v, mean_c = known.get("cell_avg_v"), known.get("cell_avg_c")
        return RackReading(
            rack=self._rack,
            voltage_v=voltage_v,
            current_a=current_a,
            power_w=power_w,
            soc_pct=known.get("soc_pct"),
            soh_pct=known.get("soh_pct"),
            cell_min_v=low_v,
            cell_max_v=high_v,
            cell_avg_v=cells.mean if mean_v is None else mean_v,
            cell_min_v_at=low_v_at,
            cell_max_v_at=high_v_at,
            cell_min_c=low_c,
            cell_max_c=high_c,
            cell_avg_c=warm.mean if mean_c is None else mean_c,
            cell_min_c_at=low_c_at,
            cell_max_c_at=high_c_at,
            max_charge_w=self._limits["max_charge_w"].read_w(stored, voltage_v, now_s),
            max_discharge_w=self._limits["max_discharge_w"].read_w(stored, voltage_v, now_s),
            contactors_closed=closed,
            warnings=warnings,
            soe_wh=known.get("soe_wh"),
            cycles=known.get("cycles"),
            charged_wh=known.get("charged_wh"),
            discharged_wh=known.get("discharged_wh"),
            insulation_ohm=known.get("insulation_ohm"),
            cells_v=cells.values,
        )  # fmt: skip

    def _extreme(
        self, name: str, stored: Stored, now_s: float, singles: Cells,
        which: Callable[[float, float], float],
    ) -> tuple[float | None, str | None]:  # fmt: skip
        """The first source that knows; where the map names none, of the single cells."""
        sources: tuple[Taken, ...] = self._extremes[name]
        for taken in sources:
            number = taken.read(stored, now_s)
            if number is not None:
                return number, taken.at(self._rack, stored, now_s)
        if sources or singles.low is None or singles.high is None:
            return None, None
        if which(singles.low, singles.high) == singles.low:
            return singles.low, singles.low_at
        return singles.high, singles.high_at


def _switch(number: float | None) -> bool | None:
    return None if number is None else number != 0.0


def as_battery(rack: RackReading, battery: BatteryReading) -> RackReading:
    """The only rack of a battery that speaks as a whole: what it does not know is the battery's."""
    changes = {name: getattr(battery, name) for name in SHARED if getattr(rack, name) is None}
    if rack.contactors_closed is None:
        changes["contactors_closed"] = closed_of(battery.state)
    return msgspec.structs.replace(rack, **changes)
