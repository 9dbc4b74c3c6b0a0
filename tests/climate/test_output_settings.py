"""Relays, fans and heaters in site.toml: what cannot be is refused, with its path."""

from pathlib import Path

import pytest

from appliance.config import SiteError, load_site
from tests.stories import HOME

WRONG = """
[relays.mat]
driver = "gpio"
bus = "pins"
pin = 17
[relays.pump]
driver = "waveshare"
bus = "can0"
channel = 9
[relays.fan]
driver = "gpio"
bus = "nowhere"
pin = 5
"""

WRONG_USE = """
[relays.one]
driver = "waveshare"
bus = "meter_lan"
unit = 5
channel = 1
[relays.other]
driver = "wp8025adam"
bus = "meter_lan"
unit = 5
channel = 1
[climate]
algorithm = "bat5"
[climate.zones.cabinet]
sensors = ["plate"]
[climate.fans.main]
zone = "cabinet"
relay = "one"
[climate.heaters.mat]
zone = "cabinet"
relay = "one"
sensor = "box"
[climate.heaters.second]
zone = "cabinet"
relay = "gone"
sensor = "box"
"""


def refused(tmp_path: Path, text: str) -> str:
    path = tmp_path / "site.toml"
    path.write_text(HOME.read_text() + text)
    with pytest.raises(SiteError) as error:
        load_site(path)
    return str(error.value)


def test_relays_that_cannot_be_are_refused(tmp_path: Path) -> None:
    assert "channel = 9" in refused(tmp_path, WRONG)
    text = refused(tmp_path, WRONG.replace("channel = 9", "channel = 8"))
    assert "relays.pump.bus = 'can0' is can, must be modbus_rtu or modbus_tcp" in text
    assert "relays.fan.bus = 'nowhere' is not in buses, must be gpio" in text
    fixed = WRONG.replace("channel = 9", "channel = 8").replace("can0", "meter_lan")
    fixed = fixed.replace("nowhere", "pins").replace(
        'driver = "waveshare"', 'driver = "waveshare"\nunit = 9'
    )
    assert "board.estop_pin and relays.mat have the same place: pins pin 17" in refused(
        tmp_path, fixed
    )
    clash = WRONG_USE.replace("unit = 5", "unit = 2")
    assert "meters.pv have the same place on a bus: meter_lan unit 2" in refused(tmp_path, clash)


def test_users_of_relays_and_sensors_that_are_not_there_are_refused(tmp_path: Path) -> None:
    text = refused(tmp_path, WRONG_USE)
    for part in (
        "relays.other.driver = 'wp8025adam': meter_lan unit 5 is waveshare",
        "climate.heaters.mat.relay and climate.fans.main.relay have the same relay: one",
        "climate.heaters.second.relay = 'gone' is not in relays (one, other)",
        "climate.zones.cabinet.sensors = 'plate' is not in sensors",
    ):
        assert part in text, text


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("bat5", "bat6", "no such algorithm; there is: bat10, bat5, bat80"),
        ("bat5", "bat80", "zones.cabinet: bat80 has no such zone; it has: batteries, inverter"),
        ('relay = "one"\n[climate.h', "[climate.h", "a fan has either pwm or a relay"),
        (
            'zone = "cabinet"',
            'zone = "attic"',
            "fans.main.zone = 'attic' is not in zones (cabinet)",
        ),
        ("[climate.heaters.mat]", "[climate.heaters.main]", "main is a fan and a heater"),
        ("[climate]", '[climate]\nnight = { time_zone = "Mars" }', "no such time zone"),
    ],
)
def test_a_climate_that_does_not_fit_is_refused(
    tmp_path: Path, right: str, wrong: str, says: str
) -> None:
    assert right in WRONG_USE
    assert says in refused(tmp_path, WRONG_USE.replace(right, wrong, 1))
