"""docs/modes.md says what the mode files say; `python -m tools.mode_pages` writes it."""

import json
import tomllib

import pytest

from appliance import registry
from tests.days.examples import EXAMPLES
from tools.mode_pages import DOCS, text, toml, undescribed


def test_the_pages_are_those_of_now() -> None:
    assert (DOCS / "modes.md").read_text(encoding="utf-8") == text()
    for name in EXAMPLES:
        assert (DOCS / "modes" / f"{name}.svg").stat().st_size > 10_000


def test_every_setting_says_what_it_is() -> None:
    assert undescribed() == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_loads_as_it_is_printed(name: str) -> None:
    read = tomllib.loads(toml(name, EXAMPLES[name])).get("modes", {}).get(name, {})
    assert read == EXAMPLES[name]
    registry.load("appliance.modes", name).ModeSettings.model_validate_json(json.dumps(read))
