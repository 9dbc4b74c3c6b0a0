"""Who hurries: in an emergency nobody after the state machine waits for the current a second time."""

from tests.core.boxes import ALARM, ERROR, PRESSED, RUN, box
from tests.stories import battery, inverter

LIVE = battery(current_a=20.0)
FLOWS = inverter(8_000.0)


def test_an_emergency_stop_opens_at_once_after_its_half_second_and_says_so_as_long_as_it_holds() -> (
    None
):
    story = box(RUN)
    story.step(board=PRESSED, battery=LIVE, inverter=FLOWS)
    first = story.last.setpoints
    assert first.contactors_closed and not first.open_at_once, "half a second for the current"
    story.run(0.6, board=PRESSED, battery=LIVE, inverter=FLOWS)
    for _ in range(3):
        assert story.last.state is ERROR
        assert not story.last.setpoints.contactors_closed
        assert story.last.setpoints.open_at_once, "the driver of the BMS must not wait again"
        story.step(0.1, board=PRESSED, battery=LIVE, inverter=FLOWS)


def test_a_usual_stop_never_hurries_the_contactors() -> None:
    story = box(RUN)
    story.step(inverter=ALARM, battery=LIVE)
    for _ in range(40):
        story.step(0.1, inverter=ALARM, battery=LIVE)
        assert not story.last.setpoints.open_at_once
    assert not story.last.setpoints.contactors_closed
