"""The battery's reading: what the map names, and for the rest what its racks say."""

from collections.abc import Sequence
from typing import Final

import msgspec

from appliance.io.bms._averages import (
    FROM_RACKS,
    all_of,
    any_of,
    carrying,
    limit_w,
    shared_faults,
)
from appliance.io.bms._flags import Code, Flags
from appliance.io.bms._map_values import Sources
from appliance.io.bms._racks import Heard, as_battery
from appliance.io.bms._sources import Sourcer, believed
from appliance.io.bms._states import States, closed_of, of_racks
from appliance.io.bms._store import Stored
from appliance.io.bms.family import Family
from appliance.model import BatteryReading, BatteryState, RackReading

NUMBERS: Final = (
    "voltage_v", "current_a", "power_w", "soc_pct", "soh_pct", "soe_wh", "max_charge_v",
    "min_discharge_v", "cycles", "charged_wh", "discharged_wh", "capacity_wh", "resistance_ohm",
)  # fmt: skip
SWITCHES: Final = ("full", "empty", "balancing", "asleep")


class Battery:
    """Makes the readings of the battery as a whole."""

    def __init__(self, family: Family, sourcer: Sourcer, flag_age_s: float) -> None:
        row = family.battery
        self._single = family.layout.by == "single"
        rack = family.rack
        told = bool(rack.cell_min_v or rack.cell_max_v or family.cells)
        self._nature = BatteryReading(
            BatteryState.UNKNOWN,
            guards_cells=family.cells_optional or not told,
            has_contactors=any(row.open or row.close for row in family.request),
        )
        self._always = None if family.state.always is None else BatteryState(family.state.always)
        self._state_of_racks = not (family.state.signal or family.state.always)
        self._rack_states = family.rack.state.signal is not None
        self._contactors = self._rack_states or bool(family.rack.contactors_closed)
        found: dict[str, Sources] = {name: getattr(row, name) for name in (*NUMBERS, *SWITCHES)}
        self._reads = {
            name: sourcer.reader(name, sources, None) for name, sources in found.items() if sources
        }
        self._limits = {
            name: sourcer.limit(limit, None)
            for name, limit in (
                ("max_charge_w", row.max_charge),
                ("max_discharge_w", row.max_discharge),
            )
            if limit.current_a or limit.power_w
        }
        self._states = States(family.state, sourcer, None)
        self._faults = Flags(row.faults, sourcer, None, flag_age_s)
        self._warnings = Flags(row.warnings, sourcer, None, flag_age_s)
        self._reasons = Flags(row.reasons, sourcer, None, flag_age_s)
        self._codes = [Code(code, sourcer, None, family.max_age_s) for code in row.code]

    def asleep(self, stored: Stored, now_s: float) -> bool | None:
        """What the BMS says of the whole."""
        told = self._reads.get("asleep")
        number = told(stored, now_s) if told else None
        return self._states.read(stored, now_s)[1] if number is None else number != 0.0

    def read(
        self, stored: Stored, now_s: float, speaks: bool, heard: Sequence[Heard]
    ) -> BatteryReading:
        """What is known now. `speaks`: it was heard lately."""
        known = {name: read(stored, now_s) for name, read in self._reads.items()}
        racks: Sequence[RackReading] = [one.reading for one in heard]
        state, _asleep, odd = self._states.read(stored, now_s)
        if self._always is not None and speaks:
            state = self._always
        elif self._state_of_racks and speaks:
            state = of_racks(racks, [one.state for one in heard], self._rack_states)
        elif not self._contactors:
            racks = [_connected_as(rack, state) for rack in racks]
        reading = self._numbers(known, stored, now_s, state, racks)
        if self._single:
            racks = [as_battery(rack, reading) for rack in racks]
        faults, warnings = self._wrong(stored, now_s, state, odd)
        shared, of_warnings = shared_faults(racks, state)
        return msgspec.structs.replace(
            reading,
            racks=tuple(racks),
            faults=(*faults, *shared),
            warnings=(*warnings, *of_warnings),
        )

    def _numbers(
        self, known: dict[str, float | None], stored: Stored, now_s: float,
        state: BatteryState, racks: Sequence[RackReading],
    ) -> BatteryReading:  # fmt: skip
        numbers = {name: known.get(name) for name in NUMBERS}
        carriers = () if self._single else carrying(racks, state)
        for name, of in FROM_RACKS.items():
            if name not in self._reads:
                numbers[name] = believed(name, of(carriers, name))
        voltage_v, current_a = numbers["voltage_v"], numbers["current_a"]
        if numbers["power_w"] is None and "power_w" not in self._reads:
            numbers["power_w"] = believed("power_w", _product(voltage_v, current_a))
        limits = {}
        for name in ("max_charge_w", "max_discharge_w"):
            limit = self._limits.get(name)
            limits[name] = (
                believed(name, limit_w(carriers, name))
                if limit is None
                else limit.read_w(stored, voltage_v, now_s)
            )
        switches = {name: _switch(known.get(name)) for name in SWITCHES}
        asleep = switches["asleep"]
        told = (asleep, self._states.read(stored, now_s)[1], all_of(racks, "asleep"))
        switches["asleep"] = next((one for one in told if one is not None), None)
        if switches["balancing"] is None:
            switches["balancing"] = any_of(racks, "balancing")
        return msgspec.structs.replace(self._nature, state=state, **numbers, **limits, **switches)

    def _wrong(
        self, stored: Stored, now_s: float, state: BatteryState, odd: str | None
    ) -> tuple[list[str], list[str]]:
        """Faults and warnings of the whole."""
        faults = self._faults.texts(stored, now_s)
        warnings = self._warnings.texts(stored, now_s)
        in_fault = state is BatteryState.FAULT
        if in_fault:
            faults += self._reasons.texts(stored, now_s)
        for code in self._codes:
            text = code.text(stored, now_s) if in_fault or code.row.when == "always" else None
            if text is not None:
                (warnings if code.row.warning else faults).append(text)
        if odd is not None:
            faults.append(odd)
        return faults, warnings


def _connected_as(rack: RackReading, state: BatteryState) -> RackReading:
    """Where nobody tells of contactors, a rack that is heard does as the battery does."""
    if rack.silent:
        return rack
    return msgspec.structs.replace(rack, contactors_closed=closed_of(state))


def _switch(number: float | None) -> bool | None:
    return None if number is None else number != 0.0


def _product(voltage_v: float | None, current_a: float | None) -> float | None:
    return None if voltage_v is None or current_a is None else voltage_v * current_a
