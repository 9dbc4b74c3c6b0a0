"""site.toml as types: what is installed here, and how far it may go."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from appliance.settings import CellVolts, Celsius, Name, Percent, Port, Settings, Watts


def _refuse_twice(what: str, users: Mapping[str, object]) -> None:
    """Two users of one pin, address or place. Raises ValueError naming both."""
    owner: dict[object, str] = {}
    wrong = []
    for user, thing in users.items():
        if thing in owner:
            wrong.append(f"{user} and {owner[thing]} have the same {what}: {thing}")
        owner.setdefault(thing, user)
    if wrong:
        raise ValueError("; ".join(wrong))


# ---------------------------------------------------------------- the wires


class ModbusTcp(Settings):
    """A Modbus TCP server: a device, or a gateway with several behind it."""

    kind: Literal["modbus_tcp"]
    host: str
    port: Port = 502
    timeout_s: Annotated[float, Field(gt=0, le=0.9)] = 0.3


class CanBus(Settings):
    """A CAN bus, as python-can opens it. `socketcand` reaches a bus over TCP."""

    kind: Literal["can"]
    interface: Literal["socketcan", "socketcand"] = "socketcan"
    channel: str = "can0"
    bitrate: Annotated[int, Field(ge=10_000, le=1_000_000)] = 500_000
    host: str = "127.0.0.1"
    port: Port = 29_536


class I2cBus(Settings):
    """An I2C bus: a device file, or `pigpio://host:port/bus` for a remote one."""

    kind: Literal["i2c"]
    path: str = "/dev/i2c-1"


class Gpio(Settings):
    """Digital inputs and outputs: `lgpio` on this computer, or `pigpio://host:port`."""

    kind: Literal["gpio"]
    pins: str = "lgpio"


Bus = Annotated[ModbusTcp | CanBus | I2cBus | Gpio, Field(discriminator="kind")]


# ---------------------------------------------------------------- the devices


class Device(Settings):
    """One device: which driver file, on which bus, at which address."""

    FOLDER: ClassVar[str] = "meters"
    """The folder under io/ that holds this kind of driver."""
    BUS: ClassVar[str] = "modbus_tcp"
    """The kind of bus it can be on."""

    driver: Name
    bus: Name
    unit: Annotated[int, Field(ge=0, le=255)] = 1
    """Modbus unit id, or I2C address."""
    poll_s: Annotated[float, Field(ge=0.02, le=1)] = 0.1
    max_age_s: Annotated[float, Field(ge=0.2, le=5)] = 1.0
    """An older reading counts as missing."""

    @field_validator("driver")
    @classmethod
    def _driver_is_a_file(cls, driver: str, info: ValidationInfo) -> str:
        known = (info.context or {}).get("drivers", {}).get(cls.FOLDER)
        if known is not None and driver not in known:
            msg = f"no such driver; this version has: {', '.join(sorted(known))}"
            raise ValueError(msg)
        return driver


class Meter(Device):
    """A grid or PV meter."""

    mounting: Literal["normal", "reversed"] = "normal"
    """`reversed` when the current transformers point the other way."""


class Inverter(Device):
    """The battery inverter."""

    FOLDER: ClassVar[str] = "inverters"

    max_charge_w: Watts
    max_discharge_w: Watts
    comm_timeout_s: Annotated[int, Field(ge=1, le=60)] = 2
    """After this silence the inverter stops by itself."""


class Sensor(Device):
    """A sensor of the air in the box."""

    FOLDER: ClassVar[str] = "sensors"
    BUS: ClassVar[str] = "i2c"

    poll_s: Annotated[float, Field(ge=0.02, le=60)] = 1.0
    max_age_s: Annotated[float, Field(ge=1, le=300)] = 10.0


class Window(Settings):
    """An allowed range with a softer edge: power tapers between recommended and maximum."""

    def ordered(self, *names: str) -> Self:
        """Refuse bounds that contradict each other, naming them."""
        for lower, upper in pairwise(names):
            low, high = getattr(self, lower), getattr(self, upper)
            if low >= high:
                msg = f"{lower} = {low} must be below {upper} = {high}"
                raise ValueError(msg)
        return self


class CellVoltage(Window):
    """Cell voltage: power tapers from operating to recommended; at maximum or minimum all stops."""

    minimum_v: CellVolts = 2.5
    recommended_min_v: CellVolts = 2.8
    operating_min_v: CellVolts = 3.0
    operating_max_v: CellVolts = 3.55
    recommended_max_v: CellVolts = 3.63
    maximum_v: CellVolts = 3.7

    @model_validator(mode="after")
    def _order(self) -> Self:
        return self.ordered(
            "minimum_v",
            "recommended_min_v",
            "operating_min_v",
            "operating_max_v",
            "recommended_max_v",
            "maximum_v",
        )


class CellTemperature(Window):
    """Cell temperature: below charge_min no charging; above warm power tapers to zero at hot; at maximum all stops."""

    minimum_c: Celsius = -20.0
    charge_min_c: Celsius = 2.0
    warm_c: Celsius = 45.0
    hot_c: Celsius = 53.0
    maximum_c: Celsius = 58.0

    @model_validator(mode="after")
    def _order(self) -> Self:
        return self.ordered("minimum_c", "charge_min_c", "warm_c", "hot_c", "maximum_c")


class SocWindow(Window):
    """State of charge: the battery is used between reserve and maximum."""

    reserve_pct: Percent = 10.0
    maximum_pct: Percent = 100.0

    @model_validator(mode="after")
    def _order(self) -> Self:
        return self.ordered("reserve_pct", "maximum_pct")


class Battery(Device):
    """The battery behind the inverter; the driver is a signal map in dbc/."""

    FOLDER: ClassVar[str] = "bms"
    BUS: ClassVar[str] = "can"

    max_age_s: Annotated[float, Field(ge=0.2, le=5)] = 1.5
    capacity_wh: Annotated[float, Field(gt=0, le=100e6)]
    racks: Annotated[int, Field(ge=1, le=64)] = 1
    soc: SocWindow = SocWindow()
    cell_voltage: CellVoltage = CellVoltage()
    cell_temperature: CellTemperature = CellTemperature()


class Board(Settings):
    """Buttons, lights and the emergency stop: signal names to pin numbers."""

    BUS: ClassVar[str] = "gpio"

    bus: Name
    estop_pin: Annotated[int, Field(ge=0, le=53)]
    """Normally closed to ground: an open wire reads as pressed."""
    buttons: dict[Literal["start", "stop"], Annotated[int, Field(ge=0, le=53)]] = Field(
        default_factory=dict
    )
    leds: dict[Literal["run", "error"], Annotated[int, Field(ge=0, le=53)]] = Field(
        default_factory=dict
    )
    max_age_s: Annotated[float, Field(ge=0.2, le=5)] = 1.0

    @model_validator(mode="after")
    def _pins_are_used_once(self) -> Self:
        signals = {"estop_pin": self.estop_pin}
        signals |= {f"buttons.{name}": pin for name, pin in self.buttons.items()}
        signals |= {f"leds.{name}": pin for name, pin in self.leds.items()}
        _refuse_twice("pin", signals)
        return self


# ---------------------------------------------------------------- the box itself


class Box(Settings):
    """Air in the box."""

    warm_c: Celsius = 60.0
    """Above this the battery rests until it is cooler."""


class Connection(Settings):
    """The grid connection."""

    max_import_w: Watts = 17_000.0
    max_export_w: Watts = 17_000.0


class Control(Settings):
    """The control loop."""

    period_s: Annotated[float, Field(ge=0.02, le=0.3)] = 0.1
    start_mode: Name = "self_consumption"
    start_state: Literal["run", "idle"] = "run"


class Cloud(Settings):
    """Telemetry and commands; the connection itself comes from the bootstrapper."""

    enabled: bool = True
    spot_period_s: Annotated[float, Field(ge=1, le=3_600)] = 10.0


class SiteSettings(Settings):
    """One site.toml."""

    name: Annotated[str, Field(min_length=1, max_length=24)]
    data_folder: str = "/var/lib/appliance"
    """What must survive: the store, identity, connection."""
    run_folder: Annotated[str, Field(min_length=1, max_length=90)] = "/run/appliance"
    """Sockets and process locks; may be emptied at boot."""
    buses: dict[Name, Bus]
    battery: Battery
    inverter: Inverter
    meters: dict[Literal["grid", "pv"], Meter]
    sensors: dict[Literal["box"], Sensor] = Field(default_factory=dict)
    board: Board
    box: Box = Box()
    connection: Connection = Connection()
    control: Control = Control()
    cloud: Cloud = Cloud()
    modes: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    """Settings of each control mode; checked against the mode's own settings class."""

    @model_validator(mode="after")
    def _grid_is_metered(self) -> Self:
        if "grid" not in self.meters:
            msg = "meters.grid is missing: the box needs the meter at the grid connection"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _addresses_are_used_once(self) -> Self:
        sockets = {
            f"buses.{name}": f"{bus.host}:{bus.port}"
            for name, bus in self.buses.items()
            if isinstance(bus, ModbusTcp)
            or (isinstance(bus, CanBus) and bus.interface != "socketcan")
        }
        _refuse_twice("address", sockets)
        units = {
            f"meters.{name}": f"{one.bus} unit {one.unit}" for name, one in self.meters.items()
        }
        units["inverter"] = f"{self.inverter.bus} unit {self.inverter.unit}"
        _refuse_twice("place on a bus", units)
        if self.data_folder == self.run_folder:
            msg = f"data_folder = run_folder = {self.run_folder!r}: one survives, the other is emptied"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _buses_exist(self) -> Self:
        users: dict[str, Device | Board] = {
            "battery": self.battery,
            "inverter": self.inverter,
            "board": self.board,
        }
        users |= {f"meters.{name}": meter for name, meter in self.meters.items()}
        users |= {f"sensors.{name}": sensor for name, sensor in self.sensors.items()}
        wrong = []
        for user, device in users.items():
            bus = self.buses.get(device.bus)
            if bus is None:
                known = ", ".join(sorted(self.buses))
                wrong.append(f"{user}.bus = {device.bus!r} is not in buses ({known})")
            elif bus.kind != device.BUS:
                wrong.append(f"{user}.bus = {device.bus!r} is {bus.kind}, must be {device.BUS}")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self
