"""[reactive]: what cannot work is refused, and curves say where they are from."""

from pathlib import Path
from typing import Any

import pytest

from appliance.config import GRID_CODES, SiteError, load_site
from tests.core.reacts import COS_PHI_P, Q_U, site
from tests.stories import HOME, with_grid_code


@pytest.mark.parametrize(("most_var", "settings", "says"), [
    (0.0, {"policy": "fixed_var"}, "needs inverter.max_reactive_var above 0"),
    (3_000.0, {"policy": "fixed_var", "fixed_var": -3_001.0}, "is more than inverter.max_reactive_var = 3000"),
    (3_000.0, {"policy": "q_u"}, "reactive.q_u is missing, and the grid code has none"),
    (3_000.0, {"policy": "cos_phi_p"}, "reactive.cos_phi_p is missing, and the grid code has none"),
    (3_000.0, {"q_u": Q_U | {"points": [[0.9, -0.3], [1.1, 0.3]]}}, "may not grow with the voltage"),
    (3_000.0, {"q_u": Q_U | {"points": [[1.1, 0.3], [0.9, -0.3]]}}, "must rise from point to point"),
    (3_000.0, {"cos_phi_p": COS_PHI_P | {"points": [[0.5, 1.0], [0.5, 0.9]]}}, "must rise from point to point"),
    (5_001.0, {}, "must be at most rated_va = 5000"),
])  # fmt: skip
def test_what_cannot_work_is_refused(most_var: float, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        site(most_var, **settings)


def test_an_inverter_that_cannot_be_told_any_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(HOME.read_text().replace("max_discharge_w", "max_reactive_var = 900.0\nmax_discharge_w", 1))  # fmt: skip
    with pytest.raises(SiteError) as refused:
        load_site(path)
    assert refused.value.mistakes == (
        "inverter.max_reactive_var = 900.0: trumpf_ac3025, set up so, cannot be told reactive power; must be 0",
    )


def test_the_curves_of_the_grid_codes_say_what_is_not_verified() -> None:
    told = {}
    for path in sorted(GRID_CODES.glob("*.toml")):
        code = with_grid_code(site(), path.stem).grid_code
        assert code is not None
        for curve in (code.q_u, code.cos_phi_p):
            if curve is not None:
                assert curve.verified == ("recalled" not in curve.source)
        told[path.stem] = (code.q_u is not None, code.cos_phi_p is not None)
    assert told["vde_ar_n_4105"] == told["en_50549_1"] == (True, True)
    assert told["dk1"] == told["dk2"] == told["se"] == (False, False)
