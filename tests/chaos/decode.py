"""What the box says on its wires, read from the makers' documents alone: power, run or stop, contactors.

Nothing of the box's own code is used here. Power: discharge +.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

POWER, ON, CLOSE = "power", "on", "close"
MOST_FRAME = 4_096


@dataclass(frozen=True)
class Said:
    """One command: POWER in W, ON (inverter runs) or CLOSE (contactors) as 1 or 0."""

    at_s: float
    kind: str
    value: float


Meaning = Callable[[int, int, tuple[int, ...]], tuple[str, float] | None]
"""Of a Modbus write: function, address, words; coils as 0 or 1."""


def _signed(word: int) -> float:
    return float(word - (word >> 15 << 16))


def trumpf(function: int, address: int, words: tuple[int, ...]) -> tuple[str, float] | None:
    """Coil 4000 is the power stage, 4195 the set value in 0.001 kVA of the one module (A67-0141 p. 48-51)."""
    if function in (5, 15) and address == 4000:
        return ON, float(words[0] != 0)
    if function in (6, 16) and address == 4195:
        return POWER, _signed(words[0])
    return None


def pqstori(function: int, address: int, words: tuple[int, ...]) -> tuple[str, float] | None:
    """46201 is the power in kW as a float, high word first; 44611 starts, 44612 stops (manual 3.9, p. 16-18)."""
    if function == 16 and address == 6200 and len(words) >= 2:
        (kilowatts,) = struct.unpack(">f", struct.pack(">HH", *words[:2]))
        return POWER, 1e3 * float(kilowatts)
    if function in (6, 16) and address in (4610, 4611) and words[0]:
        return ON, float(address == 4610)
    return None


class ModbusTcp:
    """Writes in a stream of Modbus TCP requests."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning
        self._waiting = b""

    def begin(self) -> None:
        """A new connection."""
        self._waiting = b""

    def hear(self, data: bytes, at_s: float) -> Iterator[Said]:
        """What these bytes complete."""
        self._waiting += data
        while len(self._waiting) >= 8:
            (length,) = struct.unpack_from(">H", self._waiting, 4)
            if len(self._waiting) < 6 + length:
                return
            body, self._waiting = self._waiting[7 : 6 + length], self._waiting[6 + length :]
            meant = self._of(body)
            if meant is not None:
                yield Said(at_s, *meant)

    def _of(self, body: bytes) -> tuple[str, float] | None:
        if len(body) < 5 or body[0] not in (5, 6, 15, 16):
            return None
        function, address, number = struct.unpack_from(">BHH", body)
        if function in (5, 6):
            return self._meaning(function, address, (number,))
        if function == 15:
            return self._meaning(function, address, (body[6] & 1,))
        words = struct.unpack_from(f">{number}H", body, 6) if len(body) >= 6 + 2 * number else ()
        return self._meaning(function, address, words) if words else None


class Lxp:
    """A LuxPower dongle's frames: register 21 (bit 9 on, 7 charge, 10 discharge), 66 and 82 in % (V23)."""

    RATED_W = 10_000.0

    def __init__(self) -> None:
        self._waiting = b""
        self._held: dict[int, int] = {}

    def begin(self) -> None:
        """A new connection."""
        self._waiting = b""

    def hear(self, data: bytes, at_s: float) -> Iterator[Said]:
        """What these bytes complete."""
        self._waiting += data
        while len(self._waiting) >= 6:
            (size,) = struct.unpack_from("<H", self._waiting, 4)
            if len(self._waiting) < 6 + size:
                return
            frame, self._waiting = self._waiting[: 6 + size], self._waiting[6 + size :]
            inner = frame[20:-2]
            if len(inner) < 16 or inner[1] not in (6, 16):
                continue
            (first,) = struct.unpack_from("<H", inner, 12)
            values: tuple[int, ...] = struct.unpack_from("<H", inner, 14)
            if inner[1] == 16:
                values = struct.unpack_from(f"<{values[0]}H", inner, 17)
            self._held.update(enumerate(values, first))
            yield Said(at_s, POWER, self._power_w())
            yield Said(at_s, ON, float(bool(self._held.get(21, 0) & 1 << 9)))

    def _power_w(self) -> float:
        bits = self._held.get(21, 0)
        if not bits & 1 << 9:
            return 0.0
        discharge = self._held.get(82, 0) if bits & 1 << 10 else 0
        charge = self._held.get(66, 0) if bits & 1 << 7 else 0
        return (discharge - charge) * self.RATED_W / 100.0


Asks = Callable[[int, bytes], bool | None]
"""Of a CAN frame of the box: does it ask for closed contactors?"""


def foxbms2(can_id: int, data: bytes) -> bool | None:
    """0x210, RequestBmsMode in bits 1..0: 1 and 2 close (foxBMS 2 v1.11.0)."""
    return data[0] & 3 in (1, 2) if can_id == 0x210 and data else None


def nbms_2_5(can_id: int, data: bytes) -> bool | None:
    """0x3F0, Request in bits 1..0: 1 closes (dbc/nbms_2_5.dbc)."""
    return data[0] & 3 == 1 if can_id == 0x3F0 and data else None


def cbms(can_id: int, data: bytes) -> bool | None:
    """Command, Request in the upper half of byte 0: 1 closes (dbc/cbms.dbc)."""
    return data[0] >> 4 == 1 if can_id == 2566848997 & 0x1FFF_FFFF and data else None


def nothing(_can_id: int, _data: bytes) -> bool | None:
    """A battery without a command for its contactors."""
    return None


class Socketcand:
    """`< send ID LENGTH BYTES >` in a stream of socketcand."""

    def __init__(self, asks: Asks) -> None:
        self._asks = asks
        self._waiting = b""
        self._before: bool | None = None

    def begin(self) -> None:
        """A new connection."""
        self._waiting, self._before = b"", None

    def hear(self, data: bytes, at_s: float) -> Iterator[Said]:
        """Changes only: the request is cyclic."""
        *commands, self._waiting = (self._waiting + data).split(b">")
        self._waiting = self._waiting[-MOST_FRAME:]
        for command in commands:
            words = command.decode("ascii", "replace").strip("< \r\n").split()
            if len(words) < 3 or words[0] != "send":
                continue
            asked = self._asks(int(words[1], 16), bytes(int(word, 16) for word in words[3:]))
            if asked is not None and asked != self._before:
                self._before = asked
                yield Said(at_s, CLOSE, float(asked))


Decoder = ModbusTcp | Lxp | Socketcand
