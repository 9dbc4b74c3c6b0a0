"""What a button asked for is answered: a refusal can be seen at the box."""

from collections.abc import Iterator
from functools import partial

import pytest

from appliance.io.board import board_workers
from appliance.io.board._lights import EMERGENCY_STOP, LIGHTS, NO_DECISION, REFUSED
from appliance.mailbox import Slots
from appliance.model import Answer, Request, ResetEstop
from tests.io.pretend import CLOCK, ERROR_LED, ESTOP, RUN_LED, START, front, home, running, until
from tests.io.test_board import Box, press


@pytest.fixture
def own() -> Iterator[Box]:
    with front() as site:
        slots = Slots.create()
        with running(*board_workers(home(site.url), CLOCK, slots)):
            made = Box(site, slots)
            site.drive(ESTOP, 0)
            site.drive(START, 1)
            until(lambda: made.number() > 2)
            yield made


def asked(box: Box) -> Request:
    found: list[Request] = []

    def arrived() -> bool:
        found.extend(box.slots.requests.drain())
        return bool(found)

    until(arrived)
    return found[0]


def both_lit(box: Box) -> bool:
    return box.lit(RUN_LED, 1) and box.lit(ERROR_LED, 1)


def test_a_refused_press_lights_both_for_a_while(own: Box) -> None:
    press(own, START)
    request = asked(own)
    own.slots.requests.answer((Answer(request.id, False, "the emergency stop is latched"),))
    until(partial(both_lit, own), 1.0)
    lasted_s = until(lambda: not both_lit(own), 4.0)
    assert 1.0 < lasted_s < 3.0
    assert own.slots.requests.answered() == (), "nobody else waits for it"


def test_a_granted_press_shows_in_the_state_alone(own: Box) -> None:
    press(own, START)
    request = asked(own)
    own.slots.requests.answer((Answer(request.id, True, "going to Running"),))
    number = own.number()
    until(lambda: own.number() > number + 3)
    assert not both_lit(own)


def test_a_press_that_finds_no_room_is_refused_too(own: Box) -> None:
    for number in range(100):
        assert own.slots.requests.put(Request(f"r{number}", "ctl", ResetEstop()))
    press(own, START)
    until(partial(both_lit, own), 1.5)


def test_the_refusal_looks_like_nothing_else() -> None:
    assert REFUSED not in [*LIGHTS.values(), EMERGENCY_STOP, NO_DECISION]
