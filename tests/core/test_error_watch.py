"""When errors are raised, cleared, held, acknowledged and reset: to the sixteenth of a second."""

from typing import Any

import msgspec
import pytest

from appliance.config import load_site
from appliance.error_watch import ErrorWatch
from appliance.errors import ROWS
from appliance.model import (
    ActiveError,
    BatteryView,
    BoardReading,
    Memory,
    RackApart,
    Setpoints,
    Severity,
    State,
)
from tests.stories import HOME, NOON, battery, rack, seen

SITE = load_site(HOME)
RUNS = Memory(state=State.RUN, commanded=Setpoints(contactors_closed=True, inverter_on=True))
FULL, CALM, UNKNOWN = 3.65, 3.30, None
"""A cell that raises 111 after 2 s, one that clears it after 30 s, one of which nobody knows."""
PRESSED, RELEASED = BoardReading(estop_pressed=True), BoardReading(estop_pressed=False)


class Watched:
    """A watch, and what it has raised."""

    def __init__(self) -> None:
        self.watch = ErrorWatch(SITE)

    def at(self, now_s: float, memory: Memory = RUNS, **readings: Any) -> list[int]:
        return [error.number for error in self.watch.update(seen(now_s, **readings), memory)]

    def cell(self, now_s: float, cell_max_v: float | None) -> bool:
        """Whether 111 is raised with this cell."""
        return 111 in self.at(now_s, battery=battery(rack(cell_max_v=cell_max_v)))


def kept(number: int, source: str = "here", **changes: Any) -> ActiveError:
    row = ROWS[number]
    error = ActiveError(
        number, source, row.severity, row.title, row.remedy, row.effects, NOON, latched=row.latched
    )
    return msgspec.structs.replace(error, **changes)


def test_it_is_raised_after_its_time_with_all_its_row_says() -> None:
    watched = Watched()
    assert watched.at(10.0, pv=None) == []
    assert watched.at(11.9375, pv=None) == []
    assert watched.at(12.0, pv=None) == [302]
    (error,) = watched.watch.raised()
    row = ROWS[302]
    assert (error.title, error.remedy, error.severity) == (row.title, row.remedy, Severity.WARNING)
    assert (error.effects, error.latched, error.derate_pct) == ((), False, None)
    assert error.since_at == seen(12.0).utc and error.source == "PV meter"


def test_an_interruption_begins_it_anew() -> None:
    watched = Watched()
    assert watched.at(10.0, pv=None) == []
    assert watched.at(11.0) == []
    assert watched.at(12.0, pv=None) == []
    assert watched.at(13.9375, pv=None) == []
    assert watched.at(14.0, pv=None) == [302]


def test_it_is_cleared_after_its_time() -> None:
    watched = Watched()
    watched.at(10.0, pv=None)
    assert watched.at(12.0, pv=None) == [302]
    assert watched.at(20.0) == [302]
    assert watched.at(21.9375) == [302]
    assert watched.at(22.0) == []
    assert watched.watch.raised() == ()


def test_a_return_begins_the_clearing_anew() -> None:
    watched = Watched()
    watched.at(10.0, pv=None)
    assert watched.at(12.0, pv=None) == [302]
    since_at = watched.watch.raised()[0].since_at
    assert watched.at(20.0) == [302]
    assert watched.at(21.0, pv=None) == [302]
    assert watched.at(30.0) == [302]
    assert watched.at(31.9375) == [302]
    assert watched.watch.raised()[0].since_at == since_at
    assert watched.at(32.0) == []
    assert watched.at(33.0, pv=None) == [], "and is raised anew after its time"
    assert watched.at(35.0, pv=None) == [302]


def test_the_same_tuple_while_nothing_changes() -> None:
    watched = Watched()
    watched.at(10.0, pv=None)
    watched.at(12.0, pv=None)
    before = watched.watch.raised()
    assert watched.watch.update(seen(13.0, pv=None), RUNS) is before
    assert watched.watch.update(seen(14.0), RUNS) is before


