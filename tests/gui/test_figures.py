"""Numbers as people read them."""

from datetime import timedelta

import pytest

from appliance.gui import figures
from appliance.gui.scene_errors import NOW

RATED_W = 5000.0
DASHES = "–\u2009–"


@pytest.mark.parametrize(
    ("power_w", "shown"),
    [
        (None, DASHES),
        (0.0, "0.0"),
        (24.9, "0.0"),
        (-24.9, "0.0"),
        (49.0, "0.0"),
        (-49.0, "0.0"),
        (60.0, "0.1"),
        (-60.0, "−0.1"),
        (1949.0, "1.9"),
        (-3500.0, "−3.5"),
        (99_940.0, "99.9"),
        (99_960.0, "100"),
        (-123_456.0, "−123"),
    ],
)
def test_kilowatts(power_w: float | None, shown: str) -> None:
    assert figures.kilowatts(power_w, RATED_W) == shown


def test_noise_grows_with_the_rating() -> None:
    assert figures.kilowatts(400.0, 100_000.0) == "0.0"
    assert figures.kilowatts(600.0, 100_000.0) == "0.6"


@pytest.mark.parametrize(
    ("power_w", "sign"), [(None, 0), (10.0, 0), (-10.0, 0), (40.0, 0), (80.0, 1), (-80.0, -1)]
)
def test_a_direction_is_shown_only_beside_a_figure(power_w: float | None, sign: int) -> None:
    assert figures.direction(power_w, RATED_W) == sign


@pytest.mark.parametrize(
    ("soc_pct", "shown"),
    [(None, DASHES), (0.0, "0"), (63.6, "64"), (99.6, "99"), (99.95, "100"), (100.0, "100")],
)
def test_percent(soc_pct: float | None, shown: str) -> None:
    assert figures.percent(soc_pct) == shown


@pytest.mark.parametrize(
    ("hours", "shown"),
    [(0.001, "1 min"), (0.43, "26 min"), (0.99, "1 h 00 min"), (1.87, "1 h 50 min"),
     (4.85, "4 h 50 min"), (30.0, "over a day")],
)  # fmt: skip
def test_duration(hours: float, shown: str) -> None:
    assert figures.duration(hours) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(3.9, "3 s"), (119.0, "119 s"), (150.0, "2 min"), (9000.0, "2 h")]
)
def test_age(seconds: float, shown: str) -> None:
    assert figures.age(seconds) == shown


def test_sentence_has_true_minus_signs_and_keeps_hyphens() -> None:
    why = "self-consumption wants -3000 W; cell 2-14 at -3 °C allows (-1200 W)"
    assert figures.sentence(why) == (
        "Self-consumption wants −3000 W; cell 2-14 at −3 °C allows (−1200 W)"
    )


def test_since_names_the_day_unless_it_is_today() -> None:
    assert figures.since("grid meter", NOW, NOW) == "Grid meter · since 12:02"
    before = NOW - timedelta(days=2)
    assert figures.since("rack 1", before, NOW) == "Rack 1 · since 16.06., 12:02"


def test_unknown_people_are_named_as_they_are() -> None:
    assert figures.chosen_by("cloud") == "from the cloud"
    assert figures.chosen_by("site.toml") == "from site.toml"
    assert figures.chosen_by("day_planner") == "from day planner"
    assert figures.confirmed_by("touchscreen") == "by this screen"
    assert figures.confirmed_by("day_planner") == "by day planner"
