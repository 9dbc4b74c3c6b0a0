"""The why of a cycle in the language of the screen."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from appliance.battery.rescue import TITLE
from appliance.gui.scene_errors import OVERCHARGED
from appliance.gui.scene_modes import heard
from appliance.gui.scenes import BY_NAME, status
from appliance.gui.texts import speak
from appliance.gui.why import sentence
from appliance.model import Heard, Setpoints, State, Status, Wish
from appliance.site import Language
from appliance.texts import ENGLISH

RESCUED = f"{TITLE} wants -300 W, cell 2.88 V"


FOLLOWED = heard(
    status(battery_w=700.0), "self_consumption", 700.0, 700.0,
    Heard("import_avoidance", Wish(700.0, "what the site draws", lowest_w=700.0), won=True),
    Heard("export_avoidance", Wish(None, "this is not its time")),
)  # fmt: skip
"""The winner is not the mode in use."""


@pytest.fixture(autouse=True)
def in_english_again() -> Iterator[None]:
    yield
    speak(ENGLISH)


def held(seen: Status, power_w: float) -> Status:
    return replace(seen, decision=replace(seen.decision, setpoints=Setpoints(power_w=power_w)))


def test_in_english_it_is_the_sentence_of_the_core() -> None:
    assert sentence(status(why="self-consumption wants -3 W")) == "Self-consumption wants −3 W"


@pytest.mark.parametrize(
    ("language", "seen", "words"),
    [
        ("de", status(battery_w=-1900.0), "Eigenverbrauch will −1900 W"),
        (
            "de",
            held(status(battery_w=-3000.0, binding="cell voltage"), -1200.0),
            "Eigenverbrauch will −3000 W; Zellspannung erlaubt −1200 W",
        ),
        ("da", held(status(battery_w=800.0), 300.0), "Egetforbrug vil 800 W, nu 300 W"),
        ("de", status(battery_w=-300.0, why=RESCUED), "Notladung will −300 W"),
        (
            "sv",
            status(state=State.PRECHARGE),
            "Kopplar in: väntar på att batteriets kontaktorer sluter",
        ),
        (
            "da",
            status(state=State.ERROR, errors=(OVERCHARGED,)),
            "Fejl: ingen effekt, før fejlene er væk (En celle er overopladet)",
        ),
        (
            "de",
            BY_NAME["why_blind"].status,
            "Eigenverbrauch kann nichts sagen: der Netzzähler antwortet nicht; 0 W",
        ),
        ("de", BY_NAME["why_content"].status, "Nur laden will nichts: 80 % sind erreicht"),
        ("sv", status(battery_w=None), "Egenförbrukning vill inget"),
        (
            "de",
            BY_NAME["why_many"].status,
            "Eigenverbrauch will −3000 W; Lastspitzenkappung erlaubt −2400 W; "
            "Zellspannung erlaubt −1200 W",
        ),
        ("da", FOLLOWED, "Undgå import vil 700 W, det, som stedet trækker"),
    ],
)
def test_in_other_languages_it_is_told_again(language: Language, seen: Status, words: str) -> None:
    speak(language)
    assert sentence(seen) == words
