"""Frames of one BMS in, BatteryReading out, as its signal map says."""

from collections.abc import Sequence
from math import fsum
from pathlib import Path
from typing import Final

import msgspec

from appliance.io.bms._battery import Battery
from appliance.io.bms._codec import frame_id
from appliance.io.bms._racks import Rack
from appliance.io.bms._signals import Dictionary
from appliance.io.bms._singles import Singles
from appliance.io.bms._sources import Sourcer
from appliance.io.bms._store import Payloads
from appliance.io.bms.family import Family, FamilyError, load_family
from appliance.io.buses.can import Frame
from appliance.model import BatteryReading
from appliance.registry import DBC_FOLDER

FLAG_AGE_FACTOR: Final = 2.0
"""Flags may be this much older than other signals: a lost frame must not look like a fault gone."""
RACKS_AT_ONCE: Final = 4
"""Racks may take turns in one frame; the flags of more of them may be older."""


class Decoder:
    """One battery: keeps the newest frames, and turns them into a reading when asked."""

    def __init__(
        self, family: Family, racks: int, capacity_wh: float, folder: Path = DBC_FOLDER
    ) -> None:
        """Raises FamilyError when the map names what the DBC does not have, or takes fewer racks."""
        self.family = family
        self._capacity_wh = capacity_wh
        dictionary = Dictionary(family, folder)
        self._payloads = payloads = Payloads(family, dictionary)
        self._stored = payloads.stored
        key = dictionary.message(family.key)
        for request in family.request:
            dictionary.message(request.message)
        most = 1 if family.layout.by == "single" else family.layout.max_racks
        if racks > most:
            dictionary.mistakes.append(f"{racks} racks, and there can be {most}")
        sourcer = Sourcer(family, dictionary, payloads)
        self._flag_age_s = FLAG_AGE_FACTOR * family.max_age_s
        turns = max(1.0, racks / RACKS_AT_ONCE) if family.layout.by == "mux" else 1.0
        self._rack_flag_age_s = self._flag_age_s * turns
        self._battery = Battery(family, sourcer, self._flag_age_s)
        self._racks = self._made_racks(sourcer, min(racks, most))
        if key is not None:
            payloads.want(frame_id(key), frame_id(key))
        payloads.check(family.check)
        if dictionary.mistakes or key is None:
            lines = [f"  {mistake}" for mistake in dict.fromkeys(dictionary.mistakes)]
            raise FamilyError("\n".join([f"{family.title}: its signal map is wrong", *lines]))
        self.key_id = frame_id(key)
        steps = [family.layout.id_step * rack for rack in range(min(racks, most))]
        self._keys = frozenset(
            self.key_id + step
            for step in steps
            if step == 0 or payloads.wants(self.key_id + step, self.key_id)
        )
        """A rack's own message publishes for every rack: the first may be the one that is gone."""
        payloads.ready(self._keys)
        self._heard_at_s: float | None = None
        self._speaks_since_s = 0.0
        """When the BMS began to be heard, at first or after a silence."""

    @classmethod
    def of(cls, name: str, racks: int = 1, capacity_wh: float = 0.0) -> "Decoder":
        """The decoder of a family by its name. Raises FamilyError."""
        return cls(load_family(name), racks, capacity_wh)

    @property
    def dropped(self) -> dict[str, int]:
        """Frames that did not count, by why: checksum, counter."""
        return dict(self._payloads.dropped)

    def store(self, frame: Frame) -> bool:
        """Keep a frame; True when it is one that publishes a reading."""
        return self.store_all((frame,))

    def store_all(self, frames: Sequence[Frame]) -> bool:
        """Keep them; True when one of them publishes a reading."""
        self._payloads.store_all(frames)
        before_s, at_s = self._heard_at_s, self._payloads.key_at_s()
        if at_s is None or at_s == before_s:
            return at_s is not None and any(frame[0] in self._keys for frame in frames)
        if before_s is None or at_s - before_s > self._flag_age_s:
            self._speaks_since_s = at_s
        self._heard_at_s = at_s
        return True

    def frame_ids(self) -> frozenset[int]:
        """The frames that it reads."""
        return self._payloads.frame_ids()

    def heard_at_s(self) -> float | None:
        """When the publishing frame came last; None: never."""
        return self._heard_at_s

    def reading(self, now_s: float) -> BatteryReading:
        """What is known now; what is missing, too old or not believable is None."""
        stored, heard_at_s = self._stored, self._heard_at_s
        speaks = heard_at_s is not None and now_s - heard_at_s <= self.family.max_age_s
        awake = speaks and not self._battery.asleep(stored, now_s)
        expected = awake and now_s - self._speaks_since_s > self._rack_flag_age_s
        heard = [rack.read(stored, now_s, expected) for rack in self._racks]
        reading = self._battery.read(stored, now_s, speaks, heard)
        soe_wh = self._energy_wh(reading)
        if soe_wh == reading.soe_wh:
            return reading
        return msgspec.structs.replace(reading, soe_wh=soe_wh)

    def _energy_wh(self, reading: BatteryReading) -> float | None:
        """Of the racks that work: what a BMS tells of the whole has those in it that are open."""
        share, told_wh = reading.working_share, reading.soe_wh
        if share < 1.0:
            known = [rack.soe_wh for rack in reading.working if rack.soe_wh is not None]
            told_wh = fsum(known) if len(known) == len(reading.working) else None
        if told_wh is not None or reading.soc_pct is None or not self._capacity_wh:
            return told_wh
        return reading.soc_pct / 100.0 * self._capacity_wh * share

    def _made_racks(self, sourcer: Sourcer, racks: int) -> list[Rack]:
        family, layout = self.family, self.family.layout
        modules = layout.modules_per_rack
        cells, sensors = (
            None if row is None else Singles(name, row, modules * size, racks, sourcer)
            for name, row, size in (
                ("cell_avg_v", family.cells, layout.cells_per_module),
                ("cell_avg_c", family.sensors, layout.sensors_per_module),
            )
        )
        return [
            Rack(rack, family.rack, sourcer, self._rack_flag_age_s, cells, sensors)
            for rack in range(1, racks + 1)
        ]