# ------------------------------------------------------------------ what nobody can tell


def test_no_time_passes_before_it_is_raised_while_nobody_knows() -> None:
    watched = Watched()
    assert not watched.cell(10.0, FULL)
    assert not watched.cell(11.0, FULL)
    assert not watched.cell(11.5, UNKNOWN)
    assert not watched.cell(40.0, UNKNOWN)
    assert not watched.cell(40.5, FULL), "1 s and a half of the 2 s"
    assert not watched.cell(40.9375, FULL)
    assert watched.cell(41.0, FULL)


def test_no_time_passes_before_it_is_cleared_while_nobody_knows() -> None:
    watched = Watched()
    watched.cell(10.0, FULL)
    assert watched.cell(12.0, FULL)
    assert watched.cell(13.0, CALM)
    assert watched.cell(33.0, CALM)
    assert watched.cell(33.25, UNKNOWN)
    assert watched.cell(90.0, UNKNOWN)
    assert watched.cell(99.9375, CALM), "20 s before, then all but ten"
    assert not watched.cell(100.0, CALM)


def test_what_is_known_to_be_over_is_forgotten() -> None:
    watched = Watched()
    assert not watched.cell(10.0, FULL)
    assert not watched.cell(11.0, UNKNOWN)
    assert not watched.cell(12.0, CALM)
    assert not watched.cell(13.0, UNKNOWN)
    assert not watched.cell(14.0, FULL)
    assert not watched.cell(15.9375, FULL)
    assert watched.cell(16.0, FULL)


def test_silence_alone_begins_neither() -> None:
    watched = Watched()
    watched.cell(10.0, FULL)
    assert watched.cell(12.0, FULL)
    assert watched.cell(20.0, UNKNOWN)
    assert watched.cell(80.0, UNKNOWN)
    assert watched.cell(81.0, CALM)
    assert watched.cell(109.9375, CALM), "30 s since nobody knew"
    assert not watched.cell(110.0, CALM)


def test_each_rack_has_its_own_time() -> None:
    watched, calm = Watched(), rack(1)
    two = battery(rack(1, cell_max_v=FULL), rack(2, cell_max_v=FULL))
    watched.at(10.0, battery=battery(rack(1, cell_max_v=FULL), rack(2)))
    watched.at(11.0, battery=two)
    assert watched.at(12.0, battery=two) == [111]
    assert [error.source for error in watched.watch.raised()] == ["rack 1"]
    assert watched.at(13.0, battery=two) == [111, 111]
    assert watched.at(14.0, battery=battery(calm, rack(2, cell_max_v=FULL))) == [111, 111]
    assert watched.at(44.0, battery=battery(calm, rack(2, cell_max_v=FULL))) == [111]
    assert [error.source for error in watched.watch.raised()] == ["rack 2"]


# ------------------------------------------------------------------ words


def useless(words: str) -> dict[str, Any]:
    return {"battery_view": BatteryView((), words, 100.0)}


def test_words_of_one_that_stays_are_those_that_raised_it() -> None:
    watched = Watched()
    assert watched.at(10.0, **useless("its state is unknown")) == [107]
    before = watched.watch.raised()
    assert watched.at(11.0, **useless("it does not say how far it may go")) == [107]
    assert watched.watch.raised() is before
    assert before[0].source == "battery: its state is unknown"


def test_words_of_a_rack_that_is_out_follow() -> None:
    def apart(words: str) -> Memory:
        return msgspec.structs.replace(RUNS, racks_apart=(RackApart(2, 0.0, 0.0, 1, words),))

    watched, two = Watched(), battery(rack(1), rack(2, contactors_closed=False))
    watched.at(10.0, apart("rests"), battery=two)
    assert watched.at(20.0, apart("rests"), battery=two) == [126]
    since_at = watched.watch.raised()[0].since_at
    assert watched.at(21.0, apart("waits"), battery=two) == [126]
    (told,) = watched.watch.raised()
    assert (told.source, told.since_at) == ("rack 2: waits", since_at)
    before = watched.watch.raised()
    assert watched.watch.update(seen(22.0, battery=two), apart("waits")) is before


