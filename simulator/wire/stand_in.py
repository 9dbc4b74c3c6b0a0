"""Stands in for every device that a site.toml names, on the sockets where the box expects them.

A new pretend device is a row in one of the tables of drivers.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from simulator.models.profile import Profile
from simulator.models.site import Site, pretend_site
from simulator.wire import acuvim2, carlo_gavazzi
from simulator.wire.air_place import place_air
from simulator.wire.batteries import BATTERIES
from simulator.wire.board import Board, PluggedChip
from simulator.wire.luxpower import LuxPower
from simulator.wire.luxpower_dongle import LuxDongle
from simulator.wire.luxpower_serial import LuxSerial
from simulator.wire.modbus import ModbusServer, Unit
from simulator.wire.pigpiod import Pigpiod
from simulator.wire.plant import Plant
from simulator.wire.plugs import Plugs
from simulator.wire.pqstori import PqStorI
from simulator.wire.registers import Registers
from simulator.wire.rtu import RtuServer
from simulator.wire.sensors import CHIPS, FILES, Runs
from simulator.wire.sitefile import SERIAL, Address, DeviceAt, SiteFile, SiteFileError, Table
from simulator.wire.socketcand import Socketcand
from simulator.wire.strato_pi import StratoPi
from simulator.wire.sunspec import SunSpec
from simulator.wire.sunspec import grid_meter as sunspec_grid_meter
from simulator.wire.sunspec import pv_meter as sunspec_pv_meter
from simulator.wire.tesla import Tesla
from simulator.wire.trumpf import Trumpf

T = TypeVar("T")
INVERTER_SPEAKS = "inverter"
"""The battery has no BMS of its own on a CAN bus."""


class InverterTwin(Protocol):
    """An inverter's registers, and what it does besides."""

    registers: Registers

    def answers_to(self, unit: int) -> bool:
        """Unit ids beside its own."""

    def on_write(self) -> None:
        """A write arrived."""

    def reboot(self) -> None:
        """Forget everything that it was told."""


class MeterTwin(Protocol):
    """A meter's registers."""

    registers: Registers


INVERTERS: dict[str, Callable[[Site, float], InverterTwin]] = {
    "trumpf_ac3025": Trumpf,
    "abb_pqstori": PqStorI,
    "abb_esi": PqStorI,  # its own map is not public: as docs/examples/abb_esi.toml lists it
    "tesla": Tesla,
    "sunspec": SunSpec,
    "luxpower_lxp": LuxPower,
}
METERS: dict[str, Mapping[str, Callable[[Site, bool], MeterTwin]]] = {
    "em24_ethernet": carlo_gavazzi.places(1648),
    "carlo_gavazzi": carlo_gavazzi.places(1648),
    "carlo_gavazzi on a serial line": carlo_gavazzi.places(341),
    "acuvim2": {"meter.grid": acuvim2.grid_meter, "meter.pv": acuvim2.pv_meter},
    "sunspec": {"meter.grid": sunspec_grid_meter, "meter.pv": sunspec_pv_meter},
}


class Server(Protocol):
    """Something that listens."""

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""

    async def stop(self) -> None:
        """Close everything."""


