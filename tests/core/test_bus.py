"""Messages between core and clients over real Unix sockets."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from appliance.bus import BusServer, CoreClient
from appliance.clock import SystemClock
from appliance.mailbox import Requests
from appliance.model import Answer, GoToMode, Status
from appliance.supervisor import Lease
from tests.stories import Story, seen


class Desk:
    """A bus server in a thread, and what the cycle would do with its requests."""

    def __init__(self, run_folder: Path) -> None:
        story = Story().running()
        self.status = Status(
            site="Here", version="1", uptime_s=1.0, snapshot=seen(), decision=story.last,
            ages_s={"battery": 0.1}, modes={"passive": "Passive"}, capacity_wh=1.0,
            reserve_pct=10.0, rated_w=5_000.0,
        )  # fmt: skip
        clock = SystemClock()
        self.requests = Requests()
        self.lease = Lease(clock)
        server = BusServer(run_folder, clock, self.requests, lambda: self.status)
        self.thread = threading.Thread(target=server.run, args=(self.lease,), daemon=True)
        self.thread.start()

    def answer_one(self) -> None:
        while not self.lease.wait(0.002):
            for request in self.requests.drain():
                self.requests.answer((Answer(request.id, True, f"{request.source} may"),))
                return

    def stop(self) -> None:
        self.lease.end()
        self.thread.join(2.0)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    running = Desk(tmp_path)
    yield running
    running.stop()


def test_status_arrives_and_the_newest_wins(desk: Desk, tmp_path: Path) -> None:
    client = CoreClient(tmp_path, "touchscreen")
    status = client.status(2.0)
    assert status is not None
    assert status.snapshot == desk.status.snapshot
    assert status.load_w == 0.0
    client.close()


def test_a_request_is_answered(desk: Desk, tmp_path: Path) -> None:
    client = CoreClient(tmp_path, "cloud")
    threading.Thread(target=desk.answer_one, daemon=True).start()
    answer = client.ask(GoToMode("passive"))
    assert (answer.ok, answer.reason) == (True, "cloud may")
    client.close()


def test_an_answer_can_be_picked_up_later(desk: Desk, tmp_path: Path) -> None:
    client = CoreClient(tmp_path, "touchscreen")
    assert client.status(2.0) is not None
    # The two sockets connect one after the other; what is sent in between is not kept for later.
    assert client._desk.poll(5_000, zmq.POLLOUT)
    number = client.send(GoToMode("passive"))
    desk.answer_one()
    arrived: list[Answer] = []
    for _ in range(200):
        arrived += client.answers()
        if arrived:
            break
        desk.lease.wait(0.01)
    assert [answer.id for answer in arrived] == [number]
    client.close()


def test_a_request_that_the_control_loop_lost_is_answered_too(desk: Desk, tmp_path: Path) -> None:
    client = CoreClient(tmp_path, "cloud")
    answer = client.ask(GoToMode("passive"), timeout_s=4.0)
    assert (answer.ok, answer.reason) == (False, "the control loop did not answer")
    client.close()


def test_a_client_survives_the_core(tmp_path: Path) -> None:
    first = Desk(tmp_path)
    client = CoreClient(tmp_path, "touchscreen")
    assert client.status(2.0) is not None
    first.stop()
    assert client.status(0.0) is None or client.status(0.3) is None
    second = Desk(tmp_path)
    assert client.status(3.0) is not None
    second.stop()
    client.close()


def test_no_core_is_a_sentence_and_not_a_wait(tmp_path: Path) -> None:
    client = CoreClient(tmp_path, "ctl")
    answer = client.ask(GoToMode("passive"), timeout_s=0.2)
    assert not answer.ok
    assert "does not answer" in answer.reason
    client.close()


def test_a_path_too_long_for_a_socket_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match="use a shorter one"):
        CoreClient(Path("/tmp") / ("x" * 120), "ctl")
