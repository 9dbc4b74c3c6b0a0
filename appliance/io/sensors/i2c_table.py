"""Any I2C sensor with plain registers, described by a TOML table: no code for a new chip.

The option `table` names the file:

    title = "NXP LM75B"
    init = [{ register = 1, bytes = [0] }]                       # once, after the bus was opened
    trigger = { register = 1, bytes = [1], delay_s = 0.03 }      # before each reading; optional

    [values.temperature_c]       # fields of SensorReading fill them; any other name with a unit is kept too
    register = 0
    width = 2                    # bytes, read in one transfer from the register on
    mask = 0xFFE0                # which bits; the lowest of them counts 1
    signed = true                # two's complement of the masked bits
    scale = 0.125
    offset = 0.0
    min = -55.0                  # outside of these the value is not known
    max = 125.0
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from smbus2 import SMBus
from typing_extensions import override

from appliance.data_file import filled
from appliance.io.plausible import plausible
from appliance.io.sensors._air import with_dew_point
from appliance.io.sensors._driver import I2cSensor, Rest
from appliance.model import SensorReading
from appliance.settings import Settings
from appliance.site import Sensor

TITLE = "I2C sensor by table (not verified on hardware)"

NameWithUnit = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)+$", max_length=40)]
Register = Annotated[int, Field(ge=0, le=255)]
Byte = Annotated[int, Field(ge=0, le=255)]


class Send(Settings):
    """Bytes to a register, and how long the chip then needs."""

    register_: Annotated[Register, Field(alias="register")]
    bytes_: Annotated[tuple[Byte, ...], Field(alias="bytes", min_length=1, max_length=32)]
    delay_s: Annotated[float, Field(ge=0, le=0.5)] = 0.0


class Value(Settings):
    """One quantity: where it is and what its bits mean."""

    register_: Annotated[Register, Field(alias="register")]
    width: Annotated[int, Field(ge=1, le=4)] = 1
    endianness: Literal["big", "little"] = "big"
    signed: bool = False
    mask: Annotated[int, Field(gt=0, le=0xFFFFFFFF)] | None = None
    """None: all bits."""
    scale: float = 1.0
    offset: float = 0.0
    min_: Annotated[float, Field(alias="min")]
    max_: Annotated[float, Field(alias="max")]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.mask is not None and self.mask >> 8 * self.width:
            msg = f"mask = {self.mask:#x} has bits beyond width = {self.width}"
            raise ValueError(msg)
        if self.min_ >= self.max_:
            msg = f"min = {self.min_} must be below max = {self.max_}"
            raise ValueError(msg)
        return self

    def decode(self, data: bytes) -> float | None:
        """The quantity in its unit; None when it is out of bounds."""
        mask = (1 << 8 * self.width) - 1 if self.mask is None else self.mask
        lowest = (mask & -mask).bit_length() - 1
        bits = (int.from_bytes(data, self.endianness) & mask) >> lowest
        if self.signed and bits >> (size := (mask >> lowest).bit_length()) - 1:
            bits -= 1 << size
        value = bits * self.scale + self.offset
        return value if self.min_ <= value <= self.max_ else None


class Table(Settings):
    """One sensor."""

    title: Annotated[str, Field(min_length=1, max_length=40)]
    init: tuple[Send, ...] = ()
    trigger: Send | None = None
    values: Annotated[dict[NameWithUnit, Value], Field(min_length=1)]


class Options(Settings):
    """Which table."""

    table: Annotated[str, Field(min_length=1)]
    """A TOML file; `appliance config check` shows its mistakes too."""

    @field_validator("table")
    @classmethod
    def _is_in_order(cls, table: str) -> str:
        load_table(Path(table))
        return table


def load_table(path: Path) -> Table:
    """Raises DataFileError with every mistake in it."""
    return filled(path, Table)


class Driver(I2cSensor):
    """One chip by its table."""

    def __init__(self, settings: Sensor, options: Settings) -> None:
        assert isinstance(options, Options)
        self._address = settings.unit
        self._table = load_table(Path(options.table))

    @override
    def begin(self, bus: SMBus, rest: Rest) -> None:
        """The table's first writes. Raises OSError."""
        for send in self._table.init:
            self._send(bus, rest, send)

    @override
    def measure(self, bus: SMBus, rest: Rest) -> SensorReading:
        """Trigger, wait, read every value. Raises OSError."""
        if self._table.trigger is not None:
            self._send(bus, rest, self._table.trigger)
        known = {}
        for name, value in self._table.values.items():
            data = bus.read_i2c_block_data(self._address, value.register_, value.width)
            number = value.decode(bytes(data))
            if number is not None and plausible(name, number) is not None:
                known[name] = number
        return with_dew_point(
            SensorReading(
                temperature_c=known.pop("temperature_c", None),
                humidity_pct=known.pop("humidity_pct", None),
                pressure_hpa=known.pop("pressure_hpa", None),
                dew_point_c=known.pop("dew_point_c", None),
                values=tuple(known.items()),
            )
        )

    def _send(self, bus: SMBus, rest: Rest, send: Send) -> None:
        bus.write_i2c_block_data(self._address, send.register_, list(send.bytes_))
        if send.delay_s:
            rest(send.delay_s)
