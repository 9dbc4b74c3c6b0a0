"""The SunSpec site of the simulator with the box's own workers, on real sockets."""

from pathlib import Path

import pytest

from appliance.config import load_site
from appliance.io.bms import bms_workers
from appliance.io.modbus_workers import modbus_workers
from appliance.mailbox import Slots
from appliance.model import InverterState, Setpoints
from simulator.wire.plugs import SILENT
from tests.io.fake_modbus import free_port
from tests.io.test_round_trip import ROOT, check_power, hold, pretend_site
from tests.io.threads import CLOCK, decide, pause, running, soon


@pytest.fixture
def site_file(tmp_path: Path) -> Path:
    text = (ROOT / "simulator" / "sites" / "sunspec.toml").read_text(encoding="utf-8")
    for port in ("15120", "15121", "15122", "15123"):
        assert port in text
        text = text.replace(port, str(free_port()))
    path = tmp_path / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_it_starts_carries_power_both_ways_and_ends_by_itself(site_file: Path) -> None:
    site = load_site(site_file)
    slots = Slots.create(("grid", "pv"))
    workers = (*modbus_workers(site, CLOCK, slots), *bms_workers(site, CLOCK, slots))
    with pretend_site(site_file) as plant, running(workers):
        live = Setpoints(inverter_on=True, contactors_closed=True)

        def ready() -> bool:
            decide(slots, live)
            pause(0.05)
            newest = slots.inverter.newest()
            return newest is not None and newest.value.state is InverterState.RUNNING

        assert soon(ready, 8.0)
        for power_w in (1_500.0, -1_500.0):
            hold(slots, Setpoints(power_w=power_w, inverter_on=True, contactors_closed=True), 1.2)
            check_power(slots, plant, power_w)
            newest = slots.inverter.newest()
            assert newest is not None and newest.value.setpoint_w == power_w
            assert newest.value.faults == ()
        plant.plugs.find("inverter").fault = SILENT
        pause(2.6)
        assert plant.plant.site.inverter.ac_power_w == pytest.approx(0.0, abs=1.0)
        newest = slots.inverter.newest()
        assert newest is not None and CLOCK.now_s() - newest.at_s > 2.0, "no reading while silent"
