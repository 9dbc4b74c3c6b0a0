"""What the box says to people, in the language of its site: titles, remedies, states, sources.

English is written where the thing is decided (errors.py, statemachine/states.py); the other languages
are in locale/*.po, for screen and cloud alike. What has no translation there, or one that was made
for other English words, is said in English. `python tools/catalogue.py` brings the files up to date.
"""

from functools import cache
from pathlib import Path
from typing import Final, Protocol

import polib

from appliance.model import State
from appliance.site import Language
from appliance.statemachine.states import STATES

FOLDER: Final = Path(__file__).parent / "locale"
ENGLISH: Final = "en"
SOURCES: Final = (
    "battery",
    "inverter",
    "grid meter",
    "PV meter",
    "emergency stop",
    "buttons and e-stop",
    "box",
    "clock",
    "cloud",
    "memory",
    "grid",
    "grid connection",
    "climate",
    "disk",
    "store",
    "update",
    "board",
    "box sensor",
    "rack {name}",
    "{name} meter",
    "{name} sensor",
    "fan {name}",
    "heater {name}",
    "relay {name}",
    "button {name}",
)
"""Sources of errors as the conditions name them; a whole name is looked for before a pattern."""
Known = dict[tuple[str, str], str]


class Told(Protocol):
    """A row of ERRORS, or an error raised from one."""

    @property
    def number(self) -> int:
        """Never used again."""

    @property
    def title(self) -> str:
        """In English."""

    @property
    def remedy(self) -> str:
        """In English."""


@cache
def catalogue(language: Language) -> Known:
    """(context, English) to the words of that language; only what somebody has translated."""
    if language == ENGLISH:
        return {}
    entries = polib.pofile(str(FOLDER / f"{language}.po")).translated_entries()
    return {(entry.msgctxt or "", entry.msgid): entry.msgstr for entry in entries}


def translated(context: str, english: str, language: Language) -> str:
    """The words in that language; the English ones when there are none."""
    return catalogue(language).get((context, english), english)


def title(error: Told, language: Language) -> str:
    """What is wrong."""
    return translated(f"error {error.number} title", error.title, language)


def said_title(english: str, language: Language) -> str:
    """A title that stands in a sentence of the core, without its number."""
    for (context, words), said in catalogue(language).items():
        if words == english and context.startswith("error ") and context.endswith(" title"):
            return said
    return english


def remedy(error: Told, language: Language) -> str:
    """What a person does about it."""
    return translated(f"error {error.number} remedy", error.remedy, language)


def state_title(state: State, language: Language) -> str:
    """The state of the box in a word or two."""
    return translated(f"state {state} title", STATES[state].title, language)


def source(name: str, language: Language) -> str:
    """Where an error is; words behind a colon are the device's own and stay."""
    known, colon, words = name.partition(":")
    return _source(known, language) + colon + words


def _source(name: str, language: Language) -> str:
    if name in SOURCES:
        return translated(f"source {name}", name, language)
    for pattern in SOURCES:
        before, named, after = pattern.partition("{name}")
        if named and name.startswith(before) and name.endswith(after):
            middle = name[len(before) : len(name) - len(after)]
            return translated(f"source {pattern}", pattern, language).format(name=middle)
    return name
