"""100,000 random and mutated frames through every family: nothing is raised, nothing absurd is believed."""

import random
from pathlib import Path

import pytest

from appliance.io.bms import Decoder, load_family
from appliance.io.bms._sources import believable
from appliance.io.buses.can import EXTENDED, Frame
from appliance.model import BatteryReading, RackReading
from appliance.registry import bms_families
from tests.io.recordings import FOLDER, frames_of

FAMILIES = sorted(bms_families())
FRAMES = 100_000
READ_EACH = 500
LOGICAL = {"full", "empty", "balancing", "asleep", "contactors_closed"}


def mutated(name: str, ids: list[int], chance: random.Random) -> list[Frame]:
    """Half random payloads at ids that are read, half recorded frames with bits turned or bytes lost."""
    recorded = frames_of(name) if Path(FOLDER / f"{name}.log").exists() else []
    frames, at_s = [], 0.0
    for number in range(FRAMES):
        at_s += 0.0005 if number % 5_000 else 2.0
        if recorded and number % 2:
            base = recorded[number // 2 % len(recorded)]
            data = bytearray(base.data)
            if data and number % 3:
                data[number % len(data)] ^= 1 << chance.getrandbits(3)
            size = len(data) if number % 7 else chance.randrange(len(data) + 1)
            frames.append(Frame(base.id, bytes(data[:size]), at_s))
        else:
            size = 8 if number % 16 else chance.randrange(9)
            at = ids[number // 2 % len(ids)] if number % 50 else chance.getrandbits(11)
            frames.append(Frame(at, chance.randbytes(size), at_s))
    return frames


def look(reading: BatteryReading | RackReading) -> None:
    """Every number within physical bounds."""
    for name in reading.__struct_fields__:
        value = getattr(reading, name)
        if isinstance(value, float):
            low, high = believable(name)
            assert low <= value <= high, (name, value)
        elif name in LOGICAL:
            assert value is None or isinstance(value, bool)
    if isinstance(reading, RackReading):
        low, high = believable("cell_avg_v")
        assert all(cell is None or low <= cell <= high for cell in reading.cells_v)


@pytest.mark.parametrize("name", FAMILIES)
def test_frames_that_nobody_sent(name: str) -> None:
    family = load_family(name)
    racks = 1 if family.layout.by == "single" else 2
    decoder = Decoder(family, racks, 10_000.0)
    frames = mutated(name, sorted(decoder.frame_ids()), random.Random(name))
    for start in range(0, FRAMES, READ_EACH):
        batch = frames[start : start + READ_EACH]
        decoder.store_all(batch)
        reading = decoder.reading(batch[-1].at_s)
        assert len(reading.racks) == racks
        look(reading)
        for rack in reading.racks:
            look(rack)


def test_a_flood_of_unknown_ids_is_not_kept() -> None:
    decoder = Decoder.of("nbms_2_5", 2)
    decoder.store_all([Frame(number | EXTENDED, bytes(8), 0.0) for number in range(10_000)])
    assert not decoder._payloads.stored
