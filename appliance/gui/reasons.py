"""Why was something that was asked for on this screen refused, and why does a mode want what it wants, in its language?"""

import re
from functools import cache
from typing import Final

from appliance import texts
from appliance.gui import figures
from appliance.gui.texts import say, spoken
from appliance.texts import ENGLISH

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
    "the feature {feature} is off (features.{flag} in site.toml)",
    "nothing separates this site from the grid (backup in site.toml)",
)
"""What the core may answer to this screen (appliance/answers, appliance/site/features.py). Others are shown as they come."""
WISHES: Final = (
    "it only watches",
    "nobody asks for anything",
    "no power was asked for",
    "asked by {who}, for another {seconds} s",
    "for another {seconds} s",
    "{who} was not heard for {seconds} s",
    "the cloud is away for {seconds} s",
    "by the {schedule} schedule until {end}",
    "no entry of a schedule holds now",
    "no entry holds now",
    "this is not its time",
    "nobody knows what time it is, so no schedule holds",
    "nobody knows what time it is",
    "it made no number of what it knows",
    "the grid meter is silent",
    "the grid meter tells no phases",
    "the battery is silent",
    "the battery does not say how full it is",
    "the state of charge is not known",
    "what the site draws",
    "what the site has left over",
    "only {watts} W of surplus may be charged",
    "only {watts} W of load may be covered",
    "the load takes {watts} W",
    "nothing to shave",
    "to import no more than {watts} W",
    "to export no more than {watts} W",
    "to be ready for a peak with {percent} %",
    "{percent} % are kept for a backup",
    "{percent} % is above the reserve of {reserve} %",
    "{percent} % of a reserve of {reserve} %",
    "{percent} % are reached",
    "{why}, there is time",
    "{why}, the import leaves {watts} W",
    "{percent} of {goal} % by {end}",
    "{percent} of {goal} %",
    "no plan holds now",
    "the plan is {hours} h old",
    "as planned until {end}",
    "the plan's {energy} Wh are in the battery",
    "from {energy} to {goal} Wh by {end} as planned",
    "{why}, so it rests",
    "{why}, so it avoids import and export",
    "{why}; no price is known",
    "{why}; the price is between",
    "{why}; importing costs {price}, less than {least}",
    "{why}; exporting pays {price}, more than {most}",
    "it is never full: the site stops at {percent} %",
    "it is due, last full: {day}; {why}",
    "it is due, last full: {day}",
    "never",
    "it is kept full for {told} min, so that cells balance",
    "the next is due on {day}",
    "{energy} Wh are in the battery",
    "no more than {energy} Wh are in the battery",
    "from {energy} to {goal} Wh by {end} UTC",
    "nobody tells a price",
    "at this price the battery holds what it should",
    "at {price} from {energy} to {goal} Wh by the end of settlement period {number}",
    "the battery is full enough for the peak",
    "to be full before the peak: {energy} Wh by {end} UTC",
    "the system is long: {energy} Wh by {end} UTC",
    "the battery is empty enough",
    "it must empty until the end of the peak",
    "the system is short, and the site has enough",
    "the system is short",
    "it waits until the system is short",
    "it keeps the rest for the peak",
    "no order",
    "ordered until {end} UTC",
    "{why}, but others may do as they like",
)
"""Why a mode wants what it wants (appliance/modes); of two that fit the first counts. Others are shown as they come."""


@cache
def _shape(reason: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(reason)))


def reason(english: str) -> str:
    """The answer of the core in the language of the screen; as it is where nobody has translated it."""
    return _told("reason", REASONS, english) or english


def wish_reason(english: str) -> str:
    """The reason of a mode in the language of the screen; as it is where nobody has translated it."""
    return known_wish(english) or english


def known_wish(english: str) -> str:
    """The same; "" where nobody has translated it."""
    return english if spoken() == ENGLISH else _told("wish", WISHES, english)


def _told(kind: str, known: tuple[str, ...], english: str) -> str:
    for words in known:
        found = _shape(words).fullmatch(english)
        if found is not None:
            holes = {name: _hole(name, said) for name, said in found.groupdict().items()}
            return say(f"{kind} {words}", words).format(**holes)
    return ""


def _hole(name: str, words: str) -> str:
    if name == "source":
        return texts.source(words, spoken())
    if name == "who":
        return figures.person(words)
    if name == "title":
        return texts.said_title(words, spoken())
    return wish_reason(words) if name in ("why", "day") else words
