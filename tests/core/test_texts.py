"""What the box says in other languages: complete, of the same shape, never of another error."""

import re
from pathlib import Path

import polib
import pytest

from appliance.config import SiteError, load_site
from appliance.errors import ERRORS, ROWS
from appliance.model import State
from appliance.site import Language
from appliance.statemachine.states import STATES
from appliance.texts import ENGLISH, remedy, source, state_title, title, translated
from tests.core.test_tables import LONGEST_TITLE
from tests.stories import HOME
from tools.catalogue import LANGUAGES, entries, missing, path_of, renewed

LONGEST_REMEDY = 70
HOLES = re.compile(r"\{[^}]*\}")
SAYS_WHAT_TO_DO = """
The English texts and appliance/locale/{language}.po differ. Run

    python tools/catalogue.py

It puts new texts into the file and marks changed ones; then write the msgstr of what it lists (and
take away "#, fuzzy"). Short, as an owner would say it; titles at most {longest} characters:

    {todo}
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_and_none_is_stale(language: str) -> None:
    todo = missing(language)
    if todo:
        listed = "\n    ".join(todo)
        pytest.fail(
            SAYS_WHAT_TO_DO.format(language=language, longest=LONGEST_TITLE, todo=listed),
            pytrace=False,
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_is_as_the_tool_writes_it(language: str) -> None:
    text = path_of(language).read_text(encoding="utf-8")
    assert f"{renewed(language, polib.pofile(text))}\n" == text, "run python tools/catalogue.py"


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_same_holes_and_fit(language: str) -> None:
    for entry in polib.pofile(str(path_of(language))).translated_entries():
        assert sorted(HOLES.findall(entry.msgstr)) == sorted(HOLES.findall(entry.msgid)), entry
        assert entry.msgstr == entry.msgstr.strip(), entry
        if entry.msgctxt.endswith(" title") and entry.msgctxt.startswith("error"):
            assert len(entry.msgstr) <= LONGEST_TITLE, entry.msgctxt
        if entry.msgctxt.endswith(" remedy"):
            assert len(entry.msgstr) <= LONGEST_REMEDY, entry.msgctxt
            assert not entry.msgstr.endswith("."), entry.msgctxt


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_errors_never_have_the_same_title(language: Language) -> None:
    said = [title(row, language) for row in ERRORS]
    assert len(set(said)) == len(said)
    assert len({state_title(state, language) for state in STATES}) == len(STATES)


def test_contexts_are_unique() -> None:
    contexts = [context for context, _ in entries()]
    assert len(set(contexts)) == len(contexts)


def test_english_is_what_is_written_in_the_tables() -> None:
    for row in ERRORS:
        assert (title(row, ENGLISH), remedy(row, ENGLISH)) == (row.title, row.remedy)


def test_words_of_the_field() -> None:
    assert [title(ROWS[201], language) for language in ("da", "sv", "de")] == [
        "Inverteren svarer ikke",
        "Växelriktaren svarar inte",
        "Wechselrichter antwortet nicht",
    ]
    assert title(ROWS[401], "de") == "Not-Halt"
    assert remedy(ROWS[602], "da") == "Kontrollér internetforbindelsen"
    assert state_title(State.PRECHARGE, "sv") == "Kopplar in"


def test_other_english_words_are_not_given_an_old_translation() -> None:
    assert translated("error 301 title", "Grid meter is on fire", "de") == "Grid meter is on fire"
    assert translated("error 999 title", "Grid meter does not answer", "de").startswith("Grid")


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("grid meter", "Netzzähler"),
        ("rack 2", "Rack 2"),
        ("heat pump meter", "Zähler heat pump"),
        ("box sensor", "Gerätesensor"),
        ("fan roof", "Lüfter roof"),
        ("inverter: F12 earth fault", "Wechselrichter: F12 earth fault"),
        ("modbus.plant", "modbus.plant"),
    ],
)
def test_sources(english: str, german: str) -> None:
    assert source(english, "de") == german
    assert source(english, ENGLISH) == english


def test_a_site_says_its_language(tmp_path: Path) -> None:
    assert load_site(HOME).language == "en"
    path = tmp_path / "site.toml"
    path.write_text('language = "de"\n' + HOME.read_text())
    assert load_site(path).language == "de"
    path.write_text('language = "xx"\n' + HOME.read_text())
    with pytest.raises(SiteError, match=r"language = .xx."):
        load_site(path)
