"""Probing a BMS: listens on a CAN bus, sends nothing."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from appliance.clock import Clock
from appliance.io.bms import Decoder, FamilyError
from appliance.io.buses import BusError
from appliance.io.buses.can import CanPort, open_can
from appliance.probe.found import Found, ProbeError, WrongInputError
from appliance.probe.target import Target
from appliance.settings import Settings
from appliance.site import CanBus

LISTEN_S: Final = 3.0
GATHER_S: Final = 1.2
"""After the first frame that counts: by then a BMS has said everything once."""
RECEIVE_S: Final = 0.05
SHOWN: Final = 12


class Options(Settings):
    """What the decoder wants to know."""

    racks: Annotated[int, Field(ge=1, le=64)] = 1
    capacity_wh: Annotated[float, Field(ge=0, le=100e6)] = 0.0


def hear(name: str, target: Target, bus: CanBus, options: Mapping[str, Any], clock: Clock) -> Found:
    """One reading of what is heard. Raises ProbeError, WrongInputError, pydantic's ValidationError."""
    chosen = Options.model_validate(dict(options))
    try:
        decoder = Decoder.of(name, chosen.racks, chosen.capacity_wh)
    except FamilyError as error:
        raise WrongInputError([str(error)]) from error
    started_s = clock.now_s()
    try:
        port = open_can(bus, clock)
    except BusError as error:
        raise ProbeError(f"{target.text}: {error}\n{_NO_BUS}") from error
    try:
        seen = _listen(port, decoder, clock)
    except BusError as error:
        raise ProbeError(f"{target.text}: {error}\n{_NO_BUS}") from error
    finally:
        port.close()
    if decoder.heard_at_s() is None:
        raise ProbeError(f"{target.text}: {_unheard(seen, bus, name)}")
    now_s = clock.now_s()
    title = decoder.family.title
    return Found("bms", name, title, "", target.text, decoder.reading(now_s), now_s - started_s)


def _listen(port: CanPort, decoder: Decoder, clock: Clock) -> set[int]:
    """Until the BMS has said everything once, or the time is over; the identifiers seen."""
    seen: set[int] = set()
    ends_s, heard = clock.now_s() + LISTEN_S, False
    while clock.now_s() < ends_s:
        for frame in port.receive(RECEIVE_S):
            seen.add(frame.id & 0x1FFF_FFFF)
            decoder.store(frame)
        if not heard and decoder.heard_at_s() is not None:
            heard, ends_s = True, min(ends_s, clock.now_s() + GATHER_S)
    return seen


def _unheard(seen: set[int], bus: CanBus, name: str) -> str:
    if not seen:
        return (
            f"nothing heard in {LISTEN_S:g} s\nIs the BMS awake, are CAN high and low the right way"
            f" round, 120 ohm at both ends, and {bus.bitrate} bit/s its speed?"
        )
    shown = " ".join(f"{number:X}" for number in sorted(seen)[:SHOWN])
    more = " ..." if len(seen) > SHOWN else ""
    return (
        f"there is traffic, but not that of {name}: identifiers {shown}{more}"
        "\nTry another --driver; docs/add-a-bms.md tells how to add one."
    )


_NO_BUS: Final = "Is the interface up (ip link set can0 up type can bitrate 500000), or the socketcand server running?"
