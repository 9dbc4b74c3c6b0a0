"""Recordings of CAN buses, as frames."""

from pathlib import Path

from appliance.can_log import read_log
from appliance.io.buses.can import Frame

FOLDER = Path(__file__).parent.parent / "recordings" / "can"


def frames_of(family: str) -> list[Frame]:
    """The recording of a family."""
    with (FOLDER / f"{family}.log").open(encoding="utf-8") as lines:
        return read_log(lines).frames
