"""Pretend batteries without a plant around them: tick by tick, or on a real socket of their own."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import can
import cantools

from simulator.models.profile import parse_profile
from simulator.models.site import Site, pretend_site
from simulator.wire.batteries import BATTERIES
from simulator.wire.can_codec import crc8_j1850
from simulator.wire.can_faults import DEAF
from simulator.wire.can_twin import TICK_S, CanTwin
from simulator.wire.plant import Plant
from simulator.wire.plugs import Plug
from simulator.wire.socketcand import Frame, Socketcand

FLAT = ("utc,load_w,pv_w", "2026-01-01,1200,500", "2026-01-02,1200,500")
DBC_FOLDER = Path(__file__).parents[2] / "dbc"
OWN = ("nbms_2_3", "nbms_2_4", "nbms_2_5", "cbms")
RACK_STEP = {"cbms": 1}
ASKED_EACH_SECOND = {"pylontech_lv", "pylontech_hv", "sma_35x"}
CHARGE_POSITIVE = {"nbms_2_4"}


def site_of(family: str, racks: int, capacity_wh: float = 60_000.0) -> Site:
    row = BATTERIES[family]
    return pretend_site(
        parse_profile(FLAT),
        capacity_wh=capacity_wh,
        racks=racks,
        modules=row.modules,
        cells_per_module=row.cells_per_module,
    )


def ask(
    family: str,
    count: int,
    *,
    close: bool,
    reset: bool = False,
    sleep: str = "STAY",
    mask: int = 0xFFFF,
) -> Frame:
    """What a box would send: the `count`-th request."""
    if family == "foxbms2":
        return Frame(0x210, bytes([int(close) | reset << 2]) + bytes(7))
    if family in ("pylontech_lv", "sma_35x"):
        return Frame(0x305, bytes(8))
    if family == "pylontech_hv":
        return Frame(0x4200, bytes(8), extended=True)
    message = database(family).get_message_by_name("Command")
    values = {signal.name: 0 for signal in message.signals} | {
        "Request": int(close), "ErrorReset": int(reset), "RackEnable": mask,
    }  # fmt: skip
    if "Counter" in values:
        values |= {"Counter": count % 16, "Sleep": {"STAY": 0, "SLEEP": 1, "WAKE": 2}[sleep]}
    size = message.get_signal_by_name("RackEnable").length
    values["RackEnable"] &= (1 << size) - 1
    data = bytes(message.encode(values, scaling=False, strict=False))
    if "Crc" in values:
        data = data[:7] + bytes([crc8_j1850(data[:7])])
    return Frame(message.frame_id, data, message.is_extended_frame)


_databases: dict[str, cantools.database.Database] = {}


def database(family: str) -> cantools.database.Database:
    if family not in _databases:
        made = cantools.database.load_file(DBC_FOLDER / f"{family}.dbc")
        assert isinstance(made, cantools.database.Database)
        _databases[family] = made
    return _databases[family]


def decoded(family: str, frames: list[Frame]) -> dict[str, float]:
    """By cantools, with the DBC: `2.RackValues.Voltage`; rack 0 is the battery. The last one wins."""
    table, step = database(family), RACK_STEP.get(family, 0x10)
    by_id = {message.frame_id: message for message in table.messages}
    said: dict[str, float] = {}
    for frame in frames:
        rack = 0
        message = by_id.get(frame.can_id)
        if message is None or message.name.startswith("Rack"):
            first = frame.can_id & ~0xFF | 1 if step == 1 else _first_rack(family, frame.can_id)
            rack = (frame.can_id - first) // step + 1
            message = by_id.get(first)
        if message is None:
            continue
        values = message.decode(frame.data, decode_choices=False)
        assert isinstance(values, dict)
        said |= {f"{rack}.{message.name}.{name}": float(str(v)) for name, v in values.items()}
    return said


def _first_rack(family: str, can_id: int) -> int:
    base = database(family).get_message_by_name("RackStatus").frame_id
    return base + (can_id & 0xF)


class Ticking:
    """A battery whose time passes only when it is told to: the same every time."""

    def __init__(self, family: str, racks: int = 2, capacity_wh: float = 60_000.0) -> None:
        self.family = family
        self.site = site_of(family, racks, capacity_wh)
        self.plug = Plug("bms")
        self.bus = Socketcand("127.0.0.1", 0, "can0")
        self.twin: CanTwin = BATTERIES[family].make(self.site, self.bus, self.plug)
        self.answers: list[Frame] = []
        self.bus.send = lambda frames, besides=None: self.answers.extend(frames)  # type: ignore[method-assign]
        self.tick = self.asked = 0
        self.close: bool | None = None
        self.log: list[tuple[float, Frame]] = []

    def put(self, fault: str) -> None:
        """As the plug does, without the door of the socket."""
        self.plug.fault = fault
        self.twin.take_fault()

    def run(self, seconds: float, power_w: float = 0.0) -> list[Frame]:
        """All frames of so many seconds, while the box asks every 0.1 s."""
        heard: list[Frame] = []
        inverter = self.site.inverter
        for _ in range(round(seconds / TICK_S)):
            inverter.on, inverter.setpoint_w = power_w != 0.0, power_w
            self.site.step(TICK_S)
            self.answers.clear()
            every = 20 if self.family in ASKED_EACH_SECOND else 2
            if self.close is not None and self.tick % every == 0:
                request = ask(self.family, self.asked, close=self.close)
                self.asked += 1
                self.log.append((self.tick * TICK_S, request))
                self.twin.receive(request)
            fault = self.plug.fault
            said = [] if fault in DEAF else self.twin.said(self.tick)
            frames = self.answers + self.twin._line.send(fault, said)
            self.log += [(self.tick * TICK_S, frame) for frame in frames]
            heard += frames
            self.tick += 1
        return heard


def connected(family: str, racks: int = 2) -> Ticking:
    """Standby for half a second, then asked to close."""
    battery = Ticking(family, racks)
    battery.close = False
    battery.run(0.5)
    battery.close = True
    battery.run(1.2)
    return battery


def ids(frames: list[Frame]) -> set[int]:
    return {frame.can_id for frame in frames}


class OnSocket:
    """A battery on a socket, and a box that listens and asks."""

    def __init__(self, family: str, twin: CanTwin, plant: Plant, plug: Plug, loop: asyncio.AbstractEventLoop, bus: can.BusABC) -> None:  # fmt: skip
        self.family, self.twin, self.plant, self.plug = family, twin, plant, plug
        self._loop, self.client = loop, bus
        self._count = 0
        self.close: bool | None = None

    def put(self, fault: str) -> None:
        asyncio.run_coroutine_threadsafe(self.plug.put(fault), self._loop).result(2.0)

    def send(self, frame: Frame) -> None:
        self.client.send(
            can.Message(arbitration_id=frame.can_id, data=frame.data, is_extended_id=frame.extended)
        )

    def listen(self, seconds: float, until: tuple[str, float] | None = None) -> list[Frame]:
        """Everything heard so long, or until a signal has a value; asks every 100 ms."""
        heard: list[Frame] = []
        next_s = time.monotonic()
        end_s = next_s + seconds
        while (now_s := time.monotonic()) < end_s:
            if self.close is not None and now_s >= next_s:
                self.send(ask(self.family, self._count, close=self.close))
                self._count += 1
                next_s += 0.1
            message = self.client.recv(0.02)
            if message is not None and not message.is_error_frame:
                frame = Frame(message.arbitration_id, bytes(message.data), message.is_extended_id)
                heard.append(frame)
                if until and decoded(self.family, [frame]).get(until[0]) == until[1]:
                    break
        return heard

    def power(self, power_w: float) -> None:
        inverter = self.plant.site.inverter
        inverter.on, inverter.setpoint_w = True, power_w


@contextmanager
def on_socket(family: str, racks: int = 2) -> Iterator[OnSocket]:
    """One battery on a socket of its own."""
    plant, plug = Plant(site_of(family, racks)), Plug("bms")
    server = Socketcand("127.0.0.1", 0, "can0")
    twin = BATTERIES[family].make(plant.site, server, plug, before=plant.catch_up)
    loop, ready, ended = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def live() -> None:
        await server.start()
        tasks = [asyncio.create_task(plant.run()), asyncio.create_task(twin.run())]
        ready.set()
        await ended.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),), daemon=True)
    thread.start()
    assert ready.wait(5.0)
    try:
        with can.Bus(
            interface="socketcand", host="127.0.0.1", port=server.port, channel="can0"
        ) as bus:
            yield OnSocket(family, twin, plant, plug, loop, bus)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(5.0)
        loop.close()
