"""Brings appliance/locale/*.po up to date with the English texts: python tools/catalogue.py

New texts come in without a translation, texts whose English has changed keep the old translation as a
"fuzzy" proposal that nobody is shown, texts that are gone go. Then a person fills in the rest.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final, get_args

import polib

from appliance.errors import ERRORS
from appliance.gui.reasons import REASONS, WISHES
from appliance.gui.texts import TEXTS
from appliance.limits import LIMITS
from appliance.registry import names
from appliance.site import Language
from appliance.statemachine.states import STATES
from appliance.texts import ENGLISH, FOLDER, SOURCES

LANGUAGES: Final = tuple(name for name in get_args(Language) if name != ENGLISH)
PLURALS: Final = "nplurals=2; plural=(n != 1);"
WIDTH: Final = 110


def entries() -> Iterator[tuple[str, str]]:
    """Every text that people read: its context and the English words."""
    for row in ERRORS:
        yield f"error {row.number} title", row.title
        yield f"error {row.number} remedy", row.remedy
    for state, allows in STATES.items():
        yield f"state {state} title", allows.title
        yield f"state {state} says", allows.says
    yield from _names()
    for reason in REASONS:
        yield f"reason {reason}", reason
    for wish in WISHES:
        yield f"wish {wish}", wish
    for key, words in TEXTS.items():
        yield f"screen {key}", words


def _names() -> Iterator[tuple[str, str]]:
    """What things are called."""
    for name in SOURCES:
        yield f"source {name}", name
    for limit in LIMITS:
        if f"limit_{limit.name}" in TEXTS:
            continue
        yield f"limit {limit.name}", limit.name
    for name in sorted(names("appliance.modes")):
        mode = import_module(f"appliance.modes.{name}")
        yield f"mode {name}", mode.TITLE
        yield f"mode {name} summary", mode.SUMMARY


def path_of(language: str) -> Path:
    """The catalogue of a language."""
    return FOLDER / f"{language}.po"


def renewed(language: str, before: polib.POFile) -> polib.POFile:
    """A catalogue with all of today's texts, in their order, and the translations there are."""
    after = polib.POFile(wrapwidth=WIDTH)
    after.metadata = {
        "Project-Id-Version": "appliance",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURALS,
    }
    known = {entry.msgctxt: entry for entry in before if not entry.obsolete}
    for context, english in entries():
        old = known.get(context)
        entry = polib.POEntry(msgctxt=context, msgid=english, msgstr=old.msgstr if old else "")
        if old is not None:
            entry.flags = list(old.flags)
            if old.msgid != english and old.msgstr:
                entry.previous_msgid = old.msgid
                entry.flags = ["fuzzy"]
        after.append(entry)
    return after


def missing(language: str) -> list[str]:
    """What is to be done by hand in a catalogue, in words; empty when all is well."""
    entered = {entry.msgctxt: entry for entry in polib.pofile(str(path_of(language)))}
    wanted = dict(entries())
    todo = [f"{context}: is of no use any more" for context in entered if context not in wanted]
    for context, english in wanted.items():
        entry = entered.get(context)
        if entry is None:
            todo.append(f"{context}: {english!r} is missing")
        elif entry.msgid != english:
            todo.append(f"{context}: was {entry.msgid!r}, is {english!r}: translate anew")
        elif not entry.translated():
            todo.append(f"{context}: {english!r} is not translated")
    return todo


def main() -> None:
    """Write the catalogues; say what is left to translate."""
    FOLDER.mkdir(exist_ok=True)
    for language in LANGUAGES:
        path = path_of(language)
        before = polib.pofile(str(path)) if path.exists() else polib.POFile()
        after = renewed(language, before)
        path.write_text(f"{after}\n", encoding="utf-8")
        for line in missing(language):
            print(f"{path.name}: {line}")


if __name__ == "__main__":
    main()
