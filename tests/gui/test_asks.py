"""What was asked here, and what became of it."""

from msgspec.structs import replace

from appliance.gui.asks import ANSWER_S, SHOWN_S, Asks
from appliance.gui.scenes import status
from appliance.model import AckErrors, Decision, GoToMode, GoToState, ResetErrors, ResetEstop, State
from tests.gui.fake_core import FakeCore

DECISION = status().decision


def in_mode(mode: str) -> Decision:
    return replace(DECISION, mode=mode)


def test_a_mode_is_pending_until_it_shows() -> None:
    core = FakeCore()
    asks = Asks(core)
    asks.send(GoToMode(mode="passive"), 0.0)
    assert core.asked == [GoToMode(mode="passive")]
    assert asks.follow(DECISION, 0.1).mode == "passive"
    core.answer(ok=True)
    assert asks.follow(DECISION, 0.2).mode == "passive"
    assert asks.follow(in_mode("passive"), 0.3).mode is None


def test_a_refusal_is_shown_for_a_while() -> None:
    core = FakeCore()
    asks = Asks(core)
    asks.send(GoToMode(mode="passive"), 0.0)
    core.answer(ok=False, reason="no such mode")
    asked = asks.follow(DECISION, 1.0)
    assert (asked.mode, asked.mode_refused) == (None, "no such mode")
    assert asks.follow(DECISION, 1.0 + SHOWN_S - 0.1).mode_refused == "no such mode"
    assert asks.follow(DECISION, 1.0 + SHOWN_S + 0.1).mode_refused == ""


def test_silence_is_a_refusal() -> None:
    asks = Asks(FakeCore())
    asks.send(ResetEstop(), 0.0)
    assert asks.follow(None, ANSWER_S).resetting
    asked = asks.follow(None, ANSWER_S + 0.1)
    assert not asked.resetting
    assert asked.reset_refused == "the controller does not answer"


def test_a_yes_without_effect_is_said() -> None:
    core = FakeCore()
    asks = Asks(core)
    asks.send(GoToMode(mode="passive"), 0.0)
    core.answer(ok=True)
    asks.follow(DECISION, 0.1)
    assert "still uses another mode" in asks.follow(DECISION, ANSWER_S + 0.1).mode_refused


def test_a_state_is_pending_until_it_is_the_goal() -> None:
    core = FakeCore()
    asks = Asks(core)
    asks.send(GoToState(State.IDLE), 0.0)
    assert core.asked == [GoToState(State.IDLE)]
    core.answer(ok=True)
    assert asks.follow(DECISION, 0.1).state is State.IDLE
    asked = asks.follow(replace(DECISION, goal=State.IDLE), 0.2)
    assert (asked.state, asked.state_refused) == (None, "")
    asks.send(GoToState(State.MAINTENANCE), 1.0)
    core.answer(ok=True)
    asks.follow(DECISION, 1.1)
    asked = asks.follow(DECISION, 1.0 + ANSWER_S + 0.1)
    assert asked.state_refused == "the controller said yes, but has not done it"


def test_a_restart_is_done_with_the_answer() -> None:
    core = FakeCore()
    asks = Asks(core)
    asks.send(GoToState(State.REBOOT), 0.0)
    assert asks.follow(DECISION, 0.1).state is State.REBOOT
    core.answer(ok=True)
    assert asks.follow(DECISION, 0.2).state is None


def test_the_last_mode_asked_for_counts() -> None:
    core = FakeCore()
    asks = Asks(core)
    asks.send(GoToMode(mode="passive"), 0.0)
    asks.send(GoToMode(mode="local_control"), 0.1)
    assert asks.follow(DECISION, 0.2).mode == "local_control"


def test_resetting_one_error_and_its_refusal() -> None:
    core = FakeCore()
    asks = Asks(core)
    asks.send(ResetErrors(number=112), 0.0)
    assert core.asked == [ResetErrors(number=112)]
    assert asks.follow(DECISION, 0.1).resetting_errors == {112}
    core.answer(ok=False, reason="the cause is still there")
    asked = asks.follow(DECISION, 0.2)
    assert asked.resetting_errors == frozenset()
    assert (asked.refused_number, asked.error_refused) == (112, "the cause is still there")
    asks.send(ResetErrors(number=112), 1.0)
    assert asks.follow(DECISION, 1.1).refused_number is None
    core.answer(ok=True)
    assert asks.follow(DECISION, 1.2).resetting_errors == frozenset()


def test_confirming_all_and_one() -> None:
    core = FakeCore()
    asks = Asks(core)
    asks.send(AckErrors(number=301), 0.0)
    assert asks.follow(DECISION, 0.1).confirming == {301}
    core.answer(ok=True)
    assert asks.follow(DECISION, 0.2).confirming == frozenset()
