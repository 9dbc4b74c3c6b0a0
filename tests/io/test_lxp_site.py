"""The LuxPower home of the simulator with the box's own workers: by dongle, on RS-485, in plain Modbus, and when it dies."""

from pathlib import Path

import pytest

from appliance.config import load_site
from appliance.io.modbus_workers import modbus_workers
from appliance.mailbox import Slots
from appliance.model import BatteryState, InverterReading, InverterState, Setpoints
from simulator.wire.plugs import SILENT
from tests.io.fake_modbus import free_port
from tests.io.test_round_trip import ROOT, pretend_site
from tests.io.threads import CLOCK, decide, pause, running, soon

SITE = ROOT / "simulator" / "sites" / "home_lxp.toml"
DONGLE = 'kind = "lxp_dongle"\nhost = "127.0.0.1"\nport = 15220\ndongle_serial = "DG12345678"\n'
FASTER = 30.0
"""Minutes of the inverter's clock pass in seconds."""


@pytest.fixture(params=["dongle", "serial", "plain"])
def site_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Without rest between requests, windows of two minutes, and the battery as the inverter tells it."""
    text = SITE.read_text(encoding="utf-8")
    battery = text.index("[battery]"), text.index("[inverter]")
    text = (
        text[: battery[0]]
        + '[battery]\ndriver = "inverter"\nbus = "dongle"\ncapacity_wh = 10600.0\n\n'
        + text[battery[1] :]
    )
    wires = {
        "dongle": DONGLE + "pause_s = 0.0\n",
        "serial": f'kind = "lxp_serial"\npath = "{tmp_path / "tty"}"\n',
        "plain": f'kind = "modbus_rtu"\npath = "{tmp_path / "tty"}"\nbaud = 19200\n',
    }
    if request.param == "plain":
        text = text.replace('inverter_serial = "LX12345678"\n', "")
    changes = {
        DONGLE: wires[request.param],
        "window_min = 30": "window_min = 2",
        "pause_s = 2.0": "pause_s = 0.0",
        "poll_s = 3.0": "poll_s = 0.1",
        **{port: str(free_port()) for port in ("15220", "15221", "15222", "15223")},
    }
    for old, new in changes.items():
        assert old in text or request.param != "dongle"
        text = text.replace(old, new)
    path = tmp_path / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


def newest(slots: Slots) -> InverterReading | None:
    found = slots.inverter.newest()
    return None if found is None else found.value


def test_power_both_ways_and_an_end_by_itself(site_file: Path) -> None:
    site, slots = load_site(site_file), Slots.create(("grid", "pv"))
    with pretend_site(site_file) as plant:
        plant.plant.site.bms.request_close = True
        inverter = plant.plant.site.inverter
        with running(modbus_workers(site, CLOCK, slots)):

            def reached(power_w: float) -> bool:
                wanted = Setpoints(power_w=power_w, inverter_on=True, contactors_closed=True)
                decide(slots, wanted)
                pause(0.05)
                told = newest(slots)
                return (
                    told is not None
                    and told.state is InverterState.RUNNING
                    and told.setpoint_w == power_w
                    and told.power_w == pytest.approx(power_w, abs=2.0)
                    and inverter.ac_power_w == pytest.approx(power_w, abs=2.0)
                )

            assert soon(lambda: reached(0.0), 8.0)
            assert soon(lambda: reached(1_000.0), 8.0)
            assert soon(lambda: reached(-1_000.0), 8.0)
            battery = slots.battery.newest()
            assert battery is not None and battery.value.state is BatteryState.CONNECTED
            assert battery.value.power_w is not None and battery.value.power_w < -900.0
            grid = slots.meters["grid"].newest()
            assert grid is not None and grid.value.power_w == pytest.approx(
                plant.plant.site.grid_w, abs=100.0
            )
            told = newest(slots)
            assert told is not None and 0 < told.stored_writes < 30
            plant.plugs.find("inverter").fault = SILENT  # Nothing is put to rest, as with a kill.
        assert inverter.ac_power_w == pytest.approx(-1_000.0, abs=2.0), "until the window ends"
        plant.plant.speed = FASTER
        assert soon(lambda: inverter.ac_power_w == 0.0, 3.2 * 60.0 / FASTER)
        last = slots.inverter.newest()
        assert last is not None and CLOCK.now_s() - last.at_s > 1.0, "no reading while silent"


def test_a_box_that_ends_leaves_it_at_rest(site_file: Path) -> None:
    site, slots = load_site(site_file), Slots.create(("grid", "pv"))
    with pretend_site(site_file) as plant:
        plant.plant.site.bms.request_close = True
        inverter = plant.plant.site.inverter
        wanted = Setpoints(power_w=1_000.0, inverter_on=True, contactors_closed=True)
        with running(modbus_workers(site, CLOCK, slots)):

            def carries() -> bool:
                decide(slots, wanted)
                pause(0.05)
                return inverter.ac_power_w == pytest.approx(1_000.0, abs=2.0)

            assert soon(carries, 12.0)
        assert soon(lambda: not inverter.on and inverter.ac_power_w == 0.0, 1.0)
