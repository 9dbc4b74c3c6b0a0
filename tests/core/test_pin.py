"""The installer's PIN: kept as a hash, guarded against guessing, vouched for by the core's edge alone."""

import io
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq

from appliance.__main__ import main
from appliance.bus import BusServer, CoreClient, endpoint
from appliance.clock import SystemClock, VirtualClock
from appliance.mailbox import Requests
from appliance.model import Answer, Request, StartTest
from appliance.pin import FILE_NAME, TRIES_NAME, PinError, PinKeeper, fits, hashed, lock_s, set_pin
from appliance.supervisor import Lease
from tests.stories import HOME, NOON

PIN = "271828"


@pytest.fixture(scope="module")
def line() -> str:
    return hashed(PIN)


@pytest.fixture
def data(tmp_path: Path, line: str) -> Path:
    (tmp_path / FILE_NAME).write_text(line + "\n")
    return tmp_path


def keeper(data: Path) -> tuple[PinKeeper, VirtualClock]:
    clock = VirtualClock(NOON)
    return PinKeeper(data, clock), clock


def test_a_hash_is_salted_and_fits_its_pin_alone(line: str) -> None:
    assert fits(PIN, line)
    assert not fits("271829", line)
    assert not fits(PIN + "0", line)
    assert PIN not in line
    assert hashed(PIN) != line


@pytest.mark.parametrize("pin", ["", "12345", "1234567890123", "12345a", "123 456", "１２３４５６"])
def test_a_pin_is_6_to_12_digits(pin: str, data: Path) -> None:
    with pytest.raises(PinError, match="6 to 12 digits"):
        hashed(pin)
    assert keeper(data)[0].refuses(pin) == "wrong PIN"


def test_the_right_one_counts(data: Path) -> None:
    assert keeper(data)[0].refuses(PIN) == ""


def test_three_wrong_ones_lock_and_each_further_one_for_longer(data: Path) -> None:
    keep, clock = keeper(data)
    assert [keep.refuses("000000") for _ in range(3)] == [
        "wrong PIN", "wrong PIN", "wrong PIN; try again in 30 s",
    ]  # fmt: skip
    assert keep.refuses(PIN) == "too many wrong PINs; try again in 30 s"
    clock.advance(29.9)
    assert keep.refuses(PIN).startswith("too many"), "the right one neither"
    clock.advance(0.2)
    assert keep.refuses("000000") == "wrong PIN; try again in 60 s"
    clock.advance(59.0)
    assert keep.refuses("000000") == "too many wrong PINs; try again in 1 s", "not counted"
    clock.advance(1.1)
    assert keep.refuses(PIN) == ""
    assert keep.refuses("000000") == "wrong PIN", "forgiven by the right one"


def test_the_lock_grows_to_a_quarter_of_an_hour() -> None:
    locks = [lock_s(n) for n in range(12)]
    assert locks == [0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900, 900]
    assert lock_s(10_000) == 900


def test_a_restart_is_no_way_around_the_lock(data: Path) -> None:
    keep, clock = keeper(data)
    for _ in range(4):
        keep.refuses("000000")
        clock.advance(31.0)
    again, clock = keeper(data)
    assert again.refuses(PIN) == "too many wrong PINs; try again in 60 s"
    clock.advance(60.1)
    assert again.refuses(PIN) == ""
    assert keeper(data)[0].refuses("000000") == "wrong PIN"


def test_a_count_that_somebody_meddled_with_locks(data: Path) -> None:
    (data / TRIES_NAME).write_text("none")
    assert keeper(data)[0].refuses(PIN).startswith("too many")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "scrypt:1:2",
        "plain:16384:8:1:00:00",
        "scrypt:99999999:8:1:00:00",
        "scrypt:16384:8:1:zz:00",
        "\xff",
    ],
)
def test_a_file_that_is_no_hash_lets_nobody_in(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text, encoding="latin-1")
    assert keeper(tmp_path)[0].refuses(PIN) == "the installer's PIN cannot be read"


def test_without_a_pin_nobody_has_one(tmp_path: Path) -> None:
    assert (
        keeper(tmp_path)[0].refuses(PIN) == "no installer's PIN is set here (appliance config pin)"
    )


# ------------------------------------------------------------------ config pin


