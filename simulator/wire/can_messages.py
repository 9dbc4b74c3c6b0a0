"""Messages of a DBC file as the pretend BMS needs them: where each signal lies, and in which unit."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cantools

from simulator.wire.can_codec import Signal, pack, unpack

DBC_FOLDER = Path(__file__).resolve().parents[2] / "dbc"
MULTIPLEXER = "Mux"
UNITS = {"mV": 1e3, "kW": 1e-3, "kWh": 1e-3, "kOhm": 1e-3, "min": 1.0 / 60.0}
"""What a value in V, W, Wh, ohm or s is multiplied with on the way into a signal of this unit."""


@dataclass(frozen=True)
class Message:
    """One message: its signals, by the page of the multiplexer (one page when there is none)."""

    name: str
    can_id: int
    extended: bool
    length: int
    period_s: float
    pages: tuple[dict[str, Signal], ...]
    units: dict[str, float] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    """The least step of a signal, in V, A, W ..."""
    choices: dict[str, dict[str, int]] = field(default_factory=dict)
    """Signal -> name -> number."""

    def encode(self, page: int, values: dict[str, float]) -> bytes:
        """The payload; signals without a value are 0."""
        return pack(self.pages[page], values, self.length)

    def decode(self, data: bytes) -> dict[str, float]:
        """All signals of page 0, in the units of the DBC file."""
        return unpack(self.pages[0], data)


@cache
def load_messages(family: str) -> dict[str, Message]:
    """The messages of `dbc/FAMILY.dbc`, by name."""
    database = cantools.database.load_file(DBC_FOLDER / f"{family}.dbc")
    assert isinstance(database, cantools.database.Database)
    return {message.name: _read(message) for message in database.messages}


def _read(message: cantools.database.Message) -> Message:
    ids = {i for signal in message.signals for i in signal.multiplexer_ids or ()}
    pages = range(max(ids, default=0) + 1)
    return Message(
        name=message.name,
        can_id=message.frame_id,
        extended=message.is_extended_frame,
        length=message.length,
        period_s=(message.cycle_time or 0) / 1_000.0,
        pages=tuple(
            {
                signal.name: Signal(
                    signal.start,
                    signal.length,
                    float(signal.scale),
                    signal.is_signed,
                    float(signal.offset),
                    signal.byte_order == "little_endian",
                )
                for signal in message.signals
                if signal.multiplexer_ids is None or page in signal.multiplexer_ids
            }
            for page in pages
        ),
        units={signal.name: UNITS.get(signal.unit or "", 1.0) for signal in message.signals},
        steps={
            signal.name: float(signal.scale) / UNITS.get(signal.unit or "", 1.0)
            for signal in message.signals
        },
        choices={
            signal.name: {str(name): int(number) for number, name in signal.choices.items()}
            for signal in message.signals
            if signal.choices
        },
    )
