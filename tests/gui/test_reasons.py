"""Refusals of the core in the language of the screen."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import appliance
from appliance.gui.reasons import REASONS, WISHES, reason, wish_reason
from appliance.gui.texts import speak
from appliance.texts import ENGLISH


@pytest.fixture(autouse=True)
def in_english_again() -> Iterator[None]:
    yield
    speak(ENGLISH)


def test_in_english_they_are_as_the_core_says_them() -> None:
    for said in ("the cause is still there: A cell is full (rack 2)", "no test runs"):
        assert reason(said) == said


def test_in_another_language_with_the_words_of_the_catalogue() -> None:
    speak("de")
    said = "the cause is still there: A cell is overcharged (rack 2)"
    assert reason(said) == "die Ursache besteht noch: Eine Zelle ist überladen (Rack 2)"
    assert reason("error 112 is not latched") == "Alarm 112 wartet nicht auf Zurücksetzen"
    assert reason("a test by ctl runs; end it first").startswith("ein Test von der Befehlszeile")
    assert reason("the moon is full") == "the moon is full"


PACKAGE = Path(appliance.__file__).parent


def test_every_reason_is_one_that_the_core_gives() -> None:
    paths = [*(PACKAGE / "answers").glob("*.py"), PACKAGE / "site" / "features.py"]
    code = "\n".join(path.read_text() for path in paths)
    for known in REASONS:
        for part in re.split(r"\{\w+\}", known):
            assert part in code, known


def test_every_reason_of_a_wish_is_one_that_a_mode_gives() -> None:
    paths = [*(PACKAGE / "modes").glob("*.py"), PACKAGE / "programme.py"]
    code = "\n".join(path.read_text() for path in paths)
    # Put together from halves:
    code += (
        "the grid meter tells no phases, 64 of 80 % by 07:00, 5 of 60 min, so that cells balance"
    )
    code += "8000 Wh by the end of settlement period 12"
    parts = {(known, part) for known in WISHES for part in re.split(r"\{\w+\}|[:;] ", known)}
    assert [found for found in sorted(parts) if found[1] not in code] == []


@pytest.mark.parametrize(
    ("said", "german"),
    [
        ("the grid meter is silent", "der Netzzähler antwortet nicht"),
        ("64 of 80 % by 07:00, there is time", "64 von 80 % bis 07:00, es ist noch Zeit"),
        (
            "no plan holds now; importing costs 0.1, less than 0.2",
            "kein Plan gilt jetzt; Bezug kostet 0.1, weniger als 0.2",
        ),
        ("the plan is 30 h old, so it rests", "der Plan ist 30 h alt, daher Ruhe"),
        ("cloud was not heard for 61 s", "seit 61 s nichts von der Cloud gehört"),
        (
            "it is due, last full: never; this is not its time",
            "fällig, zuletzt voll: nie; jetzt ist nicht ihre Zeit",
        ),
        ("it is due, last full: 2026-06-01", "fällig, zuletzt voll: 2026-06-01"),
        ("a {brace} of the moon", "a {brace} of the moon"),
    ],
)
def test_why_a_mode_wants_it(said: str, german: str) -> None:
    assert wish_reason(said) == said
    speak("de")
    assert wish_reason(said) == german
