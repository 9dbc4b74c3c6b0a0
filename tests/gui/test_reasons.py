"""Refusals of the core in the language of the screen."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import appliance.answers
from appliance.gui.reasons import REASONS, reason
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


def test_every_reason_is_one_that_the_core_gives() -> None:
    folder = Path(appliance.answers.__file__).parent
    code = "\n".join(path.read_text() for path in folder.glob("*.py"))
    for known in REASONS:
        for part in re.split(r"\{\w+\}", known):
            assert part in code, known
