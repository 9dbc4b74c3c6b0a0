"""What a decoder of foxBMS 2 has heard."""

from appliance.io.bms import Decoder
from appliance.io.buses.can import Frame
from appliance.model import BatteryReading
from tests.io import fox


def heard(*rounds: Frame, racks: int = 1) -> Decoder:
    decoder = Decoder.of("foxbms2", racks, capacity_wh=10_600.0)
    for one in rounds:
        decoder.store(one)
    return decoder


def healthy(at_s: float = 100.0, racks: int = 1, **changes: dict[str, float]) -> BatteryReading:
    return heard(*fox.frames(at_s, racks, **changes), racks=racks).reading(at_s)
