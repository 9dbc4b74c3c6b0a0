"""Why was something that was asked for on this screen refused, in its language?"""

import re
from functools import cache
from typing import Final

from appliance import texts
from appliance.gui import figures
from appliance.gui.texts import say, spoken

REASONS: Final = (
    "error {number} is not raised",
    "error {number} is not latched",
    "the emergency stop's wire cannot be read",
    "the emergency stop is still pressed; release it first",
    "there is no emergency stop to reset",
    "the emergency stop is latched; release the button, then reset it",
    "the box is about to start again; ask once it has",
    "the {source} does not answer, so nobody knows whether the cause is gone",
    "the cause is still there: {title} ({source})",
    "a test by {who} runs; end it first",
    "no test runs",
)
"""What the core may answer to this screen (appliance/answers). Other answers are shown as they come."""


@cache
def _shape(reason: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(reason)))


def reason(english: str) -> str:
    """The answer of the core in the language of the screen; as it is where nobody has translated it."""
    for known in REASONS:
        found = _shape(known).fullmatch(english)
        if found is not None:
            holes = {name: _hole(name, words) for name, words in found.groupdict().items()}
            return say(f"reason {known}", known).format(**holes)
    return english


def _hole(name: str, words: str) -> str:
    if name == "source":
        return texts.source(words, spoken())
    if name == "who":
        return figures.person(words)
    if name == "title":
        return texts.said_title(words, spoken())
    return words
