"""What devices cost: one poll to a reading, and the whole core with 16 racks and 8 meters."""

import asyncio
import tempfile
import threading
import time
from pathlib import Path

import psutil

from appliance.clock import SystemClock
from appliance.io import meters
from appliance.io._polled import Polled
from appliance.io.buses.registers import open_registers
from appliance.io.registers import Values
from appliance.model import MeterReading
from appliance.site import Meter, ModbusTcp
from simulator.wire.carlo_gavazzi import places
from simulator.wire.modbus import ModbusServer, Unit
from simulator.wire.plugs import Plug
from tests.bench.rows import Row, median, percentile
from tests.io.rig import pretend_plant
from tests.live.box import LiveBox
from tests.stories import HOME

POLLS, ROUNDS = 400, 3
SETTLE_S, WATCH_S = 10.0, 20.0
METERS = 8


def poll_row() -> Row:
    """Request sent → reading made, one EM24 over TCP on loopback; medians of several rounds."""
    server = ModbusServer("127.0.0.1", 0)
    server.add(1, Unit(places(1648)["meter.grid"](pretend_plant(), False).registers, Plug("meter")))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(5.0)
    try:
        rounds = [_polls_ms(server.port) for _ in range(ROUNDS)]
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(5.0)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5.0)
        loop.close()
    p50, p99 = (median([percentile(one, share) for one in rounds]) for share in (0.5, 0.99))
    what = f"Modbus poll to reading, p50 (p99 {p99:.2f} ms)"
    return Row("D1", what, p50, "ms", "", None)


def _polls_ms(port: int) -> list[float]:
    clock = SystemClock()
    settings = Meter(driver="em24_ethernet", bus="lan", poll_s=0.02)
    driver = meters.driver(settings)
    seen: list[MeterReading] = []

    def publish(values: Values, _at_s: float) -> None:
        seen.append(driver.reading(values))

    bus = open_registers(ModbusTcp(kind="modbus_tcp", host="127.0.0.1", port=port), clock)
    polled = Polled("meter", settings, driver, publish, clock.now_s())
    times_ms = []
    for _ in range(POLLS):
        started_s, before = time.perf_counter(), len(seen)
        polled.poll(bus, clock, lambda: None)
        if len(seen) > before:
            times_ms.append(1e3 * (time.perf_counter() - started_s))
    bus.close()
    return times_ms


def large_site() -> str:
    """16 racks on CAN, 8 meters on one line, the rest as in the pretend shop."""
    text = (HOME.parent / "commercial.toml").read_text()
    text = text.replace('driver = "nbms_2_5"', 'driver = "cbms"').replace("racks = 2", "racks = 16")
    more = "".join(
        f'\n[meters.part_{unit}]\ndriver = "em24_ethernet"\nbus = "meter_lan"\nunit = {unit}\n'
        for unit in range(3, METERS + 1)
    )
    return text + more


def load_rows() -> list[Row]:
    """CPU of the core while it runs, in percent of one core of this machine."""
    with tempfile.TemporaryDirectory() as folder:
        box = LiveBox(
            Path(folder), site_toml=large_site(), profile=HOME.parents[1] / "profiles" / "shop.csv"
        )
        try:
            box.start(without="gui,cloud")
            box.wait_running(60.0)
            core = psutil.Process(box.pid("core"))
            time.sleep(SETTLE_S)
            core.cpu_percent()
            time.sleep(WATCH_S)
            share_pct = core.cpu_percent()
        finally:
            box.stop()
    what = "CPU of the core with 16 racks and 8 meters"
    return [Row("D3", what, share_pct, "% core", "", None)]
