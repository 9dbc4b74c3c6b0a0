"""The wires: buses and how to reach them."""

from typing import Annotated, Final, Literal

from pydantic import Field

from appliance.settings import Port, Settings

Timeout = Annotated[float, Field(gt=0, le=0.9)]
Parity = Literal["none", "even", "odd"]


class ModbusTcp(Settings):
    """A Modbus TCP server: a device, or a gateway with several behind it."""

    kind: Literal["modbus_tcp"]
    host: str
    port: Port = 502
    timeout_s: Timeout = 0.3


class ModbusRtu(Settings):
    """An RS-485 line with Modbus RTU devices, as a serial port of this computer."""

    kind: Literal["modbus_rtu"]
    path: str
    """The serial port: /dev/ttyUSB0, /dev/serial0."""
    baud: Annotated[int, Field(ge=1_200, le=230_400)] = 9_600
    parity: Parity = "none"
    stop_bits: Literal[1, 2] = 1
    timeout_s: Timeout = 0.5


class LxpDongle(Settings):
    """The LAN or Wi-Fi dongle of a LuxPower inverter: its own framing over TCP."""

    kind: Literal["lxp_dongle"]
    host: str
    port: Port = 8_000
    dongle_serial: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{10}$")]
    inverter_serial: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{10}$")]
    timeout_s: Annotated[float, Field(gt=0, le=10)] = 2.0
    pause_s: Annotated[float, Field(ge=0, le=2)] = 0.5
    """Between two requests; the dongle wants rest."""


class LxpSerial(Settings):
    """The RS-485 port of a LuxPower inverter with the maker's framing: requests carry its serial number."""

    kind: Literal["lxp_serial"]
    path: str
    baud: Annotated[int, Field(ge=1_200, le=230_400)] = 19_200
    inverter_serial: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{10}$")]
    timeout_s: Timeout = 0.5


class CanBus(Settings):
    """A CAN bus: of the kernel (`socketcan`), over TCP (`socketcand`), or an adapter, as python-can names it."""

    kind: Literal["can"]
    interface: Literal["socketcan", "socketcand", "slcan", "pcan", "gs_usb"] = "socketcan"
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


class SysFiles(Settings):
    """A folder of the kernel: what a Strato Pi, the processor or a PWM chip shows as files."""

    kind: Literal["files"]
    path: str = "/sys"


RegisterBus = ModbusTcp | ModbusRtu | LxpDongle | LxpSerial
"""What carries registers."""
REGISTER_BUSES: Final = frozenset({"modbus_tcp", "modbus_rtu", "lxp_dongle", "lxp_serial"})
Bus = Annotated[
    ModbusTcp | ModbusRtu | LxpDongle | LxpSerial | CanBus | I2cBus | Gpio | SysFiles,
    Field(discriminator="kind"),
]
KINDS: Final = frozenset({*REGISTER_BUSES, "can", "i2c", "gpio", "files"})