@pytest.mark.parametrize(
    ("number", "memory", "words"),
    [
        (115, RUNS, "cell 1.7 at 2.70 V"),
        (116, msgspec.structs.replace(RUNS, awaits_start=True), "after the emergency stop somebody has to start the box"),
    ],
)  # fmt: skip
def test_words_of_a_battery_that_is_low_follow(number: int, memory: Memory, words: str) -> None:
    watched, empty = Watched(), battery(rack(cell_min_v=2.7), soc_pct=4.0)
    watched.watch.adopt((kept(number, "battery: something else"),))
    watched.at(10.0, memory, battery=empty)
    told = [error.source for error in watched.watch.raised() if error.number == number]
    assert told == [f"battery: {words}"]


def test_how_much_one_that_derates_leaves() -> None:
    watched, warm = Watched(), battery(rack(cell_max_c=50.0, cell_min_c=48.0))
    watched.at(10.0, battery=warm)
    watched.at(70.0, battery=warm)
    assert [(e.number, e.derate_pct) for e in watched.watch.raised()] == [(131, 50.0)]


# ------------------------------------------------------------------ order, persons


def test_the_worst_is_told_first_and_then_by_number() -> None:
    watch = ErrorWatch(SITE)
    watch.adopt((kept(602), kept(302), kept(301), kept(201), kept(401), kept(112)))
    assert [error.number for error in watch.raised()] == [112, 401, 201, 301, 302, 602]


def test_what_was_adopted_goes_on() -> None:
    watched = Watched()
    watched.watch.adopt((kept(302, "PV meter"), kept(401, "board")))
    assert watched.at(10.0) == [401, 302]
    assert watched.at(11.9375) == [401, 302]
    assert watched.at(12.0) == [401], "latched"
    watched.watch.adopt(())
    assert watched.at(13.0) == []


def test_whose_error_was_seen_by_a_person() -> None:
    watch = ErrorWatch(SITE)
    watch.adopt((kept(302), kept(111, "rack 1"), kept(111, "rack 2")))
    assert watch.acknowledge(111, "ctl") == 2
    assert [e.acknowledged_by for e in watch.raised()] == ["ctl", "ctl", kept(302).acknowledged_by]
    assert watch.acknowledge(201, "ctl") == 0
    assert watch.acknowledge(None, "screen") == 3
    assert [e.acknowledged_by for e in watch.raised()] == ["screen"] * 3


@pytest.mark.parametrize(("board", "released"), [(PRESSED, []), (RELEASED, [401])])
def test_a_reset_releases_what_is_over(board: BoardReading, released: list[int]) -> None:
    watch = ErrorWatch(SITE)
    watch.adopt((kept(401, "board"), kept(112, "rack 1"), kept(302), kept(114, "rack 1")))
    assert [error.number for error in watch.latched((401, 302, 112))] == [112, 401]
    gone = watch.reset((401, 302), seen(10.0, board=board), RUNS)
    assert [error.number for error in gone] == released
    left = [number for number in (112, 114, 401, 302) if number not in released]
    assert [error.number for error in watch.raised()] == left


def test_what_was_reset_is_raised_anew() -> None:
    watched = Watched()
    assert watched.at(10.0, board=PRESSED) == [401]
    assert watched.at(11.0, board=RELEASED) == [401]
    assert len(watched.watch.reset((401,), seen(11.0), RUNS)) == 1
    assert watched.at(12.0, board=RELEASED) == []
    assert watched.at(13.0, board=PRESSED) == [401]
