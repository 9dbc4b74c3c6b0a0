"""Tables: unique, complete, every state leavable, safety rows hold from every state."""

import pytest

from appliance.answers import _TAKES
from appliance.config import build_modes, load_site, mode_summaries, modes_lacked
from appliance.errors import ERRORS
from appliance.limits import LIMITS
from appliance.model import SAFE, Effect, Memory, Severity, Snapshot, State, Want
from appliance.processes import PROCESSES
from appliance.statemachine.states import GOALS, STATES
from appliance.statemachine.transitions import FROM, TRANSITIONS, Scene
from tests.stories import HOME, NOON, seen

LONGEST_TITLE = 40
LONGEST_REMEDY = 60
LONGEST_SUMMARY = 70


def test_error_numbers_are_unique_and_ordered() -> None:
    numbers = [row.number for row in ERRORS]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("row", ERRORS, ids=lambda row: str(row.number))
def test_error_texts_fit_and_are_there(row: object) -> None:
    title, remedy = row.title, row.remedy  # type: ignore[attr-defined]
    assert 0 < len(title) <= LONGEST_TITLE
    assert 0 < len(remedy) <= LONGEST_REMEDY
    assert not remedy.endswith(".")


def test_the_owner_finds_every_error_in_the_guide() -> None:
    guide = (HOME.parent.parent.parent / "docs" / "owner.md").read_text()
    for row in ERRORS:
        assert f"| {row.number} | {row.title} |" in guide
        assert row.remedy in guide


def test_stopping_errors_are_not_warnings() -> None:
    for row in ERRORS:
        if {Effect.STOP, Effect.EMERGENCY_STOP} & set(row.effects):
            assert row.severity is not Severity.WARNING, row.title


def test_errors_that_return_to_service_settle_first() -> None:
    for row in ERRORS:
        if row.effects and not row.latched:
            assert row.clear_after_s >= 2.0, row.title


def test_a_blind_box_raises_every_silence() -> None:
    assert not any(
        row.number in (101, 201) and row.holds(Snapshot(5.9, NOON), Memory(), load_site(HOME))
        for row in ERRORS
    )
    blind = Snapshot(now_s=6.1, utc=NOON)
    site = load_site(HOME)
    raised = {row.number for row in ERRORS if row.holds(blind, Memory(), site)}
    assert {101, 201, 301, 302, 402, 501} <= raised


def test_every_state_is_declared_reachable_and_leavable() -> None:
    assert set(STATES) == set(State)
    for state in State:
        assert FROM[state], f"{state} has no way out"
    entered = {row.enter for row in TRANSITIONS if isinstance(row.enter, State)} | set(GOALS)
    assert entered | {State.INIT} == set(State)


@pytest.mark.parametrize("state", [state for state in State if not STATES[state].ends_process])
def test_emergency_stop_wins_from_every_state(state: State) -> None:
    scene = Scene(seen(), Memory(state=state), frozenset({Effect.EMERGENCY_STOP}), 10.0, False)
    first = (
        next(row for row in FROM[state] if row.when(scene)) if state is not State.ERROR else None
    )
    assert state is State.ERROR or (first is not None and first.enter is State.ERROR)


def test_only_run_has_power() -> None:
    assert [state for state in State if STATES[state].power] == [State.RUN]


def test_the_default_setpoint_is_the_safe_one() -> None:
    assert (SAFE.power_w, SAFE.inverter_on, SAFE.contactors_closed) == (0.0, False, False)


def test_every_want_can_be_taken() -> None:
    assert set(_TAKES) == set(Want.__args__)


def test_limit_names_are_unique() -> None:
    assert len({row.name for row in LIMITS}) == len(LIMITS)


def test_process_names_are_unique_and_needs_exist() -> None:
    names = {row.name for row in PROCESSES}
    assert len(names) == len(PROCESSES)
    assert all(set(row.needs) <= names for row in PROCESSES)


def test_every_mode_says_what_it_does_in_one_line() -> None:
    summaries = mode_summaries()
    modes, titles = build_modes(load_site(HOME))
    lacked = modes_lacked(load_site(HOME))
    assert set(summaries) == set(modes) | set(lacked)
    assert set(lacked) == {"backup"}, "the only one that not every box has"
    assert "features.backup" in lacked["backup"].because
    assert len(set(summaries.values())) == len(summaries)
    for name, summary in summaries.items():
        assert 0 < len(summary) <= LONGEST_SUMMARY, name
        assert not summary.endswith("."), name
        assert summary not in titles.values(), name


@pytest.mark.parametrize("name", sorted(build_modes(load_site(HOME))[0]))
def test_a_blind_mode_never_wishes_for_power(name: str) -> None:
    modes, _titles = build_modes(load_site(HOME))
    wish = modes[name].wish(Snapshot(now_s=0.0, utc=NOON), Memory())
    assert not wish.power_w
