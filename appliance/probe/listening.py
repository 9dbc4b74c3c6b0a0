"""Probing a BMS: listens on a CAN bus; sends only what its map marks as a question, which changes nothing."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from msgspec.structs import replace
from pydantic import Field

from appliance.clock import Clock
from appliance.io.bms import Decoder, FamilyError
from appliance.io.bms._outgoing import Ask
from appliance.io.bms.family import Family
from appliance.io.bms.request import Request
from appliance.io.buses import BusError
from appliance.io.buses.can import CanPort, open_can
from appliance.model import BatteryReading
from appliance.probe.found import Found, ProbeError, WrongInputError
from appliance.probe.rounds import Rounds
from appliance.probe.target import Target
from appliance.settings import Settings
from appliance.site import CanBus

LISTEN_S: Final = 3.0
GATHER_S: Final = 1.2
"""After the first frame that counts: by then a BMS has said everything once, but for its single cells."""
RECEIVE_S: Final = 0.05
SHOWN: Final = 12
NOTHING: Final = Ask(closed=None)


class Options(Settings):
    """What the decoder wants to know."""

    racks: Annotated[int, Field(ge=1, le=64)] = 1
    capacity_wh: Annotated[float, Field(ge=0, le=100e6)] = 0.0
    listen_s: Annotated[float, Field(ge=0.5, le=60)] | None = None
    """For batteries whose cells take longer than usual."""


def hear(name: str, target: Target, bus: CanBus, options: Mapping[str, Any], clock: Clock) -> Found:
    """One reading of what is heard. Raises ProbeError, WrongInputError, pydantic's ValidationError."""
    chosen = Options.model_validate(dict(options))
    try:
        decoder = Decoder.of(name, chosen.racks, chosen.capacity_wh)
        questions = _Questions(Request(decoder.family, racks=chosen.racks))
        rounds = Rounds(decoder.family, chosen.racks)
    except FamilyError as error:
        raise WrongInputError([str(error)]) from error
    listen_s = LISTEN_S if chosen.listen_s is None else chosen.listen_s
    started_s = clock.now_s()
    try:
        port = open_can(bus, clock)
        try:
            seen = _listen(port, decoder, questions, rounds, listen_s, clock)
        finally:
            port.close()
    except BusError as error:
        raise ProbeError(f"{target.text}: {error}\n{_NO_BUS}") from error
    if decoder.heard_at_s() is None:
        raise ProbeError(f"{target.text}: {_unheard(seen, bus, name, listen_s, bool(questions))}")
    now_s, title = clock.now_s(), decoder.family.title
    reading = decoder.reading(now_s)
    note = "" if rounds.done else _NOT_ALL.format(listen_s)
    reading = reading if rounds.done else _with_gaps(reading, decoder.family)
    return Found("bms", name, title, "", target.text, reading, now_s - started_s, note=note)


class _Questions:
    """What a BMS that speaks only when it is asked wants to hear; nothing for all others."""

    def __init__(self, request: Request) -> None:
        self._messages = [message for message in request.messages if message.row.question]
        self._due_s = [0.0 for _message in self._messages]

    def __bool__(self) -> bool:
        return bool(self._messages)

    def ask(self, port: CanPort, now_s: float) -> None:
        """Send those that are due. Raises BusError."""
        for number, message in enumerate(self._messages):
            if now_s >= self._due_s[number]:
                self._due_s[number] = now_s + message.row.period_s
                for frame_id, data in message.frames(NOTHING):
                    port.send(frame_id, data)


def _listen(
    port: CanPort,
    decoder: Decoder,
    questions: _Questions,
    rounds: Rounds,
    listen_s: float,
    clock: Clock,
) -> set[int]:
    """Until the BMS has said everything once, or the time is over; the identifiers seen."""
    seen: set[int] = set()
    ends_s = clock.now_s() + listen_s
    gathered_s = ends_s
    heard = False
    while (now_s := clock.now_s()) < ends_s:
        questions.ask(port, now_s)
        for frame in port.receive(RECEIVE_S):
            seen.add(frame.id & 0x1FFF_FFFF)
            decoder.store(frame)
            rounds.store(frame)
        if not heard and decoder.heard_at_s() is not None:
            heard, gathered_s = True, now_s + GATHER_S
        if now_s >= gathered_s and rounds.done:
            break
    return seen


def _with_gaps(reading: BatteryReading, family: Family) -> BatteryReading:
    """Cells that were not told yet as unknown ones, as many as the map says that there are."""
    layout, single = family.layout, family.cells
    each = layout.modules_per_rack * layout.cells_per_module
    count = each if single is None or single.count is None else single.count
    racks = [
        replace(rack, cells_v=rack.cells_v + (None,) * (count - len(rack.cells_v)))
        for rack in reading.racks
    ]
    return replace(reading, racks=tuple(racks))


def _unheard(seen: set[int], bus: CanBus, name: str, listen_s: float, asked: bool) -> str:
    if not seen:
        return (
            f"nothing heard in {listen_s:g} s{', though asked' if asked else ''}"
            "\nIs the BMS awake, are CAN high and low the right way"
            f" round, 120 ohm at both ends, and {bus.bitrate} bit/s its speed?"
        )
    shown = " ".join(f"{number:X}" for number in sorted(seen)[:SHOWN])
    more = " ..." if len(seen) > SHOWN else ""
    return (
        f"there is traffic, but not that of {name}: identifiers {shown}{more}"
        "\nTry another --driver; docs/add-a-bms.md tells how to add one."
    )


_NOT_ALL: Final = (
    "one round of all cells takes longer than {:g} s, those not heard yet are missing:"
    " add --set listen_s=20"
)
_NO_BUS: Final = "Is the interface up (ip link set can0 up type can bitrate 500000), or the socketcand server running?"
