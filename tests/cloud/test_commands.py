"""Every call gets an answer that says why; the same command is done once."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.bus import NO_ANSWER
from appliance.clock import VirtualClock
from appliance.cloud.commands import COMMANDS, ROWS, CommandDesk
from appliance.cloud.journal import KEPT, Journal
from appliance.cloud.link import Reply
from appliance.model import (
    Answer,
    BeatControl,
    CapPower,
    ClearSchedule,
    GoToMode,
    GoToState,
    PutSchedule,
    ScheduleEntry,
    SetExternal,
    State,
    Want,
)
from appliance.modes import __path__ as modes_path
from appliance.statemachine.states import GOALS

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LATER, EARLIER = "2026-11-21T13:00:00Z", "2026-11-21T12:00:00Z"


class FakeCore:
    """Answers as told; remembers what it was asked."""

    def __init__(self) -> None:
        self.wants: list[Want] = []
        self.answers: Iterator[Answer | Exception] = iter(())
        self.open = 0

    def __call__(self) -> "FakeCore":
        self.open += 1
        return self

    def ask(self, want: Want, timeout_s: float = 2.0) -> Answer:
        self.wants.append(want)
        answer = next(self.answers, Answer("", True, "as you wish"))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.open -= 1


@pytest.fixture
def core() -> Iterator[FakeCore]:
    made = FakeCore()
    yield made
    assert made.open == 0, "every client is closed"


@pytest.fixture
def desk(core: FakeCore, tmp_path: Path) -> CommandDesk:
    return CommandDesk(core, Journal(tmp_path / "cloud.sqlite"), VirtualClock(NOW))


WANTS: dict[str, Want] = {
    "GoToMode_SelfConsumption": GoToMode("self_consumption"),
    "GoToMode_LoadMatching": GoToMode("load_matching"),
    "GoToMode_ExternalControl": GoToMode("external_control"),
    "GoToMode_CostSaving": GoToMode("cost_saving"),
    "GoToMode_ChargeOnly": GoToMode("charge_only"),
    "GoToMode_GridForming": GoToMode("backup"),
    "GoToMode_PeakShaving": GoToMode("peak_shaving"),
    "GoToMode_LocalControl": GoToMode("local_control"),
    "GoToMode_Passive": GoToMode("passive"),
    "GoToState_Running": GoToState(State.RUN),
    "GoToState_Idling": GoToState(State.IDLE),
    "Restart_Device": GoToState(State.REBOOT),
    "Beat_Control": BeatControl(),
    "Clear_Schedule": ClearSchedule("cloud"),
}
WITH_PAYLOAD = {"Cap_Power", "Set_External", "Put_Schedule"}


def test_the_table() -> None:
    assert len(ROWS) == len(COMMANDS)
    assert set(ROWS) == {*WANTS, *WITH_PAYLOAD}
    for want in WANTS.values():
        if isinstance(want, GoToMode):
            assert (Path(modes_path[0]) / f"{want.mode}.py").exists()
        if isinstance(want, GoToState):
            assert want.state in GOALS


@pytest.mark.parametrize("name", sorted(WANTS))
@pytest.mark.parametrize("payload", [None, {}, {"commandId": "c", "expiresAt": LATER}])
def test_each_method_asks_the_core(
    desk: CommandDesk, core: FakeCore, name: str, payload: object
) -> None:
    assert desk.answer(name, payload) == Reply(200, {"ok": True, "reason": "as you wish"})
    assert core.wants == [WANTS[name]]


@pytest.mark.parametrize(
    ("payload", "want"),
    [
        ({"maxChargeW": 1000, "maxDischargeW": 2500.5}, CapPower(1_000.0, 2_500.5)),
        ({"maxChargeW": 0, "maxDischargeW": None}, CapPower(0.0, None)),
        ({"maxChargeW": None, "maxDischargeW": None}, CapPower()),
    ],
)
def test_a_cap_is_asked_for(
    desk: CommandDesk, core: FakeCore, payload: dict[str, object], want: Want
) -> None:
    assert desk.answer("Cap_Power", payload | {"commandId": "c"}).status == 200
    assert core.wants == [want]


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (None, "maxChargeW"),
        ({"maxChargeW": 1000}, "maxDischargeW"),
        ({"maxChargeW": -1, "maxDischargeW": None}, "maxChargeW = '-1': Input should be greater"),
        ({"maxChargeW": "1", "maxDischargeW": None}, "maxChargeW = '1'"),
    ],
)
def test_a_cap_says_both_directions(
    desk: CommandDesk, core: FakeCore, payload: object, words: str
) -> None:
    reply = desk.answer("Cap_Power", payload)
    assert reply.status == 400
    assert words in str(reply.body["reason"])
    assert core.wants == []


@pytest.mark.parametrize(
    ("payload", "want"),
    [
        ({"powerW": -3000, "durationS": 900}, SetExternal(-3_000.0, 900.0)),
        (
            {"powerW": None, "reactiveVar": 500.5, "durationS": 60},
            SetExternal(None, 60.0, 500.5),
        ),
    ],
)
def test_a_power_is_asked_for(
    desk: CommandDesk, core: FakeCore, payload: dict[str, object], want: Want
) -> None:
    assert desk.answer("Set_External", payload).status == 200
    assert core.wants == [want]


def test_a_schedule_of_the_clouds_own_is_put(desk: CommandDesk, core: FakeCore) -> None:
    entries = [
        {"startAt": LATER, "endAt": "2026-11-21T16:00:00+01:00", "powerW": -1500},
        {"startAt": "2026-11-21T15:00:00Z", "endAt": "2026-11-21T16:00:00Z", "reactiveVar": 200},
    ]
    assert desk.answer("Put_Schedule", {"entries": entries}).status == 200
    three, four = (datetime(2026, 11, 21, hour, tzinfo=UTC) for hour in (15, 16))
    assert core.wants == [
        PutSchedule(
            "cloud",
            (
                ScheduleEntry(datetime(2026, 11, 21, 13, tzinfo=UTC), three, -1_500.0),
                ScheduleEntry(three, four, None, 200.0),
            ),
        )
    ]


@pytest.mark.parametrize(
    ("name", "payload", "words"),
    [
        ("Set_External", {"powerW": 1000}, "durationS"),
        ("Set_External", {"durationS": 10}, "powerW"),
        ("Put_Schedule", None, "entries"),
        ("Put_Schedule", {"entries": [{"startAt": LATER}]}, "entries.0.endAt"),
        (
            "Put_Schedule",
            {"entries": [{"startAt": "2026-11-21T13:00:00", "endAt": LATER}]},
            "timezone",
        ),
        ("Put_Schedule", {"source": "local", "entries": []}, "source = 'local': known: "),
    ],
)
def test_what_steers_is_checked_before_it_is_asked(
    desk: CommandDesk, core: FakeCore, name: str, payload: object, words: str
) -> None:
    reply = desk.answer(name, payload)
    assert reply.status == 400
    assert words in str(reply.body["reason"])
    assert core.wants == []


def test_an_unknown_method_is_named_with_what_there_is(desk: CommandDesk, core: FakeCore) -> None:
    reply = desk.answer("GoToMode_Disco", {})
    assert reply.status == 404
    assert "'GoToMode_Disco'" in str(reply.body["reason"])
    assert "GoToMode_Passive" in str(reply.body["reason"])
    assert core.wants == []


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"color": "red"}, "color = 'red': known: commandId, issuedAt, expiresAt"),
        ({"commandId": 7}, "commandId = '7'"),
        ({"commandId": ""}, "commandId = ''"),
        ({"commandId": "c", "expiresAt": "soon"}, "expiresAt = 'soon'"),
        ({"expiresAt": "2026-11-21T13:00:00"}, "timezone"),
        ({"command_id": "c"}, "command_id = 'c'"),
        ([1], "payload = '[1]'"),
        ("text", "payload = 'text'"),
        (3, "payload = '3'"),
    ],
)
def test_a_wrong_payload_is_refused_with_field_value_and_rule(
    desk: CommandDesk, core: FakeCore, payload: object, words: str
) -> None:
    reply = desk.answer("GoToMode_Passive", payload)
    assert reply.status == 400
    assert words in str(reply.body["reason"])
    assert core.wants == []


def test_all_mistakes_at_once(desk: CommandDesk) -> None:
    reason = str(desk.answer("GoToMode_Passive", {"commandId": 7, "x": 1}).body["reason"])
    assert "commandId" in reason
    assert "x = " in reason


def test_an_expired_command_is_not_done(desk: CommandDesk, core: FakeCore) -> None:
    assert desk.answer("Restart_Device", {"commandId": "c", "expiresAt": EARLIER}).status == 410
    assert core.wants == []


def test_a_refusal_carries_the_cores_reason(desk: CommandDesk, core: FakeCore) -> None:
    core.answers = iter([Answer("", False, "the emergency stop is latched")])
    reply = desk.answer("GoToState_Running", None)
    assert reply == Reply(403, {"ok": False, "reason": "the emergency stop is latched"})


def test_the_same_command_gets_the_stored_answer(
    desk: CommandDesk, core: FakeCore, tmp_path: Path
) -> None:
    payload = {"commandId": "c-1"}
    first = desk.answer("Restart_Device", payload)
    after_restart = CommandDesk(core, Journal(tmp_path / "cloud.sqlite"), VirtualClock(NOW))
    assert after_restart.answer("Restart_Device", payload) == first
    assert len(core.wants) == 1
    assert desk.answer("Restart_Device", {"commandId": "c-2"}).status == 200
    assert len(core.wants) == 2


def test_a_silent_core_may_be_asked_again(desk: CommandDesk, core: FakeCore) -> None:
    core.answers = iter([Answer("", False, NO_ANSWER)])
    payload = {"commandId": "c-1"}
    assert desk.answer("GoToMode_Passive", payload).status == 504
    assert desk.answer("GoToMode_Passive", payload).status == 200


def test_a_crash_inside_is_answered(desk: CommandDesk, core: FakeCore) -> None:
    core.answers = iter([RuntimeError("boom")])
    payload = {"commandId": "c-1"}
    reply = desk.answer("GoToMode_Passive", payload)
    assert reply.status == 500
    assert "boom" not in json.dumps(reply.body)
    assert desk.answer("GoToMode_Passive", payload).status == 200


def test_a_command_cut_short_by_a_crash_is_not_done_again(
    desk: CommandDesk, core: FakeCore, tmp_path: Path
) -> None:
    Journal(tmp_path / "cloud.sqlite").begin("c-1", "Restart_Device", NOW)
    assert desk.answer("Restart_Device", {"commandId": "c-1"}).status == 409
    assert core.wants == []


def test_the_journal_forgets_the_oldest(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "cloud.sqlite")
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(tmp_path / "cloud.sqlite")) as database, database:
        database.executemany(
            "INSERT INTO commands VALUES (?, 'x', 'y', 200, '{}')",
            [(f"c-{number}",) for number in range(KEPT)],
        )
    assert journal.begin("new", "x", NOW)
    assert journal.earlier("c-0") is None
    assert journal.earlier("c-1") == Reply(200, {})
