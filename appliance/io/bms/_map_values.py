"""How a signal map says where values, flags and fault numbers come from."""

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from appliance.io.bms._checks import ALGORITHMS
from appliance.settings import Seconds, Settings

Signal = Annotated[str, Field(pattern=r"^\w+\.\w+$")]
"""`Message.Signal`, as in the DBC file."""


def as_tuple(value: object) -> object:
    """One thing as a tuple of one."""
    return value if isinstance(value, tuple) else (value,)


Signals = Annotated[tuple[Signal, ...], BeforeValidator(as_tuple), Field(min_length=1)]
Choices = Annotated[tuple[str | int, ...], BeforeValidator(as_tuple)]
"""Bare numbers of a signal, or their names in the DBC's value table."""

UNITS: Final[dict[str, tuple[float, float]]] = {
    "mV": (0.001, 0.0),
    "mA": (0.001, 0.0),
    "kW": (1000.0, 0.0),
    "kWh": (1000.0, 0.0),
    "MWh": (1e6, 0.0),
    "kOhm": (1000.0, 0.0),
    "MOhm": (1e6, 0.0),
    "K": (1.0, -273.15),
    "degF": (5.0 / 9.0, -160.0 / 9.0),
    "ratio": (100.0, 0.0),
}
"""Factor and offset to V, A, W, Wh, ohm, °C, %."""
Unit = Literal["mV", "mA", "kW", "kWh", "MWh", "kOhm", "MOhm", "K", "degF", "ratio"]
Joined = Literal["mean", "min", "max", "sum"]


class Source(Settings):
    """Where a value comes from: one signal, or several made into one.

    Order: the DBC's scale and offset, then `unit`, `scale`, `offset`, `magnitude`.
    """

    signal: Signals
    join: Joined = "mean"
    """Of several signals; `min` of two contactors: both are closed."""
    unit: Unit | None = None
    """What the DBC's number is in, when not in ours."""
    scale: float = 1.0
    """-1 turns a sign."""
    offset: float = 0.0
    magnitude: bool = False
    """The sign means nothing."""
    invalid: tuple[int, ...] = ()
    """Bit patterns that mean "not known": 0xFFFF, 0x8000."""
    equals: Choices = ()
    """The value is 1 while the signal is one of these, else 0."""
    mask: Annotated[int, Field(gt=0)] | None = None
    """The value is 1 while any of these bits is set, else 0."""
    max_age_s: Seconds | None = None
    rack: Signal | None = None
    """A value of the whole battery that belongs to the rack with this number."""
    at: Annotated[tuple[Signal, ...], BeforeValidator(as_tuple), Field(max_length=2)] = ()
    """The cell's number; or module and place in it, counted from 0."""
    at_first: int = 0
    """The number of the first cell in `at`."""


Sources = Annotated[tuple[Source, ...], BeforeValidator(as_tuple)]
"""The first that is fresh wins."""


class FlagMap(Settings):
    """A signal that says something is wrong: not 0, one of `equals`, or a bit of `mask`."""

    text: str
    equals: Choices = ()
    mask: Annotated[int, Field(gt=0)] | None = None
    pair: bool = False
    """Two bits: 1 has come, 2 has gone, 0 and 3 change nothing."""
    max_age_s: Seconds | None = None


Texts = dict[str, dict[str, str | FlagMap | tuple[FlagMap, ...]]]
"""Message -> signal -> what a person calls it."""


class When(Settings):
    """A condition on one signal: not 0, one of `equals`, or a bit of `mask`."""

    signal: Signal
    equals: Choices = ()
    mask: Annotated[int, Field(gt=0)] | None = None
    max_age_s: Seconds | None = None


class LimitMap(Settings):
    """What the BMS allows: a current, a power, or both (then the smaller one counts)."""

    current_a: Sources = ()
    power_w: Sources = ()
    forbidden: Annotated[tuple[When, ...], BeforeValidator(as_tuple)] = ()
    """While one of these holds, the limit is 0."""


class CodeMap(Settings):
    """A signal with the number of a fault. A number without a name is "unknown fault N"."""

    signal: Signal
    none: Choices = ()
    """Numbers, or their names, that are no fault."""
    strip: str = ""
    """Beginning of the DBC's names that people need not read."""
    texts: dict[str, str] = Field(default_factory=dict)
    """Number, or its name in the DBC, -> what a person calls it; else the DBC's name."""
    when: Literal["fault", "always"] = "fault"
    """`fault`: only while the state of the battery is a fault. Racks: always."""
    warning: bool = False
    max_age_s: Seconds | None = None


Codes = Annotated[tuple[CodeMap, ...], BeforeValidator(as_tuple)]


class SingleMap(Settings):
    """Single cells or sensors, several per frame.

    Signals that are there for many multiplexer values repeat: frame k carries the values from
    k * len(signals) on. Signals with a multiplexer value of their own, or none, count in their order.
    """

    message: Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
    signals: Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    """In the order of the cells; `*` stands for any number: "Cell*Voltage"."""
    valid: tuple[str, ...] = ()
    """For each signal the flag that is 1 while it is valid."""
    invalid: tuple[int, ...] = ()
    unit: Unit | None = None
    scale: float = 1.0
    offset: float = 0.0
    number: str | None = None
    """A signal with the number of the cell, when each frame carries one (`signals`: just that one)."""
    first: int = 0
    """The number of the first cell in `number`."""
    count: Annotated[int, Field(gt=0, le=4096)] | None = None
    """How many there are in a rack; the rest of the last frame is filling. Needed with `number`."""
    max_age_s: Seconds


class Proof(Settings):
    """How a frame proves that it is new and whole."""

    counter: str | None = None
    """Name of the signal that goes on with every frame."""
    checksum: str | None = None
    """Name of the signal, of 8 bits in one byte; all other bytes count."""
    algorithm: Annotated[str | None, Field(pattern="|".join(ALGORITHMS))] = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.checksum is None) != (self.algorithm is None):
            raise ValueError("checksum and algorithm belong together")
        return self
