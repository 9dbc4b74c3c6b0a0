"""What somebody who does not stand beside the box may not do to it."""

import pytest

from appliance.mailbox import Requests
from appliance.model import (
    BoardReading,
    CapPower,
    GoToState,
    Request,
    ResetEstop,
    State,
)
from tests.stories import Story


def test_a_box_is_not_started_from_afar_after_an_emergency_stop() -> None:
    story = Story().running()
    story.run(0.2, board=BoardReading(estop_pressed=True))
    story.run(4.0, board=BoardReading(estop_pressed=False))
    assert story.ask(ResetEstop()).ok
    answer = story.ask(GoToState(State.RUN), "cloud")
    assert not answer.ok and "on site" in answer.reason
    assert story.ask(GoToState(State.RUN), "button").ok


def test_the_cloud_wears_no_contactors() -> None:
    story = Story().running()
    granted = 0
    for _ in range(30):
        assert story.ask(GoToState(State.IDLE), "cloud").ok
        answer = story.ask(GoToState(State.RUN), "cloud")
        granted += answer.ok
        assert answer.ok or "contactors wear" in answer.reason
    assert granted == 10
    assert story.ask(GoToState(State.RUN), "touchscreen").ok
    story.ask(GoToState(State.IDLE), "cloud")
    story.now_s += 3_601.0
    assert story.ask(GoToState(State.RUN), "cloud").ok


def test_asking_again_for_what_is_so_counts_for_nothing() -> None:
    story = Story().running()
    assert all(story.ask(GoToState(State.RUN), "cloud").ok for _ in range(30))


@pytest.mark.parametrize("wider", [CapPower(), CapPower(2_500.0, 1_000.0), CapPower(None, 500.0)])
def test_a_cap_set_on_site_is_widened_on_site_only(wider: CapPower) -> None:
    story = Story().running()
    assert story.ask(CapPower(2_000.0, 1_000.0), "touchscreen").ok
    refused = story.ask(wider, "cloud")
    assert not refused.ok and "max_charge_w" in refused.reason
    assert story.ask(CapPower(1_500.0, 1_000.0), "cloud").ok, "narrower"
    assert not story.ask(CapPower(2_000.0, 1_000.0), "cloud").ok
    assert story.ask(wider, "ctl").ok


def test_a_cap_from_afar_is_lifted_from_afar() -> None:
    story = Story().running()
    assert story.ask(CapPower(2_000.0, None), "cloud").ok
    assert story.ask(CapPower(), "cloud").ok


def test_who_was_told_that_nothing_was_done_finds_nothing_done() -> None:
    requests = Requests()
    requests.put(Request("r1", "ctl", GoToState(State.RUN)))
    requests.put(Request("r2", "ctl", GoToState(State.IDLE)))
    requests.withdraw("r1")
    assert [one.id for one in requests.drain()] == ["r2"]
    requests.put(Request("r3", "ctl", GoToState(State.RUN)))
    assert [one.id for one in requests.drain()] == ["r3"]
