"""The pretend home's inverter and meters on a Modbus bus of the test."""

from pathlib import Path

from appliance.config import load_site
from appliance.model import Setpoints
from appliance.site import ModbusTcp, SiteSettings
from tests.io.fake_modbus import FakeModbus

HOME = Path(__file__).parent.parent.parent / "simulator" / "sites" / "home.toml"

RUN = Setpoints(power_w=1000.0, inverter_on=True, contactors_closed=True)


def site_on(inverter_port: int, meter_port: int) -> SiteSettings:
    site = load_site(HOME)
    buses = {"inverter_lan": lan(inverter_port), "meter_lan": lan(meter_port)}
    return site.model_copy(update={"buses": dict(site.buses) | buses})


def lan(port: int) -> ModbusTcp:
    return ModbusTcp(kind="modbus_tcp", host="127.0.0.1", port=port, timeout_s=0.1)


def in_operation(server: FakeModbus) -> FakeModbus:
    server.set(1, "input", 5000, 3, 1)
    return server


def em24(server: FakeModbus) -> FakeModbus:
    """Its two units say that they are an EM24 Ethernet in application H."""
    for unit in (1, 2):
        server.set(unit, "holding", 0x000B, 1648)
        server.set(unit, "holding", 0xA000, 7)
    return server


def power_of(word: int) -> int:
    return word - 0x10000 if word & 0x8000 else word
