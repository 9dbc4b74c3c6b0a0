"""A state of energy that the battery cannot hold is a mistake of site.toml, named with its path."""

from pathlib import Path

import pytest

from appliance.config import SiteError, load_site
from appliance.site.energies import beyond_capacity
from tests.stories import HOME


def load(tmp_path: Path, modes: str) -> None:
    file = tmp_path / "site.toml"
    file.write_text(HOME.read_text() + modes)
    load_site(file)


def test_what_the_battery_cannot_hold_is_named(tmp_path: Path) -> None:
    charge = "\n[[modes.charge_to_soe.entries]]\nsoe_wh = 5000.0\n"
    load(tmp_path, charge + "[[modes.charge_to_soe.entries]]\nsoe_wh = 10600\n")
    with pytest.raises(SiteError) as told:
        load(tmp_path, charge + "[[modes.charge_to_soe.entries]]\nsoe_wh = 10600.5\n")
    assert list(told.value.mistakes) == [
        "modes.charge_to_soe.entries.1.soe_wh = 10600.5: must be at most battery.capacity_wh = 10600"
    ]


def test_every_setting_of_that_kind_at_any_depth() -> None:
    modes = {
        "a": {"to_soe_wh": 101, "lines": [{"points": [{"soe_wh": 1.0}, {"soe_wh": 200.0}]}]},
        "b": {"soe_wh": True, "power_w": 900.0},
        "c": 7,
    }
    document: dict[str, object] = {"battery": {"capacity_wh": 100.0}, "modes": modes}
    assert [told.split(" = ")[0] for told in beyond_capacity(document)] == [
        "modes.a.to_soe_wh", "modes.a.lines.0.points.1.soe_wh",
    ]  # fmt: skip


@pytest.mark.parametrize("battery", [None, {}, {"capacity_wh": "much"}, {"capacity_wh": True}, 5])
def test_of_a_capacity_that_is_wrong_the_check_of_the_file_tells(battery: object) -> None:
    document: dict[str, object] = {"battery": battery, "modes": {"a": {"soe_wh": 1e9}}}
    assert list(beyond_capacity(document)) == []
