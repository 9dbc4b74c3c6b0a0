"""Who asked for what, and what was said, is in the journal; an answer goes where it is waited for."""

import sqlite3
from collections import deque
from pathlib import Path

import pytest

from appliance.mailbox import Requests
from appliance.model import (
    Answer,
    BeatTest,
    GoToMode,
    HoldPower,
    Moment,
    Request,
    ResetEstop,
    SetPower,
    StartTest,
    Want,
)
from appliance.store import FILE_NAME
from tests.core.test_store import record
from tests.stories import Story, seen


def journal(folder: Path) -> list[str]:
    database = sqlite3.connect(folder / FILE_NAME)
    rows = database.execute("SELECT text FROM journal WHERE kind IN ('request', 'test')")
    texts = [text for (text,) in rows.fetchall()]
    database.close()
    return texts


def told(folder: Path, *asked: Request | float) -> list[str]:
    """The journal after these requests, each in a cycle of its own; a number lets so many seconds pass."""
    story, moments = Story().running(), []
    for one in asked:
        requests = () if isinstance(one, float) else (one,)
        passed_s = one if isinstance(one, float) else 0.1
        decision = story.step(passed_s, requests=requests)
        moments.append(Moment(seen(story.now_s, requests=requests), decision))
    record(folder, story, moments)
    return journal(folder)


def test_granted_and_refused_are_written_down(tmp_path: Path) -> None:
    asked = (
        Request("a", "cloud", GoToMode("passive")),
        Request("b", "button", ResetEstop()),
    )
    assert told(tmp_path, *asked) == [
        'cloud asks {"type":"mode","mode":"passive"}: done: mode is Passive',
        'button asks {"type":"reset_estop"}: refused: an emergency stop is reset on site, '
        "by somebody who sees that all is safe",
    ]


def test_every_use_of_a_test_is_written_down_and_no_pin(tmp_path: Path) -> None:
    def mine(want: Want, authorised: bool = False, unauthorised: str = "") -> Request:
        return Request("r", "ctl", want, "key", authorised, unauthorised)

    texts = told(
        tmp_path,
        mine(StartTest(60.0), unauthorised="wrong PIN; try again in 30 s"),
        mine(StartTest(60.0), authorised=True),
        mine(HoldPower(500.0, 10.0)),
        mine(BeatTest()),
        mine(HoldPower(600.0, 10.0)),
        11.0,
    )
    start = 'ctl asks {"type":"test_start","duration_s":60.0,"pin":null}'
    assert texts == [
        f"{start}: refused: wrong PIN; try again in 30 s",
        f"{start}: done: a test with the installer's PIN for 60 s",
        'ctl asks {"type":"test_power","power_w":500.0,"duration_s":10.0}: done: 500 W for 10 s',
        'ctl asks {"type":"test_power","power_w":600.0,"duration_s":10.0}: done: 600 W for 10 s',
        "the test by ctl is over: ctl was not heard for 10 s",
    ]


def test_each_wrong_try_is_a_line(tmp_path: Path) -> None:
    wants = (
        GoToMode("local_control"), StartTest(60.0), StartTest(60.0), SetPower(500.0, 5.0),
        SetPower(1e9, 5.0), SetPower(2e9, 5.0), GoToMode("passive"), GoToMode("passive"),
    )  # fmt: skip
    asked = [Request("r", "ctl", want, "key") for want in wants]
    assert len(told(tmp_path, *asked)) == len(asked)


def test_a_machine_that_asks_every_second_fills_no_journal(tmp_path: Path) -> None:
    asked = [Request(f"{n}", "modbus", SetPower(10.0 * n, 5.0)) for n in range(50)]
    assert len(told(tmp_path, *asked)) == 1


@pytest.mark.parametrize("mine", [True, False])
def test_an_answer_goes_where_it_is_waited_for(mine: bool) -> None:
    requests, own = Requests(), deque[Answer]()
    assert requests.put(Request("a", "button", ResetEstop()), own if mine else None)
    answer = Answer("a", False, "no")
    requests.answer((answer,))
    assert list(own) == ([answer] if mine else [])
    assert requests.answered() == (() if mine else (answer,))
    requests.answer((answer,))
    assert len(own) <= 1, "once"
