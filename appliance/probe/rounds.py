"""Single cells come a few per frame, in turns: when every rack's turn has begun again, all have been told."""

from appliance.io.bms._codec import frame_id
from appliance.io.bms._signals import Bits, Dictionary
from appliance.io.bms.family import Family
from appliance.io.buses.can import Frame
from appliance.registry import DBC_FOLDER


class Rounds:
    """One round of single cells. Done from the start where the map has none."""

    def __init__(self, family: Family, racks: int) -> None:
        """Of `racks` racks; the map must have been found right."""
        self._places: dict[int, tuple[Bits, ...]] = {}
        """By frame id: what tells its frames apart."""
        self._told: set[tuple[int, ...]] = set()
        self._over: set[int] = set()
        dictionary, layout, cells = Dictionary(family, DBC_FOLDER), family.layout, family.cells
        for name in () if cells is None else cells.message:
            message = dictionary.message(name)
            if cells is None or message is None:
                continue
            base = frame_id(message)
            number = None if cells.number is None else dictionary.bits(f"{name}.{cells.number}")
            indices = [dictionary.named(base, index) for index in layout.index]
            found = (number or dictionary.multiplexer(base), *indices)
            places = tuple([bits for bits in found if bits is not None])
            steps = range(racks if layout.by == "id" else 1)
            self._places |= {base + layout.id_step * step: places for step in steps}

    @property
    def done(self) -> bool:
        """Whether every single cell has been told once."""
        return len(self._over) == len(self._places)

    def store(self, frame: Frame) -> None:
        """Note whose turn it was."""
        places = self._places.get(frame.id)
        if places is None:
            return
        turn = (
            frame.id,
            *[-1 if (raw := bits.raw(frame.data)) is None else raw for bits in places],
        )
        if turn in self._told:
            self._over.add(frame.id)
        self._told.add(turn)
