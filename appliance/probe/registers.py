"""Probing what has registers: an inverter or a meter. Identify, read every block once; arms and commands nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, cast

from appliance.clock import Clock
from appliance.io import inverters, meters
from appliance.io.buses import BusError, RefusedError, WrongDeviceError
from appliance.io.buses.registers import Registers, open_registers
from appliance.io.meters._set_up import CanBeSetUp
from appliance.io.registers import Ask, Block, Kind, Values
from appliance.probe.found import Found, ProbeError, Reading, SetUpDone, WrongInputError
from appliance.probe.setting_up import set_up
from appliance.probe.target import Target
from appliance.site import Inverter, Meter, ModbusRtu, ModbusTcp, RegisterBus

LONGEST_S: Final = 10.0
TRIES: Final = 2
"""A line may be disturbed once."""


class Driver(Protocol):
    """What probing needs of a driver."""

    blocks: tuple[Block, ...]

    def identify(self, ask: Ask) -> None:
        """Find out what answers there."""


@dataclass(frozen=True, slots=True)
class Device:
    """A driver that is ready, and how its values become a reading."""

    kind: str
    name: str
    title: str
    unit: int
    driver: Driver
    reading: Callable[[Values], Reading]

    @classmethod
    def meter(cls, settings: Meter) -> "Device":
        """Raises LookupError, ValueError."""
        driver, title = meters.driver(settings), meters.load(settings.driver).TITLE
        return cls("meter", settings.driver, title, settings.unit, driver, driver.reading)

    @classmethod
    def inverter(cls, settings: Inverter) -> "Device":
        """Raises LookupError, ValueError."""
        driver, title = inverters.driver(settings), inverters.load(settings.driver).TITLE
        return cls("inverter", settings.driver, title, settings.unit, driver, driver.reading)

    @property
    def model(self) -> str:
        """What was found there, when the driver says it."""
        known = (getattr(self.driver, "model", ""), getattr(self.driver, "serial", ""))
        model, serial = (text if isinstance(text, str) else "" for text in known)
        return f"{model}, serial {serial}" if serial else model


def probe_registers(
    device: Device,
    target: Target,
    bus_settings: RegisterBus,
    document: object | None,
    write: bool,
    clock: Clock,
) -> Found:
    """One reading, after setting up when a `document` is given. Raises WrongInputError, ProbeError."""
    started_s = clock.now_s()
    bus = open_registers(bus_settings, clock)
    ends_s = started_s + LONGEST_S - bus_settings.timeout_s
    asking = _Asking(bus, device.unit, clock, ends_s)
    done: SetUpDone | None = None
    reading: Reading | None = None
    try:
        _connect(bus, bus_settings)
        device.driver.identify(asking.ask)
        if document is not None:
            done = set_up(_can_be_set_up(device), document, bus, asking.ask, device.unit, write)
            if done.written:
                device.driver.identify(asking.ask) if not done.elsewhere else None
        if done is None or not done.elsewhere:
            reading = device.reading(asking.values(device.driver.blocks))
    except WrongDeviceError as error:
        raise ProbeError(f"{target.text} unit {device.unit}: {error}\n{_WRONG_DEVICE}") from error
    except RefusedError as error:
        raise ProbeError(f"{target.text} unit {device.unit}: {error}\n{_REFUSED}") from error
    except BusError as error:
        advice = _silence(bus_settings, device.unit)
        raise ProbeError(f"{target.text} unit {device.unit}: {error}\n{advice}") from error
    finally:
        bus.close()
    took_s = clock.now_s() - started_s
    return Found(
        device.kind, device.name, device.title, device.model, target.text, reading, took_s, done
    )


def _can_be_set_up(device: Device) -> CanBeSetUp:
    make = getattr(device.driver, "set_up", None)
    if make is None:
        raise WrongInputError([f"--setup: {device.name} cannot be set up by this program"])
    return cast(CanBeSetUp, make())


class _Asking:
    """Reads, a second time after a disturbance, and not longer than allowed."""

    def __init__(self, bus: Registers, unit: int, clock: Clock, ends_s: float) -> None:
        self._bus, self._unit, self._clock, self._ends_s = bus, unit, clock, ends_s

    def ask(self, kind: Kind, address: int, count: int) -> tuple[int, ...]:
        """Words from a device. Raises BusError, RefusedError."""
        return self._read(Block(kind, address, count, (), slow=False, optional=False))

    def values(self, blocks: tuple[Block, ...]) -> Values:
        """Everything once."""
        values: dict[str, float | None] = {}
        for block in blocks:
            try:
                values |= block.decode(self._read(block))
            except RefusedError:
                if not block.optional:
                    raise
                values |= block.unknown()
        return values

    def _read(self, block: Block) -> tuple[int, ...]:
        for attempt in range(TRIES):
            if self._clock.now_s() > self._ends_s:
                raise BusError(f"not done after {LONGEST_S:g} s: it answers too slowly")
            try:
                return self._bus.read(block, self._unit)
            except RefusedError:
                raise
            except BusError:
                if attempt == TRIES - 1:
                    raise
        raise AssertionError  # Not reached: the last try returns or raises.


def _connect(bus: Registers, settings: RegisterBus) -> None:
    try:
        bus.connect()
    except BusError as error:
        raise ProbeError(f"{error}\n{_no_connection(settings)}") from error


def _no_connection(settings: RegisterBus) -> str:
    if hasattr(settings, "path"):
        return (
            "Is the adapter plugged in and is this its port (ls /dev/serial/by-id)?"
            " May this user open it (group dialout), and does nobody else use it?"
        )
    return (
        "Is the network cable in, the device on, the address right (ping it)?"
        " Is the port right (502 for Modbus), and is Modbus TCP enabled in its menu?"
        " Some devices allow one connection only: stop the appliance first."
    )


def _silence(settings: RegisterBus, unit: int) -> str:
    if isinstance(settings, ModbusTcp):
        return (
            f"The connection stands, but unit {unit} does not answer. Try --unit with the number in"
            " its menu (1, 247, 0); behind a gateway check the wires and the speed of its RS-485 side."
        )
    if isinstance(settings, ModbusRtu):
        return (
            f"Check: A and B wires (exchange them), termination, unit id (--unit {unit}), and"
            f" baud = {settings.baud}, parity = {settings.parity} against the menu of the device."
        )
    return "Check both serial numbers: the dongle's and the inverter's are on their labels."


_WRONG_DEVICE: Final = "Something answers, but another device: check --driver and --unit."
_REFUSED: Final = (
    "It answers and refuses: check --driver and --unit; old firmware may lack a register."
)
