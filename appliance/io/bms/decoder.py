"""Frames of one BMS in, BatteryReading out, as its signal map says."""

from pathlib import Path

from appliance.io.bms._averages import Averages
from appliance.io.bms._signals import NO_MUX, Bits, Dictionary, Payloads, frame_id
from appliance.io.bms._sources import Reader, Taken, flags, take
from appliance.io.bms.family import (
    BatteryMap,
    Family,
    FamilyError,
    LimitMap,
    RackMap,
    Sources,
    StateMap,
    load_family,
)
from appliance.io.buses.can import Frame
from appliance.model import BatteryReading, BatteryState, RackReading
from appliance.registry import DBC_FOLDER

FLAG_AGE_FACTOR = 2.0
"""Flags may be this much older than other signals: a lost frame must not look like a fault gone."""
RACKS_AT_ONCE = 4
"""Racks may take turns in one frame; the flags of more of them may be older."""


NOT_HEARD = "state is not heard"
"""The fault of a rack whose flags do not come, while the BMS speaks of other things."""


class Decoder:
    """One battery: keeps the newest frames, and turns them into a reading when asked."""

    def __init__(
        self, family: Family, racks: int, capacity_wh: float, folder: Path = DBC_FOLDER
    ) -> None:
        """Raises FamilyError when the map names what the DBC does not have."""
        self.family = family
        self._racks = racks
        self._capacity_wh = capacity_wh
        dictionary = Dictionary(folder / family.dbc)
        self._read_map(family, dictionary)
        key = dictionary.message(family.key)
        request = [dictionary.message(one.message) for one in family.request]
        request_known = None not in request
        if dictionary.mistakes or key is None or not request_known:
            lines = [f"  {mistake}" for mistake in dict.fromkeys(dictionary.mistakes)]
            raise FamilyError("\n".join([f"{family.title}: its signal map is wrong", *lines]))
        self.key_id = frame_id(key)
        steps = [family.layout.id_step * rack for rack in range(racks)]
        wanted = {number + step for number in (*dictionary.used, self.key_id) for step in steps}
        self._latest = Payloads(wanted, dictionary.multiplexers())
        self._reader = Reader(self._latest, family.layout)
        self._speaks_since_s = 0.0
        """When the BMS began to be heard, at first or after a silence."""

    @classmethod
    def of(cls, name: str, racks: int = 1, capacity_wh: float = 0.0) -> "Decoder":
        """The decoder of a family by its name. Raises FamilyError."""
        return cls(load_family(name), racks, capacity_wh)

    def store(self, frame: Frame) -> bool:
        """Keep a frame; True when it is the one that publishes a reading."""
        key = frame.id == self.key_id
        if key:
            before_s = self.heard_at_s()
            if before_s is None or frame.at_s - before_s > self._flag_age_s:
                self._speaks_since_s = frame.at_s
        self._latest.store(frame)
        return key

    def heard_at_s(self) -> float | None:
        """When the publishing frame came last; None: never."""
        return self._latest.at_s((self.key_id, NO_MUX))

    def reading(self, now_s: float) -> BatteryReading:
        """What is known now; what is missing, too old or not believable is None."""
        reader, battery = self._reader, self._battery
        state, faults = self._state(now_s)
        racks = tuple([self._rack(rack, now_s) for rack in range(1, self._racks + 1)])
        faults += [f"rack {rack.rack}: {fault}" for rack in racks for fault in rack.faults]
        numbers = {
            name: reader.number(name, sources, None, now_s) for name, sources in battery.items()
        }
        voltage_v, soc_pct = numbers["voltage_v"], numbers["soc_pct"]
        soe_wh = numbers["soe_wh"]
        if soe_wh is None and soc_pct is not None:
            soe_wh = soc_pct / 100.0 * self._capacity_wh or None
        return BatteryReading(
            state=state,
            voltage_v=voltage_v,
            current_a=numbers["current_a"],
            power_w=numbers["power_w"],
            soc_pct=soc_pct,
            soh_pct=numbers["soh_pct"],
            soe_wh=soe_wh,
            max_charge_w=self._limit_w(self._max_charge, voltage_v, now_s),
            max_discharge_w=self._limit_w(self._max_discharge, voltage_v, now_s),
            faults=tuple(faults),
            racks=racks,
        )

    # ------------------------------------------------------------ the map, made ready

    def _read_map(self, family: Family, dictionary: Dictionary) -> None:
        battery, age_s = family.battery, family.max_age_s
        self._flag_age_s = FLAG_AGE_FACTOR * age_s
        self._rack_flag_age_s = self._flag_age_s * max(1.0, self._racks / RACKS_AT_ONCE)
        self._battery = _numbers(battery, _BATTERY, dictionary, age_s)
        self._max_charge = _limit(battery.max_charge, dictionary, age_s)
        self._max_discharge = _limit(battery.max_discharge, dictionary, age_s)
        self._faults = flags(battery.faults, dictionary)
        self._reasons = flags(battery.reasons, dictionary)
        self._state_bits = dictionary.bits(family.state.signal or '')
        self._states = _states(family.state, dictionary)
        self._state_names = dictionary.names(family.state.signal or '')
        self._code_bits: Bits | None = None
        self._codes: dict[int, str] = {}
        if battery.code:
            self._code_bits = dictionary.bits(battery.code[0].signal)
            self._codes = dictionary.names(battery.code[0].signal)
        rack = family.rack
        self._rack_numbers = _numbers(rack, _RACK, dictionary, age_s)
        self._rack_faults = flags(rack.faults, dictionary)
        self._rack_warnings = flags(rack.warnings, dictionary)
        layout = family.layout
        cells, sensors = layout.cells_per_module, layout.sensors_per_module
        self._cells = self._averages("cell_avg_v", cells, dictionary)
        self._sensors = self._averages("cell_avg_c", sensors, dictionary)

    def _averages(self, name: str, per_module: int, dictionary: Dictionary) -> Averages | None:
        single = self.family.cells if name == "cell_avg_v" else self.family.sensors
        if single is None:
            return None
        per_rack = per_module * self.family.layout.modules_per_rack
        alone = self._racks == 1
        return Averages(name, single, lambda n: 1 if alone else n // per_rack + 1, dictionary)

    # ------------------------------------------------------------ parts of a reading

    def _state(self, now_s: float) -> tuple[BatteryState, list[str]]:
        reader, family = self._reader, self.family
        faults = reader.texts(self._faults, None, now_s, self._flag_age_s)
        age_s = family.state.max_age_s or family.max_age_s
        assert self._state_bits is not None
        number = reader.raw(self._state_bits, None, now_s, age_s)
        if number is None:
            return BatteryState.UNKNOWN, faults
        state = self._states.get(number, BatteryState.UNKNOWN)
        if state is BatteryState.FAULT:
            faults += reader.texts(self._reasons, None, now_s, self._flag_age_s)
            faults += self._code(now_s)
        elif state is BatteryState.UNKNOWN and number not in self._state_names:
            faults.append(f"unknown state {number}")
        return state, faults

    def _code(self, now_s: float) -> list[str]:
        if not self.family.battery.code or self._code_bits is None:
            return []
        code = self.family.battery.code[0]
        age_s = code.max_age_s or self.family.max_age_s
        number = self._reader.raw(self._code_bits, None, now_s, age_s)
        if number is None:
            return []
        name = self._codes.get(number, f"unknown fault {number}")
        if name in code.none:
            return []
        return [name.removeprefix(code.strip).replace("_", " ").lower()]

    def _limit_w(self, limit: "_Limit", voltage_v: float | None, now_s: float) -> float | None:
        """The smaller of current times voltage and power, of what is known; a negative one is no limit."""
        reader = self._reader
        current_a = reader.number("current_a", limit[0], None, now_s)
        power_w = reader.number("power_w", limit[1], None, now_s)
        by_current_w = None
        if current_a is not None and voltage_v is not None:
            by_current_w = current_a * voltage_v
        known = [limit for limit in (current_a, by_current_w, power_w) if limit is not None]
        if any(limit < 0.0 for limit in known):
            return None
        return min((w for w in (by_current_w, power_w) if w is not None), default=None)

    def _rack(self, rack: int, now_s: float) -> RackReading:
        reader, sources = self._reader, self._rack_numbers

        def number(name: str) -> float | None:
            return reader.number(name, sources[name], rack, now_s)

        cell = {name: reader.value(name, sources[name], rack, now_s) for name in _CELL}
        closed = number("contactors_closed")
        return RackReading(
            rack=rack,
            voltage_v=number("voltage_v"),
            current_a=number("current_a"),
            power_w=number("power_w"),
            soc_pct=number("soc_pct"),
            soh_pct=number("soh_pct"),
            cell_min_v=low_v.number if (low_v := cell["cell_min_v"]) else None,
            cell_max_v=high_v.number if (high_v := cell["cell_max_v"]) else None,
            cell_avg_v=self._cells.mean(rack, self._latest, now_s) if self._cells else None,
            cell_min_v_at=low_v.at if low_v else None,
            cell_max_v_at=high_v.at if high_v else None,
            cell_min_c=low_c.number if (low_c := cell["cell_min_c"]) else None,
            cell_max_c=high_c.number if (high_c := cell["cell_max_c"]) else None,
            cell_avg_c=self._sensors.mean(rack, self._latest, now_s) if self._sensors else None,
            cell_min_c_at=low_c.at if low_c else None,
            cell_max_c_at=high_c.at if high_c else None,
            contactors_closed=None if closed is None else closed != 0.0,
            faults=self._faults_of(rack, now_s),
            warnings=tuple(reader.texts(self._rack_warnings, rack, now_s, self._rack_flag_age_s)),
        )

    def _faults_of(self, rack: int, now_s: float) -> tuple[str, ...]:
        """Flags that are set, and the silence of those that should be heard: no news is not good news."""
        reader, age_s, heard_at_s = self._reader, self._rack_flag_age_s, self.heard_at_s()
        faults = reader.texts(self._rack_faults, rack, now_s, age_s)
        speaks = heard_at_s is not None and now_s - heard_at_s <= self.family.max_age_s
        if speaks and now_s - self._speaks_since_s > age_s:
            rows = self._rack_faults
            if any(reader.raw(row.bits, rack, now_s, age_s) is None for row in rows):
                faults.append(NOT_HEARD)
        return tuple(faults)


_BATTERY = ("voltage_v", "current_a", "power_w", "soc_pct", "soh_pct", "soe_wh")
_CELL = ("cell_min_v", "cell_max_v", "cell_min_c", "cell_max_c")
_RACK = (*_BATTERY[:5], *_CELL, "contactors_closed")

_Limit = tuple[tuple[Taken, ...], tuple[Taken, ...]]


def _numbers(
    words: BatteryMap | RackMap, names: tuple[str, ...], dictionary: Dictionary, age_s: float
) -> dict[str, tuple[Taken, ...]]:
    """The sources of each word of this map."""
    found: dict[str, Sources] = {name: getattr(words, name) for name in names}
    return {name: take(sources, dictionary, age_s) for name, sources in found.items()}


def _limit(limit: LimitMap, dictionary: Dictionary, age_s: float) -> _Limit:
    current, power = limit.current_a, limit.power_w
    return (
        take(current, dictionary, age_s),
        take(power, dictionary, age_s),
    )


def _states(states: StateMap, dictionary: Dictionary) -> dict[int, BatteryState]:
    """The BMS's numbers that mean one of our states."""
    numbers = {name: number for number, name in dictionary.names(states.signal or '').items()}
    found: dict[int, BatteryState] = {}
    for ours, names in (
        (BatteryState.STANDBY, states.standby),
        (BatteryState.PRECHARGE, states.precharge),
        (BatteryState.CONNECTED, states.connected),
        (BatteryState.FAULT, states.fault),
    ):
        for name in names:
            if name.isdecimal():
                found[int(name)] = ours
            elif name in numbers:
                found[numbers[name]] = ours
            else:
                dictionary.mistakes.append(f"{states.signal} has no value {name}")
    return found