class StandIn:
    """The pretend site with all its servers."""

    def __init__(
        self, wanted: SiteFile, profile: Profile, *, soc_pct: float = 50.0, speed: float = 1.0
    ) -> None:
        site = _site(wanted, profile, soc_pct)
        self.plant = Plant(site, speed)
        self.plugs = Plugs()
        self._modbus: dict[Address, ModbusServer | RtuServer | LuxDongle] = {}
        self._daemons: dict[Address, Pigpiod] = {}
        self.inverter = self._put_inverter(wanted.inverter)
        for meter in wanted.meters:
            self._put_meter(meter)
        self._can: list[Socketcand] = []
        self._run_too: list[Runs] = []
        if wanted.battery.driver != INVERTER_SPEAKS:
            self._put_bms(wanted.battery)
        self.board = self._put_board(wanted)
        for sensor in wanted.sensors:
            self._put_sensor(sensor)
        self.air = place_air(wanted.whole, site, self.plugs, self._add_unit, self._daemon)
        if self.air is not None:
            self._run_too.append(self.air)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open every socket. Raises OSError when one is taken."""
        for server in self._servers():
            await server.start()
        running: tuple[Coroutine[None, None, None], ...] = (self.plant.run(),)
        too = (each.run() for each in self._run_too)
        self._tasks = [asyncio.create_task(each) for each in (*running, *too)]

    async def run(self, ended: asyncio.Event) -> None:
        """Until `ended`, or until something breaks: then its error is raised."""
        end = asyncio.create_task(ended.wait())
        await asyncio.wait([end, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        end.cancel()
        for task in self._tasks:
            if task.done():
                task.result()

    async def stop(self) -> None:
        """Close everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for server in self._servers():
            await server.stop()

    def where(self) -> str:
        """Who listens where, in one line."""
        modbus = [
            f"{'+'.join(u.plug.name for u in s.units.values())} {s.host}:{s.port}"
            for s in self._modbus.values()
        ]
        pins = [f"pins {daemon.host}:{daemon.port}" for daemon in self._daemons.values()]
        buses = [f"bms {can.channel}@{can.host}:{can.port}" for can in self._can]
        return ", ".join([*modbus, *buses, *pins])

    def unit(self, name: str) -> Unit:
        """The device behind Modbus with this plug. Raises ValueError when there is none."""
        units = (unit for server in self._modbus.values() for unit in server.units.values())
        for unit in units:
            if unit.plug.name == name:
                return unit
        msg = f"no device {name!r} behind Modbus"
        raise ValueError(msg)

    def _servers(self) -> list[Server]:
        return [*self._modbus.values(), *self._can, *self._daemons.values()]

    # ------------------------------------------------------------ one device each

    def _server(
        self, address: Address, bus: Table | None = None
    ) -> ModbusServer | RtuServer | LuxDongle:
        host, port = address
        if address not in self._modbus:
            plain = RtuServer(host) if port == SERIAL else ModbusServer(host, port)
            self._modbus[address] = _lux_power(address, bus) or plain
        return self._modbus[address]

    def _add_unit(self, address: Address, number: int, unit: Unit) -> None:
        self._server(address).add(number, unit)

    def _daemon(self, address: Address) -> Pigpiod:
        return self._daemons.setdefault(address, Pigpiod(*address))

    def _put_inverter(self, at: DeviceAt) -> Unit:
        twin = _find(INVERTERS, at)(self.plant.site, self.plant.speed)
        unit = Unit(
            twin.registers,
            self.plugs.add(at.name),
            before=self.plant.catch_up,
            answers_to=twin.answers_to,
            on_write=twin.on_write,
            reboot=twin.reboot,
        )
        self._server(at.address, at.bus).add(at.unit, unit)
        return unit

    def _put_meter(self, at: DeviceAt) -> None:
        on_serial = METERS.get(f"{at.driver} on a serial line")
        places = on_serial if on_serial and at.address[1] == SERIAL else _find(METERS, at)
        # A meter of another name measures what the grid meter does.
        twin = places.get(at.name, places["meter.grid"])(self.plant.site, at.reversed_mounting)
        unit = Unit(twin.registers, self.plugs.add(at.name), before=self.plant.catch_up)
        self._server(at.address).add(at.unit, unit)

    def _put_bms(self, at: DeviceAt) -> None:
        can = Socketcand(*at.address, at.channel)
        twin = _find(BATTERIES, at).make(
            self.plant.site,
            can,
            self.plugs.add(at.name),
            before=self.plant.catch_up,
            speed=self.plant.speed,
        )
        self._can.append(can)
        self._run_too.append(twin)

    def _put_board(self, wanted: SiteFile) -> Board:
        at = wanted.board
        plug = self.plugs.add("board")
        board = Board(self._daemon(at.address), plug, at.estop_pin, at.buttons, at.leds)
        if at.driver == "strato_pi" and at.files is not None and at.options is not None:
            board.strato_pi = StratoPi(Path(at.files), plug)
            board.button_parts = tuple(at.options.table("buttons").texts())
            board.light_parts = at.options.table("leds").texts()
            self._run_too.append(board.strato_pi)
        return board

    def _put_sensor(self, at: DeviceAt) -> None:
        plug = self.plugs.add(at.name)
        if at.driver in FILES:
            self._run_too.append(
                FILES[at.driver](Path(at.address[0]), self.plant.environment, plug)
            )
            return
        chip = _find(CHIPS, at)(self.plant.environment, at.options or Table({}))
        self._daemon(at.address).i2c_devices[at.unit] = PluggedChip(chip, plug)


def _site(wanted: SiteFile, profile: Profile, soc_pct: float) -> Site:
    """The plant, with a battery built like that of the BMS at hand."""
    build = partial(
        pretend_site,
        profile,
        capacity_wh=wanted.capacity_wh,
        racks=wanted.racks,
        rated_w=wanted.rated_w,
        soc_pct=soc_pct,
    )
    if wanted.battery.driver == INVERTER_SPEAKS:
        return build()
    built = _find(BATTERIES, wanted.battery)
    return build(modules=built.modules, cells_per_module=built.cells_per_module)


def _lux_power(address: Address, bus: Table | None) -> LuxDongle | LuxSerial | None:
    """The server of LuxPower's own framing, where the wire is such a one."""
    kind = "" if bus is None else bus.get("kind", str)
    if bus is not None and kind == "lxp_dongle":
        names = bus.get("dongle_serial", str), bus.get("inverter_serial", str)
        return LuxDongle(*address, *names)
    if bus is not None and kind == "lxp_serial":
        return LuxSerial(address[0], bus.get("inverter_serial", str))
    return None


def _find(table: dict[str, T], at: DeviceAt) -> T:
    """The row of that driver. Raises SiteFileError with what there is."""
    if at.driver not in table:
        msg = f"the simulator cannot stand in for {at.name} {at.driver!r}; it knows: {', '.join(table)}"
        raise SiteFileError(msg)
    return table[at.driver]
