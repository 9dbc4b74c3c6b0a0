"""The recordings of the pretend batteries, through the maps: the story that record_can.py tells."""

from pathlib import Path

import pytest

from appliance.io.bms.decoder import Decoder
from appliance.io.buses.can import EXTENDED, Frame
from appliance.model import BatteryReading, BatteryState
from tests.simulator.record_can import FOLDER, RACKS, START_S

LOGS = sorted(FOLDER.glob("*.log"))


def parse(path: Path) -> list[Frame]:
    """Lines of `candump -L`."""
    frames = []
    for line in path.read_text().splitlines():
        at, _, said = line.split()
        number, _, data = said.partition("#")
        extended = EXTENDED if len(number) == 8 else 0
        at_s = float(at.strip("()")) - START_S
        frames.append(Frame(int(number, 16) | extended, bytes.fromhex(data), at_s))
    return frames


def at(frames: list[Frame], decoder: Decoder, until_s: float) -> BatteryReading:
    """The reading at a time of the story."""
    while frames and frames[0].at_s < until_s:
        decoder.store(frames.pop(0))
    return decoder.reading(until_s)


@pytest.mark.parametrize("path", LOGS, ids=[path.stem for path in LOGS])
def test_the_story(path: Path) -> None:
    frames, racks = parse(path), RACKS.get(path.stem, 2)
    assert path.stat().st_size < 100_000
    assert [f.at_s for f in frames] == sorted(f.at_s for f in frames)
    decoder = Decoder.of(path.stem, racks=racks, capacity_wh=60_000.0)
    discharging = at(frames, decoder, 4.45)
    assert discharging.state is BatteryState.CONNECTED
    assert discharging.current_a is not None
    assert discharging.current_a > 5.0
    charging = at(frames, decoder, 6.95)
    assert charging.current_a is not None
    assert charging.current_a < -5.0
    assert charging.faults == ()
    at_end = at(frames, decoder, 8.0)
    told = (*at_end.faults, *at_end.warnings, *at_end.racks[-1].faults)
    assert told, "the last rack has a fault by now"
