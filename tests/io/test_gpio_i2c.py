"""Pins and I2C by settings: they work, they never hang, they leave nothing behind."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero import DigitalInputDevice

from appliance.io.buses import gpio
from appliance.io.buses.gpio import Pins, open_pins
from appliance.io.buses.i2c import open_i2c
from appliance.site import Gpio, I2cBus
from tests.io.pretend import ERROR_LED, ESTOP, RUN_LED, START, Front, front, until


class Shelf:
    """A chip with 256 plain registers."""

    def __init__(self) -> None:
        self.content = list(range(256))

    def read_byte(self, register: int) -> int:
        return self.content[register]

    def write_byte(self, register: int, value: int) -> None:
        self.content[register] = value


@pytest.fixture
def site() -> Iterator[Front]:
    with front() as made:
        made.daemon.i2c_devices[0x40] = Shelf()
        yield made


def pins_of(site: Front) -> Pins:
    return open_pins(Gpio(kind="gpio", pins=site.url))


def i2c_of(site: Front) -> I2cBus:
    return I2cBus(kind="i2c", path=f"{site.url}/1")


def fails_within_a_second(call: object) -> None:
    assert callable(call)
    started_s = time.monotonic()
    with pytest.raises(OSError):
        call()
    assert time.monotonic() - started_s < 1.0


# ---------------------------------------------------------------- pins


def test_levels_and_edges_come_through_the_first_edge_too(site: Front) -> None:
    edges = threading.Event()
    with pins_of(site) as pins:
        site.drive(START, None)
        button = pins.input(START, edges.set)
        assert button.high(), "an open wire is high by its pull-up"
        edges.clear()
        site.drive(START, 0)
        assert edges.wait(1)
        assert not button.high()
        edges.clear()
        site.drive(START, 1)
        assert edges.wait(1)
        assert button.high()


def test_a_quiet_front_is_not_taken_for_a_dead_one(
    site: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpio, "TIMEOUT_S", 0.1)
    edges = threading.Event()
    with pins_of(site) as pins:
        estop = pins.input(ESTOP, edges.set)
        time.sleep(0.3)
        assert not estop.high()
        edges.clear()
        site.drive(ESTOP, 1)
        assert edges.wait(1)


def test_outputs_are_low_at_first_and_given_back_at_the_end(site: Front) -> None:
    with pins_of(site) as pins:
        run, error = pins.output(RUN_LED), pins.output(ERROR_LED)
        assert site.levels() == {RUN_LED: 0, ERROR_LED: 0}
        run.write(True)
        error.write(True)
        error.write(False)
        assert site.levels() == {RUN_LED: 1, ERROR_LED: 0}
    assert site.levels() == {}


def test_a_level_is_asked_of_the_hardware_each_time(site: Front) -> None:
    with pins_of(site) as pins:
        estop = pins.input(ESTOP, lambda: None)
        assert not estop.high()
        site.silence(True)
        fails_within_a_second(estop.high)


def test_a_daemon_that_goes_away_is_an_error_soon(
    site: Front, capsys: pytest.CaptureFixture[str]
) -> None:
    with front() as doomed:
        pins = pins_of(doomed)
        estop = pins.input(ESTOP, lambda: None)
    fails_within_a_second(estop.high)
    pins.close()
    fails_within_a_second(lambda: pins_of(doomed))
    assert capsys.readouterr().out == "", "no banner"


def test_a_daemon_that_is_silent_cannot_be_opened_and_does_not_hang(site: Front) -> None:
    site.silence(True)
    fails_within_a_second(lambda: pins_of(site))
    fails_within_a_second(lambda: open_i2c(i2c_of(site)).read_byte_data(0x40, 1))


def test_losing_the_reports_alone_is_noticed_at_the_next_question(site: Front) -> None:
    with pins_of(site) as pins:
        estop = pins.input(ESTOP, lambda: None)
        reporting = [c for c in site.daemon._clients.values() if c.notify_handle is not None]
        site.call(reporting[0].writer.close)
        until(lambda: all(t.name != "pigpio reports" for t in threading.enumerate()))
        fails_within_a_second(estop.high)


@pytest.mark.parametrize("address", ["gpiochip0", "http://127.0.0.1:1", "pigpio://"])
def test_a_bad_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="pigpio://host:port"):
        open_pins(Gpio(kind="gpio", pins=address))
    with pytest.raises(ValueError, match="pigpio://host:port"):
        open_i2c(I2cBus(kind="i2c", path=address))


# ---------------------------------------------------------------- I2C


def test_registers_by_the_methods_of_smbus2(site: Front) -> None:
    with open_i2c(i2c_of(site)) as bus:
        assert bus.read_byte_data(0x40, 7) == 7
        bus.write_byte_data(0x40, 7, 200)
        bus.write_i2c_block_data(0x40, 20, [1, 2, 3])
        assert bus.read_i2c_block_data(0x40, 6, 3) == [6, 200, 8]
        assert bus.read_i2c_block_data(0x40, 19, 32)[:5] == [19, 1, 2, 3, 23]


def test_a_chip_that_is_not_there_is_an_oserror_and_the_bus_goes_on(site: Front) -> None:
    with open_i2c(i2c_of(site)) as bus:
        with pytest.raises(OSError, match="I2C"):
            bus.read_byte_data(0x41, 7)
        with pytest.raises(OSError, match="I2C"):
            bus.write_byte_data(0x41, 7, 1)
        with pytest.raises(OSError, match="I2C"):
            bus.read_i2c_block_data(0x41, 7, 4)
        with pytest.raises(OSError, match="not done over pigpio"):
            bus.read_word_data(0x40, 7)
        assert bus.read_byte_data(0x40, 7) == 7


def test_a_silent_bus_is_an_error_soon_and_stays_one(site: Front) -> None:
    bus = open_i2c(i2c_of(site))
    assert bus.read_byte_data(0x40, 7) == 7
    site.silence(True)
    fails_within_a_second(lambda: bus.read_byte_data(0x40, 7))
    site.silence(False)
    fails_within_a_second(lambda: bus.read_byte_data(0x40, 7))
    bus.close()
    with open_i2c(i2c_of(site)) as again:
        assert again.read_byte_data(0x40, 7) == 7


def test_a_bus_without_number_or_file_is_refused() -> None:
    with pytest.raises(ValueError, match="bus number"):
        open_i2c(I2cBus(kind="i2c", path="pigpio://127.0.0.1:1"))
    with pytest.raises(OSError, match="i2c-none"):
        open_i2c(I2cBus(kind="i2c", path="/dev/i2c-none"))


# ---------------------------------------------------------------- nothing is left behind


def test_300_reconnects_leave_nothing_behind(site: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each third one healthy, each third one falls silent, each third one cannot even be opened."""

    def once(number: int) -> None:
        monkeypatch.setattr(gpio, "TIMEOUT_S", 0.01 if number % 3 else 1.0)
        site.silence(number % 3 == 2)
        try:
            with pins_of(site) as pins, open_i2c(i2c_of(site)) as bus:
                estop, run = pins.input(ESTOP, lambda: None), pins.output(RUN_LED)
                assert bus.read_byte_data(0x40, 7) == 7
                site.silence(number % 3 == 1)
                run.write(True)
                assert not estop.high()
        except OSError:
            assert number % 3, "a healthy one works"

    def left() -> tuple[int, int, int, int]:
        site.silence(False)
        until(lambda: site.connections() == 0)
        handlers = len(DigitalInputDevice.when_activated.handlers)
        files = sum(1 for _ in Path("/proc/self/fd").iterdir())
        return threading.active_count(), files, handlers, site.connections()

    once(0)
    before = left()
    for number in range(300):
        once(number)
    assert left() == before
