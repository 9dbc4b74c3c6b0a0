"""The sensor of the air: what it reads, and how its thread lives through silence."""

import logging
import math
from collections.abc import Iterator

import pytest

from appliance import registry
from appliance.io import sensors
from appliance.io.sensors import sensor_workers
from appliance.io.sensors._workers import BACK_OFF_S
from appliance.io.sensors.bme680 import reading
from appliance.mailbox import Slots
from appliance.model import SensorReading
from appliance.site import SiteSettings
from simulator.wire.bme680 import Bme680Twin
from tests.io.pretend import CLOCK, Front, front, home, running, until

AIR = (31.4, 57.5, 996.0)


@pytest.fixture
def site() -> Iterator[Front]:
    with front() as made:
        made.daemon.i2c_devices[0x76] = Bme680Twin(lambda: AIR)
        yield made


def slots_for(settings: SiteSettings) -> Slots:
    return Slots.create(("grid",), tuple(settings.sensors))


def second_sensor(settings: SiteSettings, address: int) -> SiteSettings:
    """The same site with one more sensor on the same bus."""
    box = settings.sensors["box"]
    more = {"box": box, "lid": box.model_copy(update={"unit": address})}
    return settings.model_copy(update={"sensors": more})


# ---------------------------------------------------------------- the driver


def test_what_the_chip_cannot_measure_is_missing_not_zero() -> None:
    whole = reading(20.0, 50.0, 1000.0)
    assert (whole.temperature_c, whole.humidity_pct, whole.pressure_hpa) == (20.0, 50.0, 1000.0)
    assert whole.dew_point_c == pytest.approx(9.3, abs=0.1)
    assert reading(-40.0, 0.0, 300.0) == SensorReading(-40.0, 0.0, 300.0), (
        "dry air has no dew point"
    )
    assert reading(85.0, 100.0, 1100.0).dew_point_c == pytest.approx(85.0)
    assert reading(-40.1, 50.0, 1000.0) == SensorReading(None, 50.0, 1000.0)
    assert reading(20.0, 100.1, 1000.0) == SensorReading(20.0, None, 1000.0)
    assert reading(20.0, 50.0, 299.9).pressure_hpa is None
    assert reading(math.nan, math.inf, -math.inf) == SensorReading()


def test_every_title_admits_that_it_never_ran_on_hardware() -> None:
    names = registry.names("appliance.io.sensors")
    assert names == {"bme680", "cpu", "ads1115_ntc", "i2c_table"}
    for name in names:
        assert sensors.load(name).TITLE.endswith("(not verified on hardware)")


# ---------------------------------------------------------------- the thread


def test_the_air_is_put_with_the_time_of_its_measurement(site: Front) -> None:
    settings = home(site.url)
    slots = slots_for(settings)
    box = slots.sensors["box"]
    started_s = CLOCK.now_s()
    with running(*sensor_workers(settings, CLOCK, slots)) as supervisor:
        until(lambda: (newest := box.newest()) is not None and newest.number >= 3)
        assert supervisor.silent() == supervisor.down() == ()
    newest = box.newest()
    assert newest is not None
    assert started_s < newest.at_s < CLOCK.now_s()
    air = newest.value
    assert air.temperature_c == pytest.approx(AIR[0], abs=0.1)
    assert air.humidity_pct == pytest.approx(AIR[1], abs=0.5)
    assert air.pressure_hpa == pytest.approx(AIR[2], abs=1.0)
    until(lambda: site.connections() == 0)


@pytest.mark.parametrize("plug", ["bus", "chip"])
def test_silence_ages_the_reading_and_the_sensor_comes_back_by_itself(
    site: Front, plug: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "appliance.io.sensors")
    settings = home(site.url)
    slots = slots_for(settings)
    box = slots.sensors["box"]
    chip = site.daemon.i2c_devices[0x76]

    def pull() -> None:
        if plug == "bus":
            site.daemon.silence(True)
        else:
            del site.daemon.i2c_devices[0x76]

    def put_back() -> None:
        site.daemon.silence(False)
        site.daemon.i2c_devices[0x76] = chip

    with running(*sensor_workers(settings, CLOCK, slots)) as supervisor:
        until(box.newest)
        site.call(pull)
        until(lambda: box.fresh(CLOCK.now_s(), 1.0) is None)
        pulled = box.newest()
        assert pulled is not None
        site.call(put_back)
        until(lambda: (newest := box.newest()) and newest.number > pulled.number)
        assert supervisor.silent() == supervisor.down() == ()
    until(lambda: site.connections() == 0)
    words = [record.levelname for record in caplog.records]
    assert words == ["INFO", "WARNING", "INFO"], "one line per change, not per poll"


def test_a_daemon_that_starts_late_is_found(site: Front) -> None:
    with front() as gone:
        port = gone.daemon.port
    settings = home(gone.url)
    slots = slots_for(settings)
    with running(*sensor_workers(settings, CLOCK, slots)):
        with front(port) as late:
            late.daemon.i2c_devices[0x76] = Bme680Twin(lambda: AIR)
            waited_s = until(slots.sensors["box"].newest)
        assert waited_s < BACK_OFF_S[-1] + 1.0


def test_an_absent_sensor_does_not_disturb_its_neighbour_on_the_bus(site: Front) -> None:
    settings = second_sensor(home(site.url), 0x77)
    slots = slots_for(settings)
    workers = sensor_workers(settings, CLOCK, slots)
    assert len(workers) == 1, "one thread for the bus"
    with running(*workers):
        until(lambda: (newest := slots.sensors["box"].newest()) and newest.number >= 5)
    assert slots.sensors["lid"].newest() is None


def test_a_sensor_on_the_wrong_kind_of_bus_is_refused(site: Front) -> None:
    settings = home(site.url)
    wrong = settings.sensors["box"].model_copy(update={"bus": "can0"})
    settings = settings.model_copy(update={"sensors": {"box": wrong}})
    with pytest.raises(ValueError, match=r"sensors\.box\.bus = 'can0' is of kind can"):
        sensor_workers(settings, CLOCK, slots_for(settings))