def config_pin(typed: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    (folder / "data").mkdir(exist_ok=True)
    site = folder / "site.toml"
    site.write_text(HOME.read_text().replace("build/run/", f"{folder}/"))
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    return main(["config", "pin", str(site), *words])


def test_config_pin_sets_and_removes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "data" / FILE_NAME
    assert config_pin(f"{PIN}\n", tmp_path, monkeypatch) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert fits(PIN, file.read_text().strip())
    assert PIN not in file.read_text() + capsys.readouterr().out
    (tmp_path / "data" / TRIES_NAME).write_text("7")
    assert config_pin("31415926\n", tmp_path, monkeypatch) == 0
    assert keeper(tmp_path / "data")[0].refuses("31415926") == "", "a new PIN begins anew"
    assert config_pin("", tmp_path, monkeypatch, "--remove") == 0
    assert not file.exists()


def test_config_pin_refuses_what_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert config_pin("1234\n", tmp_path, monkeypatch) == 2
    assert capsys.readouterr().err == "a PIN has 6 to 12 digits\n"
    assert not (tmp_path / "data" / FILE_NAME).exists()


def test_config_pin_makes_no_folder_that_the_box_never_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(PIN))
    with pytest.raises(PinError, match="is not there"):
        set_pin(tmp_path / "elsewhere", remove=False)
    assert not (tmp_path / "elsewhere").exists()


# ------------------------------------------------------------------ at the core's edge


class Edge:
    """A bus server, and what reaches the cycle through it."""

    def __init__(self, run: Path, data: Path) -> None:
        clock = SystemClock()
        self.requests, self.lease, self.run = Requests(), Lease(clock), run
        self.arrived: list[Request] = []
        pin = PinKeeper(data, clock)
        server = BusServer(run, clock, self.requests, lambda: None, pin.refuses)
        self.threads = [
            threading.Thread(target=server.run, args=(self.lease,), daemon=True),
            threading.Thread(target=self._answer, daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    def _answer(self) -> None:
        while not self.lease.wait(0.002):
            for request in self.requests.drain():
                self.arrived.append(request)
                reason = request.unauthorised or str(request.authorised)
                self.requests.answer((Answer(request.id, request.authorised, reason),))

    def ask_raw(self, request: Request) -> Answer:
        """What a program of its own might send."""
        with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.setsockopt(zmq.LINGER, 0)
            socket.connect(endpoint(self.run, "requests"))
            socket.send(msgspec.msgpack.encode(request))
            assert socket.poll(3_000)
            return msgspec.msgpack.decode(socket.recv(), type=Answer)

    def stop(self) -> None:
        self.lease.end()
        for thread in self.threads:
            thread.join(2.0)


@pytest.fixture
def edge(tmp_path: Path, data: Path) -> Iterator[Edge]:
    running = Edge(tmp_path, data)
    yield running
    running.stop()


def test_the_pin_is_checked_and_goes_no_further(edge: Edge) -> None:
    client = CoreClient(edge.run, "ctl")
    assert client.ask(StartTest(60.0, PIN)).ok
    assert client.ask(StartTest(60.0, "000000")).reason == "wrong PIN"
    assert client.ask(StartTest(60.0)).reason == "False"
    client.close()
    assert [request.want for request in edge.arrived] == [StartTest(60.0)] * 3
    text = msgspec.json.encode(edge.arrived).decode() + repr(edge.arrived)
    assert PIN not in text
    assert "000000" not in text


def test_nobody_vouches_for_himself(edge: Edge) -> None:
    lie = Request("x", "ctl", StartTest(60.0), key="k", authorised=True)
    assert not edge.ask_raw(lie).ok
    assert not edge.ask_raw(Request("y", "ctl", StartTest(60.0, "000000"), authorised=True)).ok
    assert edge.ask_raw(Request("z", "ctl", StartTest(60.0, PIN), unauthorised="x")).ok


def test_a_clients_key_is_a_secret_of_its_own(edge: Edge) -> None:
    """What is published of a test is a digest: to send it back is no proof."""
    one, other = CoreClient(edge.run, "ctl"), CoreClient(edge.run, "ctl")
    for client in (one, one, other):
        client.ask(StartTest(60.0))
    first, again, second = (request.key for request in edge.arrived)
    assert first == again != second
    edge.ask_raw(Request("x", "ctl", StartTest(60.0), key=first))
    assert edge.arrived[-1].key not in (first, second)
    one.close()
    other.close()


def test_the_sockets_are_not_for_everybody(edge: Edge) -> None:
    client = CoreClient(edge.run, "ctl")
    client.ask(StartTest(60.0))
    client.close()
    for name in ("requests.sock", "status.sock"):
        assert stat.S_IMODE((edge.run / name).stat().st_mode) == 0o660


def test_a_request_does_not_show_its_pin() -> None:
    assert PIN not in repr(Request("x", "ctl", StartTest(60.0, PIN)))
    assert PIN not in f"{StartTest(60.0, PIN)}"
