"""Slots: one writer, newest value, ages; requests and streams are bounded."""

import threading

import pytest

from appliance.mailbox import Latest, Requests, Stream, Wake, WrongWriterError
from appliance.model import GoToMode, GoToState, Request, ResetEstop, State


def test_a_second_writer_is_refused() -> None:
    slot: Latest[int] = Latest("battery")
    slot.put(1, 0.0)
    raised: list[Exception] = []

    def intrude() -> None:
        try:
            slot.put(2, 0.0)
        except WrongWriterError as error:
            raised.append(error)

    thread = threading.Thread(target=intrude, name="intruder")
    thread.start()
    thread.join()
    assert "battery belongs to thread MainThread, not intruder" in str(raised[0])
    newest = slot.newest()
    assert newest is not None
    assert newest.value == 1


def test_old_is_missing() -> None:
    slot: Latest[str] = Latest("meter")
    assert slot.fresh(0.0, 1.0) is None
    assert slot.age_s(5.0) is None
    slot.put("x", at_s=10.0)
    assert slot.fresh(11.0, 1.0) == "x"
    assert slot.fresh(11.1, 1.0) is None
    assert slot.age_s(12.5) == 2.5


def test_waiting_for_a_newer_value_ends_at_once_or_in_time() -> None:
    slot: Latest[int] = Latest("decision")
    assert slot.wait_newer(0, timeout_s=0.01) is None
    slot.put(7, 0.0)
    newer = slot.wait_newer(0, timeout_s=5.0)
    assert newer is not None
    assert (newer.value, newer.number) == (7, 1)
    assert slot.wait_newer(1, timeout_s=0.01) is None


def test_the_bell_rings_once() -> None:
    wake = Wake()
    slot: Latest[int] = Latest("board", wake)
    slot.put(1, 0.0)
    assert wake.wait(0.0)
    assert not wake.wait(0.0)


def test_the_board_rings_on_a_change_only() -> None:
    wake = Wake()
    slot: Latest[bool] = Latest("board", wake, rings_always=False)
    for value, rings in ((False, True), (False, False), (True, True), (True, False)):
        slot.put(value, 0.0)
        assert wake.wait(0.0) is rings


def test_a_flood_of_requests_is_refused() -> None:
    requests = Requests(capacity=10)
    flood = [Request(str(number), "cloud", ResetEstop()) for number in range(10)]
    assert [requests.put(one) for one in flood] == 8 * [True] + 2 * [False]
    assert [one.id for one in requests.drain()] == [str(number) for number in range(8)]
    assert requests.drain() == ()


@pytest.mark.parametrize("source", ["button", "touchscreen", "ctl"])
def test_a_flood_from_elsewhere_leaves_room_for_whoever_is_there(source: str) -> None:
    requests = Requests()
    for number in range(200):
        requests.put(Request(str(number), "cloud" if number % 2 else "modbus", GoToMode("passive")))
    stop = [Request(f"stop-{number}", source, GoToState(State.IDLE)) for number in range(21)]
    assert [requests.put(one) for one in stop] == 20 * [True] + [False]
    assert [one.id for one in requests.drain()][80:] == [f"stop-{number}" for number in range(20)]


def test_a_stream_drops_the_oldest_and_counts() -> None:
    stream: Stream[int] = Stream(capacity=3)
    for number in range(5):
        stream.put(number)
    assert stream.drain() == (2, 3, 4)
    assert stream.dropped == 2


@pytest.mark.parametrize("number", [1, 5])
def test_numbers_rise(number: int) -> None:
    slot: Latest[int] = Latest("n")
    for value in range(number):
        slot.put(value, 0.0)
    newest = slot.newest()
    assert newest is not None
    assert newest.number == number
