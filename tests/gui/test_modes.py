"""The chooser of modes, and every mode's answer behind a decision."""

import pytest
from msgspec.structs import replace
from PySide6.QtGui import QGuiApplication

from appliance import registry
from appliance.gui.asks import Asked
from appliance.gui.heard import HeardRow, heard_rows
from appliance.gui.modes import EVERYDAY, MORE, ModeRow, mode_rows, modes_head, more_rows
from appliance.gui.scene_modes import LACKED, MODES, heard
from appliance.gui.scenes import BY_NAME, status
from appliance.gui.view import Look, view
from appliance.model import Heard, RunningTest, State, Status, Wish
from tests.gui.conftest import Stage
from tests.gui.walk import find, items, place, tap, words

NOBODY = Asked()


def of(name: str) -> Status:
    seen = BY_NAME[name].status
    assert seen is not None
    return seen


def rows(seen: Status, asked: Asked = NOBODY, live: bool = True) -> dict[str, ModeRow]:
    shown = (*mode_rows(seen, live, asked), *more_rows(seen, live, asked))
    return {row.name: row for row in shown}


def test_every_mode_there_is_has_its_place() -> None:
    assert sorted(EVERYDAY + MORE) == sorted(registry.names("appliance.modes"))


def test_what_an_owner_chooses_from_comes_first() -> None:
    seen = status()
    assert tuple(row.name for row in mode_rows(seen, True, NOBODY)) == EVERYDAY
    assert tuple(row.name for row in more_rows(seen, True, NOBODY)) == MORE
    assert modes_head(seen, NOBODY).more == "More modes · 12"
    assert mode_rows(None, True, NOBODY) == more_rows(None, True, NOBODY) == ()


def test_a_mode_of_a_newer_core_is_found_under_more() -> None:
    seen = replace(status(), modes={**MODES, "fcr": "Frequency reserve"})
    last = more_rows(seen, True, NOBODY)[-1]
    assert (last.name, last.title, last.does, last.can_choose) == ("fcr", "Frequency reserve", "", True)  # fmt: skip


def test_a_row_says_what_the_mode_does() -> None:
    row = rows(status())["peak_shaving"]
    assert row.does == "Keeps import and export at the grid within thresholds"
    assert (row.note, row.can_choose) == ("", True)
    assert not rows(status(), live=False)["peak_shaving"].can_choose


def test_a_mode_that_the_box_does_not_have_says_why_and_cannot_be_chosen() -> None:
    row = rows(status())["backup"]
    assert (row.title, row.can_choose) == ("Backup reserve", False)
    assert row.does == "Not here: the feature backup is off (features.backup in site.toml)"
    assert "backup" not in rows(replace(status(), lacked={}))
    there = replace(status(), modes={**MODES, "backup": LACKED["backup"].title})
    assert rows(there)["backup"].can_choose


def test_what_all_need_is_said_once() -> None:
    seen = status()
    head = modes_head(seen, NOBODY)
    assert head.needs == "All of them: 0 W without grid meter · stops without battery, inverter, buttons"  # fmt: skip
    assert {row.needs for row in rows(seen).values()} == {""}
    other = replace(seen, without={**seen.without, "passive": {"battery": "stops"}})
    assert modes_head(other, NOBODY).needs == ""
    assert rows(other)["passive"].needs == "stops without battery"
    assert rows(other)["charge_only"].needs.startswith("0 W without grid meter")


def test_modes_beside_are_marked_and_counted() -> None:
    seen = of("beside")
    assert seen.beside == ("peak_shaving", "maintenance_charge", "charge_to_soe")
    shown = rows(seen)
    assert [name for name, row in shown.items() if row.note == "beside it"] == sorted(
        seen.beside, key=(EVERYDAY + MORE).index
    )
    assert shown["self_consumption"].note == "in use · from site.toml"
    tile = view(Look(status=seen, age_s=0.1, utc=seen.snapshot.utc)).mode
    assert (tile.title, tile.others) == ("Self-consumption", "+3")
    alone = view(Look(status=of("content"), age_s=0.1, utc=seen.snapshot.utc)).mode
    assert (alone.title, alone.others) == ("Charge only", "")


def test_while_a_mode_is_tried_the_one_in_use_is_not_beside_it() -> None:
    seen = of("content")
    test = RunningTest(
        by="ctl",
        key="",
        until_s=1100.0,
        heard_s=1000.0,
        by_pin=False,
        mode="charge_only",
        returns_to=State.IDLE,
    )
    tried = replace(seen, decision=replace(seen.decision, mode="passive", test=test))
    assert tried.beside == ()


