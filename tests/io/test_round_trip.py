"""The drivers against the pretend devices, which were written from the same facts by somebody else."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.config import load_site
from appliance.io.bms import bms_workers
from appliance.io.modbus_workers import modbus_workers
from appliance.mailbox import Slots
from appliance.model import BatteryState, InverterState, Setpoints
from simulator.models.profile import load_profile
from simulator.wire.plugs import IN, SILENT
from simulator.wire.sitefile import load_site_file
from simulator.wire.stand_in import StandIn
from tests.io.fake_modbus import free_port
from tests.io.threads import CLOCK, decide, pause, running, soon

ROOT = Path(__file__).parent.parent.parent
FIXED_PORTS = ("15020", "15021", "29536", "18888")


@contextmanager
def pretend_site(site_file: Path) -> Iterator[StandIn]:
    """The pretend site in a thread of its own, on real sockets."""
    profile = load_profile(ROOT / "simulator" / "profiles" / "sunny.csv")
    site = StandIn(load_site_file(site_file), profile, soc_pct=50.0)
    started, loops = threading.Event(), []

    async def serve() -> None:
        ended = asyncio.Event()
        loops.append((asyncio.get_running_loop(), ended))
        await site.start()
        started.set()
        await site.run(ended)
        await site.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(5.0)
    try:
        yield site
    finally:
        loop, ended = loops[0]
        loop.call_soon_threadsafe(ended.set)
        thread.join(5.0)
    assert not thread.is_alive()


@pytest.fixture
def site_file(tmp_path: Path) -> Path:
    text = (ROOT / "simulator" / "sites" / "home.toml").read_text(encoding="utf-8")
    for port in FIXED_PORTS:
        assert port in text
        text = text.replace(port, str(free_port()))
    path = tmp_path / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


def hold(slots: Slots, setpoints: Setpoints, seconds: float) -> None:
    """Decide the same ten times a second, as the control loop does."""
    until_s = CLOCK.now_s() + seconds
    while CLOCK.now_s() < until_s:
        decide(slots, setpoints)
        pause(0.1)


def test_the_whole_plant_starts_carries_power_both_ways_and_stops(site_file: Path) -> None:
    site = load_site(site_file)
    slots = Slots.create(("grid", "pv"))
    workers = (*modbus_workers(site, CLOCK, slots), *bms_workers(site, CLOCK, slots))
    with pretend_site(site_file) as plant, running(workers):
        hold(slots, Setpoints(), 1.5)
        battery, inverter = slots.battery.newest(), slots.inverter.newest()
        assert battery and inverter
        assert battery.value.state is BatteryState.STANDBY and battery.value.faults == ()
        assert inverter.value.state is InverterState.OFF and inverter.value.faults == ()

        start = Setpoints(inverter_on=True, contactors_closed=True, reset_faults=True)

        def ready() -> bool:
            decide(slots, start)
            pause(0.05)
            battery, inverter = slots.battery.newest(), slots.inverter.newest()
            return bool(
                battery
                and battery.value.state is BatteryState.CONNECTED
                and inverter
                and inverter.value.state is InverterState.RUNNING
            )

        assert soon(ready, 8.0)
        for power_w in (1500.0, -1500.0):
            live = Setpoints(power_w=power_w, inverter_on=True, contactors_closed=True)
            hold(slots, live, 1.2)
            check_power(slots, plant, power_w)

        hold(slots, Setpoints(), 1.2)
        battery, inverter = slots.battery.newest(), slots.inverter.newest()
        assert battery and battery.value.state is BatteryState.STANDBY
        assert battery.value.racks[0].contactors_closed is False
        assert inverter and inverter.value.state is InverterState.OFF


def check_power(slots: Slots, plant: StandIn, power_w: float) -> None:
    """Everybody agrees on the power and its sign."""
    inverter, battery = slots.inverter.newest(), slots.battery.newest()
    grid, pv = slots.meters["grid"].newest(), slots.meters["pv"].newest()
    assert inverter and battery and grid and pv
    assert inverter.value.power_w == pytest.approx(power_w, abs=20.0)
    assert battery.value.power_w == pytest.approx(power_w, abs=300.0)
    assert battery.value.current_a is not None and battery.value.current_a * power_w > 0
    parts = (grid.value.power_w, inverter.value.power_w, pv.value.power_w)
    load_w = sum(part for part in parts if part is not None)
    site, model = plant.plant.site, plant.plant.site.rack
    assert load_w == pytest.approx(site.load_w, abs=50.0)
    rack = battery.value.racks[0]
    assert rack.contactors_closed is True
    assert battery.value.voltage_v == pytest.approx(model.voltage_v, abs=1.0)
    assert battery.value.soc_pct == pytest.approx(model.soc_pct, abs=0.3)
    assert battery.value.soe_wh == pytest.approx(model.soe_wh, abs=150.0)
    assert rack.cell_min_v == pytest.approx(model.cell_min_v, abs=0.01)
    assert rack.cell_max_v == pytest.approx(model.cell_max_v, abs=0.01)
    assert rack.cell_min_v_at == f"1.{model.cell_min_at}"
    assert rack.cell_max_v_at == f"1.{model.cell_max_at}"
    assert rack.cell_max_c == pytest.approx(model.cell_max_c, abs=0.6)
    assert rack.cell_avg_v == pytest.approx(model.cell_avg_v, abs=0.02)
    assert battery.value.max_charge_w == pytest.approx(model.max_charge_w, abs=150.0)
    assert battery.value.max_discharge_w == pytest.approx(model.max_discharge_w, abs=150.0)


def test_the_inverter_stops_by_itself_when_the_box_dies(site_file: Path) -> None:
    site = load_site(site_file)
    slots = Slots.create(("grid", "pv"))
    with pretend_site(site_file) as plant:
        with running(modbus_workers(site, CLOCK, slots)):
            hold(slots, Setpoints(), 0.5)
            armed_s = plant.plant.site.inverter.comm_timeout_s
        assert armed_s == pytest.approx(2.0)


def test_it_comes_back_after_the_box_was_dead_under_load(site_file: Path) -> None:
    site = load_site(site_file)
    live = Setpoints(power_w=1500.0, inverter_on=True, contactors_closed=True)
    slots = Slots.create(("grid", "pv"))

    def seen() -> tuple[BatteryState | None, InverterState | None]:
        battery, inverter = slots.battery.newest(), slots.inverter.newest()
        return battery.value.state if battery else None, inverter.value.state if inverter else None

    def reached(setpoints: Setpoints, battery: BatteryState, inverter: InverterState) -> bool:
        decide(slots, setpoints)
        pause(0.05)
        return seen() == (battery, inverter)

    with pretend_site(site_file) as plant:
        with running((*modbus_workers(site, CLOCK, slots), *bms_workers(site, CLOCK, slots))):
            assert soon(lambda: reached(live, BatteryState.CONNECTED, InverterState.RUNNING), 8.0)
            plant.plugs.find("inverter").fault = SILENT  # As with a kill: nothing is put to rest.
        pause(2.6)
        plant.plugs.find("inverter").fault = IN
        assert plant.plant.site.bms.faults and plant.plant.site.inverter.alarm
        slots = Slots.create(("grid", "pv"))
        with running((*modbus_workers(site, CLOCK, slots), *bms_workers(site, CLOCK, slots))):
            pause(1.5)
            assert seen() == (BatteryState.FAULT, InverterState.FAULT), "nobody has reset them"
            reset = Setpoints(reset_faults=True)
            assert soon(lambda: reached(reset, BatteryState.STANDBY, InverterState.OFF), 5.0)
            assert soon(lambda: reached(live, BatteryState.CONNECTED, InverterState.RUNNING), 8.0)
