"""The pretend pigpio daemon, byte by byte and by the clients that are used on site."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pigpio
import pytest
from gpiozero import LED, Button
from gpiozero.pins.pigpio import PiGPIOFactory

from simulator.wire.pigpiod import Pigpiod, serving

MODES, PUD, READ, WRITE, PWM, FILTER = 0, 2, 3, 4, 5, 97
NOTIFY_OPEN, NOTIFY_BEGIN, NOTIFY_CLOSE, BANK = 99, 19, 21, 10
I2C_OPEN, I2C_CLOSE, I2C_READ, I2C_WRITE, I2C_READ_BLOCK = 54, 55, 61, 62, 67
Call = Callable[[Callable[[], Any]], Any]


class Shelf:
    """A chip with 256 plain registers; register 99 is broken."""

    def __init__(self) -> None:
        self.content = list(range(256))

    def read_byte(self, register: int) -> int:
        if register == 99:
            raise OSError("no acknowledge")
        return self.content[register]

    def write_byte(self, register: int, value: int) -> None:
        self.content[register] = value


class Wire:
    """A socket on which commands are typed by hand."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 1.0)

    def ask(self, command: int, p1: int = 0, p2: int = 0, extension: bytes = b"") -> int:
        self.socket.sendall(struct.pack("<IIII", command, p1, p2, len(extension)) + extension)
        echo = struct.unpack("<IIIi", self.take(16))
        assert echo[:3] == (command, p1, p2)
        return int(echo[3])

    def take(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += (part := self.socket.recv(count - len(data)))
            assert part, "the daemon closed the connection"
        return data


@pytest.fixture
def daemon() -> Iterator[tuple[Pigpiod, Call]]:
    made = Pigpiod()
    made.i2c_devices[0x40] = Shelf()
    with serving(made) as call:
        yield made, call


@pytest.fixture
def wire(daemon: tuple[Pigpiod, Call]) -> Iterator[Wire]:
    made = Wire(daemon[0].port)
    yield made
    made.socket.close()


def test_an_open_input_follows_its_pull_and_a_driven_one_does_not(
    daemon: tuple[Pigpiod, Call], wire: Wire
) -> None:
    pigpiod, call = daemon
    assert wire.ask(READ, 17) == 0
    assert wire.ask(PUD, 17, 2) == 0
    assert wire.ask(READ, 17) == 1
    call(lambda: pigpiod.set_input(17, 0))
    assert wire.ask(READ, 17) == 0
    call(lambda: pigpiod.set_input(17, None))
    assert wire.ask(READ, 17) == 1
    assert wire.ask(BANK) == 1 << 17


def test_outputs_show_what_was_written(daemon: tuple[Pigpiod, Call], wire: Wire) -> None:
    pigpiod, call = daemon
    assert wire.ask(WRITE, 24, 1) == 0
    assert wire.ask(PWM, 25, 128) == 0
    assert call(pigpiod.levels) == {24: 1, 25: 1}
    assert wire.ask(WRITE, 24, 0) == wire.ask(PWM, 25, 0) == 0
    assert call(pigpiod.levels) == {24: 0, 25: 0}
    assert wire.ask(MODES, 24, 0) == 0
    assert call(pigpiod.levels) == {25: 0}


@pytest.mark.parametrize(
    ("command", "p1", "p2", "extension", "error"),
    [
        (READ, 54, 0, b"", -3),
        (MODES, 4, 8, b"", -4),
        (WRITE, 4, 2, b"", -5),
        (PUD, 4, 3, b"", -6),
        (NOTIFY_BEGIN, 7, 1, b"", -25),
        (I2C_OPEN, 9, 0x40, bytes(4), -74),
        (I2C_OPEN, 1, 0x80, bytes(4), -75),
        (I2C_READ, 3, 0, b"", -25),
        (200, 1, 2, b"", -88),
        (200, 1, 2, b"with something behind it", -88),
    ],
)
def test_what_cannot_be_done_is_answered_with_the_daemons_error(
    wire: Wire, command: int, p1: int, p2: int, extension: bytes, error: int
) -> None:
    assert wire.ask(command, p1, p2, extension) == error
    assert wire.ask(READ, 4) == 0, "the connection goes on"


def test_a_level_change_is_reported_to_who_listens(
    daemon: tuple[Pigpiod, Call], wire: Wire
) -> None:
    pigpiod, call = daemon
    other = Wire(pigpiod.port)
    handle = wire.ask(NOTIFY_OPEN)
    assert other.ask(NOTIFY_BEGIN, handle, 1 << 17) == 0
    call(lambda: pigpiod.set_input(4, 1))
    call(lambda: pigpiod.set_input(17, 1))
    sequence, flags, _tick, levels = struct.unpack("<HHII", wire.take(12))
    assert (sequence, flags, levels) == (0, 0, 1 << 17 | 1 << 4), "pin 4 alone reports nothing"
    assert other.ask(NOTIFY_CLOSE, handle) == 0
    call(lambda: pigpiod.set_input(17, 0))
    assert wire.ask(READ, 17) == 0, "no report came before this answer"
    other.socket.close()


def test_the_glitch_filter_reports_only_what_lasts(
    daemon: tuple[Pigpiod, Call], wire: Wire
) -> None:
    pigpiod, call = daemon
    handle = wire.ask(NOTIFY_OPEN)
    assert wire.ask(NOTIFY_BEGIN, handle, 1 << 17) == wire.ask(FILTER, 17, 20_000) == 0
    for level in (1, 0, 1, 0):
        call(partial(pigpiod.set_input, 17, level))
    wire.socket.settimeout(0.05)
    with pytest.raises(TimeoutError):
        wire.take(1)
    call(lambda: pigpiod.set_input(17, 1))
    wire.socket.settimeout(1)
    assert struct.unpack("<HHII", wire.take(12))[3] == 1 << 17


def test_silence_answers_nothing_and_loses_what_was_asked(
    daemon: tuple[Pigpiod, Call], wire: Wire
) -> None:
    pigpiod, call = daemon
    call(lambda: pigpiod.silence(True))
    wire.socket.settimeout(0.05)
    with pytest.raises(TimeoutError):
        wire.ask(WRITE, 24, 1)
    call(lambda: pigpiod.silence(False))
    assert wire.ask(READ, 24) == 0
    assert call(pigpiod.levels) == {}


def test_registers_behind_i2c(wire: Wire) -> None:
    handle = wire.ask(I2C_OPEN, 1, 0x40, bytes(4))
    assert wire.ask(I2C_READ, handle, 7) == 7
    assert wire.ask(I2C_WRITE, handle, 7, struct.pack("<I", 200)) >= 0
    assert wire.ask(I2C_READ_BLOCK, handle, 6, struct.pack("<I", 3)) == 3
    assert wire.take(3) == bytes((6, 200, 8))
    assert wire.ask(I2C_READ, handle, 99) == -83
    nobody = wire.ask(I2C_OPEN, 1, 0x41, bytes(4))
    assert wire.ask(I2C_READ, nobody, 7) == -83
    assert wire.ask(I2C_CLOSE, handle) == 0
    assert wire.ask(I2C_READ, handle, 7) == -25


def test_an_endless_command_costs_only_its_own_connection(
    daemon: tuple[Pigpiod, Call], wire: Wire
) -> None:
    rude = socket.create_connection(("127.0.0.1", daemon[0].port), 1.0)
    rude.sendall(struct.pack("<IIII", READ, 0, 0, 0xFFFFFFFF))
    assert rude.recv(1) == b""
    rude.close()
    assert wire.ask(READ, 4) == 0


def test_the_unmodified_clients_work(daemon: tuple[Pigpiod, Call]) -> None:
    pigpiod, call = daemon
    call(lambda: pigpiod.set_input(22, 1))
    factory = PiGPIOFactory("127.0.0.1", pigpiod.port)
    pressed = threading.Event()
    button, led = Button(22, pin_factory=factory), LED(24, pin_factory=factory)
    button.when_pressed = pressed.set
    led.on()
    assert call(pigpiod.levels) == {24: 1}
    call(lambda: pigpiod.set_input(22, 0))
    assert pressed.wait(1)
    assert button.is_pressed
    button.close()
    led.close()
    factory.close()

    client = pigpio.pi("127.0.0.1", pigpiod.port, show_errors=False)
    assert client.get_pigpio_version() == 79
    handle = client.i2c_open(1, 0x40)
    assert client.i2c_read_i2c_block_data(handle, 30, 2) == (2, bytearray((30, 31)))
    client.i2c_write_i2c_block_data(handle, 30, [5, 6])
    assert client.i2c_read_byte_data(handle, 31) == 6
    client.stop()
