"""[backup] of site.toml: what proves that the switch is open, and windows that something fits into."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from appliance.config import SiteError, load_site
from appliance.io.board._workers import WANTS
from appliance.site import Backup
from appliance.site.backup import ISLAND_OPEN
from tests.core.test_features import PIN, written

WITH = 'relay = "island_switch"\n'


@pytest.mark.parametrize("name", ["start", "stop", "black_start"])
def test_a_push_button_is_no_proof_that_the_switch_is_open(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, PIN.replace(WITH, f'{WITH}feedback = "{name}"\n', 1))
    text = path.read_text()
    assert "stop = 23 }" in text
    path.write_text(text.replace("stop = 23 }", "stop = 23, black_start = 7, island_open = 6 }"))
    with pytest.raises(
        SiteError, match=f"feedback = '{name}' must be 'island_open': a push button"
    ):
        load_site(path)


def test_no_action_hangs_on_the_contact_of_the_switch() -> None:
    assert ISLAND_OPEN not in WANTS
    assert set(WANTS) == {"start", "stop", "black_start"}


@pytest.mark.parametrize("unit", ["pu", "hz"])
def test_windows_upside_down_are_refused(unit: str) -> None:
    low, high = {"pu": (0.9, 1.1), "hz": (47.1, 52.9)}[unit]
    turned: dict[str, Any] = {f"lowest_{unit}": high, f"highest_{unit}": low}
    says = f"lowest_{unit} = {high:g} must be below highest_{unit} = {low:g}"
    for values in (turned, {"trial": turned}):
        with pytest.raises(ValidationError, match=says):
            Backup.model_validate({"own_switch": True, **values})
    same = {f"lowest_{unit}": high, f"highest_{unit}": high}
    with pytest.raises(ValidationError, match="must be below"):
        Backup.model_validate({"own_switch": True, "trial": same})
