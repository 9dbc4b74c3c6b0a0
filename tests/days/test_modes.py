"""Every mode in every scene: a virtual day with golden sums. `python -m tests.days.test_modes` accepts changes."""

import json
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import pytest

from appliance import registry
from tests.days.examples import EXAMPLES
from tests.days.one_day import Day
from tests.days.scenes import SCENES, Scene

GOLDEN = Path(__file__).parent / "modes.json"
MODES = sorted(registry.names("appliance.modes"))
KNOWN: dict[str, Any] = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
TRIES = [(mode, scene) for mode in MODES for scene in SCENES]


def test_every_mode_has_its_example_and_every_day_its_sums() -> None:
    assert set(EXAMPLES) == set(MODES) == set(KNOWN)
    assert all(set(days) == {scene.name for scene in SCENES} for days in KNOWN.values())


@pytest.mark.parametrize(("mode", "scene"), TRIES, ids=[f"{m} {s.name}" for m, s in TRIES])
def test_a_day(mode: str, scene: Scene) -> None:
    day = Day(mode, scene).run()
    sums, golden = day.sums(), dict(KNOWN[mode][scene.name])
    into = sums["grid_import_wh"] + sums["pv_wh"] + sums["discharge_wh"]
    out = sums["grid_export_wh"] + sums["load_wh"] + sums["charge_wh"]
    assert into == pytest.approx(out, abs=2.0), "energy is neither made nor lost"
    assert day.outside_run_w == 0.0
    assert day.most_w <= max(day.site.inverter.max_charge_w, day.site.inverter.max_discharge_w)
    assert sums.pop("errors") == golden.pop("errors")
    assert sums.pop("limit_minutes") == pytest.approx(golden.pop("limit_minutes"), abs=0.5)
    assert sums == pytest.approx(golden, rel=1e-4, abs=0.5)


def of(mode: str, scene: str, name: str) -> float:
    value: float = KNOWN[mode][scene][name]
    return value


def test_what_the_golden_sums_say_of_the_modes() -> None:
    assert of("passive", "sunny", "charge_wh") + of("passive", "sunny", "discharge_wh") < 150.0
    for scene in ("sunny", "cloudy", "negative prices"):
        assert of("self_consumption", scene, "grid_import_wh") < 0.5 * of("passive", scene, "grid_import_wh")  # fmt: skip
    assert of("import_avoidance", "winter", "grid_import_wh") < of("passive", "winter", "grid_import_wh")  # fmt: skip
    assert of("export_avoidance", "sunny", "discharge_wh") < 50.0
    assert of("cost_saving", "winter", "cost") < of("passive", "winter", "cost")
    assert of("charge_only", "winter", "soc_end_pct") == pytest.approx(77.0, abs=1.0), (
        "80 % in the morning, less what the inverter draws"
    )
    assert of("discharge_to_soe", "full", "soc_end_pct") < 30.0
    assert of("load_matching", "winter", "grid_export_wh") < 5.0


def days_of(mode: str) -> dict[str, Any]:
    return {scene.name: Day(mode, scene).run().sums() for scene in SCENES}


if __name__ == "__main__":
    with Pool(2) as pool:
        found = dict(zip(MODES, pool.map(days_of, MODES, chunksize=1), strict=True))
    GOLDEN.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
