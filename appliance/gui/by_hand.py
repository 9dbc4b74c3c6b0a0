"""What does the screen say while somebody tests the box by hand?"""

from appliance.gui import figures
from appliance.gui.asks import Asked
from appliance.gui.texts import spoken, text
from appliance.gui.why import mode_title
from appliance.model import RunningTest, Status, Word
from appliance.texts import state_title


class ByHand(Word, frozen=True):
    """The strip while a test runs, and the sheet behind it."""

    active: bool
    strip: str
    left: str
    holds: str
    after: str
    label: str
    can_end: bool
    refused: str


def by_hand(status: Status | None, live: bool, asked: Asked) -> ByHand:
    """Not active without a test."""
    test = status.decision.test if status is not None else None
    if status is None or test is None:
        return ByHand(
            active=False, strip="", left="", holds="", after="", label="", can_end=False, refused="",
        )  # fmt: skip
    left = figures.left(test.until_s - status.decision.now_s)
    return ByHand(
        active=True,
        strip=text("test_strip", who=figures.person(test.by)),
        left=text("test_ends_in", left=left),
        holds=_holds(status, test),
        after=text("test_after", state=state_title(test.returns_to, spoken())),
        label=text("test_ending" if asked.ending_test else "test_end"),
        can_end=live and not asked.ending_test,
        refused=text("test_not_ended", reason=asked.test_refused) if asked.test_refused else "",
    )


def _holds(status: Status, test: RunningTest) -> str:
    """What it asks of the box; the limits stand."""
    words = []
    if test.mode is not None:
        words.append(text("test_mode", mode=mode_title(status, test.mode)))
    if test.power is not None:
        power = figures.kilowatts(test.power.power_w, status.rated_w)
        words.append(text("test_power", power=power))
    words += [
        text("test_output", name=figures.plain(one.actuator), percent=f"{one.percent:.0f}")
        for one in test.outputs
    ]
    return " · ".join(words) or text("test_nothing")
