"""At least once, oldest first, forgotten only when confirmed, and the same message again after a crash."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.cloud.drain import MOST_BYTES, MOST_RECORDS, Drain
from appliance.cloud.journal import Journal
from appliance.cloud.link import Cause, LinkError, Message
from appliance.cloud.pacing import STABLE_S, Pacing
from appliance.store import Outbox, Store

AT = datetime(2026, 11, 21, tzinfo=UTC)


class MemoryLink:
    """Stores messages; fails as told, before or after storing."""

    connected = True

    def __init__(self) -> None:
        self.stored: list[Message] = []
        self.outcomes: Iterator[str] = iter(())

    def publish(self, message: Message) -> None:
        outcome = next(self.outcomes, "confirmed")
        if outcome != "lost":
            self.stored.append(message)
        if outcome != "confirmed":
            raise LinkError(Cause.NETWORK, outcome)

    def close(self) -> None:
        pass

    def numbers(self) -> list[int]:
        """Sequence numbers in the order of arrival."""
        return [record["seq"] for message in self.stored for record in json.loads(message.body)]


class Desk:
    """Store, outbox and journal in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder / "store.sqlite")
        self.outbox = Outbox(folder / "store.sqlite")
        self.link = MemoryLink()

    def put(self, count: int = 1, kind: str = "SC_Spot_10s", body: bytes = b"{}") -> None:
        for _ in range(count):
            self.store.enqueue(kind, AT, body)

    def drain(self) -> Drain:
        """As after a start of the process."""
        return Drain(self.outbox, Journal(self.folder / "cloud.sqlite"), "box-1")

    def send_all(self) -> None:
        drain = self.drain()
        while drain.send_one(self.link):
            pass

    def close(self) -> None:
        self.store.close()
        self.outbox.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


def test_nothing_waits_nothing_is_sent(desk: Desk) -> None:
    assert desk.drain().send_one(desk.link) == 0
    assert desk.link.stored == []


def test_a_backlog_goes_in_full_messages_oldest_first(desk: Desk) -> None:
    desk.put(MOST_RECORDS + 3)
    desk.send_all()
    assert [message.properties["n"] for message in desk.link.stored] == [str(MOST_RECORDS), "3"]
    assert desk.link.numbers() == list(range(1, MOST_RECORDS + 4))
    assert desk.outbox.depth() == 0


def test_kinds_do_not_mix(desk: Desk) -> None:
    desk.put(2)
    desk.put(1, kind="SC_Event")
    desk.put(1)
    desk.send_all()
    assert [(m.properties["schema"], m.properties["n"]) for m in desk.link.stored] == [
        ("SC_Spot_10s", "2"),
        ("SC_Event", "1"),
        ("SC_Spot_10s", "1"),
    ]


def test_messages_stay_small_enough(desk: Desk) -> None:
    desk.put(5, body=b'"' + b"x" * 90_000 + b'"')
    desk.send_all()
    assert [message.properties["n"] for message in desk.link.stored] == ["2", "2", "1"]
    assert max(len(message.body) for message in desk.link.stored) < MOST_BYTES + 5_000


def test_a_record_that_fits_no_message_does_not_block_the_rest(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.put(1, body=b'"' + b"x" * MOST_BYTES + b'"')
    desk.put(1)
    desk.send_all()
    assert desk.link.numbers() == [2]
    assert "record 1 has 200002 bytes: dropped" in caplog.text


@pytest.mark.parametrize("outcome", ["lost", "confirmation lost"])
def test_a_repetition_is_the_same_though_more_waits_by_then(desk: Desk, outcome: str) -> None:
    desk.put(2)
    desk.link.outcomes = iter([outcome])
    with pytest.raises(LinkError):
        desk.drain().send_one(desk.link)
    assert desk.outbox.depth() == 2
    desk.put(2)
    desk.send_all()
    assert desk.outbox.depth() == 0
    first, *rest = desk.link.stored
    if outcome == "confirmation lost":
        assert rest[0] == first
        assert desk.link.numbers() == [1, 2, 1, 2, 3, 4]
    else:
        assert first.message_id.endswith("-1-2")
        assert desk.link.numbers() == [1, 2, 3, 4]


def test_killed_between_confirmation_and_forgetting(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put(2)

    def killed(_seq: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(desk.outbox, "delete_through", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.drain().send_one(desk.link)
    desk.put(1)
    desk.send_all()
    assert desk.link.stored[0] == desk.link.stored[1]
    assert desk.link.numbers() == [1, 2, 1, 2, 3]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from(["confirmed", "lost", "confirmation lost"])),
        max_size=12,
    )
)
def test_whatever_fails_nothing_is_lost_and_repetitions_have_equal_ids(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str]]
) -> None:
    desk = Desk(tmp_path_factory.mktemp("drain"))
    try:
        total = 0
        for count, outcome in steps:
            desk.put(count)
            total += count
            desk.link.outcomes = iter([outcome])
            try:
                desk.drain().send_one(desk.link)
            except LinkError:
                continue
        desk.link.outcomes = iter(())
        desk.send_all()
        assert sorted(set(desk.link.numbers())) == list(range(1, total + 1))
        kept = {message.message_id: message for message in desk.link.stored}
        assert all(kept[message.message_id] == message for message in desk.link.stored)
        once = [n for message in kept.values() for n in json.loads(message.body)]
        assert len(once) == total, "without equal ids every record is there once"
    finally:
        desk.close()


def test_waits_grow_are_jittered_and_bounded() -> None:
    pauses = [Pacing(Random(seed)).pause_s(Cause.NETWORK, 0.0) for seed in range(50)]
    assert max(pauses) <= 1.0
    assert max(pauses) - min(pauses) > 0.5
    pacing = Pacing(Random(1))
    later = [pacing.pause_s(Cause.NETWORK, 0.0) for _ in range(200)]
    assert 25.0 < max(later) <= 30.0
    refused = [pacing.pause_s(Cause.REFUSED, 0.0) for _ in range(200)]
    assert 250.0 < max(refused) <= 300.0
    assert pacing.pause_s(Cause.NETWORK, STABLE_S) <= 1.0
    assert pacing.failures == 1


def test_a_link_that_dies_at_once_is_not_asked_again_at_once() -> None:
    """Two boxes with one identity throw each other out: the waits must grow all the same."""
    pacing = Pacing(Random(1))
    total_s = sum(pacing.pause_s(Cause.NETWORK, 5.0) for _ in range(20))
    assert total_s > 120.0
