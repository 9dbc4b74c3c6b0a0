"""A fan or a heater held by request: who may what, how long, and what is said."""

import pytest

from appliance.model import ForceClimate, ForcedActuator
from appliance.site import SiteSettings
from tests.climate.cabinet import home
from tests.stories import Story


def story() -> Story:
    site: SiteSettings = Story().site
    return Story(site.model_copy(update={"climate": home()})).running()


def test_it_is_held_until_its_time_is_over() -> None:
    told = story()
    answer = told.ask(ForceClimate("main", 40.0, 20.0), source="touchscreen")
    assert (answer.ok, answer.reason) == (True, "main at 40 % for 20 s")
    asked_s = told.now_s
    assert told.last.forced == (ForcedActuator("main", 40.0, asked_s + 20.0),)
    told.step(19.9)
    assert told.last.forced
    assert told.step(0.2).forced == ()


@pytest.mark.parametrize("source", ["cloud", "button", "modbus"])
def test_nobody_from_afar_holds_a_fan(source: str) -> None:
    told = story()
    answer = told.ask(ForceClimate("main", 0.0, 20.0), source=source)
    assert (answer.ok, answer.reason) == (
        False,
        "fans and heaters are held by somebody on site only",
    )
    assert told.last.forced == ()


def test_the_last_word_counts_and_it_can_be_given_back() -> None:
    told = story()
    told.ask(ForceClimate("main", 40.0, 20.0))
    told.ask(ForceClimate("mat", 100.0, 20.0))
    told.ask(ForceClimate("main", 0.0, 50.0))
    assert {one.actuator: one.percent for one in told.last.forced} == {"mat": 100.0, "main": 0.0}
    assert told.ask(ForceClimate("main", None)).reason == "main follows its rule"
    assert [one.actuator for one in told.last.forced] == ["mat"]


@pytest.mark.parametrize(
    ("want", "says"),
    [
        (ForceClimate("attic", 10.0), "actuator = 'attic' is not known; this box has: main, mat"),
        (ForceClimate("main", 101.0), "percent = 101 must be between 0 and 100"),
        (ForceClimate("main", -1.0), "percent = -1 must be between 0 and 100"),
        (ForceClimate("main", float("nan")), "percent = nan must be between 0 and 100"),
        (ForceClimate("main", 10.0, 0.0), "duration_s = 0 must be above 0, at most 3600"),
        (ForceClimate("main", 10.0, 3_601.0), "duration_s = 3601 must be above 0, at most 3600"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(want: ForceClimate, says: str) -> None:
    told = story()
    answer = told.ask(want)
    assert (answer.ok, answer.reason) == (False, says)
    assert told.last.forced == ()


def test_a_box_without_climate_has_nothing_to_hold() -> None:
    answer = Story().running().ask(ForceClimate("main", 10.0))
    assert answer.reason == "actuator = 'main' is not known; this box has: none"
