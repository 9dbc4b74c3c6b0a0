"""What the pretend site needs to know of a site.toml: which device is where.

Read without the box's own settings classes; what is wrong is reported by path.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import urlsplit

T = TypeVar("T", str, int, float, bool)
Address = tuple[str, int]
"""Host and port, or the path of a serial port and SERIAL."""
SERIAL = 0
FILES = -1
"""Instead of a port: a folder of the kernel's files."""


class SiteFileError(ValueError):
    """The site.toml names something that the simulator cannot stand in for."""


class Table:
    """A TOML table that knows its own path."""

    def __init__(self, content: dict[str, object], path: str = "") -> None:
        self._content = content
        self.path = path

    def get(self, key: str, kind: type[T], default: T | None = None) -> T:
        """A value of that kind. Raises SiteFileError when it is missing or of another kind."""
        value = self._content.get(key, default)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind):
            msg = f"{self._at(key)} = {value!r} is not a {kind.__name__}"
            raise SiteFileError(msg)
        return value

    def table(self, key: str) -> "Table":
        """A table inside; empty when there is none."""
        value = self._content.get(key, {})
        if not isinstance(value, dict):
            msg = f"{self._at(key)} is not a table"
            raise SiteFileError(msg)
        return Table(cast("dict[str, object]", value), self._at(key))

    def tables(self) -> dict[str, "Table"]:
        """All tables inside, by name."""
        return {
            key: self.table(key) for key, value in self._content.items() if isinstance(value, dict)
        }

    def numbers(self, key: str) -> dict[str, int]:
        """A table of whole numbers."""
        inside = self.table(key)
        return {name: inside.get(name, int) for name in inside._content}

    def texts(self) -> dict[str, str]:
        """All texts inside, by name."""
        return {key: value for key, value in self._content.items() if isinstance(value, str)}

    def has(self, key: str) -> bool:
        """It is there."""
        return key in self._content

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


@dataclass(frozen=True)
class DeviceAt:
    """A device: its driver's name, the server it is behind, and its number there."""

    name: str
    driver: str
    address: Address
    unit: int
    channel: str = ""
    reversed_mounting: bool = False
    options: Table | None = None
    """What site.toml says to this driver alone."""
    bus: Table | None = None
    """What site.toml says of its wire."""


@dataclass(frozen=True)
class BoardAt:
    """Pins, by what is connected to them."""

    address: Address
    estop_pin: int
    buttons: dict[str, int]
    leds: dict[str, int]
    driver: str = "gpio_board"
    files: str | None = None
    """The folder of the kernel's files, for a Strato Pi."""
    options: Table | None = None


@dataclass(frozen=True)
class SiteFile:
    """All devices of a site."""

    name: str
    capacity_wh: float
    racks: int
    rated_w: float
    """Of the inverter."""
    battery: DeviceAt
    inverter: DeviceAt
    meters: tuple[DeviceAt, ...]
    sensors: tuple[DeviceAt, ...]
    board: BoardAt
    whole: Table
    """All of it."""


def load_site_file(path: Path) -> SiteFile:
    """Read a site.toml. Raises SiteFileError."""
    try:
        top = Table(tomllib.loads(path.read_text(encoding="utf-8")))
        battery, board, buses = top.table("battery"), top.table("board"), top.table("buses")
        return SiteFile(
            name=top.get("name", str),
            whole=top,
            capacity_wh=battery.get("capacity_wh", float),
            racks=battery.get("racks", int, 1),
            rated_w=_rated_w(top.table("inverter")),
            battery=_device("bms", battery, buses),
            inverter=_device("inverter", top.table("inverter"), buses),
            meters=tuple(
                _device(f"meter.{n}", t, buses) for n, t in top.table("meters").tables().items()
            ),
            sensors=tuple(
                _device("sensor" if n == "box" else f"sensor.{n}", t, buses)
                for n, t in top.table("sensors").tables().items()
            ),
            board=BoardAt(
                address=bus_of(board, buses)[0],
                estop_pin=board.get("estop_pin", int),
                buttons=board.numbers("buttons"),
                leds=board.numbers("leds"),
                driver=board.get("driver", str, "gpio_board"),
                files=buses.table(board.get("files", str)).get("path", str)
                if board.has("files")
                else None,
                options=board.table("options"),
            ),
        )
    except (OSError, tomllib.TOMLDecodeError, SiteFileError) as error:
        msg = f"{path}: {error}"
        raise SiteFileError(msg) from None


def _rated_w(inverter: Table) -> float:
    """At least what the site asks of it; a TRUMPF module has 25 kW."""
    asked_w = max(inverter.get("max_charge_w", float), inverter.get("max_discharge_w", float))
    return max(25_000.0, 1.1 * asked_w)


def _device(name: str, table: Table, buses: Table) -> DeviceAt:
    address, channel = bus_of(table, buses)
    return DeviceAt(
        name=name,
        driver=table.get("driver", str),
        address=address,
        unit=table.get("unit", int, 1),
        channel=channel,
        reversed_mounting=table.get("mounting", str, "normal") == "reversed",
        options=table.table("options"),
        bus=buses.table(table.get("bus", str)),
    )


def bus_of(user: Table, buses: Table) -> tuple[Address, str]:
    """Host and port of the bus that this device is on, and the channel there."""
    bus = buses.table(user.get("bus", str))
    match bus.get("kind", str):
        case "modbus_tcp":
            return (bus.get("host", str), bus.get("port", int, 502)), ""
        case "lxp_dongle":
            return (bus.get("host", str), bus.get("port", int, 8_000)), ""
        case "modbus_rtu" | "lxp_serial":
            return (bus.get("path", str), SERIAL), ""
        case "files":
            return (bus.get("path", str), FILES), ""
        case "can" if bus.get("interface", str, "socketcan") == "socketcand":
            address = (bus.get("host", str, "127.0.0.1"), bus.get("port", int, 29_536))
            return address, bus.get("channel", str, "can0")
        case "i2c":
            return _pigpio(bus, "path"), ""
        case "gpio":
            return _pigpio(bus, "pins"), ""
        case kind:
            msg = f"{bus.path}: the simulator cannot stand in on a bus of kind {kind}; CAN works over socketcand"
            raise SiteFileError(msg)


def _pigpio(bus: Table, key: str) -> Address:
    text = bus.get(key, str)
    parts = urlsplit(text)
    if parts.scheme != "pigpio" or not parts.hostname or not parts.port:
        msg = f"{bus.path}.{key} = {text!r} is not pigpio://host:port"
        raise SiteFileError(msg)
    return parts.hostname, parts.port