@pytest.mark.parametrize(
    ("mode", "asked", "open_"),
    [("passive", NOBODY, False), ("niv_chase", NOBODY, True), ("passive", Asked(mode="local_control"), True)],
)  # fmt: skip
def test_the_further_ones_lie_open_when_one_is_in_use(mode: str, asked: Asked, open_: bool) -> None:
    seen = status()
    seen = replace(seen, decision=replace(seen.decision, mode=mode))
    assert modes_head(seen, asked).more_in_use is open_


def test_the_mode_in_use_is_on_the_screen_however_far_down(staged: Stage) -> None:
    screen = staged(BY_NAME["mode_further"])
    screen.picture()
    assert "Dynamic peak approach" in words(screen)
    where = place(find(screen, "mode_niv_chase"))
    assert where.top() >= 80
    assert where.bottom() <= 460


@pytest.mark.parametrize("name", ["mode", "why_many", "beside"])
def test_a_larger_screen_shows_more(staged: Stage, app: QGuiApplication, name: str) -> None:
    screen = staged(BY_NAME[name])
    screen.window.resize(1024, 600)
    app.processEvents()
    assert (screen.picture().width(), screen.picture().height()) == (1024, 600)
    if name == "why_many":
        assert "down" not in {item.objectName() for item in items(screen)}, "all of it is shown"
    if name == "mode":
        tap(screen, "down")
        assert place(find(screen, "more_modes")).bottom() <= 592


def told(row: HeardRow) -> tuple[str, str, str]:
    return row.title, row.wants, row.mark


def test_everybody_who_was_asked_is_heard_and_the_limit_is_last() -> None:
    shown = heard_rows(of("why_many"))
    assert [told(row) for row in shown] == [
        ("Peak shaving", "wants nothing", "holds back"),
        ("Maintenance charge", "wants nothing", ""),
        ("Charge to energy", "charge 900 W", ""),
        ("Self-consumption", "charge 3000 W", "followed"),
        ("Cell voltage", "charge 1200 W", "allows"),
    ]
    assert shown[0].more == "Charge at most 2400 W · nothing to shave"
    assert shown[2].more == "Charge at least 900 W · from 6784 to 8500 Wh by 14:00 UTC"
    assert shown[3].more == "Leaves nothing to the others"
    assert [(row.won, row.holds) for row in shown] == [
        (False, True), (False, False), (False, False), (True, False), (False, True),
    ]  # fmt: skip


def test_below_one_that_cannot_say_nobody_is_heard() -> None:
    assert [(*told(row), row.blind, row.counts) for row in heard_rows(of("why_blind"))] == [
        ("Charge only", "wants nothing", "", False, True),
        ("Self-consumption", "cannot say", "", True, True),
        ("Export avoidance", "charge 1200 W", "not heard", False, False),
    ]


@pytest.mark.parametrize(
    ("wish", "wants", "more"),
    [
        (Wish(1500.0, lowest_w=1500.0), "discharge 1500 W", "Discharge at least 1500 W"),
        (Wish(0.0, "it only watches", lowest_w=0.0, highest_w=0.0), "rest, 0 W", "Leaves nothing to the others · it only watches"),
        (Wish(-200.0, wants_w=-900.0), "charge 900 W", ""),
        (Wish(lowest_w=0.0), "wants nothing", "No charging"),
        (Wish(lowest_w=-6000.0, highest_w=4000.0), "wants nothing", "Discharge at most 4000 W"),
        (Wish(lowest_w=-4000.0, highest_w=7000.0), "wants nothing", "Charge at most 4000 W"),
        (Wish(highest_w=0.0), "wants nothing", "No discharging"),
        (Wish(lowest_w=-0.4, highest_w=0.4), "wants nothing", "No charging · no discharging"),
        (Wish(reactive_var=-300.0), "−300 var", ""),
        (Wish(None, "no order"), "wants nothing", "No order"),
    ],
)  # fmt: skip
def test_an_answer_in_words(wish: Wish, wants: str, more: str) -> None:
    (row,) = heard_rows(heard(status(), "passive", None, 0.0, Heard("passive", wish)))
    assert (row.wants, row.more) == (wants, more)


def test_where_nobody_was_asked_there_is_nothing_to_tell() -> None:
    assert heard_rows(status(binding="cell voltage")) == ()
    assert heard_rows(None) == ()
